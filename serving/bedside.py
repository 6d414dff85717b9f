"""All that a page shows of one person in a bed: what stands of their stay, and what was predicted of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sql

from features.hospital import Facts
from serving.access import NAMES, Caller
from serving.rounds import Ward, wards_of
from serving.standing import TOLD, Standing, standing_of
from serving.store import facts, identities, log
from serving.store.followed import followed_by
from serving.store.identities import Identity
from serving.store.log import LoggedPrediction
from serving.store.people import as_written
from serving.store.told import told_of

DAYS_BACK = 28


@dataclass(frozen=True)
class Stay:
    """A person in a bed now, and what stands of their stay."""

    admission_id: str
    person: str
    ward: Ward
    standing: Standing


@dataclass(frozen=True)
class Bedside:
    """A stay with its predictions: the last of each day, the newest at the end; there may be none.

    `own` tells whether who looks follows the person.
    """

    stay: Stay
    predictions: tuple[LoggedPrediction, ...]
    identity: Identity | None
    own: bool


def stay_of_person(
    connection: sql.Connection, person: str, caller: Caller, facts_: Facts, now: datetime
) -> Stay | None:
    """Return the stay of a person; None for who is in no bed, or at a site that is not the caller's."""
    found = facts.stay_in_bed(connection, as_written(person), now)
    if found is None or not caller.sees(found[1]):
        return None
    name = found[0]
    place = wards_of(connection, [name], facts_, now).get(name)
    if place is None:
        return None
    told = told_of(connection, [name], TOLD, now).get(name, [])
    return Stay(name, as_written(person), place, standing_of(told))


def bedside_of(
    connection: sql.Connection, person: str, caller: Caller, facts_: Facts, now: datetime
) -> Bedside | None:
    """Return a person's stay with what was predicted of it, and for who may know it their name."""
    stay = stay_of_person(connection, person, caller, facts_, now)
    if stay is None:
        return None
    name = stay.admission_id
    numbers = _last_of_days(log.shown_of(connection, name), ZoneInfo(facts_.time_zone))[-DAYS_BACK:]
    known = identities.identities_of(connection, [name]) if caller.role in NAMES else {}
    own = stay.person in followed_by(connection, caller.name)
    return Bedside(stay, tuple(log.of_numbers(connection, numbers)), known.get(name), own)


def _last_of_days(shown: Sequence[tuple[int, datetime]], zone: ZoneInfo) -> list[int]:
    last: dict[date, int] = {at.astimezone(zone).date(): number for number, at in shown}
    return list(last.values())
