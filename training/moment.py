"""The moments that models learn from and are measured on: admission, board rounds, any minute, discharge."""

import numpy as np
import pandas as pd

from features.errors import HomewardError
from features.scope import out_of_scope
from features.snapshot import at_moments
from features.tables import Hospital

MINUTES_A_DAY = 1440


def prediction_moments(hospital: Hospital, seed: int) -> pd.DataFrame:
    """Return the moments of every stay as rows (admission_id, at, moment), in scope, ordered by stay and time.

    `admission` is when the admission was recorded; `board` each board round at which the person was on
    the ward's list; `any` one uniformly random minute an inpatient-day, so that any moment has been
    trained; `discharge` when a live discharge was recorded.  A source without dates has only the first
    and the last.
    """
    stays = hospital.admissions
    came = stays[~(stays["discharge_recorded_at"] <= stays["admission_recorded_at"])]  # not gone before known
    admission = pd.DataFrame(
        {"admission_id": came["admission_id"], "at": came["admission_recorded_at"], "moment": "admission"}
    )
    alive = ~stays["discharge_method"].isin(hospital.facts.group("discharge_method", "died"))
    left = stays[stays["discharge_recorded_at"].notna() & alive]
    discharge = pd.DataFrame(
        {"admission_id": left["admission_id"], "at": left["discharge_recorded_at"], "moment": "discharge"}
    )
    parts = [admission, discharge]
    if hospital.dates != "none":
        parts += _daily(hospital, seed)
    moments = pd.concat(parts, ignore_index=True)
    moments = moments.sort_values(["admission_id", "at", "moment"], kind="stable").reset_index(drop=True)
    rows = at_moments(hospital, moments)
    return moments[out_of_scope(rows, hospital).isna().to_numpy()].reset_index(drop=True)


def asked_moment(at: str | None, hospital: Hospital, option: str = "--at") -> pd.Timestamp:
    """Return the moment that a person wrote, local unless it says a zone; without one, the end of the data.

    Raises HomewardError if it is no moment, or none that the data cover.
    """
    if at is None:
        return hospital.observed_until
    zone = hospital.facts.time_zone
    try:
        moment = pd.Timestamp(at)
        moment = moment.tz_localize(zone) if moment.tzinfo is None else moment.tz_convert(zone)
    except (ValueError, TypeError) as error:
        raise HomewardError(
            f"{option} must be a moment that was, such as 2026-01-10T08:00, found {at!r}"
        ) from error
    first, last = hospital.admissions["admission_recorded_at"].min(), hospital.observed_until
    if pd.isna(moment) or not first <= moment <= last:
        raise HomewardError(
            f"{option} must lie from {first:%Y-%m-%d} to {last:%Y-%m-%d}, which the data cover; found {at!r}"
        )
    return moment


def _daily(hospital: Hospital, seed: int) -> list[pd.DataFrame]:
    stays = hospital.admissions
    zone = hospital.facts.time_zone
    start = stays["admission_recorded_at"]
    stop = stays["discharge_recorded_at"].fillna(hospital.observed_until)
    first = start.dt.tz_localize(None).dt.normalize()
    days = ((stop.dt.tz_localize(None).dt.normalize() - first).dt.days + 1).clip(lower=0).to_numpy()
    stay = np.repeat(np.arange(len(stays)), days)
    ahead = np.arange(len(stay)) - np.repeat(np.cumsum(days) - days, days)
    midnight = first.to_numpy()[stay] + ahead.astype("timedelta64[D]")
    random = np.random.default_rng(seed)
    minutes = random.integers(0, MINUTES_A_DAY, len(stay)).astype("timedelta64[m]")
    parts = []
    for moment, offset in (("board", np.timedelta64(hospital.facts.board_hour, "h")), ("any", minutes)):
        naive = pd.Series(midnight + offset)
        at = naive.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").dt.as_unit("us")
        present = (at >= start.iloc[stay].reset_index(drop=True)) & (
            at < stop.iloc[stay].reset_index(drop=True)
        )
        ids = stays["admission_id"].iloc[stay].reset_index(drop=True)
        parts.append(pd.DataFrame({"admission_id": ids, "at": at, "moment": moment})[present])
    return parts
