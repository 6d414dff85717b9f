"""A simulated hospital with everything that its tables hide, made from a few arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from features.hospital import NATIONS, shipped_facts
from features.sources.simulation.bloods import samples
from features.sources.simulation.clock import DAYS_A_YEAR, MINUTES_A_DAY, Clock, clock_until
from features.sources.simulation.lives import Lives, lived
from features.sources.simulation.numbers import Array, Rows, kept, parameters
from features.sources.simulation.people import pool_of_people

UNTIL = pd.Timestamp("2026-11-02 08:00", tz="Europe/London")
WARM_UP_DAYS = 365  # lived before the tables begin, so that who comes back often already does
DRIFTS = ("care_home_closure", "seven_day_service", "winter_surge")
LEAST = {"admissions": 1, "seed": 0, "sites": 1, "days": 1}
MOST_AT_ONCE = 100_000  # that are simulated at once; a larger hospital is made of districts


@dataclass(frozen=True)
class District:
    """Which part of a large hospital this is, from 1, and how many names the parts before it have used."""

    number: int
    sites_before: int
    people_before: int
    admissions_before: int


@dataclass(frozen=True)
class Arguments:
    """What makes a simulated hospital: the same arguments give the same tables.

    `drifts` says from when on something is different: care homes take nobody for 120 days
    (care_home_closure), weekends and bank holidays run like Wednesdays (seven_day_service), more and iller
    emergencies for 70 days (winter_surge).  `district` is None but for a part of a large hospital, see
    `districts`.
    """

    admissions: int
    seed: int = 1
    nation: str = "ENG"
    sites: int = 1
    days: int = 730
    until: pd.Timestamp = UNTIL
    drifts: Mapping[str, pd.Timestamp] | None = None
    district: District | None = None

    def __post_init__(self) -> None:
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be {least} or more, found {getattr(self, name)}")
        if self.nation not in NATIONS:
            raise ValueError(f"nation must be one of {', '.join(NATIONS)}, found {self.nation!r}")
        if self.until.tzinfo is None:
            raise ValueError(
                f"until must carry a time zone, found {self.until}; try until.tz_localize('Europe/London')"
            )
        for name, at in (self.drifts or {}).items():
            if name not in DRIFTS:
                raise ValueError(f"a drift must be one of {', '.join(DRIFTS)}, found {name!r}")
            if at.tzinfo is None:
                raise ValueError(f"drift {name} must begin at an instant with a time zone, found {at}")


@dataclass(frozen=True)
class World:
    """A simulated hospital, or a district of a large one, with everything that its tables hide.

    Its sites are numbered from 0 in each district; the `number` of a stay and the `name` of a person are
    those of the whole hospital.
    """

    clock: Clock
    lives: Lives
    streams: list[np.random.Generator]
    district: District | None = None

    @cached_property
    def samples(self) -> Rows:
        """Each blood sample, the same for the tables and for the truth about them: drawn once."""
        return samples(self.lives, self.streams[6])


def lived_world(arguments: Arguments) -> World:
    """Return the lives behind a hospital's tables: those of stays that begin after the warm-up.

    Raises ValueError for more than 100,000 admissions: such a hospital is lived a district at a time.
    """
    district = arguments.district
    if district is None and arguments.admissions > MOST_AT_ONCE:
        raise ValueError(
            f"a hospital of more than {MOST_AT_ONCE:,} admissions has a world for each of its `districts`"
        )
    part = () if district is None else (district.number,)
    seeds = np.random.SeedSequence(arguments.seed, spawn_key=part).spawn(9)
    streams = [np.random.default_rng(child) for child in seeds]
    days, zone = arguments.days + WARM_UP_DAYS, shipped_facts().time_zone
    clock = clock_until(arguments.until, days, arguments.nation, zone, arguments.drifts or {})
    pool = people_in_pool(arguments)
    people = pool_of_people(pool, arguments.nation, arguments.sites, streams[0])
    lives = lived(people, clock, streams[1], WARM_UP_DAYS)
    # A pseudonym says nothing about its person.
    names = streams[0].permutation(pool) + 1 + (district.people_before if district else 0)
    first = 1 + (district.admissions_before if district else 0)
    return World(clock, _shown({**people, "name": names}, lives, first), streams[2:], district)


def people_in_pool(arguments: Arguments) -> int:
    """Return how many people may fall ill, so that about as many admissions come of them as are asked for."""
    a_person = parameters()["arrivals"]["pool_rows_per_person_year"] * arguments.days / DAYS_A_YEAR
    return max(round(arguments.admissions / a_person), arguments.sites)


def _shown(people: Rows, lives: Lives, first: int) -> Lives:
    """Return the lives without stays that began in the warm-up, the others numbered anew.

    `stay` is a position, from 0; `number` is the number of the spell, given as stays begin.
    """
    shown = lives.stays["admitted"] >= WARM_UP_DAYS * MINUTES_A_DAY
    stays = kept(lives.stays, shown)
    position = np.full(len(shown), -1)
    position[stays["stay"]] = np.arange(len(stays["stay"]))
    stays = {**stays, "stay": np.arange(len(stays["stay"])), "number": first + _ranks(stays["admitted"])}
    days = kept(lives.days, position[lives.days["stay"]] >= 0)
    days = {**days, "stay": position[days["stay"]]}
    return replace(lives, people=people, stays=stays, days=days)


def _ranks(values: Array) -> Array:
    """Return the position of each value in order, from 0; of equal ones the first comes first."""
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks
