"""In which order a board stands, and of whom: what a board round asks for first."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.board_row import EVEN_CHANCE, LONG_STAYS, Patient

LEAVING = "leaving"


@dataclass(frozen=True)
class View:
    """What somebody chose to see: an order, a specialty or all, and their own patients or everybody."""

    order: str = LEAVING
    specialty: str = ""
    mine: bool = False

    def shows(self, specialty: str, own: bool) -> bool:
        """Tell whether a row is to be seen: its specialty, and whether its patient is the viewer's own."""
        return self.specialty in ("", specialty) and (own or not self.mine)


BY_LEAVING = View()


@dataclass(frozen=True)
class Order:
    """One order: its words, what puts rows in it, and which rows it is about."""

    words: str
    key: Callable[[Patient], Any]
    about: Callable[[Patient], bool]


def in_order(patients: Sequence[Patient], view: View) -> tuple[list[Patient], int]:
    """Return rows, those first that an order is about, in it, and how many these are."""
    order = ORDERS[view.order]
    seen = [one for one in patients if view.shows(one.keys.specialty, one.own)]
    first = sorted((one for one in seen if order.about(one)), key=order.key)
    others = sorted((one for one in seen if not order.about(one)), key=_by_leaving)
    return [*first, *others], len(first)


def by_bed(bed: str) -> list[tuple[str, int]]:
    """Return what puts beds in order, numbers as numbers.

    >>> sorted(["B10", "B2", "A1"], key=by_bed)
    ['A1', 'B2', 'B10']
    """
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D*)([0-9]*)", bed)]


def _everybody(_: Patient) -> bool:
    return True


def _by_leaving(one: Patient) -> Any:
    return one.keys.leaving, by_bed(one.bed)


def _soon_and_open(one: Patient) -> bool:
    return one.keys.soon >= EVEN_CHANCE and one.keys.open


def _at_risk(one: Patient) -> bool:
    chance = one.keys.planned_chance
    return one.planned_passed or (chance is not None and chance < EVEN_CHANCE)


ORDERS: Mapping[str, Order] = {
    LEAVING: Order("Likely to leave first", _by_leaving, _everybody),
    "open": Order(
        "Ready in 48 hours with something open",
        lambda one: (-one.keys.soon, by_bed(one.bed)),
        _soon_and_open,
    ),
    "risk": Order(
        "Planned date at risk",
        lambda one: (not one.planned_passed, one.keys.planned_chance or 0.0, by_bed(one.bed)),
        _at_risk,
    ),
    "long": Order(
        f"Long stays, {LONG_STAYS[-1]} days or more",
        lambda one: (-one.keys.days_so_far, by_bed(one.bed)),
        lambda one: bool(one.long_stay),
    ),
    "bed": Order("Bed", lambda one: by_bed(one.bed), _everybody),
}
