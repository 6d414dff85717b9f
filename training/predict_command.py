"""`python -m training predict`: predictions as a table, for the inpatients of a moment or for every stay."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import HomewardError
from training.command import PathOption, ReleaseOption, SourceOption, hospital_of, release_folder
from training.terminal import stages, whole, writable, write

if TYPE_CHECKING:
    import pandas as pd

LEARNT = "the release learnt from these very stays, so it knows them better than it will know others"


def predict(
    source: SourceOption,
    out: Annotated[Path, typer.Option(help="a .parquet or .csv file")],
    path: PathOption = None,
    at: Annotated[str | None, typer.Option(help="the moment, local, such as 2026-01-10T08:00")] = None,
    release: ReleaseOption = None,
    summary: Annotated[
        Path | None, typer.Option("--json", help="write what was predicted here: counts only")
    ] = None,
) -> None:
    """Predict every inpatient of a moment; without a calendar, every stay at admission and discharge.

    The table has a row a patient, so keep it where the extract is kept; --json has no patient in it.

    \b
    Example: everybody in a bed at eight, as a table for a spreadsheet
      python -m training predict --source extract --path extract/ --at 2026-01-10T08:00 --out round.csv
    """
    from models.release import about, load
    from models.sealed import sealed
    from training.cohort import stays_digest
    from training.lineage import tables_digest
    from training.moment import asked_moment
    from training.predict import every_stay, inpatients_of

    for file in (out, summary):
        writable(file)
    if out.suffix not in {".parquet", ".csv"}:
        raise HomewardError(f"--out must end in .parquet or .csv, found {out.name}")
    with stages(3) as say:
        folder = release_folder(source, release)
        predictor = load(folder)
        hospital = hospital_of(source, path, say)
        predictor.suits(hospital)
        moment = None
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
    written(table, out)
    notes = [LEARNT] if about(folder)["about"].get("stays_digest") == stays_digest(hospital) else []
    known = {
        "source": source,
        "data_digest": tables_digest(hospital),
        "release": predictor.release,
        "digest": sealed(folder).digest,
        "at": moment.isoformat() if moment is not None else None,
        "file": str(out),
    }
    write(summary, {**known, **_counts(table), "notes": notes})
    print(f"{len(table):,} predictions by release {predictor.release} are in {out}")
    for note in notes:
        print(f"note: {note}")


def written(table: "pd.DataFrame", out: Path) -> None:
    """Write predictions as the kind of file that its name says, whole or not at all."""
    with whole(out) as partial:
        table.to_parquet(partial) if out.suffix == ".parquet" else table.to_csv(partial, index=False)


def _counts(table: "pd.DataFrame") -> dict[str, Any]:
    """Return how many rows there are, and of how many each thing could be said."""
    asked = ("ready_likely", "discharge_likely", "likely_days", "readmission_risk")
    return {
        "rows": len(table),
        "with": {name: int(table[name].notna().sum()) for name in asked if name in table},
        "rows_with_warnings": int((table["warnings"] != "").sum()) if len(table) else 0,
    }
