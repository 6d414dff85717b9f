"""`python -m training`: fit a release, measure, compare, promote through the gate, go back, and watch."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from features.errors import HomewardError
from training import release_commands
from training.command import (
    EXIT_CODES,
    JsonOption,
    PathOption,
    ReleaseOption,
    SourceOption,
    hospital_of,
    release_folder,
)
from training.evaluate_command import evaluate
from training.fit_command import fit
from training.nightly_command import nightly
from training.predict_command import predict
from training.terminal import errors, stages, writable, write
from training.tracking import sentence, troubles
from training.tune_command import tune
from training.watch_commands import drift

app = typer.Typer(
    help=f"{__doc__}\n\n{EXIT_CODES}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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


for command in (fit, tune, evaluate, predict, *release_commands.COMMANDS, drift, nightly):
    app.command()(command)


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
        _refuse(str(error))
    except troubles() as error:
        _refuse(sentence(error))


def _refuse(said: str) -> NoReturn:
    errors.print(said, style="bold red", markup=False, soft_wrap=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
