"""`python -m training`: simulate a hospital, look for leaks, fit a release, evaluate, predict, promote."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from features.errors import HomewardError
from training.command import (
    JsonOption,
    PathOption,
    ReleaseOption,
    SeedOption,
    SourceOption,
    ThreadsOption,
    about_of,
    hospital_of,
    plan_from,
    release_folder,
    report_of,
)
from training.terminal import errors, stages, writable, write
from training.watch_commands import drift

app = typer.Typer(
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(drift)


@app.command()
def simulate(
    admissions: Annotated[int, typer.Option(min=100, help="how many, about")] = 20_000,
    out: Annotated[Path, typer.Option(help="the folder to write, as an extract")] = Path("hospital"),
    seed: Annotated[int, typer.Option(min=0, help="of every draw")] = 1,
    nation: Annotated[str, typer.Option(help="ENG, WLS, SCT or NIR")] = "ENG",
    sites: Annotated[int, typer.Option(min=1, help="at least one for each 100,000 admissions")] = 1,
    days: Annotated[int, typer.Option(min=1, help="that the hospital is open")] = 730,
    until: Annotated[
        str | None, typer.Option(help="its last moment, such as 2026-11-02T08:00+00:00; the default is that")
    ] = None,
) -> None:
    """Write a simulated hospital as an extract, with its simulation.json and a page that shows it.

    Over 100,000 admissions it is made a district of sites at a time, and written as Parquet parts; the page
    then shows the first district.
    """
    import pandas as pd

    from features.sources.simulation import UNTIL, Arguments, districts
    from training.hospital_page import HOSPITAL_PAGE
    from training.simulate import write_simulated

    try:
        last = pd.Timestamp(until) if until else UNTIL
        arguments = Arguments(admissions, seed=seed, nation=nation, sites=sites, days=days, until=last)
    except ValueError as error:
        raise HomewardError(str(error)) from error
    with stages(len(districts(arguments)) + 2) as say:
        write_simulated(arguments, out, say)
    errors.print(
        f"the hospital is in {out}: open {HOSPITAL_PAGE} there, and see what was read of it with "
        f"`python -m features check --source simulated --path {out}`",
        soft_wrap=True,
    )


@app.command()
def fit(
    source: SourceOption,
    path: PathOption = None,
    figures: JsonOption = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="JSON of the plan's knobs that differ, such as `tune` writes")
    ] = None,
    seed: SeedOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Fit a release on a source: measured on patients held out, refitted on everybody, registered in MLflow."""
    from training import fit as fitting
    from training import runs
    from training.cohort import prepared
    from training.home import home, kept
    from training.report import table_text

    writable(figures)
    plan = plan_from(plan_file, seed, threads)
    with stages(17) as say:
        hospital = hospital_of(source, path, say)
        rows = prepared(hospital, plan, say)
        made = fitting.fit(rows, plan, say)
        say("keeping the release")
        folder = kept(made.predictor, about_of(hospital, plan, made))
        found = {**made.figures, "release": folder.name}
        say("logging the run and registering the release in MLflow")
        with runs.start_run(home(), folder.name, plan.as_json(), {"source": source}) as run:
            runs.log_figures(run, found)
            page = report_of(found, home() / "reports" / folder.name, made.notes, made.detail)
            runs.log_folder(run, page.parent, "report")
            version = runs.register_release(home(), folder, run)
    print(table_text(found))
    for note in made.notes:
        print(f"note: {note}")
    write(figures, {**found, "notes": made.notes})
    print(f"the report is {page}")
    print(f"release {folder.name} (version {version}, challenger) is in {folder}")


@app.command()
def tune(
    source: SourceOption,
    path: PathOption = None,
    trials: Annotated[int, typer.Option(min=1, help="in all, those of earlier calls among them")] = 30,
    what: Annotated[str, typer.Option(help="dates, readmission or both")] = "both",
    study: Annotated[str, typer.Option(help="a name; the same goes on where it stopped")] = "tuning",
    figures: JsonOption = None,
    seed: SeedOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Search a better plan on the patients and months that are not the test; Ctrl-C keeps finished trials."""
    from training import runs, tune
    from training.home import home
    from training.trial import Bench, tunable

    writable(figures)
    wanted = tune.Wanted(what, trials, study, home())
    plan = plan_from(None, seed, threads)
    with stages(wanted.stages()) as say:
        bench = Bench.of(tunable(hospital_of(source, path, say), plan, say), plan)
        tags = {"source": source, "study": study}
        try:
            with runs.start_run(home(), f"tune {source}", plan.as_json(), tags) as run:
                found = tune.tune(bench, wanted, run, say)
                file = tune.kept_plan(found, wanted, run)
        except KeyboardInterrupt:
            errors.print("stopped; the finished trials are kept, and the same command goes on from there")
            raise typer.Exit(130) from None
    write(figures, {"source": source, "study": study, **found, "plan_file": str(file) if file else None})
    print(tune.told(found))
    if file:
        where = f" --path {path}" if path else ""
        print(f"to use it: python -m training fit --source {source}{where} --plan {file}")


@app.command()
def evaluate(
    source: SourceOption, path: PathOption = None, release: ReleaseOption = None, figures: JsonOption = None
) -> None:
    """Measure a release on every eligible row of a source, beside baselines on the same rows."""
    from features.sources.simulated import arguments_of
    from models.release import about, load
    from training.cohort import measurable
    from training.detail import detail
    from training.evaluate import figures as measured
    from training.evaluate import learnt_notes
    from training.home import home
    from training.oracle import TRUTH_TABLE, beside_the_truth
    from training.plan import TrainingPlan
    from training.report import plain_table_text, table_text

    writable(figures)
    with stages(6) as say:
        folder = release_folder(source, release)
        predictor = load(folder)
        hospital = hospital_of(source, path, say)
        predictor.suits(hospital)
        arguments = arguments_of(path) if source == "simulated" else None  # a fault is told before the work
        rows = measurable(hospital, TrainingPlan().seed, say)
        say(f"measuring release {predictor.release}")
        found, notes = measured(predictor, rows)
        notes = [*learnt_notes(about(folder)["about"], rows), *notes]
        beside = detail(predictor, rows)
        if arguments is not None:
            say("computing the truth about the simulated patients")
            found, notes = beside_the_truth(predictor, rows, arguments, (found, notes, beside))
        page = report_of(found, home() / "reports" / f"{predictor.release}-evaluated", notes, beside)
    print(table_text(found))
    print(plain_table_text(TRUTH_TABLE, beside.tables.get(TRUTH_TABLE, [])))
    for note in notes:
        print(f"note: {note}")
    write(figures, {**found, "notes": notes})
    print(f"the report is {page}")


@app.command()
def predict(
    source: SourceOption,
    out: Annotated[Path, typer.Option(help="a .parquet or .csv file")],
    path: PathOption = None,
    at: Annotated[str | None, typer.Option(help="the moment, local, such as 2026-01-10T08:00")] = None,
    release: ReleaseOption = None,
) -> None:
    """Predict every inpatient of a moment; without a calendar, every stay at admission and discharge."""
    from models.release import about, load
    from training.cohort import data_digest
    from training.moment import asked_moment
    from training.predict import every_stay, inpatients_of

    writable(out)
    if out.suffix not in {".parquet", ".csv"}:
        raise HomewardError(f"--out must end in .parquet or .csv, found {out.name}")
    with stages(3) as say:
        folder = release_folder(source, release)
        predictor = load(folder)
        hospital = hospital_of(source, path, say)
        predictor.suits(hospital)
        if hospital.dates == "comparable":
            moment = asked_moment(at, hospital)
            say(f"predicting the inpatients of {moment:%d %B %Y %H:%M}")
            table = inpatients_of(predictor, hospital, moment)
        else:
            if at is not None:
                raise HomewardError(
                    f"--at means nothing for {source}: its dates do not compare between patients"
                )
            say("predicting every stay at admission and at discharge")
            table = every_stay(predictor, hospital)
    partial = out.with_name(f".{out.name}.partial")
    table.to_parquet(partial) if out.suffix == ".parquet" else table.to_csv(partial, index=False)
    partial.rename(out)
    print(f"{len(table):,} predictions by release {predictor.release} are in {out}")
    if about(folder)["about"].get("data_digest") == data_digest(hospital):
        print(
            "note: the release learnt from these very stays, so it knows them better than it will know others"
        )


@app.command()
def pictures(
    source: SourceOption,
    out: Annotated[Path, typer.Option(help="the folder for the pictures")],
    path: PathOption = None,
    release: ReleaseOption = None,
) -> None:
    """Draw a release's SHAP values: one simulated patient, and the test part in groups of ten patients."""
    from features.sources.files import can_write_to
    from models.release import load
    from training.pictures import draw

    can_write_to(out)
    with stages(6) as say:
        predictor = load(release_folder(source, release))
        hospital = hospital_of(source, path, say)
        predictor.suits(hospital)
        files = draw(predictor, hospital, out, say)
    print(f"{len(files)} pictures of release {predictor.release} are in {out}")


@app.command()
def promote(name: Annotated[str, typer.Argument(help="the release, as `fit` printed it")]) -> None:
    """Make a release the champion: its plain files go into the store that the service reads."""
    from training import runs
    from training.home import home

    folder = runs.promote(home(), name)
    print(f"release {folder.name} is the champion (homeward:{folder.name}); start the service again to use it")


@app.command()
def leaks(
    source: SourceOption,
    path: PathOption = None,
    earlier: Annotated[Path | None, typer.Option(help="the folder of an older extract, to compare")] = None,
    figures: JsonOption = None,
) -> None:
    """Look for knowledge of the future in a source: one line a suspicion; exit code 1 if there is one."""
    from training.leaks import as_json, signs, summary

    writable(figures)
    with stages(2 + (earlier is not None)) as say:
        hospital = hospital_of(source, path, say)
        before = hospital_of(source, earlier, say) if earlier else None
        say(f"looking for knowledge of the future in {len(hospital.admissions):,} admissions")
        found = signs(hospital, before)
    suspicions = [sign for sign in found if sign.suspicious]
    for sign in suspicions:
        print(sign.line())
    errors.print(summary(found), soft_wrap=True)
    write(figures, as_json(found))
    raise typer.Exit(int(bool(suspicions)))


def main() -> None:
    """Run a command; what a person can mend is said in words, with exit code 2."""
    try:
        app(standalone_mode=True)
    except HomewardError as error:
        errors.print(str(error), style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
