"""Who is in hospital at a moment, and what the ward knew about them then."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from features.columns import KNOWN_ONLY_AFTERWARDS
from features.tables import Hospital
from features.timeline import NEVER, microseconds, positions, taken

LEAVING = [name for name in KNOWN_ONLY_AFTERWARDS if name != "discharge_recorded_at"]


def snapshot(hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
    """Return one row for each patient in a bed at a moment, as the ward knew them then.

    A patient is in a bed from the recording of the admission until the recording of the discharge, so
    that somebody who has left but is still on the ward's list is on ours too.  The index is
    admission_id; `hours_so_far` counts from the true admission.  Training and the ward board both come
    through here, so a model never learns from a fact that the board could not have shown it.  Raises
    ValueError if `at` has no zone.
    """
    at = zoned(at, hospital)
    admissions = hospital.admissions
    arrived = admissions["admission_recorded_at"] <= at
    left = admissions["discharge_recorded_at"] <= at  # not yet recorded is NaT, which compares False
    present = admissions.loc[arrived & ~left, ["admission_id"]].assign(at=at)
    return at_moments(hospital, present).set_index("admission_id", drop=False).rename_axis(None)


def at_moments(hospital: Hospital, moments: pd.DataFrame) -> pd.DataFrame:
    """Return admissions as known at each of many moments: one row a row of `moments` (admission_id, at).

    What is known only afterwards (discharge method, destination) is empty until the discharge is
    recorded; `hours_so_far` stops at the discharge.  The index is that of `moments`.  Raises KeyError if
    an admission is not the hospital's.
    """
    places = positions(moments["admission_id"], hospital.admissions["admission_id"])
    if strangers := int((places < 0).sum()):
        raise KeyError(f"moments must be of the hospital's admissions; {strangers:,} are not")
    admissions = hospital.admissions
    rows: dict[str, Any] = {str(name): taken(admissions[name].array, places) for name in admissions}
    at = pd.DatetimeIndex(moments["at"]).tz_convert(hospital.facts.time_zone).as_unit("us")
    now, recorded = microseconds(at), microseconds(rows.pop("discharge_recorded_at"))
    left = (recorded != NEVER) & (recorded <= now)
    until = np.where(left, microseconds(rows["discharged_at"]), now)
    told = np.where(left, np.arange(len(at)), -1)
    rows |= {name: taken(rows[name], told) for name in LEAVING}
    so_far = (until - microseconds(rows["admitted_at"])) / 1_000_000 / 3600
    rows |= {"at": at.array, "hours_so_far": so_far}
    return pd.DataFrame(rows, index=moments.index, copy=False)


def as_known(hospital: Hospital, at: pd.Timestamp) -> Hospital:
    """Return the hospital as its systems knew it at a moment: nothing recorded later is in it."""
    at = zoned(at, hospital)
    admissions = hospital.admissions
    admissions = admissions[admissions["admission_recorded_at"] <= at]
    open_still = ~(admissions["discharge_recorded_at"] <= at)
    blanked = {name: admissions[name].mask(open_still) for name in KNOWN_ONLY_AFTERWARDS}
    events = hospital.events[hospital.events["recorded_at"] <= at]
    return replace(
        hospital,
        admissions=admissions.assign(**blanked).reset_index(drop=True),
        events=events[events["admission_id"].isin(admissions["admission_id"])].reset_index(drop=True),
    )


def zoned(at: pd.Timestamp, hospital: Hospital) -> pd.Timestamp:
    """Return a moment in the hospital's time zone; raises ValueError if it has none of its own."""
    if at.tzinfo is None:
        raise ValueError(
            f"at must carry a time zone, found {at}; try at.tz_localize('{hospital.facts.time_zone}')"
        )
    return at.tz_convert(hospital.facts.time_zone)
