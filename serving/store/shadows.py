"""What a challenger would have answered, beside what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from serving.fhir import audit_event, entity
from serving.store import log
from serving.store.digest import canonical, digest, digest_of_all
from serving.store.log import LoggedPrediction
from serving.store.store import Store
from serving.store.tables import CHALLENGERS, PREDICTIONS, SHADOWS

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
        newest = sql.select(sql.func.coalesce(sql.func.max(PREDICTIONS.c.number), 0))
        after = connection.execute(newest).scalar_one()
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
    """Keep a challenger's answers, with the audit row that covers them."""
    rows = [
        {**{field.name: getattr(one, field.name) for field in fields(one)}, "answer": log.packed(one.answer)}
        for one in answers
    ]
    about = entity(SHADOWED, str(len(rows)), sha256=digest_of_all(map(seal, rows)))
    number = store.audit(connection, at, audit_event("predict in the shadow", "E", at, BY, [about]))
    connection.execute(SHADOWS.insert(), [{**row, "audit": number} for row in rows])


def answers(connection: sql.Connection, release_digest: str) -> list[ShadowAnswer]:
    """Return all answers of a challenger, in the order of the log."""
    own = SHADOWS.c.release_digest == release_digest
    rows = connection.execute(sql.select(*COLUMNS).where(own).order_by(SHADOWS.c.prediction))
    return [ShadowAnswer(**{**row._mapping, "answer": log.unpacked(row.answer)}) for row in rows]


def seal(row: Mapping[str, Any]) -> str:
    """Return the digest of a row, but for the audit's number, which holds it."""
    made_at, answer = row["made_at"].timestamp(), digest(row["answer"])
    return digest(canonical([row["prediction"], row["release_digest"], made_at, answer]))
