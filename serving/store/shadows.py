"""What a challenger would have answered, beside what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from serving.fhir import audit_event, entity
from serving.store import log
from serving.store.digest import digest_of_all
from serving.store.log import LoggedPrediction
from serving.store.numbers import last_number
from serving.store.store import Store
from serving.store.tables import CHALLENGERS, PREDICTIONS, SHADOWS, row_seal
from serving.store.vault import Vault, vault_of

SHADOWED = "shadows"
BY = "the challenger"


@dataclass(frozen=True)
class ShadowAnswer:
    """A challenger's answer to the question behind a prediction, by that prediction's number in the log."""

    prediction: int
    release_digest: str
    made_at: datetime
    answer: Mapping[str, Any]


COLUMNS = [SHADOWS.c[field.name] for field in fields(ShadowAnswer)]


def begin(connection: sql.Connection, release_digest: str) -> None:
    """Note from where in the log a challenger answers, unless it has begun already."""
    known = sql.select(CHALLENGERS.c.after).where(CHALLENGERS.c.release_digest == release_digest)
    if connection.execute(known).first() is None:
        after = last_number(connection, PREDICTIONS)
        connection.execute(CHALLENGERS.insert(), [{"release_digest": release_digest, "after": after}])


def unanswered(
    connection: sql.Connection, release_digest: str, most: int
) -> list[tuple[int, LoggedPrediction]]:
    """Return the next predictions, with their numbers, that a challenger has not answered."""
    began = sql.select(CHALLENGERS.c.after).where(CHALLENGERS.c.release_digest == release_digest)
    after = connection.execute(began).scalar()
    if after is None:
        return []
    last = sql.select(sql.func.max(SHADOWS.c.prediction)).where(SHADOWS.c.release_digest == release_digest)
    after = max(after, connection.execute(last).scalar() or 0)
    return log.following(connection, after, most)


def write(store: Store, connection: sql.Connection, answers: Sequence[ShadowAnswer], at: datetime) -> None:
    """Keep a challenger's answers, with the audit row that covers them; not of a prediction erased since."""
    there = sql.select(PREDICTIONS.c.number).where(
        PREDICTIONS.c.number.in_([one.prediction for one in answers])
    )
    known, vault = set(connection.execute(there).scalars()), vault_of(connection)
    rows = [_row(vault, one) for one in answers if one.prediction in known]
    if not rows:
        return
    about = entity(SHADOWED, str(len(rows)), sha256=digest_of_all(row_seal(SHADOWS, row) for row in rows))
    number = store.audit(connection, at, audit_event("predict in the shadow", "E", at, BY, [about]))
    connection.execute(SHADOWS.insert(), [{**row, "audit": number} for row in rows])


def answers(connection: sql.Connection, release_digest: str) -> list[ShadowAnswer]:
    """Return all answers of a challenger, in the order of the log."""
    vault, own = vault_of(connection), SHADOWS.c.release_digest == release_digest
    rows = connection.execute(sql.select(*COLUMNS).where(own).order_by(SHADOWS.c.prediction))
    return [_read(vault, row) for row in rows]


def _row(vault: Vault, one: ShadowAnswer) -> dict[str, Any]:
    row = {field.name: getattr(one, field.name) for field in fields(one)}
    return {**row, "answer": vault.encrypted(*_place(one), log.packed(one.answer))}


def _read(vault: Vault, row: Any) -> ShadowAnswer:
    answer = log.unpacked(vault.decrypted(*_place(row), row.answer))
    return ShadowAnswer(**{**row._mapping, "answer": answer})


def _place(row: Any) -> tuple[str, str]:
    return f"{SHADOWS.name}.answer", f"{row.prediction} {row.release_digest}"
