"""Whose suggestions people were shown, and since when: the watch keeps their calibration apart from others'."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from serving.fhir import SYSTEMS
from serving.standing import PLANNED, standing_of
from serving.store.store import Store
from serving.store.tables import PREDICTIONS
from serving.store.told import told_of
from serving.store.verify import events

READ = "R"


@dataclass
class Rounds:
    """What one board, or one person's page, could show: which stays, from when each round was made."""

    made_at: list[datetime] = field(default_factory=list)
    stays: list[list[str]] = field(default_factory=list)

    def add(self, at: datetime, stay: str) -> None:
        """Add a prediction; those of one instant are one round."""
        if not self.made_at or self.made_at[-1] != at:
            self.made_at.append(at)
            self.stays.append([])
        self.stays[-1].append(stay)

    def at(self, moment: datetime) -> list[str]:
        """Return the stays of the newest round at a moment."""
        place = bisect_right(self.made_at, moment)
        return self.stays[place - 1] if place else []


def shown_since(store: Store, blind: bool, now: datetime) -> dict[str, datetime | None]:
    """Return when somebody first looked at the dates of each stay that a board held, None where nobody did.

    It is read from the audit: a ward's board shows its newest round, a patient's page that of the person.  A
    ward system that reads a board counts as somebody.  Where the trust is `blind`, dates are shown only from
    the first planned date of the stay on.  What was erased from the audit counts as not looked at.
    """
    with store.reading() as connection:
        places = _places(connection)
        stays = sorted({stay for one in places.values() for some in one.stays for stay in some})
        planned = _planned(connection, stays, now) if blind else {}
    shown: dict[str, datetime | None] = dict.fromkeys(stays)
    for at, place in _looked_at(store):
        for stay in places[place].at(at) if place in places else ():
            seen = max(at, planned[stay]) if stay in planned else None if blind else at
            before = shown[stay]
            if seen is not None and (before is None or seen < before):
                shown[stay] = seen
    return shown


def _places(connection: sql.Connection) -> Mapping[tuple[str, str], Rounds]:
    names = ("admission_id", "person", "ward", "site", "made_at")
    rows = sql.select(*(PREDICTIONS.c[name] for name in names)).where(PREDICTIONS.c.round.is_not(None))
    found: dict[tuple[str, str], Rounds] = defaultdict(Rounds)
    for row in connection.execute(rows.order_by(PREDICTIONS.c.made_at, PREDICTIONS.c.number)):
        found["ward", f"{row.ward} {row.site}".strip()].add(row.made_at, row.admission_id)
        found["person", row.person].add(row.made_at, row.admission_id)
    return dict(found)


def _planned(connection: sql.Connection, stays: list[str], now: datetime) -> dict[str, datetime]:
    """Return when the first planned date of each stay was recorded."""
    told = told_of(connection, stays, (PLANNED,), now)
    plans = {stay: standing_of(some).plans for stay, some in told.items()}
    return {stay: min(one.told.recorded_at for one in some) for stay, some in plans.items() if some}


def _looked_at(store: Store) -> Iterator[tuple[datetime, tuple[str, str]]]:
    for text in events(store):
        event = json.loads(text)
        if event["action"] == READ:
            at = datetime.fromisoformat(event["recorded"])
            yield from ((at, place) for one in event.get("entity", ()) if (place := _place(one)))


def _place(entity: Mapping[str, Any]) -> tuple[str, str] | None:
    identifier = entity["what"]["identifier"]
    kind = identifier["system"].removeprefix(SYSTEMS)
    return (kind, identifier["value"]) if kind in ("ward", "person") else None
