"""Streams of facts about stays, late, doubled and shuffled, beside the same told in order."""

import random
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from serving.census import EventFact, FactKind, StayFact, stay_of
from serving.known import recorded
from serving.store import people
from serving.store.facts import Receipt, keep
from serving.store.store import Store
from serving.store.tables import STAYS
from serving.store.verify import verify
from tests.serving.keys import FixedKeys

KEY = b"k" * 32
BEGAN = datetime(2026, 1, 3, 14, 0, tzinfo=UTC)
NOW = BEGAN + timedelta(days=60)
RECEIPT = Receipt(NOW, "ward system", "test")
TOGETHER = 400  # facts of one request
TOLD_TWICE = 0.2
Fact = StayFact | EventFact


@dataclass(frozen=True)
class Differing:
    """How many stays differ from their replay in order: as a stay alone, and as the store knows it."""

    streams: int
    alone: int
    kept: int
    faults: tuple[str, ...]


def differing(streams: int, place: Path, seed: int = 0) -> Differing:
    """Tell each stream in order, and all of them shuffled among each other with a fifth twice, and compare."""
    chance = random.Random(seed)
    told = [stream(f"A{number}", chance) for number in range(streams)]
    alone = sum(stay_of(disturbed(_stays(one), chance)) != replayed(_stays(one)) for one in told)
    in_order = [fact for one in told for fact in one]
    moments = [NOW, BEGAN + timedelta(hours=20)]
    first, _ = _census(place / "in-order.db", in_order, streams, moments)
    second, faults = _census(place / "shuffled.db", disturbed(in_order, chance), streams, moments)
    kept = sum(one != other for one, other in zip(first, second, strict=True))
    return Differing(streams, alone, kept, faults)


def stream(name: str, chance: random.Random) -> list[Fact]:
    """Return what a ward's system says of a stay, in the order of its recording; some of it at one instant."""
    at, facts = BEGAN, list[Fact]()
    for _ in range(chance.randint(1, 9)):
        at += timedelta(hours=chance.choice((0, 1, 1, 5, 30)))
        happened = at - timedelta(hours=chance.randint(0, 3))
        kind = chance.choice(("admission", "admission", "discharge", "event", "event"))
        if kind == "event":
            text = "cancelled" if chance.random() < 0.2 else None
            facts.append(EventFact(name, happened, at, "news2", float(chance.randint(0, 9)), text))
        else:
            facts.append(_stay_fact(name, kind, at, happened, chance))
    return facts


def _stay_fact(name: str, kind: FactKind, at: datetime, happened: datetime, chance: random.Random) -> StayFact:
    if chance.random() < 0.25:
        return StayFact(name, kind, at, {}, void=True)
    if kind == "discharge":
        return StayFact(name, kind, at, {"discharged_at": happened.isoformat()})
    body = {"patient_id": f"P{chance.randint(0, 3)}", "admitted_at": happened.isoformat()}
    return StayFact(name, kind, at, {**body, "admission_method": "21", "age": 81, "sex": "2"})


def disturbed(facts: Sequence[Any], chance: random.Random) -> list[Any]:
    """Return facts in any order, a fifth of them twice."""
    some = [*facts, *(fact for fact in facts if chance.random() < TOLD_TWICE)]
    chance.shuffle(some)
    return some


def replayed(facts: Iterable[StayFact]) -> dict[str, Any] | None:
    """Return the stay by going through its facts in order, one at a time, as a clerk would.

    Written apart from `stay_of`, which looks at them from the end.
    """
    stands: dict[str, StayFact] = {}
    known_since: dict[str, datetime] = {}
    for fact in sorted(facts, key=lambda fact: (fact.recorded_at, fact.void, fact.digest)):
        if fact.void:
            stands.pop(fact.kind, None)
            known_since.pop(fact.kind, None)
        else:
            stands[fact.kind] = fact
            known_since.setdefault(fact.kind, fact.recorded_at)
    if "admission" not in stands:
        return None
    admission = stands["admission"]
    came = datetime.fromisoformat(admission.body["admitted_at"])
    stay = {**admission.body, "admission_id": admission.admission_id, "admitted_at": came}
    stay["admission_recorded_at"] = max(known_since["admission"], came)
    if "discharge" in stands:
        left = max(datetime.fromisoformat(stands["discharge"].body["discharged_at"]), came)
        known = max(known_since["discharge"], left)
        stay |= {"discharged_at": left, "discharge_recorded_at": known}
    return stay


def _stays(facts: Iterable[Fact]) -> list[StayFact]:
    return [fact for fact in facts if isinstance(fact, StayFact)]


def _census(
    file: Path, facts: Sequence[Fact], streams: int, moments: Sequence[datetime]
) -> tuple[list[Any], tuple[str, ...]]:
    """Tell facts to a store of their own; returns what it knows of each stay, and what its audit finds."""
    with closing(Store(f"sqlite:///{file}", KEY, FixedKeys())) as store:
        for first in range(0, len(facts), TOGETHER):
            some = facts[first : first + TOGETHER]
            events = [fact for fact in some if isinstance(fact, EventFact)]
            with store.writing() as connection:
                # Two stores are to have the same people.
                named = {fact.body["patient_id"] for fact in _stays(some) if "patient_id" in fact.body}
                people.introduced(connection, named, proposed={name: name for name in named})
                keep(store, connection, _stays(some), events, RECEIPT)
        with store.reading() as connection:
            found = {f"A{number}": list[Any]() for number in range(streams)}
            for row in connection.execute(sql.select(STAYS)):
                found[row.admission_id].append(tuple(row))
            for at in moments:
                _add_known(found, recorded(connection, list(found), at))
        return list(found.values()), verify(store).faults


def _add_known(found: dict[str, list[Any]], record: Any) -> None:
    for row in record.stays:
        found[row["admission_id"]].append(sorted(row.items()))
    events = record.events.astype("str").sort_values(list(record.events.columns))
    for name, own in events.groupby("admission_id"):
        found[str(name)].append(own.to_numpy().tolist())
