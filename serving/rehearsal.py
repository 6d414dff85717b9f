"""A release is loaded in a throw-away process first: a damaged booster file can kill the one that reads it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from features.errors import HomewardError, ReleaseFault
from models.sealed import Sealed, sealed
from serving.leash import end_with_parent, leash, stand_back

if TYPE_CHECKING:
    from models.predictor import Predictor

REHEARSAL_SECONDS = 120  # four on an idle core, nearly all of it imports; many times that beside a full load
NICENESS = 5  # the ward's answers come first
ROOT = Path(__file__).parents[1]


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


def rehearse(folder: Path, digest: str, seconds: float = REHEARSAL_SECONDS) -> Rehearsed:
    """Load a release in a process of its own, within a time limit.

    The process reads the files itself and takes none but those of `digest`, so that what it says holds for
    bytes of the same digest anywhere.  Raises ReleaseFault if it fails, dies or takes too long.
    """
    command = [sys.executable, "-m", __name__, str(folder.resolve()), digest]
    try:
        with leash() as held:
            ended = _run(command, held, seconds)
    except subprocess.TimeoutExpired as error:
        raise ReleaseFault(f"release {folder.name} was not loaded within {seconds:g} s of a trial") from error
    except OSError as error:
        raise ReleaseFault(f"release {folder.name} cannot be tried: {type(error).__name__}") from error
    return _verdict(folder.name, ended)


def _run(command: list[str], held: int, seconds: float) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=held,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
        start_new_session=True,  # a Ctrl-C is not for it
    )


def _verdict(name: str, ended: "subprocess.CompletedProcess[str]") -> Rehearsed:
    """Return what the process said in its last line; LightGBM may have written lines before it."""
    last = (ended.stdout if ended.returncode == 0 else ended.stderr).strip().splitlines()[-1:]
    if ended.returncode < 0:
        raise ReleaseFault(f"release {name} killed the process that tried it (signal {-ended.returncode})")
    if ended.returncode == 2 and last:
        raise ReleaseFault(last[0])
    try:
        return Rehearsed(**json.loads(last[0]))
    except (IndexError, TypeError, ValueError) as error:
        raise ReleaseFault(f"release {name} failed its trial with exit code {ended.returncode}") from error


def main(folder: str, digest: str) -> int:
    """Load a release, in the throw-away process; what is wrong with it is one sentence and exit code 2."""
    signal.alarm(REHEARSAL_SECONDS)
    stand_back(NICENESS)
    end_with_parent()
    try:
        facts = _opened(sealed(Path(folder), digest)).facts
    except HomewardError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    print(json.dumps({"nation": facts.nation, "time_zone": facts.time_zone}))  # noqa: T201
    return 0


def _opened(release: Sealed) -> "Predictor":
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # only fitting needs it; it is half of all imports
    from models.release import opened

    return opened(release)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
