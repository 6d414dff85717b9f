"""The lives of a pool of people: stays, days in hospital, returns and deaths, a day of everybody at a time."""

from dataclasses import dataclass

import numpy as np

from features.sources.simulation.afterwards import MINUTES_A_WINDOW, coded, dies_at, facts_at_discharge, returns
from features.sources.simulation.arrival import CODED, ELECTIVE, EMERGENCY, TRANSFER, arrived
from features.sources.simulation.clock import DAYS_A_YEAR, MINUTES_A_DAY, Clock
from features.sources.simulation.course import DIED, TRANSFERRED, one_day
from features.sources.simulation.numbers import Array, Floats, Rows, condition_names, kept, parameters, stacked

MOST_EMERGENCIES_COUNTED = 6  # in a year
LONG_AGO = -10 * 365 * MINUTES_A_DAY
LATER = 10**9  # a minute that is never reached
SMALL = (
    "news2", "news2_charted", "mobility", "mobility_charted", "four_at", "how", "status", "working", "pathway",
    "reason", "reason_before", "way_out",
)  # fmt: skip
NARROW: dict[str, type[np.generic]] = {"stay": np.int32, "day": np.int16, **dict.fromkeys(SMALL, np.int8)}


@dataclass(frozen=True)
class Lives:
    """What happened, hidden things included; `days` has a row for each inpatient-day of each stay.

    `pressure` is how full each site was each morning ([day, site], see `pressure_of`), `beds` how many beds
    each site has, and `cancelled` how many planned admissions found none.
    """

    people: Rows
    stays: Rows
    days: Rows
    pressure: Floats
    beds: Array
    cancelled: int


class _Memory:
    """What the hospital remembers of each person, and when each comes next."""

    def __init__(self, people: Rows, clock: Clock, rng: np.random.Generator) -> None:
        count = len(people["age"])
        self.sites = int(people["site"].max()) + 1
        self.emergencies = np.full((count, MOST_EMERGENCIES_COUNTED), LONG_AGO, dtype=np.int64)
        self.left_at = np.full(count, LONG_AGO, dtype=np.int64)
        self.coded_at = np.full((count, len(condition_names())), LATER, dtype=np.int64)
        self.frailty = np.zeros(count, dtype=np.int64)
        self.alone = np.full(count, -1)
        everybody = np.arange(count)
        coming = next_arrivals(people, everybody, np.zeros(count, dtype=np.int64), clock, rng)
        self.next_at = coming["admitted"]
        self.next = {**kept(coming, everybody), "site": people["site"].copy()}
        del self.next["admitted"], self.next["person"]

    def arriving(self, day: int) -> Rows:
        """Return who comes on a day, with what is remembered of them."""
        person = np.flatnonzero(self.next_at < (day + 1) * MINUTES_A_DAY)
        # Nobody comes in the last minute of a day, so that everybody is registered on the day itself.
        at = np.minimum(self.next_at[person], (day + 1) * MINUTES_A_DAY - 2)
        kind = self.next["kind"][person]
        year_ago = at - int(DAYS_A_YEAR * MINUTES_A_DAY)
        recent = at - self.left_at[person] < MINUTES_A_WINDOW
        known = self.coded_at[person] <= at[:, None]
        names = condition_names()
        return {
            "person": person,
            "admitted": at,
            **{name: self.next[name][person] for name in ("kind", "illness", "variant", "site")},
            "emergencies_in_year": (self.emergencies[person] > year_ago[:, None]).sum(axis=1),
            "is_return": (kind == EMERGENCY) & recent,
            "earlier_frailty": self.frailty[person],
            "earlier_alone": self.alone[person],
            **{name: known[:, names.index(name)] for name in CODED},
        }

    def note_arrivals(self, arrivals: Rows) -> None:
        """Remember that they came; nobody comes again before they have left."""
        self.next_at[arrivals["person"]] = LATER
        urgent = arrivals["kind"] == EMERGENCY
        person, at = arrivals["person"][urgent], arrivals["admitted"][urgent]
        self.emergencies[person] = np.column_stack([at, self.emergencies[person][:, :-1]])

    def note_departures(self, left: Rows, codes_found: Array, coded_at: Array) -> None:
        """Remember what was learnt of those who left."""
        person = left["person"]
        alive = np.isin(left["way_out"], (DIED, TRANSFERRED), invert=True)
        self.left_at[person] = np.where(alive, left["ended"], LONG_AGO)
        earliest = np.minimum(self.coded_at[person], np.where(codes_found, coded_at[:, None], LATER))
        self.coded_at[person] = earliest
        self.frailty[person] = np.where(left["frailty"] > 0, left["frailty"], self.frailty[person])
        self.alone[person] = np.where(left["alone"] >= 0, left["alone"], self.alone[person])

    def expect(self, coming: Rows) -> None:
        """Set when and how each comes next."""
        person = coming["person"]
        self.next_at[person] = coming["admitted"]
        for name in self.next:
            self.next[name][person] = coming[name]


class _Beds:
    """How many beds each site needs, which its usual days show, and how full it is."""

    def __init__(self, sites: int, warm_up_days: int) -> None:
        self.first_usual_day, self.warm_up_days = warm_up_days // 2, warm_up_days
        self.beds, self.in_use = np.full(sites, np.inf), np.zeros(sites)

    def used(self, day: int, here: Array) -> Array:
        """Return how many people are in each site in the morning, `here` being the site of each."""
        used = np.bincount(here, minlength=len(self.beds))
        if self.first_usual_day <= day < self.warm_up_days:
            self.in_use += used / (self.warm_up_days - self.first_usual_day)
        if day == self.warm_up_days:
            self.beds = np.ceil(self.in_use / parameters()["beds"]["occupancy"]) + 1
        return used


def lived(people: Rows, clock: Clock, rng: np.random.Generator, warm_up_days: int) -> Lives:
    """Let everybody live from the first midnight until the end, and return what happened.

    Each step is one day of everybody in hospital.  In the last half year of the warm-up the sites find out
    how many beds they need; from its end on, a full site cancels planned admissions and hurries discharges.
    """
    memory = _Memory(people, clock, rng)
    beds = _Beds(memory.sites, warm_up_days)
    here: list[Rows] = []  # who is in a bed
    stays: list[Rows] = []
    days: list[Rows] = []
    pressures: list[Floats] = []
    begun = cancelled = 0
    for day in range(clock.days + 1):
        used = beds.used(day, here[0]["site"] if here else np.zeros(0, dtype=np.int64))
        pressures.append(pressure_of(used, beds.beds))
        coming, refused = _admitted(memory.arriving(day), used, beds.beds, rng)
        cancelled += len(refused["person"]) if day >= warm_up_days else 0
        memory.expect(_expected_anew(people, refused, clock, rng))
        memory.note_arrivals(coming)
        coming = kept(coming, coming["admitted"] <= clock.until)
        if len(coming["person"]):
            coming = {**coming, "stay": begun + np.arange(len(coming["person"]))}
            here.append(arrived(people, coming, clock, rng))
            begun += len(coming["person"])
        if here:
            together = stacked(here)
            today, log = one_day(together, pressures[day][together["site"]], clock, rng)
            over = today["ended"] >= 0
            days.append(log)
            stays.append(_after(people, kept(today, over), memory, clock, rng))
            here = [{**kept(today, ~over), "day": today["day"][~over] + 1}]
    every_stay = stacked([*stays, _not_over(here[0])])
    ordered = kept(every_stay, np.argsort(every_stay["stay"]))
    return Lives(people, ordered, _columns(days), np.array(pressures), beds.beds, cancelled)


def _not_over(inpatients: Rows) -> Rows:
    """Return those who are in a bed at the end, with what is known of a stay only once it is over."""
    count = len(inpatients["stay"])
    never = {name: np.full(count, LATER) for name in ("died_later_at", "coded_at")}
    return {**inpatients, **never, "codes_found": np.zeros((count, len(condition_names())), dtype=bool)}


def pressure_of(used: Array, beds: Floats) -> Floats:
    """Return how full each site is this morning, in steps of 5 % from its usual occupancy, -2 to 2."""
    usual = parameters()["beds"]["occupancy"]
    return np.clip(np.where(np.isfinite(beds), (used / beds - usual) / 0.05, 0.0), -2.0, 2.0)


def next_arrivals(people: Rows, person: Array, at: Array, clock: Clock, rng: np.random.Generator) -> Rows:
    """Return each person's next arrival of their own accord: the earlier of an unplanned and a planned one."""
    waits = rng.exponential(DAYS_A_YEAR, (2, len(person)))
    unplanned = clock.next_arrival(at, waits[0] / people["emergency_rate"][person])
    planned = clock.next_arrival(at, waits[1] / people["elective_rate"][person], elective=True)
    transfer = rng.random(len(person)) < parameters()["arrivals"]["transfers_in"]
    unplanned_kind = np.where(transfer, TRANSFER, EMERGENCY)
    return {
        "person": person,
        "admitted": np.minimum(unplanned, planned),
        "kind": np.where(planned < unplanned, ELECTIVE, unplanned_kind),
        "illness": np.full(len(person), -1),
        "variant": np.full(len(person), -1.0),
        "site": people["site"][person],
    }


def _admitted(coming: Rows, used: Array, beds: Floats, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return who is admitted, and planned admissions that are cancelled since the site is nearly full."""
    table = parameters()["beds"]
    full = used[coming["site"]] > table["cancels_above"] * beds[coming["site"]]
    refused = full & (coming["kind"] == ELECTIVE) & (rng.random(len(full)) < table["cancelled"])
    return kept(coming, ~refused), kept(coming, refused)


def _expected_anew(people: Rows, refused: Rows, clock: Clock, rng: np.random.Generator) -> Rows:
    """Return cancelled admissions some weeks later, if nothing else brings the person in before."""
    soonest, latest = parameters()["beds"]["planned_again_days"]
    days = rng.integers(soonest, latest, len(refused["person"]))
    tomorrow = (refused["admitted"] // MINUTES_A_DAY + 1) * MINUTES_A_DAY
    coming = next_arrivals(people, refused["person"], tomorrow, clock, rng)
    again = clock.next_arrival(
        refused["admitted"] + days * MINUTES_A_DAY, np.full(len(days), 0.01), elective=True
    )
    sooner = again < coming["admitted"]
    return {
        **coming,
        "admitted": np.where(sooner, again, coming["admitted"]),
        "kind": np.where(sooner, ELECTIVE, coming["kind"]),
    }


def _after(people: Rows, left: Rows, memory: _Memory, clock: Clock, rng: np.random.Generator) -> Rows:
    """Return those who left with the minute of a later death; expect the next arrivals of those who live."""
    person, at = left["person"], left["ended"]
    died, moved = left["way_out"] == DIED, left["way_out"] == TRANSFERRED
    codes_found, coded_at = coded(people, left, rng)
    memory.note_departures(left, codes_found, coded_at)
    facts = facts_at_discharge(left, clock)
    back = returns(left, facts, ~died & ~moved, memory.sites, rng)
    free_from = at + MINUTES_A_WINDOW
    coming = next_arrivals(people, person, free_from, clock, rng)
    for name in ("admitted", "kind", "illness", "variant", "site"):
        coming[name] = np.where(back["comes"], back[name], coming[name])
    died_at = dies_at(left, facts, back["comes"], rng)
    dies_first = ~died & (died_at <= coming["admitted"])
    coming["admitted"] = np.where(died | dies_first, LATER, coming["admitted"])
    memory.expect(coming)
    found = {"died_later_at": np.where(dies_first, died_at, LATER), "coded_at": coded_at}
    return {**left, **found, "codes_found": codes_found}


def _columns(days: list[Rows]) -> Rows:
    """Return the days' logs as one table, in narrow types: there are millions of rows."""
    return {
        name: np.concatenate([log[name].astype(NARROW.get(name, log[name].dtype)) for log in days])
        for name in days[0]
    }
