"""The lives of a pool of people: stays, days in hospital, returns and deaths, a day of everybody at a time."""

from dataclasses import dataclass

import numpy as np

from features.sources.simulation.arrival import ELECTIVE, EMERGENCY, TRANSFER, arrived
from features.sources.simulation.chance import NEUTRAL_FRAILTY, chance
from features.sources.simulation.clock import DAYS_A_YEAR, MINUTES_A_DAY, Clock, arrival_minutes
from features.sources.simulation.course import DIED, SELF_DISCHARGED, TRANSFERRED, one_day
from features.sources.simulation.numbers import Array, Rows, kept, parameters, stacked

MOST_EMERGENCIES_COUNTED = 6  # in a year
LONG_AGO = -10 * 365 * MINUTES_A_DAY
RETURN_WINDOW_DAYS = 30
AWAY_DAYS = 7  # that a person transferred to another hospital is at least away
LATER = 10**9  # a minute that is never reached


@dataclass(frozen=True)
class Lives:
    """What happened, hidden things included; `days` has a row for each inpatient-day of each stay."""

    people: Rows
    stays: Rows
    days: Rows


class _Memory:
    """What the hospital remembers of each person: emergency arrivals, and the last live discharge."""

    def __init__(self, count: int) -> None:
        self.emergencies = np.full((count, MOST_EMERGENCIES_COUNTED), LONG_AGO, dtype=np.int64)
        self.left_at = np.full(count, LONG_AGO, dtype=np.int64)

    def count_emergencies(self, person: Array, at: Array) -> Array:
        """Return emergency arrivals in the year before each minute, at most six."""
        since = at - int(DAYS_A_YEAR * MINUTES_A_DAY)
        return np.asarray((self.emergencies[person] > since[:, None]).sum(axis=1))

    def note_arrivals(self, person: Array, at: Array) -> None:
        """Remember emergency arrivals; a person is named at most once."""
        self.emergencies[person] = np.column_stack([at, self.emergencies[person][:, :-1]])


def lived(people: Rows, clock: Clock, nation: str, rng: np.random.Generator) -> Lives:
    """Let everybody live from the first midnight until the end, and return what happened.

    Each step is one day in hospital of everybody who is in a stay, each at their own date.  When a stay ends,
    the person's next arrival is drawn, and begins with the next step; so a person's stays never overlap, and
    every chance uses exactly what came before it.
    """
    count = len(people["age"])
    memory, begun = _Memory(count), 0
    coming = _next_arrivals(people, np.arange(count), np.zeros(count, dtype=np.int64), clock, rng)
    inpatients: list[Rows] = []
    stays: list[Rows] = []
    days: list[Rows] = []
    while True:
        coming = kept(coming, coming["admitted"] <= clock.until)
        if len(coming["person"]):
            inpatients.append(arrived(people, _registered(coming, begun, memory), clock, rng))
            begun += len(coming["person"])
        if not inpatients or not len(inpatients[0]["stay"]):
            break
        today, log = one_day(people, stacked(inpatients), clock, nation, rng)
        days.append(log)
        over = today["ended"] >= 0
        left, coming = _after(people, kept(today, over), memory, clock, rng)
        staying = kept({**today, "day": today["day"] + 1}, ~over)
        seen_out = (staying["first_day"] + staying["day"]) * MINUTES_A_DAY > clock.until
        stays += [left, {**kept(staying, seen_out), "died_later_at": np.full(seen_out.sum(), LATER)}]
        inpatients = [kept(staying, ~seen_out)]
    every_stay = stacked(stays)
    return Lives(people, kept(every_stay, np.argsort(every_stay["stay"])), stacked(days))


def _registered(coming: Rows, begun: int, memory: _Memory) -> Rows:
    """Return arrivals with the stay's number and what the hospital remembers of the person."""
    person, at = coming["person"], coming["admitted"]
    emergency = coming["kind"] == EMERGENCY
    counted = memory.count_emergencies(person, at)
    recent = at - memory.left_at[person] < RETURN_WINDOW_DAYS * MINUTES_A_DAY
    memory.note_arrivals(person[emergency], at[emergency])
    return {
        **coming,
        "stay": begun + np.arange(len(person)),
        "emergencies_in_year": counted,
        "is_return": emergency & recent,
    }


def _next_arrivals(people: Rows, person: Array, at: Array, clock: Clock, rng: np.random.Generator) -> Rows:
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
    }


def _after(
    people: Rows, left: Rows, memory: _Memory, clock: Clock, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """Return those who left with the minute of a later death, and the next arrivals of those who live."""
    person, at = left["person"], left["ended"]
    died, transferred = left["way_out"] == DIED, left["way_out"] == TRANSFERRED
    memory.left_at[person] = np.where(died | transferred, LONG_AGO, at)
    facts = _facts_at_discharge(people, left, clock)
    away = at + np.where(transferred, AWAY_DAYS * MINUTES_A_DAY, 1)
    coming = _next_arrivals(people, person, away, clock, rng)
    returns_at, same_illness = _returns(left, facts, clock, rng)
    returns = ~died & ~transferred & (returns_at < coming["admitted"])
    coming = {
        "person": person,
        "admitted": np.where(returns, returns_at, coming["admitted"]),
        "kind": np.where(returns, EMERGENCY, coming["kind"]),
        "illness": np.where(returns & same_illness, left["illness"], -1),
        "variant": np.where(returns & same_illness, left["variant"], -1.0),
    }
    died_at = _dies_at(people, left, facts, rng)
    dies_first = ~died & (died_at <= coming["admitted"])
    left = {**left, "died_later_at": np.where(dies_first, died_at, LATER)}
    return left, kept(coming, ~died & ~dies_first)


def _facts_at_discharge(people: Rows, left: Rows, clock: Clock) -> Rows:
    person = left["person"]
    frailty_known = left["frailty_day"] <= left["day"]
    conditions = (
        "heart_failure", "copd", "cancer", "liver", "kidney", "diabetes_complicated", "alcohol", "lives_alone",
    )  # fmt: skip
    return {
        **{name: people[name][person] for name in conditions},
        "age": left["age"],
        "age_decades": (left["age"] - 70) / 10,
        "frailty": np.where(frailty_known, left["frailty_measured"], NEUTRAL_FRAILTY) - NEUTRAL_FRAILTY,
        "deprivation": 5.5 - people["decile"][person],
        "tendency": people["tendency"][person],
        "severity": left["severity"],
        "illness": left["illness"],
        "elective": left["kind"] == ELECTIVE,
        "emergencies_in_year": left["emergencies_in_year"],
        "is_return": left["is_return"],
        "self_discharged": left["way_out"] == SELF_DISCHARGED,
        "pathway": np.maximum(left["pathway"], 0),
        "end_of_life": left["end_of_life"],
        "eve_of_rest": clock.calendar["eve_of_rest"][left["ended"] // MINUTES_A_DAY],
    }


def _returns(left: Rows, facts: Rows, clock: Clock, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the minute of an emergency return within 30 days (mostly never), and if for the same illness."""
    table, count = parameters()["returns"], len(left["person"])
    comes = rng.random(count) < chance("returns", facts)
    days = table["days"] * rng.random(count) ** (1 / table["shape"])
    exact = left["ended"] + np.ceil(days * MINUTES_A_DAY).astype(np.int64)
    day = exact // MINUTES_A_DAY
    usual = day * MINUTES_A_DAY + arrival_minutes(rng.random(count))
    at = np.where(usual > left["ended"] + 60, usual, np.maximum(exact, left["ended"] + 10))
    same = (rng.random(count) < table["same_illness"]) & (left["kind"] != ELECTIVE)
    return np.where(comes, at, LATER), same


def _dies_at(people: Rows, left: Rows, facts: Rows, rng: np.random.Generator) -> Array:
    """Return the minute of death after discharge if the person did not come back before."""
    table, count = parameters()["death"], len(left["person"])
    soon = rng.random(count) < chance("dies_within_30_days", facts)
    log_rate = table["age_a_decade"] * facts["age_decades"] + table["frailty"] * (
        people["frailty"][left["person"]] - NEUTRAL_FRAILTY
    )
    later = 30 + rng.exponential(DAYS_A_YEAR, count) / (table["later_a_year"] * np.exp(log_rate))
    days = np.where(soon, rng.random(count) * 30, later)
    return np.asarray(left["ended"] + 60 + np.minimum(days * MINUTES_A_DAY, LATER / 2).astype(np.int64))
