"""The release that answers: a newer one is taken only when it is good, and swapped in at once."""

import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import HomewardError
from serving.candidate import Named
from serving.metrics import Metrics
from serving.trial import Passed, Trial

if TYPE_CHECKING:
    from models.predictor import Predictor

LOOK_SECONDS = 0.5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """All that a request needs of a release; read it once a request, so that no answer mixes two."""

    predictor: "Predictor"
    digest: str
    folder: Path | None = None


class Releases:
    """The release that answers now, and a watcher for the next.

    Whatever is wrong with the next one, this one goes on answering; see `homeward_release_*` in the metrics.
    """

    def __init__(self, named: Named, trial: Trial, metrics: Metrics) -> None:
        """Load the named release, or else the last good one; raises ReleaseFault if neither is good."""
        self._named, self._trial, self._metrics = named, trial, metrics
        self._judged = self._glimpsed = named.stamp()
        self._ended = threading.Event()
        self._current, fault = trial.first(named, self._loaded)
        self._refused = fault is not None
        self._tell()

    def current(self) -> Loaded:
        """Return the release that answers; call this once a request."""
        return self._current

    def look(self) -> None:
        """Look once whether the name leads to another release or its files changed, and take it if it is good.

        A release is judged once, and again when its files change or it is promoted again.  One that was
        refused and changes may be half copied: it must stand still from one look to the next.
        """
        stamp = self._named.stamp()
        if stamp == self._judged:
            return
        if self._refused and stamp != self._glimpsed:
            self._glimpsed = stamp
            return
        self._judged = stamp
        try:
            with self._trial.memory.turn():
                self._take(self._named.folder())
        except HomewardError as fault:
            self._refuse(str(fault))
        except Exception as error:  # whatever it is, the release that answers must go on
            self._refuse(f"a release could not be taken: {type(error).__name__}")

    def watch(self, every_seconds: float = LOOK_SECONDS) -> "Releases":
        """Look again and again, in a thread that ends with the process, until closed; returns itself."""
        self._trial.rehearse.prepare()
        threading.Thread(target=self._watch, args=(every_seconds,), name="releases", daemon=True).start()
        return self

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        self._trial.rehearse.close()

    def _watch(self, every_seconds: float) -> None:
        while not self._ended.wait(every_seconds):
            self.look()

    def _take(self, folder: Path) -> None:
        passed = self._trial.passed(folder)
        if passed.release.digest == self._current.digest:
            self._current = replace(self._current, folder=folder)
            self._trial.remember(passed)
        else:
            self._current = self._loaded(passed)
            log.info("release %s answers from now on", self._current.predictor.release)
        self._refused = False
        self._tell()

    def _refuse(self, why: str) -> None:
        log.warning("%s; release %s goes on answering", why, self._current.predictor.release)
        self._refused = True
        self._tell()

    def _tell(self) -> None:
        self._metrics.release_judged(self._current.predictor.release, self._current.digest, self._refused)

    def _loaded(self, passed: Passed) -> Loaded:
        from models.release import opened

        loaded = Loaded(opened(passed.release), passed.release.digest, passed.folder)
        self._trial.remember(passed)
        return loaded
