"""Wards and beds: where each stay begins, one or two moves for some, and a bed that nobody else is in."""

import numpy as np

from features.sources.simulation.arrival import ELECTIVE
from features.sources.simulation.clock import MINUTES_A_DAY, Clock
from features.sources.simulation.lives import LATER, Lives
from features.sources.simulation.numbers import (
    Array,
    Rows,
    codes,
    illnesses,
    kept,
    lognormal,
    parameters,
    stacked,
)
from features.sources.simulation.record import soon, written

ROLES = (
    "acute", "respiratory", "cardiology", "elderly", "medicine", "surgery", "trauma", "elective",
    "stroke", "gastro", "elderly", "medicine", "acute", "surgery", "respiratory", "elderly",
)  # fmt: skip
FEWEST_WARDS, MOST_WARDS = 8, len(ROLES)
SURGICAL = ("surgery", "trauma", "elective")
GENERAL_MEDICINE, ACUTE_MEDICINE, ELDERLY_MEDICINE = "300", "326", "430"
THROUGH_ACUTE_WARD = 0.85  # of medical emergencies [A]
HOURS_ON_ACUTE_WARD = (3.0, 0.6)  # log-normal: median 20 hours [A]
OUTLIERS = 0.06  # moved to a ward of another kind [A]
MOVES_TO_ELDERLY = 0.25  # of those aged 75 and over who are still there after some days [A]
DAYS_TO_ELDERLY = (1.8, 0.5)  # log-normal: median 6 days [A]


def first_specialty(stays: Rows, nation: str, rng: np.random.Generator) -> Array:
    """Return the specialty under which each stay begins."""
    own = np.array([entry["specialty"] for entry in illnesses().values()], dtype=object)[stays["illness"]]
    medical = ~np.isin(_own_role(stays), SURGICAL) & (stays["kind"] != ELECTIVE)
    draw = rng.random(len(own))
    first = np.where(draw < 0.40, ACUTE_MEDICINE, np.where(draw < 0.60, GENERAL_MEDICINE, own))
    first = np.where((stays["age"] >= 80) & (draw > 0.78), ELDERLY_MEDICINE, first)
    return in_nation(np.where(medical, first, own), nation)


def in_nation(specialty: Array, nation: str) -> Array:
    """Return the nation's codes of English treatment functions."""
    table = codes(nation).get("specialty")
    if table is None:
        return specialty
    names, positions = np.unique(specialty.astype(str), return_inverse=True)
    return np.array([table.get(name, "A1") for name in names], dtype=object)[positions]


def ward_events(lives: Lives, clock: Clock, nation: str, first: Array, rng: np.random.Generator) -> list[Rows]:
    """Return ward, bed and specialty events; `first` is the specialty at admission of each stay."""
    stays = lives.stays
    sites = int(lives.people["site"].max()) + 1
    in_use = len(lives.days["stay"]) / clock.days / sites
    count = int(np.clip(round(in_use / parameters()["record"]["beds_a_ward"]), FEWEST_WARDS, MOST_WARDS))
    places = _places(lives, count, rng)
    bed = _beds(places, stays["ended"])
    at, stay = places["at"], places["stay"]
    known = soon(at, 12, rng)
    wards = np.array([f"W{number + 1:02d}" for number in range(count * sites)], dtype=object)
    beds = np.array([f"B{number + 1:02d}" for number in range(int(bed.max(initial=0)) + 1)], dtype=object)
    specialty = _specialty(stays, places, first, nation)
    new = np.append(True, (stay[1:] != stay[:-1]) | (specialty[1:] != specialty[:-1]))
    return [
        written("ward", stay, at, known, text=wards[places["ward"]]),
        written("bed", stay, at, known, text=wards[places["ward"]] + "-" + beds[bed]),
        written("specialty", stay[new], at[new], soon(at[new], 40, rng), text=specialty[new]),
    ]


def _own_role(stays: Rows) -> Array:
    return np.array([entry["ward"] for entry in illnesses().values()], dtype=object)[stays["illness"]]


def _places(lives: Lives, count: int, rng: np.random.Generator) -> Rows:
    """Return each stay's successive wards: stay, at (minute), ward (number) and role, by stay and time.

    Moves are drawn as instants that do not know when the stay will end; those after its end do not happen.
    """
    stays, number = lives.stays, len(lives.stays["stay"])
    own, admitted = _own_role(stays), stays["admitted"]
    medical = ~np.isin(own, SURGICAL) & (stays["kind"] != ELECTIVE)
    acute = medical & (rng.random(number) < THROUGH_ACUTE_WARD)
    first = {"stay": np.arange(number), "at": admitted + 1, "role": np.where(acute, "acute", own)}
    hours = lognormal(HOURS_ON_ACUTE_WARD, number, rng)
    outlier = rng.random(number) < OUTLIERS
    second = np.where(outlier, rng.choice(np.array(ROLES, dtype=object), number), own)
    moves = kept(
        {"stay": np.arange(number), "at": admitted + 60 + (hours * 60).astype(np.int64), "role": second},
        (acute & (own != "acute")) | outlier,
    )
    days = lognormal(DAYS_TO_ELDERLY, number, rng) + 1
    to_elderly = medical & (stays["age"] >= 75) & (own != "elderly") & (rng.random(number) < MOVES_TO_ELDERLY)
    elderly = kept(
        {
            "stay": np.arange(number),
            "at": admitted + (days * MINUTES_A_DAY).astype(np.int64),
            "role": np.full(number, "elderly", dtype=object),
        },
        to_elderly,
    )
    places = stacked([first, moves, elderly])
    ends = np.where(stays["ended"] >= 0, stays["ended"], LATER)[places["stay"]]
    places = kept(places, (places["at"] < ends) | (np.arange(len(ends)) < number))
    places = kept(places, np.lexsort([places["at"], places["stay"]]))
    site = lives.people["site"][stays["person"][places["stay"]]]
    ward = site * count + _ward_of_role(places["role"], count, rng)
    places = {**places, "ward": ward}
    return kept(places, np.append(True, (np.diff(places["stay"]) != 0) | (np.diff(ward) != 0)))


def _ward_of_role(role: Array, count: int, rng: np.random.Generator) -> Array:
    """Return one of a site's wards of each role; a site without such a ward uses general medicine."""
    ward = np.zeros(len(role), dtype=np.int64)
    draw = rng.random(len(role))
    for name in set(ROLES):
        having = [number for number in range(count) if ROLES[number] == name] or [ROLES.index("medicine")]
        here = role == name
        ward[here] = np.array(having)[(draw[here] * len(having)).astype(np.int64)]
    return ward


def _specialty(stays: Rows, places: Rows, first: Array, nation: str) -> Array:
    own = np.array([entry["specialty"] for entry in illnesses().values()], dtype=object)[stays["illness"]]
    moved = np.append(False, places["stay"][1:] == places["stay"][:-1])
    now = np.where(places["role"] == "elderly", ELDERLY_MEDICINE, own[places["stay"]])
    return np.where(moved, in_nation(now, nation), first[places["stay"]])


def _beds(places: Rows, ended: Array) -> Array:
    """Return a bed number for each place, so that nobody shares a bed.

    In each ward the k-th arrival takes the k-th bed to be free: one that was never used, or the one that the
    (k - beds)-th departure left.  Following those references back to a never-used bed takes a few rounds.
    """
    following = np.append(places["stay"][1:] == places["stay"][:-1], False)
    leaves = np.where(ended >= 0, ended, LATER)[places["stay"]]
    leaves = np.where(following, np.append(places["at"][1:], 0), leaves)
    leaves = np.maximum(leaves, places["at"] + 1)
    bed = np.zeros(len(leaves), dtype=np.int64)
    for ward in np.unique(places["ward"]):
        here = np.flatnonzero(places["ward"] == ward)
        here = here[np.argsort(places["at"][here], kind="stable")]
        bed[here] = _beds_of_one_ward(places["at"][here], leaves[here])
    return bed


def _beds_of_one_ward(arrives: Array, leaves: Array) -> Array:
    """Return bed numbers of places sorted by arrival.

    >>> _beds_of_one_ward(np.array([0, 1, 5, 9]), np.array([4, 8, 7, 10])).tolist()
    [0, 1, 0, 0]
    """
    rank = np.arange(len(arrives))
    gone = np.searchsorted(np.sort(leaves), arrives, side="right")
    beds = int((rank + 1 - gone).max())
    before = rank.copy()
    before[beds:] = np.argsort(leaves, kind="stable")[: max(len(rank) - beds, 0)]
    while (before[before] != before).any():
        before = before[before]
    return before
