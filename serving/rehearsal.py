"""A release is loaded in a throw-away process first: a damaged booster file can kill the one that reads it."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from features.errors import HomewardError, ReleaseFault
from models.sealed import sealed
from serving.leash import end_with_parent, stand_back

REHEARSAL_SECONDS = 120  # half of one on an idle core; many times that beside a full load
NICENESS = 5  # the ward's answers come first
ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-m", __name__)


@dataclass(frozen=True)
class Rehearsed:
    """What a release that loaded says of itself."""

    nation: str
    time_zone: str

    def __str__(self) -> str:
        return f"nation {self.nation} and time zone {self.time_zone}"


class Rehearse(Protocol):
    """How a release is tried before it is taken."""

    def __call__(self, folder: Path, digest: str) -> Rehearsed:
        """Return what the release of this digest says of itself; raises ReleaseFault if it cannot be loaded."""

    def prepare(self) -> None:
        """Begin what makes the next trial quick."""

    def close(self) -> None:
        """End what it keeps for the next trial."""


class Rehearsal:
    """Loads each release in a process of its own, within a time limit.

    The process is forked from a helper that has imported what it needs, which is most of the work.  It reads
    the files itself and takes none but those of the digest, so that what it says holds for bytes of the same
    digest anywhere.
    """

    def __init__(self, seconds: float = REHEARSAL_SECONDS) -> None:
        """Take at most so many seconds for a trial."""
        self._seconds = seconds
        self._helper: subprocess.Popen[bytes] | None = None

    def __call__(self, folder: Path, digest: str) -> Rehearsed:
        """Return what the release of this digest says of itself.

        Raises ReleaseFault if it cannot be loaded, kills the process or takes too long.
        """
        try:
            line = self._answer(json.dumps([str(folder.resolve()), digest]))
        except TimeoutError as error:
            self.close()
            within = f"within {self._seconds:g} s of a trial"
            raise ReleaseFault(f"release {folder.name} was not loaded {within}") from error
        except OSError as error:
            self.close()
            raise ReleaseFault(f"release {folder.name} cannot be tried: {type(error).__name__}") from error
        return _verdict(folder.name, line)

    def prepare(self) -> None:
        """Start the helper, unless it runs; where that fails the next trial tells."""
        with contextlib.suppress(OSError):
            self._started()

    def close(self) -> None:
        """End the helper and what it has begun."""
        helper, self._helper = self._helper, None
        if helper is None:
            return
        if helper.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(helper.pid, signal.SIGKILL)
        with helper:  # closes its pipes, and waits
            pass

    def _answer(self, order: str) -> bytes:
        helper = self._started()
        assert helper.stdin
        assert helper.stdout
        helper.stdin.write(f"{order}\n".encode())
        helper.stdin.flush()
        with selectors.DefaultSelector() as answers:
            answers.register(helper.stdout, selectors.EVENT_READ)
            if not answers.select(self._seconds):
                raise TimeoutError
        line = helper.stdout.readline()
        if not line:
            self.close()  # the helper has died
        return line

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._helper is not None and self._helper.poll() is not None:
            self.close()  # it died since the last trial
        if self._helper is None:
            self._helper = subprocess.Popen(
                COMMAND,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,  # its leash too
                stdout=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C is not for it
            )
        return self._helper


def _verdict(name: str, line: bytes) -> Rehearsed:
    try:
        said = json.loads(line)
    except ValueError as error:
        raise ReleaseFault(f"the trial of release {name} broke off") from error
    if "fault" in said:
        raise ReleaseFault(said["fault"])
    if "ended" in said and said["ended"] < 0:
        raise ReleaseFault(f"release {name} killed the process that tried it (signal {-said['ended']})")
    if "ended" in said:
        raise ReleaseFault(f"release {name} failed its trial with exit code {said['ended']}")
    return Rehearsed(**said)


def main() -> int:
    """Fork a throw-away process for each line of standard input, a release's folder and digest in JSON.

    What became of it is one line of JSON: what the release says of itself, a fault, or how the process ended.
    """
    stand_back(NICENESS)
    verdicts = os.dup(1)
    os.dup2(2, 1)  # LightGBM writes lines of its own
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # only fitting needs it; it is half of all imports
    import models.release  # noqa: F401  # so that what is forked has it

    for order in sys.stdin:
        folder, digest = json.loads(order)
        os.write(verdicts, _tried(Path(folder), digest) + b"\n")
    return 0


def _tried(folder: Path, digest: str) -> bytes:
    """Load a release in a process of its own, and return what became of it once that process is gone."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        _try(folder, digest, writes)
    os.close(writes)
    with open(reads, "rb") as told:
        said = told.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return json.dumps({"ended": ended}).encode() if ended else said


def _try(folder: Path, digest: str, told: int) -> None:
    """Load a release and tell what it is, or what is wrong with it; then end."""
    signal.alarm(REHEARSAL_SECONDS)
    end_with_parent()
    _fall_silent()
    code = 1
    try:
        said = _said(folder, digest)
        os.write(told, json.dumps(said).encode())
        code = 0
    finally:
        os._exit(code)


def _fall_silent() -> None:
    """Write nowhere any more: of a damaged booster LightGBM writes many lines, with bytes of the file."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _said(folder: Path, digest: str) -> dict[str, str]:
    from models.release import opened

    try:
        facts = opened(sealed(folder, digest)).facts
    except HomewardError as error:
        return {"fault": str(error)}
    return asdict(Rehearsed(facts.nation, facts.time_zone))


if __name__ == "__main__":
    sys.exit(main())
