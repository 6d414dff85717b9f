"""`python -m training tune`: search a better plan, and go on where it was stopped."""

from typing import Annotated

import typer

from training.command import (
    JsonOption,
    PathOption,
    SeedOption,
    SourceOption,
    ThreadsOption,
    hospital_of,
    plan_from,
    rerun_of,
)
from training.terminal import errors, stages, writable, write


def tune(
    source: SourceOption,
    path: PathOption = None,
    trials: Annotated[
        int,
        typer.Option(min=1, help="in all, those of earlier calls among them; the first is the plan as it is"),
    ] = 30,
    what: Annotated[str, typer.Option(help="which models to tune: dates, readmission or both")] = "both",
    study: Annotated[str, typer.Option(help="a name; the same name goes on where it stopped")] = "tuning",
    figures: JsonOption = None,
    seed: SeedOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Search a plan (trees, leaves, learning rates) that foretells better than the one you have.

    Each trial fits the models by another plan and scores them on patients whom they never saw; patients and
    months of the test are left out, so that `fit` can still measure on them.  At the end the best plan is
    compared with the one you have, patient by patient.  It is written to a file only if the gain is above the
    noise, and the command to use it is said.  A trial costs about as much as a fit of that model; Ctrl-C
    keeps those that are finished, and the same command goes on from there.  Nothing is released.

    \b
    Example: a search for one of the models, then the release by the plan that it found
      python -m training tune --source extract --path extract/ --what readmission --trials 30
      python -m training fit --source extract --path extract/ --plan PLAN_THAT_IT_SAID
    """
    from training import record, runs, tracking, tune
    from training.home import home
    from training.lineage import lineage
    from training.trial import Bench, tunable

    writable(figures)
    wanted = tune.Wanted(what, trials, study, home())
    plan = plan_from(None, seed, threads)
    with stages(wanted.stages()) as say:
        tracking.reachable(home())
        hospital = hospital_of(source, path, say)
        known = lineage(hospital, plan)
        bench = Bench.of(tunable(hospital, plan, say), plan)
        tags = {**record.tags_of(hospital, known, "learnt", "tune"), "study": study}
        try:
            with runs.start_run(home(), f"tune {source}", plan.as_json(), tags) as run:
                record.log_known(run, hospital, path, known, "tune")
                found = tune.tune(bench, wanted, run, say)
                file = tune.kept_plan(found, wanted, run)
        except KeyboardInterrupt:
            errors.print("stopped; the finished trials are kept, and the same command goes on from there")
            raise typer.Exit(130) from None
    said = {"source": source, "study": study, **found, "plan_file": str(file) if file else None}
    write(figures, {**said, "run_id": run.run_id, "rerun": rerun_of("tune", source, path, known)})
    print(tune.told(found))
    if file:
        where = f" --path {path}" if path else ""
        print(f"to use it: python -m training fit --source {source}{where} --plan {file}")
