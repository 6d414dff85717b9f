"""Commands about what is kept: fill the census, predict it, check, replay, back up and restore."""

import csv
import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serving.settings import Settings

if TYPE_CHECKING:
    from serving.release import Loaded
    from serving.store.store import Store

BY = "a person at the machine"


def ingest(
    source: Annotated[str, typer.Option(help="What kind of tables: extract, simulated, hes, mimic4")],
    path: Annotated[Path | None, typer.Option(help="The folder of the tables")] = None,
) -> None:
    """Fill the census from a hospital's tables; what is there already stays, so it can be run again."""
    from features.sources import read
    from serving.ingest import OPERATION, ingest
    from serving.progress import counting
    from serving.store.facts import Receipt

    hospital = read(source, path)
    store, now = _store(), datetime.now(UTC)
    for note in hospital.notes:
        typer.echo(note, err=True)
    total = 2 * len(hospital.admissions) + len(hospital.events)
    with counting("facts", total) as seen:
        kept = sum(seen(new) for new in ingest(hospital, store, Receipt(now, BY, OPERATION)))
    typer.echo(f"{kept:,} facts are new in the census")


def score(
    at: Annotated[
        str | None, typer.Option(help="The moment, in local time or with a zone; now if left out")
    ] = None,
) -> None:
    """Predict everybody in a bed at a moment from the census; boards show it until their next round."""
    from serving.moment import moment
    from serving.rounds import predict_round

    store, now = _store(), datetime.now(UTC)
    release = _release()
    when = moment(at, release.predictor.facts, now)
    rows = predict_round(store, release, when, now, "asked for", by=BY)
    wards = len({(row.ward, row.site) for row in rows})
    typer.echo(f"{len(rows):,} inpatients on {wards:,} wards predicted at {when.isoformat()}")


def migrate() -> None:
    """Bring the database to the tables of this version; `start` does so too."""
    typer.echo(f"the database has the tables of revision {_store().revision}")


def audit(
    head: Annotated[str | None, typer.Option(help="A head noted earlier: is it still in the audit?")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write every operation as FHIR AuditEvents (NDJSON) here")
    ] = None,
) -> None:
    """Check that nothing in the store was altered; exit code 1 and where, if something was."""
    from serving.store.verify import events, holds, verify

    store = _store()
    found = verify(store)
    faults = list(found.faults)
    if head is not None and not holds(store, head):
        faults.append("the head that was noted earlier is not in the audit: newer operations were removed")
    for fault in faults:
        typer.echo(fault, err=True)
    if out is not None:
        with out.open("x", encoding="utf-8") as file:
            file.writelines(event + "\n" for event in events(store))
    typer.echo(f"{found.operations:,} operations, head {found.head}: {len(faults) or 'no'} faults")
    raise typer.Exit(1 if faults else 0)


def replay(id: Annotated[str, typer.Argument(help="The id of a prediction, as it was answered")]) -> None:
    """Make a past prediction again with the release that made it; exit code 1 if it is not the same."""
    from models.release import load
    from serving.replay import logged, release_of, replayed

    settings, store = Settings.read(os.environ), _store()
    one = logged(store, id)
    found = replayed(store, one, load(release_of(one, settings)))
    typer.echo(json.dumps(found.answer))
    typer.echo(
        f"{'the same' if found.same else 'NOT the same'} as answered at {one.made_at.isoformat()}", err=True
    )
    raise typer.Exit(0 if found.same else 1)


def silent(
    json_file: Annotated[Path, typer.Option("--json", help="Write the report here, for `training promote`")],
) -> None:
    """Report what the challenger of HOMEWARD_CHALLENGER did while it answered unseen.

    Example: python -m serving silent --json silent.json
    """
    from serving.silent import challenger_digest, report

    digest = challenger_digest(Settings.read(os.environ))
    with opened_store() as store:
        found = report(store, digest)
    with _whole(json_file) as partial:
        partial.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    typer.echo(f"{found['questions']:,} questions on {found['days']:,} days, {found['faults']:,} not answered")


def shown(
    out: Annotated[Path, typer.Option("--out", help="A CSV file, for `training drift --shown`")],
) -> None:
    """Write which stays' dates somebody has looked at, and since when: no name, but the stays' own numbers.

    Example: python -m serving shown --out shown.csv
    """
    from serving.viewed import shown_since

    settings = Settings.read(os.environ)
    with opened_store() as store:
        found = shown_since(store, settings.blind, datetime.now(UTC))
    with _whole(out) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["admission_id", "shown_at"])
        lines.writerows((stay, at.isoformat() if at else "") for stay, at in found.items())
    typer.echo(f"{sum(at is not None for at in found.values()):,} of {len(found):,} stays were looked at")


def backup(to: Annotated[Path, typer.Argument(help="A new file")]) -> None:
    """Copy the database, while the service runs, into one file; keep the audit's key apart from it."""
    from serving.store.backup import back_up

    back_up(Settings.read(os.environ).database_url, to)
    typer.echo(to)


def restore(backup: Annotated[Path, typer.Argument(help="A file that `backup` wrote")]) -> None:
    """Make the database from a backup; there must be none yet."""
    from serving.store.backup import restore

    restore(Settings.read(os.environ).database_url, backup)
    typer.echo("restored; `python -m serving audit` checks it")


def doctor() -> None:
    """Say in plain words what is wrong with this installation; exit code 1 if something is."""
    from serving.doctor import Doctor

    wrong = 0
    for finding in Doctor(Settings.read(os.environ), datetime.now(UTC)).findings():
        wrong += finding.kind == "WRONG"
        typer.echo(f"{finding.kind:<6} {finding.about}: {finding.said}")
    raise typer.Exit(1 if wrong else 0)


@contextmanager
def opened_store() -> "Iterator[Store]":
    """Give the store of the settings, and close it."""
    with closing(_store()) as store:
        yield store


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """Hold the place to write a file at; it takes the file's name at once, when all of it is there."""
    partial = file.with_name(f".{file.name}.partial")
    yield partial
    partial.replace(file)


def _store() -> "Store":
    from serving.store.store import opened

    return opened(Settings.read(os.environ))


def _release() -> "Loaded":
    from models.release import opened
    from models.sealed import sealed
    from serving.release import Loaded
    from serving.starting import named_release

    release = sealed(named_release(Settings.read(os.environ)).folder())
    return Loaded(opened(release), release.digest)


COMMANDS: tuple[Any, ...] = (ingest, score, migrate, audit, replay, silent, shown, backup, restore, doctor)
