"""What people decide on a page: planned dates and delays, which become facts of the census like all others.

Each is kept in one transaction with its row of the audit, and only if nobody has decided something else of the
same stay since the page was made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from features.columns import CANCELLED
from features.errors import HomewardError
from features.hospital import Facts
from serving.access import PEOPLE, Caller
from serving.bedside import Stay, stay_of_person
from serving.census import EventFact
from serving.delay_reasons import ORGANISATIONS, delay_reasons
from serving.gate import Clock
from serving.standing import BEGAN, ENDED, OWNER, PLANNED, Standing
from serving.store.facts import Receipt, keep
from serving.store.store import Store
from serving.store.told import Told

FURTHEST = timedelta(days=366)
WHY: Mapping[int, str] = {
    1: "First date of this stay",
    2: "Agreed with the suggestion",
    3: "Agreed with the patient or family",
    4: "Clinical change",
    5: "Therapy or nursing assessment",
    6: "Care or place not ready",
    7: "Test, treatment or medicines",
    8: "Transport",
    9: "Another reason",
}
"""Why a planned date was set, by the number that goes into the record with it."""


class NotKept(HomewardError):
    """A decision that cannot be kept as it is: which field of the form must be what."""

    def __init__(self, field: str, must: str) -> None:
        super().__init__(must)
        self.field = field


class Meanwhile(HomewardError):
    """Somebody else has decided something of the same stay since the page was made; nothing was kept."""


@dataclass(frozen=True)
class Decision:
    """Who decides, by which clock, under which route, and the newest event that their page knew of."""

    caller: Caller
    clock: Clock
    operation: str
    seen: int


Events = Callable[[Stay, datetime], Sequence[EventFact]]


def decided(store: Store, facts: Facts, person: str, decision: Decision, events: Events) -> bool:
    """Keep what somebody decided of a person, and tell whether the person is still in a bed here.

    `events` makes the facts from what stands in the same transaction, and its instant: one from before it would
    not see what another has decided while this one waited for its turn.  Raises Meanwhile.
    """
    with store.writing() as connection:
        at = decision.clock()
        stay = stay_of_person(connection, person, decision.caller, facts, at)
        if stay is None:
            return False
        if stay.standing.seen != decision.seen:
            raise Meanwhile
        receipt = Receipt(at, decision.caller.name, decision.operation)
        keep(store, connection, (), events(stay, at), receipt, newsworthy=frozenset(facts.events))
    return True


def plan(on: str, why: str, today: date) -> Events:
    """Return the fact of a planned date; raises NotKept for a day that is none, has passed, or is far away."""
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise NotKept("on", "Enter a date, such as 9 January 2026") from None
    if day < today:
        raise NotKept("on", "The planned date must be today or later")
    if day > today + FURTHEST:
        raise NotKept("on", "The planned date must be within a year")
    if not why.isascii() or not why.isdigit() or int(why) not in WHY:
        raise NotKept("why", "Choose why the date is set")
    return lambda stay, at: [_event(stay, at, PLANNED, day.isoformat(), float(why))]


def delay_began(code: str, owner: str, nation: str) -> Events:
    """Return the facts of a delay, or of what is waited for next; raises NotKept for a code of no list."""
    if not any(code in group for group in delay_reasons(nation).values()):
        raise NotKept("code", "Choose what the patient is waiting for")
    if owner not in ORGANISATIONS:
        raise NotKept("owner", "Choose whose the next step is")
    return lambda stay, at: [_event(stay, at, BEGAN, code), _event(stay, at, OWNER, owner)]


def delay_ended(stay: Stay, at: datetime) -> list[EventFact]:
    """Return the fact that a delay has ended; there is none to keep where none lasts."""
    lasting = stay.standing.delay
    return [_event(stay, at, ENDED, lasting.code)] if lasting else []


def taken_back(number: int) -> Events:
    """Return the facts that take a decision back, if it is one that may be; otherwise none."""

    def events(stay: Stay, at: datetime) -> list[EventFact]:
        undone = next((one for one in undoable(stay.standing) if one.number == number), None)
        if undone is None:
            return []
        names = (BEGAN, OWNER) if undone.name == BEGAN else (undone.name,)
        return [EventFact(stay.admission_id, undone.happened_at, at, name, text=CANCELLED) for name in names]

    return events


def undoable(standing: Standing) -> list[Told]:
    """Return the newest planned date and the newest step of a delay, where a person entered them on a page."""
    newest = [standing.plan.told] if standing.plan else []
    if standing.delays:
        newest.append(standing.delays[-1].ended or standing.delays[-1].told)
    return [one for one in newest if one.by.startswith(tuple(PEOPLE))]


def _event(stay: Stay, at: datetime, name: str, text: str, number: float | None = None) -> EventFact:
    return EventFact(stay.admission_id, at, at, name, number, text)
