"""Commands about privacy: erase a person, erase what is past its time, change keys."""

import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from getpass import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serving.settings import Settings

if TYPE_CHECKING:
    from serving.store.store import Store

BY = "a person at the machine"


class Rotated(StrEnum):
    """The keys that can be changed, as they are typed."""

    PSEUDONYMS = "pseudonyms"
    INPUTS = "inputs"
    IDENTITY = "identity"


def erase(
    person: Annotated[
        str | None,
        typer.Argument(help="As a board shows them; left out, the patient_id is read from the input"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant")] = False,
) -> None:
    """Erase a person: all that was told and predicted of them; the audit can still be checked."""
    from serving.store.erasure import Erasure
    from serving.store.forgetting import forget, person_of
    from serving.store.people import as_written

    store = _store(Settings.read(os.environ))
    found = as_written(person) if person else person_of(store, _asked_patient())
    if not yes:
        typer.confirm("Erase all that is kept of this person? It cannot be undone", abort=True, err=True)
    counts = forget(store, found, Erasure(datetime.now(UTC), BY, "erase a person"))
    rows = ", ".join(f"{count:,} of {table}" for table, count in sorted(counts.items()))
    typer.echo(f"erased: {rows or 'no rows'}; backups made before hold them still")
    _scrub(store)


def tidy() -> None:
    """Erase what is past its time, as the service does by itself once a day."""
    from serving.store.erasure import Erasure
    from serving.store.retention import OPERATION, tidy

    settings = Settings.read(os.environ)
    store, erasure = _store(settings), Erasure(datetime.now(UTC), BY, OPERATION)
    total = 0
    while erased := tidy(store, settings.keep, erasure):
        total += erased
    typer.echo(f"{total:,} rows were past their time and are erased")
    _scrub(store)


def rotate(
    keys: Annotated[Rotated, typer.Argument(help="Which keys: of pseudonyms, or of what is stored")],
) -> None:
    """Add a key and use it from now on; with `pseudonyms`, everybody gets a new pseudonym at once."""
    from serving.store.rotation import rotate

    settings = Settings.read(os.environ)
    store = _store(settings)
    number = rotate(store, keys.value, datetime.now(UTC), BY)
    typer.echo(
        f"key {number} for {keys.value} is in use; "
        f"back {settings.pseudonym_key_file} up, apart from the database"
    )
    _scrub(store)


def _asked_patient() -> str:
    """Return a patient_id from the input: other users of the machine can see the words of a command."""
    if sys.stdin.isatty():
        return getpass("patient_id as the ward system has it (not shown): ").strip()
    return sys.stdin.readline().strip()


def _scrub(store: "Store") -> None:
    """Overwrite what was erased in the files too, or say when that comes."""
    if not store.database.scrub():
        typer.echo(
            "its bytes, encrypted, stay in the database's files for a while: until a PostgreSQL's VACUUM, or "
            "until nobody reads a SQLite",
            err=True,
        )


def _store(settings: Settings) -> "Store":
    from serving.store.store import opened

    return opened(settings)


COMMANDS: tuple[Any, ...] = (erase, tidy, rotate)
