"""`python -m training evaluate`: measure a release on every eligible row of a source."""

from training.command import (
    JsonOption,
    PathOption,
    ReleaseOption,
    SourceOption,
    hospital_of,
    release_folder,
    report_of,
    rerun_of,
)
from training.terminal import stages, writable, write

DIGEST_SHOWN = 10


def evaluate(
    source: SourceOption, path: PathOption = None, release: ReleaseOption = None, figures: JsonOption = None
) -> None:
    """Measure a release on every eligible row of a source, beside baselines on the same rows.

    The report is kept under the release's name and the data's digest: other data have another report.

    \b
    Example: the champion on the months after those that it learnt from
      python -m training evaluate --source extract --path later/ --release champion --json later.json
    """
    from features.sources.simulated import arguments_of
    from models.release import about, load
    from models.sealed import sealed
    from training import record, runs, tracking
    from training.cohort import measurable
    from training.detail import detail
    from training.evaluate import figures as measured
    from training.evaluate import learnt_notes
    from training.home import home
    from training.lineage import lineage
    from training.oracle import TRUTH_TABLE, beside_the_truth
    from training.plan import TrainingPlan
    from training.report import plain_table_text, table_text

    writable(figures)
    plan = TrainingPlan()
    with stages(8) as say:
        folder = release_folder(source, release)
        predictor = load(folder)
        tracking.reachable(home())
        hospital = hospital_of(source, path, say)
        predictor.suits(hospital)
        known = {**lineage(hospital, plan), "release": predictor.release, "digest": sealed(folder).digest}
        arguments = arguments_of(path) if source == "simulated" else None  # a fault is told before the work
        rows = measurable(hospital, plan.seed, say)
        say(f"measuring release {predictor.release}")
        found, notes = measured(predictor, rows)
        notes = [*learnt_notes(about(folder)["about"], rows), *notes]
        beside = detail(predictor, rows)
        if arguments is not None:
            say("computing the truth about the simulated patients")
            found, notes = beside_the_truth(predictor, rows, arguments, (found, notes, beside))
        place = f"{predictor.release}-evaluated-{known['data_digest'][:DIGEST_SHOWN]}"
        page = report_of(found, home() / "reports" / place, notes, beside)
        say("logging the run in MLflow")
        tags = {**record.tags_of(hospital, known, "measured", "evaluate"), "release": predictor.release}
        learnt = about(folder)["about"].get("plan", {})
        with runs.start_run(home(), f"evaluate {predictor.release}", learnt, tags) as run:
            record.log_known(run, hospital, path, known, "evaluate")
            record.log_measured(run, found, beside, page, predictor, learnt)
    print(table_text(found))
    print(plain_table_text(TRUTH_TABLE, beside.tables.get(TRUTH_TABLE, [])))
    for note in notes:
        print(f"note: {note}")
    rerun = rerun_of("evaluate", source, path, known)
    identity = {"digest": known["digest"], "data_digest": known["data_digest"], "run_id": run.run_id}
    write(figures, {**found, "notes": notes, "report": str(page), **identity, "rerun": rerun})
    print(f"the report is {page}")
