"""Finding a patient by name, number, bed or the ten letters; what was entered is in no address and no log."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sql

from features.hospital import Facts
from serving.access import NAMES, Caller
from serving.board import ward_link
from serving.board_row import Who, who_is
from serving.fhir import audit_event, entity
from serving.gate import Clock
from serving.rounds import wards_of
from serving.standing import standing_of
from serving.store import facts, identities
from serving.store.people import as_written
from serving.store.store import Store
from serving.store.told import told_of

LEAST_LETTERS, MOST_FOUND = 2, 50


@dataclass(frozen=True)
class Found:
    """One patient who was found, and where they are."""

    who: Who
    bed: str
    ward: str
    ward_link: str


@dataclass(frozen=True)
class FoundPage:
    """The context of `found.html`."""

    found: tuple[Found, ...] = field(metadata={"help": "Who was found, by ward and bed"})
    more: int = field(metadata={"help": "How many more there are than are shown"})
    fault: str = field(metadata={"help": "What must be entered instead, otherwise empty"})


def found_page(store: Store, facts_: Facts, clock: Clock, caller: Caller, text: str) -> FoundPage:
    """Return who in a bed has what was entered in a name, a number or a bed, once it is in the audit."""
    wanted, now = " ".join(text.split()).casefold(), clock()
    if len(wanted) < LEAST_LETTERS:
        return FoundPage((), 0, f"Enter at least {LEAST_LETTERS} letters or figures")
    with store.reading() as connection:
        everybody = _in_beds(connection, facts_, caller, now)
    found = sorted(
        (one for one in everybody if _has(one, wanted)), key=lambda one: (one.ward, one.bed, one.who.person)
    )
    shown = tuple(found[:MOST_FOUND])
    about = [entity("people", str(len(found)))]
    about += [entity("name-of-person", one.who.person) for one in shown if one.who.name]
    with store.writing() as connection:
        store.audit(connection, now, audit_event("POST /find", "R", now, caller.name, about))
    return FoundPage(shown, len(found) - len(shown), "")


def _in_beds(connection: sql.Connection, facts_: Facts, caller: Caller, now: datetime) -> list[Found]:
    places = wards_of(connection, facts.in_bed(connection, now), facts_, now)
    own = {stay: place for stay, place in places.items() if caller.sees(place[1])}
    people = facts.patients_of(connection, list(own))
    names = identities.identities_of(connection, list(own)) if caller.role in NAMES else {}
    beds = {stay: standing_of(told).bed for stay, told in told_of(connection, list(own), ("bed",), now).items()}
    return [
        Found(who_is(people[stay], names.get(stay)), beds.get(stay, ""), place[0], ward_link(*place))
        for stay, place in own.items()
    ]


def _has(one: Found, wanted: str) -> bool:
    texts = (one.who.name, one.who.hospital_number, one.bed)
    return any(wanted in text.casefold() for text in texts) or one.who.person == as_written(wanted)
