"""`python -m training fit`: measure, refit, keep and register a release, so that it can be made again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.command import (
    JsonOption,
    PathOption,
    SeedOption,
    SourceOption,
    ThreadsOption,
    about_of,
    hospital_of,
    plan_from,
    report_of,
    rerun_of,
)
from training.terminal import stages, writable, write

if TYPE_CHECKING:
    from features.tables import Hospital
    from training.home import Kept

STAGES = 18


def fit(
    source: SourceOption,
    path: PathOption = None,
    figures: JsonOption = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="JSON of the plan's knobs that differ, such as `tune` writes")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="learn only what was known then, local; later months stay for the gate")
    ] = None,
    seed: SeedOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Fit a release on a source: measured on patients held out, refitted on everybody, registered in MLflow.

    The same data, plan, code and versions give the same release with the same digest; --json says under
    `rerun` what they were.

    \b
    Example:
      python -m training fit --source extract --path extract/ --json fit.json
    """
    from training import fit as fitting
    from training import record, registry, runs, tracking
    from training.cohort import prepared
    from training.home import home, kept
    from training.lineage import lineage
    from training.report import table_text

    writable(figures)
    plan = plan_from(plan_file, seed, threads)
    with stages(STAGES) as say:
        say("asking MLflow for the experiment")
        tracking.reachable(home())
        hospital = _known_by(until, hospital_of(source, path, say))
        known = lineage(hospital, plan)
        made = fitting.fit(prepared(hospital, plan, say), plan, say)
        say("keeping the release")
        release = kept(made.predictor, about_of(hospital, plan, made))
        found = {**made.figures, "release": release.folder.name}
        say("logging the run and registering the release in MLflow")
        tags = {**record.tags_of(hospital, known, "learnt", "fit"), "release_digest": release.digest}
        with runs.start_run(home(), release.folder.name, plan.as_json(), tags) as run:
            record.log_known(run, hospital, path, known, "fit")
            page = report_of(found, home() / "reports" / release.folder.name, made.notes, made.detail)
            record.log_measured(run, found, made.detail, page, made.predictor, plan.as_json())
            version = registry.register_release(home(), release.folder, run)
    print(table_text(found))
    for note in made.notes:
        print(f"note: {note}")
    rerun = rerun_of("fit", source, path, known, *(["--until", until] if until else []))
    write(figures, {**found, "notes": made.notes, **_identity(release, version, run), "rerun": rerun})
    print(f"the report is {page}")
    if release.again:
        print(f"it is the same release as before, to the last bit: digest {release.digest}")
    print(f"release {release.folder.name} (version {version}, challenger) is in {release.folder}")


def _known_by(until: str | None, hospital: "Hospital") -> "Hospital":
    """Return the hospital as its systems knew it at a moment that a person wrote, or all of it."""
    from features.errors import HomewardError
    from features.snapshot import as_known
    from training.moment import asked_moment

    if until is None:
        return hospital
    if hospital.dates != "comparable":
        raise HomewardError(f"--until means nothing for {hospital.source}: its dates do not compare")
    return as_known(hospital, asked_moment(until, hospital, "--until"))


def _identity(release: "Kept", version: int, run: Any) -> dict[str, Any]:
    return {
        "digest": release.digest,
        "same_as_before": release.again,
        "version": version,
        "run_id": run.run_id,
    }
