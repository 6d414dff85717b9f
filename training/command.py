"""What the commands of `python -m training` share: options, and the steps that each of them takes."""

import shlex
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

EXIT_CODES = """\b
Exit codes, for a scheduler:
    0  done
    1  something was found or refused, which is said; below a traceback, a fault of Homeward itself
    2  an option, the data, a file or a server is not as it must be: one sentence on stderr says what to do
  130  stopped by Ctrl-C

Progress goes to stderr, results to stdout, figures to the file of --json. What is written appears whole or
not at all, and each command says an example: python -m training fit --help."""
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
    from training import registry
    from training.home import home, newest

    return registry.find(home(), name) if name else newest(source)


def about_of(hospital: "Hospital", plan: "TrainingPlan", made: "Fitted") -> dict[str, Any]:
    """Return what is kept with a release."""
    from models.prediction import READMISSION_DEFINITION
    from training.cohort import stays_digest

    return {
        "source": hospital.source,
        "admissions": len(hospital.admissions),
        "stays_digest": stays_digest(hospital),
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


def rerun_of(
    command: str, source: str, path: Path | None, known: Mapping[str, Any], *more: str
) -> dict[str, Any]:
    """Return what a rerun needs as `--json` says it, with the line to type once its plan is in plan.json."""
    words = ["python", "-m", "training", command, "--source", source, *(["--path", str(path)] if path else [])]
    words += {"fit": ["--plan", "plan.json"], "evaluate": ["--release", str(known.get("release"))]}.get(
        command, []
    )
    return {"command": shlex.join([*words, *more]), **known}
