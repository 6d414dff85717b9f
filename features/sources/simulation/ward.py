"""What is written about where a patient lies: ward, bed, and the specialty whose team looks after them."""

import numpy as np

from features.sources.simulation.bed import (
    BedPlan,
    bed_plan,
    medical_emergencies,
    roles,
    ward_numbers,
)
from features.sources.simulation.clock import Clock
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Array, Rows, codes, illnesses, kept
from features.sources.simulation.placement import placed
from features.sources.simulation.record import written

GENERAL_MEDICINE, ACUTE_MEDICINE, ELDERLY_MEDICINE = "300", "326", "430"


def first_specialty(stays: Rows, nation: str, rng: np.random.Generator) -> Array:
    """Return the specialty under which each stay begins."""
    own = _own_specialty(stays)
    draw = rng.random(len(own))
    first = np.where(draw < 0.40, ACUTE_MEDICINE, np.where(draw < 0.60, GENERAL_MEDICINE, own))
    first = np.where((stays["age"] >= 80) & (draw > 0.78), ELDERLY_MEDICINE, first)
    return in_nation(np.where(medical_emergencies(stays), first, own), nation)


def in_nation(specialty: Array, nation: str) -> Array:
    """Return the nation's codes of English treatment functions."""
    table = codes(nation).get("specialty")
    if table is None:
        return specialty
    names, positions = np.unique(specialty.astype(str), return_inverse=True)
    return np.array([table.get(name, "A1") for name in names], dtype=object)[positions]


def ward_events(lives: Lives, clock: Clock, nation: str, first: Array, rng: np.random.Generator) -> list[Rows]:
    """Return ward, bed and specialty events until the clock's end, none later than its stay's end.

    `first` is the specialty at admission of each stay.  Wards and beds are those of `bed_plan`; beside them
    ED1 is the first site's emergency department and ESC1 its escalation area, with as many places as are
    needed.  Every move is recorded 1 to 90 minutes after it.
    """
    plan, (chances, lags) = bed_plan(lives, clock), rng.spawn(2)
    places = placed(lives, plan, clock.until, chances)
    to_ward, to_specialty = _minutes_until_recorded(len(places["stay"]), lags).T
    in_order = np.lexsort([places["at"], places["stay"]])
    places, to_ward, to_specialty = kept(places, in_order), to_ward[in_order], to_specialty[in_order]
    stay, at = places["stay"], places["at"]
    specialty = np.where(places["changed"], in_nation(_specialty_now(lives.stays, places), nation), first[stay])
    ward, bed = _names(places, plan)
    moved, handed_over = _changes(stay, bed), _changes(stay, specialty)
    return [
        written("ward", stay[moved], at[moved], (at + to_ward)[moved], text=ward[moved]),
        written("bed", stay[moved], at[moved], (at + to_ward)[moved], text=bed[moved]),
        written(
            "specialty",
            stay[handed_over],
            at[handed_over],
            (at + to_specialty)[handed_over],
            text=specialty[handed_over],
        ),
    ]


def _own_specialty(stays: Rows) -> Array:
    return np.array([entry["specialty"] for entry in illnesses().values()], dtype=object)[stays["illness"]]


def _specialty_now(stays: Rows, places: Rows) -> Array:
    """Return the specialty of each place once the need has changed: elderly care, or that of the illness."""
    elderly = places["role"] == roles().index("elderly")
    return np.where(elderly, ELDERLY_MEDICINE, _own_specialty(stays)[places["stay"]])


def _minutes_until_recorded(count: int, rng: np.random.Generator) -> Array:
    """Return minutes until each move's ward and bed (first column) and specialty (second) are recorded.

    Drawn row by row, so that what happens later changes nothing that was drawn for earlier moves.
    """
    table = ward_numbers()["record"]
    drawn = 1 + rng.exponential([table["minutes"] - 1, table["specialty_minutes"] - 1], (count, 2))
    return np.minimum(np.rint(drawn), table["most_minutes"]).astype(np.int64)


def _names(places: Rows, plan: BedPlan) -> tuple[Array, Array]:
    """Return the names of each place's ward and bed."""
    wards = np.array(plan.names(), dtype=object)[places["ward"]]
    beds = np.array([f"-B{number + 1:02d}" for number in range(int(places["bed"].max(initial=0)) + 1)], object)
    return wards, wards + beds[places["bed"]]


def _changes(stay: Array, value: Array) -> Array:
    """Return which rows, in order of stay and time, are a stay's first or differ from the one before."""
    return np.append(True, (stay[1:] != stay[:-1]) | (value[1:] != value[:-1]))[: len(stay)]
