"""How much time and memory simulated hospitals take, each made in a process of its own.

Run it to print the figures of three sizes, or with `--admissions` those of one; with `--out`, it is written
there as `python -m training simulate` writes it, else it is made in memory.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

CHECKOUT = Path(__file__).parents[2]
BYTES = 1 if sys.platform == "darwin" else 1024  # a unit of ru_maxrss
SMALL, MIDDLE, LARGE = 20_000, 100_000, 1_000_000


def measured(large: int = LARGE) -> dict[str, float]:
    """Return seconds of one processor and peak bytes of memory of 20,000, 100,000 and `large` admissions.

    The first two are made in memory, the last is written as Parquet and deleted.  `seconds_per_admission_ratio`
    is what an admission costs among 100,000 over what it costs among 20,000: about 1, or less, where time
    grows no faster than the hospital.
    """
    small, middle = made(SMALL), made(MIDDLE)
    with TemporaryDirectory() as scratch:
        written = made(large, Path(scratch) / "hospital")
    each = {"20k": small, "100k": middle, "large": written}
    return {
        "admissions": large,
        **{f"{figure}_{size}": found[figure] for size, found in each.items() for figure in found},
        "seconds_per_admission_ratio": middle["seconds"] / MIDDLE / (small["seconds"] / SMALL),
    }


def made(admissions: int, folder: Path | None = None) -> dict[str, float]:
    """Return what one hospital takes: seconds and peak_bytes, with a folder also disk_bytes."""
    command = [sys.executable, __file__, "--admissions", str(admissions)]
    out = ["--out", str(folder)] if folder else []
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *out], check=True, stdout=subprocess.PIPE, cwd=CHECKOUT, env=one_thread)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def here(admissions: int, folder: Path | None) -> dict[str, float]:
    """Make a hospital here and now, and return what this process took since it began."""
    from features.sources.simulation import Arguments, simulate

    if folder is None:
        simulate(admissions)
        return _taken()
    from training.simulate import write_simulated

    write_simulated(Arguments(admissions), folder, lambda stage: print(stage, file=sys.stderr))
    return {**_taken(), "disk_bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())}


def _taken() -> dict[str, float]:
    """Return what this process has taken so far."""
    return {
        "seconds": time.process_time(),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES,
    }


if __name__ == "__main__":
    sys.path.insert(0, str(CHECKOUT))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--admissions", type=int)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = here(given.admissions, given.out) if given.admissions else measured()
    print(json.dumps(found, indent=1))
