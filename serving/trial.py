"""What a release must pass before it may answer: it is whole, loads in a throw-away process, and suits."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from features.errors import ReleaseFault
from models.sealed import Sealed, sealed
from serving.candidate import Named
from serving.last_good import FILE, LastGood, Memory
from serving.rehearsal import Rehearsal, Rehearse, Rehearsed

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Passed:
    """A release that may answer: where it lies, its bytes, and for whom it was made."""

    folder: Path
    release: Sealed
    said: Rehearsed


@dataclass(frozen=True)
class Trial:
    """The trial of a release, and the memory of the last one that passed."""

    memory: Memory
    rehearse: Rehearse = field(default_factory=Rehearsal)

    def passed(self, folder: Path, expected: str | None = None) -> Passed:
        """Return a release that may answer; raises ReleaseFault with what is wrong.

        Bytes that answered here last are not rehearsed again: a worker that died must be back in seconds.
        """
        release, good = sealed(folder, expected), self.memory.read()
        if good and good.known(release.digest):
            return Passed(folder, release, good.made_for)
        said = self.rehearse(folder, release.digest)
        _must_suit(release.name, said, good)
        return Passed(folder, release, said)

    def first(self, named: Named, use: Callable[[Passed], T]) -> tuple[T, ReleaseFault | None]:
        """Return the use of the named release, or of the last good one with what is wrong with the named.

        Raises ReleaseFault if neither is good.
        """
        try:
            return use(self.passed(named.folder())), None
        except ReleaseFault as fault:
            good = self.memory.read()
            if good is None:
                raise
            used = self._last_good(good, fault, use)
            log.warning("%s; the last good release, %s, answers", fault, Path(good.folder).name)
            return used, fault

    def remember(self, passed: Passed) -> None:
        """Keep a release as the last good one; a home that cannot be written is only worth a line."""
        try:
            self.memory.write(passed.folder, passed.release.digest, passed.said)
        except OSError as error:
            log.warning("%s cannot be written: %s", FILE, type(error).__name__)

    def _last_good(self, good: LastGood, fault: ReleaseFault, use: Callable[[Passed], T]) -> T:
        try:
            return use(self.passed(self.memory.folder(good), good.digest))
        except ReleaseFault as other:
            if str(other) == str(fault):
                raise
            raise ReleaseFault(f"{fault}; nor can the last good release be used: {other}") from fault


def _must_suit(name: str, said: Rehearsed, good: LastGood | None) -> None:
    if good and said != good.made_for:
        raise ReleaseFault(
            f"release {name} was made for {said}; this service answers for {good.made_for}: name another, or "
            f"delete {FILE} in the home if that is meant"
        )
