"""The log of predictions: on disk before an answer leaves, each covered by a row of the audit."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sql

from serving.fhir import audit_event, entity
from serving.store.chunks import chunks
from serving.store.digest import canonical, digest, digest_of_all
from serving.store.numbers import last_number
from serving.store.store import Store
from serving.store.tables import BOARDS, PREDICTIONS, ROUND_WARDS, ROUNDS, row_seal
from serving.store.vault import Vault, vault_of

QUICKLY = 1  # zlib's level: a tenth of the size already, for a third of the time
PREDICTED = "predictions"
ON_TIME = timedelta(minutes=5)  # so long after the hour a round still speaks of the hour


@dataclass(frozen=True)
class LoggedPrediction:
    """One row of the log: who asked when about whom, what was known, and what was answered.

    `inputs` is all that the answer can be made from again; `round` is the round whose board shows it, or
    None where it was asked for.
    """

    id: str
    made_at: datetime
    at: datetime
    admission_id: str
    person: str
    ward: str
    site: str
    round: int | None
    release: str
    release_digest: str
    asked_by: str
    inputs: Mapping[str, Any]
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class Round:
    """Wards that were predicted together: at one moment, by one release."""

    number: int
    kind: str
    at: datetime
    due_at: datetime
    made_at: datetime
    release: str
    release_digest: str

    @property
    def late(self) -> bool:
        """Tell whether it was missed at its hour and caught up."""
        return self.made_at - self.due_at > ON_TIME


CLOSED = ("inputs", "answer")  # what is encrypted
COLUMNS = [PREDICTIONS.c[field.name] for field in fields(LoggedPrediction)]
ROUND_COLUMNS = [ROUNDS.c[field.name] for field in fields(Round)]


def write(
    store: Store,
    connection: sql.Connection,
    predictions: Sequence[LoggedPrediction],
    at: datetime,
    by: str,
    operation: str,
    about: Sequence[dict[str, Any]] = (),
) -> int:
    """Write predictions and the audit row that covers them; returns the number of that row."""
    vault, last = vault_of(connection), last_number(connection, PREDICTIONS)
    rows = [{**row_of(vault, one), "number": number} for number, one in enumerate(predictions, last + 1)]
    covered = digest_of_all(row_seal(PREDICTIONS, row) for row in rows)
    entities = [entity(PREDICTED, str(len(rows)), sha256=covered), *about]
    number = store.audit(connection, at, audit_event(operation, "E", at, by, entities))
    if rows:
        connection.execute(PREDICTIONS.insert(), [{**row, "audit": number} for row in rows])
    return number


def write_round(
    store: Store,
    connection: sql.Connection,
    one: Round,
    wards: Iterable[tuple[str, str]],
    predictions: Sequence[LoggedPrediction],
    by: str,
) -> None:
    """Write a round with the wards it is of, empty ones too, and its predictions."""
    told = sorted(wards)
    row = {field.name: getattr(one, field.name) for field in fields(one)}
    connection.execute(ROUNDS.insert(), [{**row, "audit": 0}])
    about = entity("round", str(one.number), sha256=digest_of_all([round_seal(one, told)]))
    number = write(store, connection, predictions, one.made_at, by, "predict a round", [about])
    connection.execute(ROUNDS.update().where(ROUNDS.c.number == one.number).values(audit=number))
    if told:
        rows = [{"ward": ward, "site": site, "round": one.number} for ward, site in told]
        connection.execute(ROUND_WARDS.insert(), rows)
        for row in rows:
            ward = (BOARDS.c.ward == row["ward"]) & (BOARDS.c.site == row["site"])
            connection.execute(BOARDS.delete().where(ward))
        connection.execute(BOARDS.insert(), rows)


def next_round(connection: sql.Connection) -> int:
    """Return the number of the next round; to be asked by the one that writes it."""
    return (
        int(connection.execute(sql.select(sql.func.coalesce(sql.func.max(ROUNDS.c.number), 0))).scalar_one())
        + 1
    )


def last_due(connection: sql.Connection, kind: str, by: datetime) -> datetime | None:
    """Return when the newest round of a kind was due, of those due by a moment; None if there was none.

    One due later was made under a clock that has since been set right.
    """
    own = (ROUNDS.c.kind == kind) & (ROUNDS.c.due_at <= by)
    return connection.execute(sql.select(sql.func.max(ROUNDS.c.due_at)).where(own)).scalar()


def wards(connection: sql.Connection) -> dict[tuple[str, str], Round]:
    """Return every (ward, site) that was ever predicted, in order, with the newest round of each."""
    question = sql.select(BOARDS.c.ward, BOARDS.c.site, *ROUND_COLUMNS).join(ROUNDS)
    rows = connection.execute(question.order_by(BOARDS.c.ward, BOARDS.c.site))
    return {(row[0], row[1]): Round(*row[2:]) for row in rows}


def round_before(connection: sql.Connection, ward: str, site: str, at: datetime) -> int | None:
    """Return the number of a ward's newest round that speaks of a moment or an earlier one, if one does."""
    own = (ROUND_WARDS.c.ward == ward) & (ROUND_WARDS.c.site == site) & (ROUNDS.c.at <= at)
    question = sql.select(sql.func.max(ROUNDS.c.number)).join(ROUND_WARDS).where(own)
    return connection.execute(question).scalar()


def newest_of(connection: sql.Connection, admission_ids: Sequence[str]) -> dict[str, LoggedPrediction]:
    """Return the newest prediction that a board showed of each of some stays."""
    numbers: list[int] = []
    for some in chunks(admission_ids):
        own = PREDICTIONS.c.admission_id.in_(some) & PREDICTIONS.c.round.is_not(None)
        newest = sql.select(sql.func.max(PREDICTIONS.c.number)).where(own).group_by(PREDICTIONS.c.admission_id)
        numbers += connection.execute(newest).scalars()
    return {row.admission_id: row for row in of_numbers(connection, numbers)}


def of_round(connection: sql.Connection, number: int, ward: str, site: str) -> list[LoggedPrediction]:
    """Return the predictions of a ward in a round; one round is one moment and one release."""
    here = (PREDICTIONS.c.round == number) & (PREDICTIONS.c.ward == ward) & (PREDICTIONS.c.site == site)
    rows = connection.execute(sql.select(*COLUMNS).where(here).order_by(PREDICTIONS.c.number))
    vault = vault_of(connection)
    return [_read(vault, row) for row in rows]


def newest(connection: sql.Connection, admission_id: str) -> LoggedPrediction | None:
    """Return the newest prediction of a stay that a board showed, None if there is none."""
    own = (PREDICTIONS.c.admission_id == admission_id) & PREDICTIONS.c.round.is_not(None)
    question = sql.select(*COLUMNS).where(own).order_by(PREDICTIONS.c.number.desc()).limit(1)
    row = connection.execute(question).first()
    return _read(vault_of(connection), row) if row else None


def shown_of(connection: sql.Connection, admission_id: str) -> list[tuple[int, datetime]]:
    """Return the number and moment of each prediction of a stay that a board showed, in order."""
    own = (PREDICTIONS.c.admission_id == admission_id) & PREDICTIONS.c.round.is_not(None)
    question = sql.select(PREDICTIONS.c.number, PREDICTIONS.c.at).where(own).order_by(PREDICTIONS.c.number)
    return [(row.number, row.at) for row in connection.execute(question)]


def of_numbers(connection: sql.Connection, numbers: Sequence[int]) -> list[LoggedPrediction]:
    """Return some predictions by their numbers, in order."""
    vault, found = vault_of(connection), []
    for some in chunks(sorted(numbers)):
        own = sql.select(*COLUMNS).where(PREDICTIONS.c.number.in_(some)).order_by(PREDICTIONS.c.number)
        found += [_read(vault, row) for row in connection.execute(own)]
    return found


def answers(connection: sql.Connection, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what was answered, by the numbers of some predictions, without what it was made from."""
    vault, found = vault_of(connection), {}
    for some in chunks(sorted(numbers)):
        columns = (PREDICTIONS.c.number, PREDICTIONS.c.id, PREDICTIONS.c.answer)
        for row in connection.execute(sql.select(*columns).where(PREDICTIONS.c.number.in_(some))):
            found[row.number] = unpacked(vault.decrypted(_place("answer"), row.id, row.answer))
    return found


def by_id(connection: sql.Connection, id: str) -> LoggedPrediction | None:
    """Return one prediction by its id, None if there is none."""
    row = connection.execute(sql.select(*COLUMNS).where(PREDICTIONS.c.id == id)).first()
    return _read(vault_of(connection), row) if row else None


def following(connection: sql.Connection, number: int, most: int) -> list[tuple[int, LoggedPrediction]]:
    """Return the next predictions after a number, each with its own."""
    question = sql.select(PREDICTIONS.c.number, *COLUMNS).where(PREDICTIONS.c.number > number)
    rows = connection.execute(question.order_by(PREDICTIONS.c.number).limit(most))
    vault = vault_of(connection)
    return [(row.number, _read(vault, row)) for row in rows]


def count(connection: sql.Connection) -> int:
    """Return how many predictions are in the log."""
    return int(connection.execute(sql.select(sql.func.count()).select_from(PREDICTIONS)).scalar_one())


def round_seal(one: Round, wards: Sequence[tuple[str, str]]) -> str:
    """Return the digest of a round and its wards."""
    said = [
        value.timestamp() if isinstance(value, datetime) else value
        for value in (getattr(one, field.name) for field in fields(one))
    ]
    return digest(canonical([said, sorted(wards)]))


def row_of(vault: Vault, prediction: LoggedPrediction) -> dict[str, Any]:
    """Return a prediction as a row of the table, without its numbers."""
    row = {field.name: getattr(prediction, field.name) for field in fields(prediction)}
    return {**row, **{name: vault.encrypted(_place(name), row["id"], packed(row[name])) for name in CLOSED}}


def packed(value: Mapping[str, Any]) -> bytes:
    """Return a value as bytes, small; the order of its keys stays, as a caller was answered."""
    return zlib.compress(json.dumps(value, separators=(",", ":"), allow_nan=False).encode(), QUICKLY)


def unpacked(content: bytes) -> dict[str, Any]:
    """Return a value that was packed."""
    read: dict[str, Any] = json.loads(zlib.decompress(content))
    return read


def _read(vault: Vault, row: sql.Row[Any]) -> LoggedPrediction:
    values = {column.name: row._mapping[column.name] for column in COLUMNS}
    for name in CLOSED:
        values[name] = unpacked(vault.decrypted(_place(name), row.id, values[name]))
    return LoggedPrediction(**values)


def _place(name: str) -> str:
    return f"{PREDICTIONS.name}.{name}"
