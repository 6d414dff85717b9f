"""A simulated hospital: people fall ill, get better day by day, wait, leave, and some come back.

It exists so that everything can be tried without anybody's data.  No number in it is patient data; figures
measured on it are about models, and not about any hospital's performance.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from features.hospital import NATIONS, shipped_facts
from features.sources.simulation.clock import DAYS_A_YEAR, MINUTES_A_DAY, Clock, clock_until
from features.sources.simulation.lives import Lives, lived
from features.sources.simulation.numbers import kept, parameters
from features.sources.simulation.people import pool_of_people
from features.sources.simulation.tables import as_recorded
from features.tables import Hospital, check

UNTIL = pd.Timestamp("2026-11-02 08:00", tz="Europe/London")
WARM_UP_DAYS = 365  # lived before the tables begin, so that who comes back often already does
SPARE_PEOPLE = 1.05  # more than are expected to be needed, and 3 standard errors beyond


def simulate(
    admissions: int,
    seed: int = 1,
    nation: str = "ENG",
    sites: int = 1,
    days: int = 730,
    until: pd.Timestamp = UNTIL,
) -> Hospital:
    """Return a hospital of about `admissions` stays over `days` days, as its systems held it at `until`.

    The same arguments give the same tables.  They begin at midnight `days` days before, with people who have
    come and gone for a year by then, and leave out stays that began earlier, as an extract does; nothing
    recorded after `until` is in them, so people still in a bed have no `discharged_at`.  A stay is lived
    a day at a time: each day's chances follow from what is recorded by then, the calendar and one hidden
    severity class, so that the truth at any moment can be computed; see `course`.  Nobody's stays overlap,
    and nobody shares a bed.  There are no children, no maternity care and no day cases, and wards do not
    fill up: one patient's wait does not lengthen another's.

    `nation` (ENG, WLS, SCT, NIR) sets bank holidays, codes and delay reasons.  Raises ValueError for another
    nation, and where `until` has no time zone.
    """
    if nation not in NATIONS:
        raise ValueError(f"nation must be one of {', '.join(NATIONS)}, found {nation!r}")
    if until.tzinfo is None:
        raise ValueError(f"until must carry a time zone, found {until}; try until.tz_localize('Europe/London')")
    facts = replace(shipped_facts(), nation=nation)
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(8)]
    when = clock_until(until, days + WARM_UP_DAYS, nation, facts.time_zone)
    lives = _lives(admissions, when, nation, sites, streams[:2])
    stays, events = as_recorded(lives, when, nation, streams[2:])
    note = f"simulated patients: {admissions} admissions, seed {seed}, {nation}, {sites} sites, {days} days"
    where = "the simulated hospital"
    return check(stays, events, facts, source="simulated", dates="comparable", where=where, notes=[note])


def _lives(admissions: int, when: Clock, nation: str, sites: int, streams: list[np.random.Generator]) -> Lives:
    """Return the lives of as many people of the pool as give that many admissions after warming up."""
    a_person = parameters()["arrivals"]["pool_rows_per_person_year"] * (when.days - WARM_UP_DAYS) / DAYS_A_YEAR
    pool = int(admissions * (SPARE_PEOPLE + 6 / np.sqrt(admissions + 1)) / a_person) + 50
    lives = lived(pool_of_people(pool, nation, sites, streams[0]), when, nation, streams[1])
    shown = lives.stays["admitted"] >= WARM_UP_DAYS * MINUTES_A_DAY
    stays_of = np.bincount(lives.stays["person"][shown], minlength=pool)
    enough = min(int(np.searchsorted(stays_of.cumsum(), admissions)) + 1, pool)
    names = streams[0].permutation(enough) + 1  # a pseudonym says nothing about its person
    stays = kept(lives.stays, shown & (lives.stays["person"] < enough))
    number = np.full(len(lives.stays["stay"]), -1)
    number[stays["stay"]] = np.arange(len(stays["stay"]))
    stays = {**stays, "stay": np.arange(len(stays["stay"]))}
    days = kept(lives.days, number[lives.days["stay"]] >= 0)
    days = {**days, "stay": number[days["stay"]]}
    return Lives({**kept(lives.people, np.arange(enough)), "name": names}, stays, days)
