"""A simulated hospital: people fall ill, get better day by day, wait, leave, and some come back.

It exists so that everything can be tried without anybody's data.  No number in it is patient data; figures
measured on it are about models, and not about any hospital's performance.
"""

from collections.abc import Mapping

import pandas as pd

from features.sources.simulation.district import districts, hospitals, together, whole
from features.sources.simulation.world import MOST_AT_ONCE, UNTIL, WARM_UP_DAYS, Arguments
from features.tables import Hospital


def simulate(
    admissions: int,
    seed: int = 1,
    nation: str = "ENG",
    sites: int = 1,
    days: int = 730,
    until: pd.Timestamp = UNTIL,
    drifts: Mapping[str, pd.Timestamp] | None = None,
) -> Hospital:
    """Return a hospital of about `admissions` stays over `days` days, as its systems held it at `until`.

    The same arguments give the same tables.  They begin at midnight `days` days before, with people who have
    come and gone for a year by then, and leave out stays that began earlier, as an extract does; nothing
    recorded after `until` is in them, so people still in a bed have no `discharged_at`.  A stay is lived
    a day at a time: each day's chances follow from what is charted by then, the calendar, how full the site
    is and one hidden severity class, so that the truth at any moment can be computed; see `course` and
    `truth`.  There are no children, no maternity care and no day cases.

    `nation` (ENG, WLS, SCT, NIR) sets bank holidays, codes and delay reasons; `drifts` are those of
    `Arguments`.  Over 100,000 admissions the hospital is made of `districts` and has at least one site for
    each; all of it is in memory, 0.3 GB for each 100,000 admissions and twice that to put them together, where
    `hospitals` holds one district.  Raises ValueError for another nation or drift, a number that is too small,
    and where an instant has no time zone.
    """
    parts = districts(Arguments(admissions, seed, nation, sites, days, until, drifts))
    return together(list(hospitals(parts)), parts)


__all__ = ["MOST_AT_ONCE", "UNTIL", "WARM_UP_DAYS", "Arguments", "districts", "hospitals", "simulate", "whole"]
