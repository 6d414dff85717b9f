"""A challenger answers the same questions unseen, in a process of its own, from the log."""

import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import DataFault, HomewardError
from serving.leash import end_with_parent, leash, stand_back
from serving.settings import Settings

if TYPE_CHECKING:
    from serving.release import Loaded
    from serving.store.store import Store

LEASE = "shadow"
LEASE_LASTS = timedelta(seconds=60)
NICENESS = 10
LOOKS_EVERY_SECONDS = 2.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 300.0
AT_ONCE = 20  # answers of one transaction: the service's own writes wait no longer than that takes
ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-m", __name__)
logger = logging.getLogger(__name__)


class Shadow:
    """Keeps a process that answers with the challenger; if it dies, another begins, ever later.

    Nothing of the service waits for it: it reads the log as the service wrote it.
    """

    def __init__(self, environment: dict[str, str], command: Sequence[str] = COMMAND) -> None:
        self._environment, self._command = environment, list(command)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=LEASE, daemon=True)

    def start(self) -> None:
        """Begin the process, and a watch over it."""
        self._thread.start()

    def close(self) -> None:
        """End the process."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while not self._ended.is_set():
            began = time.monotonic()
            why = self._run()
            if time.monotonic() - began > LONGEST_WAIT_SECONDS:
                wait = FIRST_WAIT_SECONDS
            if not self._ended.is_set():
                logger.warning("the challenger's process ended (%s); another in %g s", why, wait)
            self._ended.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def _run(self) -> str:
        """Run one process to its end, or ours; returns what a person can mend, or how it died."""
        with leash() as held:
            child = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=held,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            said = ""
            while child.poll() is None and not self._ended.is_set():
                try:
                    said = child.communicate(timeout=0.2)[1]
                except subprocess.TimeoutExpired:
                    continue
        if child.poll() is None:
            child.terminate()
            said = child.communicate()[1]
        last = said.strip().splitlines()[-1:]
        return last[0] if child.returncode == 2 and last else f"exit code {child.returncode}"


def shadowed(store: "Store", release: "Loaded", now: datetime) -> int:
    """Answer some questions of the log that the challenger has not answered yet, and return how many.

    It begins with the questions that come after it is first asked.  What it cannot answer is kept too.
    """
    from serving.replay import ReplayFault, replayed
    from serving.store import shadows

    with store.reading() as connection:
        asked = shadows.unanswered(connection, release.digest, AT_ONCE)
    if not asked:
        return 0
    rows = []
    for number, one in asked:
        try:
            answer = replayed(store, one, release.predictor).answer
        except (DataFault, ReplayFault, ValueError, KeyError) as error:
            answer = {"admission_id": one.admission_id, "fault": type(error).__name__}
        rows.append(shadows.ShadowAnswer(number, release.digest, now, answer))
    with store.writing() as connection:
        shadows.write(store, connection, rows, now)
    return len(rows)


def main(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Answer with the challenger for ever; what is wrong with it is one sentence and exit code 2."""
    end_with_parent()
    stand_back(NICENESS)
    try:
        _follow(Settings.read(os.environ), clock)
    except HomewardError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _follow(settings: Settings, clock: Callable[[], datetime]) -> None:
    """Answer as long as the setting leads to the same release: then a new process begins with the new one."""
    from models.release import opened
    from models.sealed import sealed
    from serving.candidate import Named
    from serving.release import Loaded
    from serving.store import shadows
    from serving.store.lease import held
    from serving.store.store import opened as stored

    named = Named(settings.challenger, settings.model_store)
    stamp = named.stamp()
    release = sealed(named.folder())
    challenger = Loaded(opened(release), release.digest)
    store = stored(settings)
    with store.writing() as connection:
        shadows.begin(connection, challenger.digest)
    holder = f"{os.getpid()} {secrets.token_hex(4)}"
    while named.stamp() == stamp:
        ours = held(store, LEASE, holder, clock(), LEASE_LASTS)
        if not ours or not shadowed(store, challenger, clock()):
            time.sleep(LOOKS_EVERY_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
