"""Which release answered last, in a small file of the home: a start does not depend on the newest."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from serving.rehearsal import Rehearsed

FILE = "last-good.json"
LOCK = ".trial"


@dataclass(frozen=True)
class LastGood:
    """A release that was tried and answers: where it lies, its digest, and for whom it was made."""

    folder: str  # below the home where it lies there, so that a home may be moved
    digest: str
    nation: str
    time_zone: str
    lightgbm: str  # the version that loaded it

    @property
    def made_for(self) -> Rehearsed:
        """What it said of itself when it was tried."""
        return Rehearsed(self.nation, self.time_zone)

    def known(self, digest: str) -> bool:
        """Tell whether these very bytes were tried here already, with the LightGBM that is installed."""
        return (self.digest, self.lightgbm) == (digest, version("lightgbm"))


class Memory:
    """The file in a home that remembers the last good release."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._latest: LastGood | None = None  # of a file that could not be written

    @property
    def file(self) -> Path:
        """Where it lies; without it the next start knows the named release only."""
        return self.home / FILE

    def read(self) -> LastGood | None:
        """Return what is remembered; None if nothing is, or nothing that can be read."""
        if self._latest is not None:
            return self._latest
        try:
            return LastGood(**json.loads(self.file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def folder(self, good: LastGood) -> Path:
        """Return the folder of a release remembered."""
        return self.home / good.folder

    def write(self, folder: Path, digest: str, said: Rehearsed) -> None:
        """Remember a release; raises OSError if the file cannot be written."""
        place = folder.relative_to(self.home) if folder.is_relative_to(self.home) else folder
        good = LastGood(str(place), digest, said.nation, said.time_zone, version("lightgbm"))
        if good == self.read():
            return
        self._latest = good
        partial = self.file.with_name(f".{FILE}.{os.getpid()}.partial")
        partial.write_text(json.dumps(asdict(good), indent=1) + "\n", "utf-8")
        partial.replace(self.file)
        self._latest = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn to try a release: what one worker has tried, the next finds remembered.

        In a home that cannot be written everybody tries.
        """
        with ExitStack() as stack:
            with suppress(OSError):
                file = stack.enter_context(self.home.joinpath(LOCK).open("w"))
                fcntl.flock(file, fcntl.LOCK_EX)
            yield
