"""What a hospital looks like from outside: the marginals that compare a simulated one with published ones."""

import numpy as np
import pandas as pd

from features.tables import Hospital
from features.working_days import calendar

READMISSION_WINDOW_DAYS = 30  # NHS OF 3b: days 0 to 29
MONTH = pd.Timedelta(days=READMISSION_WINDOW_DAYS)
FILLING_UP = pd.Timedelta(days=60)  # a simulated hospital opens empty


def summary(hospital: Hospital) -> dict[str, float]:
    """Return the main marginals of a hospital by name: shares from 0 to 1, lengths in nights, rates a day.

    Nights are midnights crossed.  Stays still open take part in occupancy only.  Works on any source with
    comparable dates; what needs criteria to reside, pathways or planned dates is NaN without them.
    """
    stays = _with_kinds(hospital)
    return {
        "admissions": float(len(stays)),
        "events_an_admission": len(hospital.events) / len(stays),
        **_lengths(stays),
        **_leaving(stays, hospital.facts.nation),
        **_waiting(stays, hospital),
        **_occupancy(stays, hospital.observed_until),
        **_readmission(stays, hospital.observed_until),
        **_plans(stays, hospital.events),
    }


def _with_kinds(hospital: Hospital) -> pd.DataFrame:
    stays, group = hospital.admissions, hospital.facts.group
    arrived_on, left_on = (_date(stays[name]) for name in ("admitted_at", "discharged_at"))
    return stays.assign(
        arrived_on=arrived_on,
        left_on=left_on,
        nights=(left_on - arrived_on).dt.days,
        emergency=stays["admission_method"].isin(group("admission_method", "emergency")),
        elective=stays["admission_method"].isin(group("admission_method", "elective")),
        left=stays["discharged_at"].notna(),
        died=stays["discharge_method"].isin(group("discharge_method", "died")),
        moved=stays["discharge_destination"].isin(group("discharge_destination", "hospital")),
    )


def _date(instants: pd.Series) -> pd.Series:
    return instants.dt.tz_localize(None).dt.normalize()


def _share(mask: pd.Series) -> float:
    return float(mask.mean()) if len(mask) else float("nan")


def _lengths(stays: pd.DataFrame) -> dict[str, float]:
    nights = stays.loc[stays["emergency"] & stays["left"], "nights"]
    overnight = nights[nights > 0]
    first, middle, last = np.percentile(nights, [25, 50, 75])
    return {
        "elective_share": _share(stays["elective"]),
        "zero_day_share": _share(nights == 0),
        "emergency_nights_first_quartile": float(first),
        "emergency_nights_median": float(middle),
        "emergency_nights_third_quartile": float(last),
        "emergency_over_14_nights": _share(nights > 14),
        "overnight_emergency_median": float(overnight.median()),
        "overnight_emergency_mean": float(overnight.mean()),
        "bed_days_in_stays_of_7_nights": float(nights[nights >= 7].sum() / nights.sum()),
        "elective_nights_mean": float(stays.loc[stays["elective"] & stays["left"], "nights"].mean()),
    }


def _leaving(stays: pd.DataFrame, nation: str) -> dict[str, float]:
    gone = stays[stays["left"]]
    days = pd.date_range(gone["left_on"].min() + FILLING_UP, gone["left_on"].max() - pd.Timedelta(days=1))
    a_day = gone["left_on"].value_counts().reindex(days, fill_value=0)
    kinds = calendar(days, nation)
    weekday, weekend = kinds["working_day"].to_numpy(), (kinds["weekday"] >= 5).to_numpy()
    holiday = kinds["bank_holiday"].to_numpy() & ~weekend
    overnight = gone[gone["emergency"] & (gone["nights"] > 0)]
    return {
        "weekend_to_weekday_discharges": float(a_day[weekend].mean() / a_day[weekday].mean()),
        "bank_holiday_to_weekday_discharges": float(a_day[holiday].mean() / a_day[weekday].mean()),
        "discharges_before_noon": _share(gone["discharged_at"].dt.hour < 12),
        "died": _share(gone["died"]),
        "emergency_overnight_died": _share(overnight["died"]),
        "transferred_out": _share(gone["moved"]),
        "discharge_recorded_an_hour_late": _share(
            gone["discharge_recorded_at"] - gone["discharged_at"] > pd.Timedelta(hours=1)
        ),
    }


def _waiting(stays: pd.DataFrame, hospital: Hospital) -> dict[str, float]:
    events = hospital.events
    overnight = stays[stays["left"] & ~stays["died"] & ~stays["moved"] & (stays["nights"] > 0)]
    ready_on = _date(ready_at(events)).reindex(overnight["admission_id"]).to_numpy()
    waited = (overnight["left_on"] - ready_on).dt.days.fillna(0)
    delay = waited[waited > 0]
    pathways = events[events["name"] == "pathway"].sort_values("recorded_at")
    last = pathways.groupby("admission_id")["text"].last().reindex(overnight["admission_id"]).fillna("P0")
    seen = events[events["name"] == "criteria_to_reside"]
    days = (stays["left_on"].fillna(_date(stays["admitted_at"]).max()) - stays["arrived_on"]).dt.days + 1
    return {
        "delayed": _share(waited > 0),
        "delay_mean": float(delay.mean()),
        "delay_median": float(delay.median()),
        "delayed_7_days": _share(waited >= 7),
        "delay_bed_day_share": float(delay.sum() / stays["nights"].sum()),
        **{f"pathway_{name}": _share(last == name) for name in ("P0", "P1", "P2", "P3")},
        "criteria_recorded": float(len(seen) / days.sum()),
    }


def ready_at(events: pd.DataFrame) -> pd.Series:
    """Return by admission_id when the last unbroken run of not meeting the criteria to reside began.

    Stays whose last entry says that they meet the criteria are absent.
    """
    rows = events[events["name"] == "criteria_to_reside"].sort_values(["admission_id", "happened_at"])
    rows = rows.drop_duplicates(["admission_id", "happened_at"], keep="last")
    meets = rows["number"] == 1
    last_met = rows["happened_at"].where(meets).groupby(rows["admission_id"]).transform("max")
    after = rows[~meets & (last_met.isna() | (rows["happened_at"] > last_met))]
    return after.groupby("admission_id")["happened_at"].first()


def _occupancy(stays: pd.DataFrame, until: pd.Timestamp) -> dict[str, float]:
    """Return inpatients at each 08:00, from two months after the first admission on."""
    first = stays["admitted_at"].min().normalize() + FILLING_UP
    mornings = pd.date_range(first, until.normalize(), freq="D", tz=None) + pd.Timedelta(hours=8)
    came = np.sort(stays["admitted_at"].to_numpy())
    went = np.sort(stays.loc[stays["left"], "discharged_at"].to_numpy())
    moments = mornings.to_numpy().astype(came.dtype)
    here_now = np.searchsorted(came, moments, "right") - np.searchsorted(went, moments, "right")
    beds = pd.Series(here_now, mornings)
    christmas = beds[(mornings.month == 12) & (mornings.day >= 24) & (mornings.day <= 27)]
    before = beds[(mornings.month == 12) & (mornings.day >= 8) & (mornings.day <= 19)]
    sample = mornings[::14]
    here = [(stays["admitted_at"] <= at) & ~(stays["discharged_at"] <= at) for at in sample]
    elapsed = pd.concat([at - stays.loc[rows, "admitted_at"] for at, rows in zip(sample, here, strict=True)])
    return {
        "beds_in_use_mean": float(beds.mean()),
        "beds_in_use_sd": float(beds.std()),
        "christmas_dip": float(christmas.mean() / before.mean() - 1),
        "in_bed_21_days": _share(elapsed >= pd.Timedelta(days=21)),
    }


def _readmission(stays: pd.DataFrame, until: pd.Timestamp) -> dict[str, float]:
    """Return emergency admissions on days 0 to 29 after a live discharge, where 30 days were seen."""
    rows = stays.sort_values(["patient_id", "admitted_at"])
    emergencies = rows.loc[rows["emergency"], "admitted_at"]
    following = emergencies.reindex(rows.index).groupby(rows["patient_id"]).bfill()
    following = following.groupby(rows["patient_id"]).shift(-1)
    days = (_date(following) - rows["left_on"]).dt.days
    index = rows["left"] & ~rows["died"] & ~rows["moved"] & (rows["discharged_at"] + MONTH <= until)
    back = pd.Series((days >= 0) & (days < READMISSION_WINDOW_DAYS), index=rows.index)
    urgent, planned = index & rows["emergency"], index & rows["elective"]
    soon = following - rows["discharged_at"] <= pd.Timedelta(hours=48)
    poor, rich = rows["deprivation_decile"] <= 2, rows["deprivation_decile"] >= 9
    return {
        "readmitted_after_emergency": _share(back[urgent]),
        "readmitted_after_elective": _share(back[planned]),
        "readmitted_within_48_hours_of_those": _share(soon[urgent & back]),
        "readmitted_poorest_less_richest_fifth": _share(back[urgent & poor]) - _share(back[urgent & rich]),
    }


def _plans(stays: pd.DataFrame, events: pd.DataFrame) -> dict[str, float]:
    """Return how the planned date as it stood on the day before leaving compares with the day of leaving."""
    rows = events[events["name"] == "planned_discharge_on"]
    home = stays[stays["left"] & ~stays["died"] & (stays["nights"] > 0)].set_index("admission_id")
    rows = rows[rows["admission_id"].isin(home.index)]
    left_on = home["left_on"].reindex(rows["admission_id"]).to_numpy()
    arrived = home["admitted_at"].reindex(rows["admission_id"]).array
    within = (rows["recorded_at"] - arrived) <= pd.Timedelta(hours=48)
    standing = rows[_date(rows["recorded_at"]).to_numpy() < left_on].sort_values("recorded_at")
    last = pd.to_datetime(standing.groupby("admission_id")["text"].last(), format="%Y-%m-%d")
    late = (home["left_on"].reindex(last.index) - last).dt.days
    return {
        "planned_within_48_hours": rows.loc[within, "admission_id"].nunique() / max(len(home), 1),
        "plans_a_stay": len(rows) / max(rows["admission_id"].nunique(), 1),
        "left_on_planned_day": _share(late == 0),
        "left_before_planned_day": _share(late < 0),
        "left_after_planned_day": _share(late > 0),
    }
