"""What is past its time: of it only seals remain, as of what is erased."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sql

from serving.settings import Keep
from serving.store import lease, people, repeats
from serving.store.erasure import Erasure, erase
from serving.store.facts import index_stays
from serving.store.forgetting import prediction_rows, stay_rows
from serving.store.store import Store
from serving.store.tables import EVENTS, IDENTITIES, PREDICTIONS, STAY_FACTS, STAYS

TIDIED = "the day's tidying"
DAY = timedelta(days=1)
PREDICTIONS_AT_ONCE, STAYS_AT_ONCE = 1_000, 100  # of one transaction: others wait no longer than it takes
OPERATION = "tidy"


def tidy_of_the_day(store: Store, keep: Keep, now: datetime, holder: str) -> int:
    """Tidy some more, until nothing of this day is left to do; returns how many rows were erased."""
    with store.reading() as connection:
        if not lease.is_free(connection, TIDIED, "", now, DAY):
            return 0
    if erased := tidy(store, keep, Erasure(now, holder, OPERATION)):
        return erased
    with store.writing() as connection:
        lease.take(connection, TIDIED, holder, now, DAY)
    store.database.scrub()
    return 0


def tidy(store: Store, keep: Keep, erasure: Erasure) -> int:
    """Erase some of what is past its time and return how many rows that were: 0 once nothing is left."""
    return (
        _old_names(store, erasure.at - keep.names, erasure)
        or _old_predictions(store, erasure.at - keep.predictions, erasure)
        or _old_stays(store, erasure.at - keep.stays, erasure)
    )


def _old_names(store: Store, before: datetime, erasure: Erasure) -> int:
    """Erase who was behind stays that ended a while ago, and behind stays that were never told of."""
    own = STAYS.c.admission_id == IDENTITIES.c.admission_id
    here = sql.exists().where(own & (STAYS.c.left_at.is_(None) | (STAYS.c.left_at >= before)))
    old = sql.select(IDENTITIES.c.number).where(~here, IDENTITIES.c.received_at < before)
    with store.writing() as connection:
        numbers = list(connection.execute(old.limit(STAYS_AT_ONCE)).scalars())
        erased = erase(store, connection, [(IDENTITIES, IDENTITIES.c.number.in_(numbers))], erasure)
    return sum(erased.values())


def _old_predictions(store: Store, before: datetime, erasure: Erasure) -> int:
    old = sql.select(PREDICTIONS.c.number, PREDICTIONS.c.person).where(PREDICTIONS.c.made_at < before)
    old = old.order_by(PREDICTIONS.c.made_at).limit(PREDICTIONS_AT_ONCE)
    with store.writing() as connection:
        repeats.tidy(connection, erasure.at)
        rows = connection.execute(old).all()
        which = PREDICTIONS.c.number.in_([row.number for row in rows])
        erased = erase(store, connection, prediction_rows(which), erasure)
        people.forget(connection, {row.person for row in rows})
    return sum(erased.values())


def _old_stays(store: Store, before: datetime, erasure: Erasure) -> int:
    """Erase stays that ended long ago, with all facts; and facts of long ago that never came to a stay."""
    with store.reading() as connection:  # the look at all facts keeps nobody from writing
        old = _ended(connection, before) or _never_stays(connection, before)
    if not old:
        return 0
    with store.writing() as connection:
        old = _ended(connection, before, old) or _never_stays(connection, before, old)  # it may stand again
        named = sql.select(STAY_FACTS.c.person).where(STAY_FACTS.c.admission_id.in_(old)).distinct()
        persons = {person for person in connection.execute(named).scalars() if person}
        erased = erase(store, connection, stay_rows(old), erasure)
        index_stays(connection, old)
        people.forget(connection, persons)
    return sum(erased.values())


def _ended(connection: sql.Connection, before: datetime, among: Sequence[str] | None = None) -> list[str]:
    question = sql.select(STAYS.c.admission_id).where(STAYS.c.left_at < before)
    if among is not None:
        question = question.where(STAYS.c.admission_id.in_(among))
    return list(connection.execute(question.limit(STAYS_AT_ONCE)).scalars())


def _never_stays(connection: sql.Connection, before: datetime, among: Sequence[str] | None = None) -> list[str]:
    """Return names of which facts came, the last long ago, and no stay that stands."""
    told = sql.union_all(
        *(sql.select(table.c.admission_id, table.c.received_at) for table in (STAY_FACTS, EVENTS))
    ).subquery()
    stands = sql.exists().where(STAYS.c.admission_id == told.c.admission_id)
    question = sql.select(told.c.admission_id).where(~stands).group_by(told.c.admission_id)
    if among is not None:
        question = question.where(told.c.admission_id.in_(among))
    last = sql.func.max(told.c.received_at)
    return list(connection.execute(question.having(last < before).limit(STAYS_AT_ONCE)).scalars())
