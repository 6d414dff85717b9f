"""What the commands of `python -m training` share: options, and the steps that each of them takes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from features.tables import Hospital
    from training.cohort import Say
    from training.detail import Detail
    from training.fit import Fitted
    from training.plan import TrainingPlan

SourceOption = Annotated[str, typer.Option("--source", help="extract, diabetes130, hes, mimic4 or simulated")]
PathOption = Annotated[Path | None, typer.Option("--path", help="the folder of the source's files")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="write the figures here")]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="of every draw; 1, or the plan's")]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, help="of each fit; 1, or the plan's; more only on idle cores")
]
ReleaseOption = Annotated[
    str | None, typer.Option("--release", help="name or folder; without it the newest of the source")
]


def plan_from(file: Path | None, seed: int | None, threads: int | None) -> "TrainingPlan":
    """Return the plan of a file, or the default one, with what the options say."""
    from training.plan_file import plan_of, read_plan

    given = {name: value for name, value in (("seed", seed), ("threads", threads)) if value is not None}
    return plan_of({**(read_plan(file) if file else plan_of({})).as_json(), **given})


def hospital_of(source: str, path: Path | None, say: "Say") -> "Hospital":
    """Read a source, and say so."""
    from features.sources import read

    say(f"reading {source}" + (f" from {path}" if path else ""))
    return read(source, path)


def release_folder(source: str, name: str | None) -> Path:
    """Return the folder of a release by its name or folder, or of the newest of the source."""
    from training import runs
    from training.home import home, newest

    return runs.find(home(), name) if name else newest(source)


def about_of(hospital: "Hospital", plan: "TrainingPlan", made: "Fitted") -> dict[str, Any]:
    """Return what is kept with a release."""
    from models.prediction import READMISSION_DEFINITION
    from training.cohort import data_digest

    return {
        "source": hospital.source,
        "admissions": len(hospital.admissions),
        "data_digest": data_digest(hospital),
        "definitions": {"readmission": READMISSION_DEFINITION},
        "learnt_until": hospital.observed_until.isoformat() if hospital.dates == "comparable" else None,
        "plan": plan.as_json(),
        "figures": made.figures,
        "notes": made.notes,
    }


def report_of(figures: Mapping[str, Any], folder: Path, notes: list[str], beside: "Detail") -> Path:
    """Write the report of figures into a folder, and return its page."""
    from training.report import write_report

    title = f"Homeward release {figures['release']}"
    return write_report(dict(figures), folder, title=title, notes=notes, **vars(beside))
