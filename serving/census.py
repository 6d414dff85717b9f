"""Who is in the hospital: facts as ward systems send them, in any order, and the stay that they come to.

A fact says what was recorded of a stay at an instant: its admission, its discharge, or that one of them was
a mistake.  What is true at a moment follows from the set of facts recorded by then, so facts may come late,
twice, or in any order, and the census is the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from serving.store.digest import canonical, digest

FactKind = Literal["admission", "discharge"]


@dataclass(frozen=True)
class StayFact:
    """What was recorded of a stay as a whole; `body` holds the contract's columns, empty ones left out.

    A void fact takes the admission, or the discharge, back.
    """

    admission_id: str
    kind: FactKind
    recorded_at: datetime
    body: Mapping[str, Any]
    void: bool = False

    @cached_property
    def digest(self) -> str:
        """What the fact says, in 64 characters: the same fact sent twice has the same."""
        said = (self.admission_id, self.kind, self.recorded_at.timestamp(), self.void, self.body)
        return digest(canonical(said))

    @property
    def order(self) -> tuple[datetime, bool, str]:
        """Facts in the order of their recording; of one instant, a void comes after what it takes back."""
        return self.recorded_at, self.void, self.digest


@dataclass(frozen=True)
class EventFact:
    """One row of the contract's events table."""

    admission_id: str
    happened_at: datetime
    recorded_at: datetime
    name: str
    number: float | None = None
    text: str | None = None

    @cached_property
    def digest(self) -> str:
        """What the row says, in 64 characters: the same row sent twice has the same."""
        instants = self.happened_at.timestamp(), self.recorded_at.timestamp()
        number = None if self.number is None else self.number + 0.0  # -0.0 is 0.0, which SQLite keeps for both
        return digest(canonical((self.admission_id, *instants, self.name, number, self.text)))


def stay_of(facts: Iterable[StayFact]) -> dict[str, Any] | None:
    """Return the contract's row of one stay from its facts, or None if it is void or not admitted yet.

    The last recorded of each kind wins, whatever order they came in.  A kind was known from its first
    record since it was last taken back.  Nothing is known before it happened, and nobody leaves before
    they come: instants that say so are moved to where they could be.
    """
    known = sorted(facts, key=lambda fact: fact.order)
    admission = _standing([fact for fact in known if fact.kind == "admission"])
    if admission is None:
        return None
    row, admitted_at = dict(admission[0].body), _instant(admission[0].body["admitted_at"])
    first = _instant(row["admission_recorded_at"]) if "admission_recorded_at" in row else admission[1]
    row |= {"admission_id": admission[0].admission_id, "admitted_at": admitted_at}
    row["admission_recorded_at"] = max(first, admitted_at)
    discharge = _standing([fact for fact in known if fact.kind == "discharge"])
    if discharge is not None:
        left_at = max(_instant(discharge[0].body["discharged_at"]), admitted_at)
        row |= {
            **discharge[0].body,
            "discharged_at": left_at,
            "discharge_recorded_at": max(discharge[1], left_at),
        }
    return row


def _standing(facts: Sequence[StayFact]) -> tuple[StayFact, datetime] | None:
    """Return the fact that stands at the end, and when its like was first recorded since the last void."""
    if not facts or facts[-1].void:
        return None
    voids = [place for place, fact in enumerate(facts) if fact.void]
    return facts[-1], facts[voids[-1] + 1 if voids else 0].recorded_at


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
