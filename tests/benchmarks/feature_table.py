"""How long the feature table takes and how much memory it holds, beside the same one hand-written in Polars.

    python tests/benchmarks/feature_table.py --admissions 100000 --again 1000000

Simulated admissions are written as Parquet, 100,000 at a time, each with a row 24 hours after admission,
and those on the list at one board round with a second row.  Each table is made three times in a process of
its own; the values must be equal, and the quickest time counts.  The second size gives the growth.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.hospital import shipped_facts
from features.snapshot import at_moments
from features.sources.simulation import simulate
from features.table import feature_table
from features.tables import Hospital

AT_ONCE = 100_000
TIMES = 3
HOURS_AFTER = 24
ALIKE = 1e-12  # Polars divides by multiplying with the reciprocal, which moves the last bit
ZONE = "Europe/London"
POLARS = Path(__file__).with_name("polars_table.py")


def measured(admissions: int = AT_ONCE, again: int | None = None, folder: Path | None = None) -> dict[str, Any]:
    """Return seconds, polars_seconds, ratio (ours to theirs), peak_bytes and growth of the last size.

    Growth is the CPU time of `again` over that of `admissions`, None without `again`, and polars_growth the
    same of theirs: what outgrows the processor's cache costs both more.  Raises AssertionError
    if a value differs from the one of Polars.  `folder` keeps the hospitals from run to run; without it they
    are made anew and removed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        root = folder or Path(scratch)
        found = [_compared(root / str(size), size) for size in (admissions, again) if size]
    figures = found[-1]
    for name, seconds in (("growth", "cpu_seconds"), ("polars_growth", "polars_seconds")):
        figures[name] = figures[seconds] / found[0][seconds] if again else None
    return figures


def _compared(folder: Path, admissions: int) -> dict[str, Any]:
    if not (folder / "moments.parquet").is_file():
        write_hospital(folder, admissions)
    ours = _made([str(Path(__file__)), "--table", str(folder), str(folder / "ours.parquet")])
    theirs = _made([str(POLARS), str(folder), str(folder / "polars.parquet"), str(TIMES)])
    wrong = differing(pd.read_parquet(folder / "ours.parquet"), pd.read_parquet(folder / "polars.parquet"))
    assert not wrong, f"values differ from those of Polars in {', '.join(wrong)}"
    return {
        "admissions": admissions,
        **ours,
        "polars_seconds": theirs["seconds"],
        "polars_peak_bytes": theirs["peak_bytes"],
        "ratio": ours["seconds"] / theirs["seconds"],
    }


def _made(arguments: list[str]) -> dict[str, Any]:
    done = subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def write_hospital(folder: Path, admissions: int) -> None:
    """Write simulated admissions and events in parts, and the moments that are asked about."""
    for name in ("admissions", "events"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    asked = []
    for part in range(-(-admissions // AT_ONCE)):
        hospital = simulate(min(AT_ONCE, admissions - part * AT_ONCE), seed=part + 1)
        for name, ids in (("admissions", ["admission_id", "patient_id"]), ("events", ["admission_id"])):
            table: pd.DataFrame = getattr(hospital, name)
            named = table.assign(**{column: f"{part}-" + table[column] for column in ids})
            named.to_parquet(folder / name / f"{part:04d}.parquet", index=False)
        asked.append(
            moments_of(hospital).assign(admission_id=lambda rows, part=part: f"{part}-" + rows["admission_id"])
        )
    pd.concat(asked, ignore_index=True).to_parquet(folder / "moments.parquet")


def moments_of(hospital: Hospital) -> pd.DataFrame:
    """Return the rows of the benchmark: each stay a day after it began, and the list at one board round."""
    stays = hospital.admissions
    middle = stays["admission_recorded_at"].sort_values().iloc[len(stays) // 2]
    board = middle.normalize() + pd.Timedelta(hours=hospital.facts.board_hour)
    listed = (stays["admission_recorded_at"] <= board) & ~(stays["discharge_recorded_at"] <= board)
    later = stays[["admission_id"]].assign(at=stays["admitted_at"] + pd.Timedelta(hours=HOURS_AFTER))
    return pd.concat([later, stays.loc[listed, ["admission_id"]].assign(at=board)], ignore_index=True)


def differing(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[str]:
    """Return the names of Polars' columns that ours lacks or whose values differ; missing equals missing."""
    return [name for name in theirs if name not in ours or not _alike(ours[name], theirs[name])]


def _alike(ours: pd.Series, theirs: pd.Series) -> bool:
    if isinstance(ours.dtype, pd.CategoricalDtype):
        return ours.astype("str").equals(theirs.astype("str"))
    numbers = (column.astype("float64").to_numpy() for column in (ours, theirs))
    return bool(np.allclose(*numbers, rtol=ALIKE, atol=0, equal_nan=True))


def make_ours(folder: Path, out: Path) -> None:
    """Make our table of a folder, write it, and print as JSON the quickest time and the most memory held."""
    admissions, events, moments = (
        pd.read_parquet(folder / name) for name in ("admissions", "events", "moments.parquet")
    )
    hospital = Hospital(admissions, events, shipped_facts(), "benchmark")
    took, table = [], pd.DataFrame()
    for _ in range(TIMES):
        del table  # two tables at once would count as the memory of one
        began, cpu = time.perf_counter(), time.process_time()
        rows = at_moments(hospital, moments)
        table = feature_table(rows, hospital, rows["at"])
        took.append((time.perf_counter() - began, time.process_time() - cpu))
    peak = peak_bytes()
    table.to_parquet(out)
    seconds, cpu = (min(times) for times in zip(*took, strict=True))
    print(json.dumps({"rows": len(table), "seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak}))


def peak_bytes() -> int:
    """Return the most memory that this process ever held (Linux; `getrusage` would count its parent's)."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--admissions", type=int, default=AT_ONCE)
    parser.add_argument("--again", type=int, help="a second, larger size, to measure growth")
    parser.add_argument("--folder", type=Path, help="keep the hospitals here, and use those that are here")
    parser.add_argument("--table", type=Path, nargs=2, help=argparse.SUPPRESS)  # one process of a measurement
    given = parser.parse_args()
    if given.table:
        make_ours(*given.table)
        return
    for name, figure in measured(given.admissions, given.again, given.folder).items():
        print(f"{name:18} {figure:,.2f}" if isinstance(figure, float) else f"{name:18} {figure}")


if __name__ == "__main__":
    main()
