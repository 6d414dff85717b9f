"""The way into the census: facts as ward systems send them, checked one by one and never against each other.

Facts come in any order, so none is refused for what another says: a discharge may come before its
admission.  What cannot be true together is settled when the stay is put together (`census`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd
from pydantic import BaseModel

from features.errors import DataFault
from features.hospital import Facts
from features.tables import check
from serving.census import EventFact, FactKind, StayFact
from serving.errors import Problem, not_kept
from serving.inquiry import MOST_AHEAD, as_problem
from serving.schema import Cancellation, DischargeFact, EventRow, IdentityFact, PlannedDateRequest
from serving.store.identities import Identity
from serving.unused import unused_events

INSTANTS = ("admitted_at", "admission_recorded_at", "discharged_at")
PLANNED = "planned_discharge_on"
AHEAD_NOTE = "recorded_at lies ahead of the clock: known from then on"
SOMEBODY = {"patient_id": "-", "discharged_at": None, "admission_method": "21", "age": 50, "sex": "9"}
"""Stands for the stays of events, whose own rows may be still to come."""
LONG_AGO = "1899-12-31T00:00:00+00:00"  # before every instant that the contract takes


@dataclass(frozen=True)
class Sent:
    """What a request adds to the census, and notes about it."""

    stays: tuple[StayFact, ...] = ()
    events: tuple[EventFact, ...] = ()
    notes: tuple[str, ...] = ()


def admission(admission_id: str, sent: BaseModel, facts: Facts, now: datetime) -> Sent:
    """Return the fact of an admission; raises Problem with every fault of its codes and instants."""
    row = sent.model_dump(exclude_none=True)
    recorded = row.pop("recorded_at")
    stay = {**row, "admission_id": admission_id, "discharged_at": None}
    recorded_at, _ = _together(
        partial(_instant, recorded, "recorded_at", now), partial(_checked, [stay], [], facts)
    )
    return Sent(
        stays=(_fact(admission_id, "admission", recorded_at, row, now),), notes=_ahead(recorded_at, now)
    )


def identity(sent: IdentityFact, now: datetime) -> tuple[datetime, Identity]:
    """Return when it was recorded who is behind a stay, and who; raises Problem for days that are none."""
    recorded_at, _ = _together(
        partial(_instant, sent.recorded_at, "recorded_at", now),
        partial(_day, sent.born_on or now.date().isoformat(), "born_on"),
    )
    return recorded_at, Identity(sent.name, sent.hospital_number, sent.born_on)


def discharge(admission_id: str, sent: DischargeFact, facts: Facts, now: datetime) -> Sent:
    """Return the fact of a discharge."""
    row = sent.model_dump(exclude_none=True)
    recorded = row.pop("recorded_at")
    stay = {**SOMEBODY, **row, "admission_id": admission_id, "admitted_at": LONG_AGO}
    recorded_at, _ = _together(
        partial(_instant, recorded, "recorded_at", now), partial(_checked, [stay], [], facts)
    )
    return Sent(
        stays=(_fact(admission_id, "discharge", recorded_at, row, now),), notes=_ahead(recorded_at, now)
    )


def cancelled(admission_id: str, kind: FactKind, sent: Cancellation, now: datetime) -> Sent:
    """Return the fact that an admission or discharge was a mistake."""
    recorded_at = _instant(sent.recorded_at, "recorded_at", now)
    return Sent(
        stays=(StayFact(admission_id, kind, recorded_at, {}, void=True),), notes=_ahead(recorded_at, now)
    )


def events(sent: Sequence[EventRow], facts: Facts, now: datetime) -> Sent:
    """Return events as facts, with notes about those that no model uses."""
    rows = [row.model_dump() for row in sent]
    stays = [
        {**SOMEBODY, "admission_id": name, "admitted_at": LONG_AGO}
        for name in dict.fromkeys(row["admission_id"] for row in rows)
    ]
    _checked(stays, rows, facts)
    kept = tuple(
        EventFact(
            row["admission_id"],
            _instant(row["happened_at"], f"events/{place}/happened_at", now),
            _instant(row["recorded_at"], f"events/{place}/recorded_at", now),
            row["name"],
            row["number"],
            row["text"],
        )
        for place, row in enumerate(rows)
    )
    unused = unused_events(pd.DataFrame(rows), facts)
    notes = {warning["text"]: None for warnings in unused.values() for warning in warnings}
    ahead = {note: None for fact in kept for note in _ahead(fact.recorded_at, now)}
    return Sent(events=kept, notes=(*notes, *ahead))


def planned_date(sent: PlannedDateRequest, facts: Facts, now: datetime) -> Sent:
    """Return a person's planned date as an event; faults point to the fields of its own body."""
    recorded = sent.recorded_at or sent.set_at
    _together(
        partial(_day, sent.planned_discharge_on, PLANNED),
        partial(_instant, sent.set_at, "set_at", now),
        partial(_instant, recorded, "recorded_at" if sent.recorded_at else "set_at", now),
    )
    row = EventRow(
        admission_id=sent.admission_id,
        happened_at=sent.set_at,
        recorded_at=recorded,
        name=PLANNED,
        text=sent.planned_discharge_on,
    )
    return events([row], facts, now)


def _together(*parts: Callable[[], Any]) -> list[Any]:
    """Return what each part makes; raises one Problem with the faults of all, each once."""
    made, faults = [], []
    for part in parts:
        try:
            made.append(part())
        except Problem as problem:
            faults += [fault for fault in problem.errors if fault not in faults]
    if faults:
        raise not_kept(faults)
    return made


def _day(text: str, place: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise not_kept(
            [{"pointer": f"/{place}", "detail": f"{place} must be a date such as 2026-01-09"}]
        ) from None


def _checked(stays: list[dict[str, Any]], rows: list[dict[str, Any]], facts: Facts) -> None:
    try:
        table = pd.DataFrame(rows) if rows else None
        check(pd.DataFrame(stays), table, facts, source="the service", where="the request")
    except DataFault as fault:
        raise as_problem(fault, only_row=None if rows else "") from None


def _fact(
    admission_id: str, kind: FactKind, recorded_at: datetime, row: Mapping[str, Any], now: datetime
) -> StayFact:
    body = {name: _instant(it, name, now).isoformat() if name in INSTANTS else it for name, it in row.items()}
    return StayFact(admission_id, kind, recorded_at, body)


def _instant(text: str, place: str, now: datetime) -> datetime:
    """Return an instant in UTC; raises Problem for a day that is none, or one that no clock can show."""
    try:
        instant = datetime.fromisoformat(text).astimezone(UTC)
        if abs(instant - now) > timedelta(days=200 * 365):
            raise OverflowError
    except (ValueError, OverflowError):
        detail = f"{place.rpartition('/')[2]} must be an instant of a real day, with a time zone"
        raise not_kept([{"pointer": f"/{place}", "detail": detail}]) from None
    return instant


def _ahead(recorded_at: datetime, now: datetime) -> tuple[str, ...]:
    return (AHEAD_NOTE,) if recorded_at > now + MOST_AHEAD else ()
