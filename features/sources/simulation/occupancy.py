"""Who lies in the beds at midnight, as national counts take them: occupancy, long stays, people ready to go."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import CANCELLED
from features.sources.simulation.estimate import Estimate, Numbers, People
from features.tables import Hospital
from features.timeline import Integers, microseconds

FILLING_UP = pd.Timedelta(days=60)  # a simulated hospital opens empty
LONG_STAY = 21 * 86_400_000_000  # microseconds
CHRISTMAS, BEFORE_CHRISTMAS = (23, 26), (8, 19)  # nights of December, both included


def occupancy(hospital: Hospital, people: People) -> dict[str, Estimate]:
    """Return how full the beds are at the end of each day, from two months after the first admission on.

    Shares are of the beds of `beds_of`.  The dip is that of the nights of 23 to 26 December
    against those of 8 to 19 December, all years together.
    """
    days, midnights = counted_days(hospital), _midnights(hospital)
    came, left = _in_and_out(hospital)
    beds, in_bed = beds_of(hospital), _within(midnights, came, left)
    christmas, before = (
        _within(midnights[chosen], came, left) / (chosen.sum() or np.nan)
        for chosen in (_december(days, CHRISTMAS), _december(days, BEFORE_CHRISTMAS))
    )
    each_day = in_bed / (len(days) or np.nan)
    return {
        "beds": Estimate(beds),
        "beds_in_use_mean": people.amount(each_day),
        "beds_in_use_sd": Estimate(float(in_use(hospital).std(ddof=0))),
        "occupancy": people.amount(each_day / beds),
        "christmas_dip": people.amount((christmas - before) / beds),
        "in_bed_21_days": people.ratio(_within(midnights, came + LONG_STAY, left), in_bed),
    }


def ready_and_here(
    hospital: Hospital, people: People, runs: pd.DataFrame, left_ready: Numbers
) -> dict[str, Estimate]:
    """Return people still here at midnight who no longer met the criteria to reside: the sitrep's count.

    `runs` has a row for each time that somebody did not: `row` of the stay in the admissions, `since` and
    `until`; `left_ready` tells which stays ended so.  One figure is a share of the beds, the other of those
    who could have gone that day.
    """
    days = counted_days(hospital)
    nights = _within(_midnights(hospital), microseconds(runs["since"]), microseconds(runs["until"]))
    here = np.bincount(runs["row"], weights=nights, minlength=len(left_ready))
    here = here if len(runs) else np.full(len(left_ready), np.nan)
    gone_on = hospital.admissions["discharged_at"].dt.tz_localize(None)
    gone = left_ready & (gone_on >= days.min()).to_numpy()
    return {
        "ready_and_here_of_beds": people.amount(here / (len(days) or np.nan) / beds_of(hospital)),
        "ready_not_discharged": people.ratio(here, here + gone),
    }


def in_use(hospital: Hospital, runs: pd.DataFrame | None = None) -> pd.Series:
    """Return beds in use at the end of each local day, from two months after the first admission on.

    With `runs` (`since`, `until`), those of them that last over that midnight.
    """
    spans = _in_and_out(hospital) if runs is None else [microseconds(runs[name]) for name in ("since", "until")]
    came, left = (np.sort(instants) for instants in spans)
    at = _midnights(hospital)
    return pd.Series(
        np.searchsorted(came, at, "right") - np.searchsorted(left, at, "right"), counted_days(hospital)
    )


def counted_days(hospital: Hospital) -> pd.DatetimeIndex:
    """Return the local days at whose end beds are counted."""
    first = hospital.admissions["admitted_at"].min().tz_localize(None).normalize() + FILLING_UP
    return pd.date_range(first, hospital.observed_until.tz_localize(None).normalize(), inclusive="left")


def beds_of(hospital: Hospital) -> float:
    """Return how many beds have somebody in them on at least half of the nights; NaN where events name none.

    Trolleys and beds that open for a surge have names as well, and are left out.
    """
    rows = hospital.events[(hospital.events["name"] == "bed") & (hospital.events["text"] != CANCELLED)]
    rows = rows.sort_values(["admission_id", "happened_at", "recorded_at"], kind="stable")
    rows = rows.drop_duplicates(["admission_id", "happened_at"], keep="last")
    left = hospital.admissions.set_index("admission_id")["discharged_at"].fillna(hospital.observed_until)
    until = rows.groupby("admission_id")["happened_at"].shift(-1).fillna(rows["admission_id"].map(left))
    nights = _within(_midnights(hospital), microseconds(rows["happened_at"]), microseconds(until))
    of_each = pd.Series(nights, rows.index).groupby(rows["text"]).sum()
    return float((of_each >= len(counted_days(hospital)) / 2).sum()) or np.nan


def _december(days: pd.DatetimeIndex, first_and_last: tuple[int, int]) -> npt.NDArray[np.bool_]:
    first, last = first_and_last
    return np.asarray((days.month == 12) & (days.day >= first) & (days.day <= last))


def _midnights(hospital: Hospital) -> Integers:
    """Return the end of each counted day in microseconds since 1970."""
    local = pd.Series(counted_days(hospital) + pd.Timedelta(days=1))
    zone = hospital.facts.time_zone
    return microseconds(local.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward"))


def _in_and_out(hospital: Hospital) -> tuple[Integers, Integers]:
    stays = hospital.admissions
    left = stays["discharged_at"].fillna(hospital.observed_until + pd.Timedelta(seconds=1))
    return microseconds(stays["admitted_at"]), microseconds(left)


def _within(moments: Integers, since: Integers, until: Integers) -> Numbers:
    """Return how many of the moments, in order, lie in each span; its end is not in it."""
    count = np.searchsorted(moments, until) - np.searchsorted(moments, since)
    return np.maximum(count, 0).astype(np.float64)
