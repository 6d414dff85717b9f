"""What a hospital looks like from outside: the marginals that compare a simulated one with published ones."""

import numpy as np
import pandas as pd

from features.columns import CANCELLED
from features.sources.simulation.coded import coding
from features.sources.simulation.estimate import Estimate, Numbers, People
from features.sources.simulation.occupancy import FILLING_UP, occupancy, ready_and_here
from features.sources.simulation.returns import readmission
from features.tables import Hospital
from features.working_days import calendar

A_DAY = pd.Timedelta(days=1)
UNKNOWN_ETHNICITY = ("Z", "98", "99")  # not stated, refused (Scotland), not known
HOUR = pd.Timedelta(hours=1)


def summary(hospital: Hospital) -> dict[str, float]:
    """Return the main marginals of a hospital by name: shares from 0 to 1, lengths in nights, rates a day.

    Nights are midnights crossed.  Stays still open take part in occupancy only.  Works on any source with
    comparable dates; what needs criteria to reside, pathways, beds, codes or planned dates is NaN without.
    """
    return {name: estimate.value for name, estimate in measured(hospital).items()}


def measured(hospital: Hospital) -> dict[str, Estimate]:
    """Return the marginals of `summary` with 95 % intervals by patient, where patients make them uncertain."""
    stays, people = with_kinds(hospital), People(hospital.admissions["patient_id"])
    runs = ready_runs(hospital)
    return {
        "admissions": Estimate(float(len(stays))),
        "events_an_admission": Estimate(len(hospital.events) / len(stays)),
        **_lengths(stays, people),
        **_leaving(stays, people, hospital.facts.nation),
        **_waiting(hospital, stays, people),
        **occupancy(hospital, people),
        **ready_and_here(hospital, people, runs, _left_ready(hospital, stays, runs)),
        **readmission(hospital, stays, people),
        **_plans(hospital, stays, people),
        **coding(hospital, people),
    }


def with_kinds(hospital: Hospital) -> pd.DataFrame:
    """Return the admissions with local days, nights, and how each stay came and went as true or false."""
    stays, group = hospital.admissions, hospital.facts.group
    arrived_on, left_on = (_date(stays[name]) for name in ("admitted_at", "discharged_at"))
    return stays.assign(
        arrived_on=arrived_on,
        left_on=left_on,
        nights=(left_on - arrived_on).dt.days.astype("float64"),
        emergency=stays["admission_method"].isin(group("admission_method", "emergency")),
        elective=stays["admission_method"].isin(group("admission_method", "elective")),
        left=stays["discharged_at"].notna(),
        died=stays["discharge_method"].isin(group("discharge_method", "died")),
        moved=stays["discharge_destination"].isin(group("discharge_destination", "hospital")),
    )


def ready_at(events: pd.DataFrame) -> pd.Series:
    """Return by admission_id when the last unbroken run of not meeting the criteria to reside began.

    Stays whose last entry says that they meet the criteria are absent.
    """
    rows = _criteria(events)
    meets = rows["number"] == 1
    last_met = rows["happened_at"].where(meets).groupby(rows["admission_id"]).transform("max")
    after = rows[~meets & (last_met.isna() | (rows["happened_at"] > last_met))]
    return after.groupby("admission_id")["happened_at"].first()


def ready_runs(hospital: Hospital) -> pd.DataFrame:
    """Return each entry of not meeting the criteria to reside: `row` of the stay, `since` and `until`.

    An entry holds until the next one, the discharge, or the end of the data.
    """
    stays, rows = hospital.admissions, _criteria(hospital.events)
    row = pd.Index(stays["admission_id"]).get_indexer(pd.Index(rows["admission_id"]))
    left = stays["discharged_at"].fillna(hospital.observed_until).iloc[row].set_axis(rows.index)
    until = rows.groupby("admission_id")["happened_at"].shift(-1).fillna(left)
    runs = pd.DataFrame({"row": row, "since": rows["happened_at"], "until": until})
    return runs[(rows["number"] == 0) & (runs["since"] < runs["until"])]


def _criteria(events: pd.DataFrame) -> pd.DataFrame:
    """Return the standing entries of criteria to reside, by stay and time."""
    rows = events[events["name"] == "criteria_to_reside"]
    rows = rows.sort_values(["admission_id", "happened_at", "recorded_at"], kind="stable")
    rows = rows.drop_duplicates(["admission_id", "happened_at"], keep="last")
    return rows[rows["text"] != CANCELLED]


def _date(instants: pd.Series) -> pd.Series:
    return instants.dt.tz_localize(None).dt.normalize()


def _lengths(stays: pd.DataFrame, people: People) -> dict[str, Estimate]:
    nights = stays["nights"].to_numpy()
    urgent, planned = ((stays[kind] & stays["left"]).to_numpy() for kind in ("emergency", "elective"))
    overnight = urgent & (nights > 0)
    spent = np.where(urgent, nights, 0)
    return {
        "elective_share": people.mean(stays["elective"].to_numpy(), np.ones(len(stays))),
        "zero_day_share": people.mean(nights == 0, urgent),
        "emergency_nights_first_quartile": people.quantile(nights, urgent, 0.25),
        "emergency_nights_median": people.quantile(nights, urgent, 0.5),
        "emergency_nights_third_quartile": people.quantile(nights, urgent, 0.75),
        "emergency_over_14_nights": people.mean(nights > 14, urgent),
        "overnight_emergency_median": people.quantile(nights, overnight, 0.5),
        "overnight_emergency_mean": people.mean(nights, overnight),
        "bed_days_in_stays_of_7_nights": people.ratio(np.where(nights >= 7, spent, 0), spent),
        "elective_nights_mean": people.mean(nights, planned),
    }


def _leaving(stays: pd.DataFrame, people: People, nation: str) -> dict[str, Estimate]:
    left = stays["left"].to_numpy()
    overnight = left & (stays["emergency"] & (stays["nights"] > 0)).to_numpy()
    late = stays["discharge_recorded_at"] - stays["discharged_at"] > HOUR
    ethnicity = stays["ethnic_category"]
    unknown = people.mean(
        (ethnicity.isna() | ethnicity.isin(UNKNOWN_ETHNICITY)).to_numpy(), np.ones(len(stays))
    )
    return {
        **_by_kind_of_day(stays, people, nation),
        "discharges_before_noon": people.mean((stays["discharged_at"].dt.hour < 12).to_numpy(), left),
        "died": people.mean(stays["died"].to_numpy(), left),
        "emergency_overnight_died": people.mean(stays["died"].to_numpy(), overnight),
        "transferred_out": people.mean(stays["moved"].to_numpy(), left),
        "discharge_recorded_an_hour_late": people.mean(late.to_numpy(), left),
        "ethnicity_unknown": unknown if ethnicity.notna().any() else Estimate(np.nan),
    }


def _by_kind_of_day(stays: pd.DataFrame, people: People, nation: str) -> dict[str, Estimate]:
    """Return discharges a weekend day and a bank holiday, for each on a working day."""
    days = pd.date_range(stays["left_on"].min() + FILLING_UP, stays["left_on"].max() - A_DAY)
    kinds = calendar(days, nation)
    weekend = kinds["weekday"] >= 5
    found = {}
    for name, chosen in (("weekend", weekend), ("bank_holiday", kinds["bank_holiday"] & ~weekend)):
        there, usual = (
            stays["left_on"].isin(days[mask]).to_numpy() / (mask.sum() or np.nan)
            for mask in (chosen, kinds["working_day"])
        )
        found[f"{name}_to_weekday_discharges"] = people.ratio(there, usual)
    return found


def _waiting(hospital: Hospital, stays: pd.DataFrame, people: People) -> dict[str, Estimate]:
    events = hospital.events
    home = (stays["left"] & ~stays["died"] & ~stays["moved"] & (stays["nights"] > 0)).to_numpy()
    ready_on = _date(ready_at(events)).reindex(stays["admission_id"]).set_axis(stays.index)
    waited = (stays["left_on"] - ready_on).dt.days.fillna(0).to_numpy("float64") * home
    pathways = events[events["name"] == "pathway"].sort_values("recorded_at", kind="stable")
    last = pathways.groupby("admission_id")["text"].last().reindex(stays["admission_id"]).fillna("P0")
    seen = (events["name"] == "criteria_to_reside").sum()
    days = (stays["left_on"].fillna(_date(stays["admitted_at"]).max()) - stays["arrived_on"]).dt.days + 1
    found = {
        "delayed": people.mean(waited > 0, home),
        "delay_mean": people.mean(waited, waited > 0),
        "delay_median": people.quantile(waited, waited > 0, 0.5),
        "delayed_7_days": people.mean(waited >= 7, home),
        "delay_bed_day_share": people.ratio(waited, stays["nights"].fillna(0).to_numpy()),
    }
    shares = {
        f"pathway_{name}": people.mean((last == name).to_numpy(), home) for name in ("P0", "P1", "P2", "P3")
    }
    unknown = Estimate(np.nan)
    return {
        **(found if seen else dict.fromkeys(found, unknown)),
        **(shares if len(pathways) else dict.fromkeys(shares, unknown)),
        "criteria_recorded": Estimate(float(seen / days.sum())),
    }


def _left_ready(hospital: Hospital, stays: pd.DataFrame, runs: pd.DataFrame) -> Numbers:
    """Tell which stays of a night or more ended alive while not meeting the criteria to reside."""
    ended = runs["until"] == stays["discharged_at"].iloc[runs["row"]].set_axis(runs.index)
    ready = np.isin(np.arange(len(stays)), runs.loc[ended, "row"])
    return np.asarray(ready & (~stays["died"] & (stays["nights"] > 0)).to_numpy())


def _plans(hospital: Hospital, stays: pd.DataFrame, people: People) -> dict[str, Estimate]:
    """Return how the planned date as it stood on the day before leaving compares with the day of leaving."""
    home = (stays["left"] & ~stays["died"] & (stays["nights"] > 0)).to_numpy()
    plans = planned_dates(hospital, stays)
    early = plans["recorded_at"] - stays["admitted_at"].iloc[plans["row"]].array <= pd.Timedelta(hours=48)
    count = np.bincount(plans["row"], minlength=len(stays))
    late = planned_days_late(stays, plans)
    known = home & ~np.isnan(late)
    within = np.isin(np.arange(len(stays)), plans.loc[early.to_numpy(), "row"])
    return {
        "planned_within_48_hours": people.mean(within, home if len(plans) else home & False),
        "plans_a_stay": people.mean(count, home & (count > 0)),
        "left_on_planned_day": people.mean(late == 0, known),
        "left_before_planned_day": people.mean(late < 0, known),
        "left_after_planned_day": people.mean(late > 0, known),
    }


def planned_dates(hospital: Hospital, stays: pd.DataFrame) -> pd.DataFrame:
    """Return the dates that people planned: `row` of the stay, `recorded_at` and the date `planned`."""
    rows = hospital.events[hospital.events["name"] == "planned_discharge_on"]
    rows = rows[rows["text"] != CANCELLED].sort_values("recorded_at", kind="stable")
    row = pd.Index(stays["admission_id"]).get_indexer(pd.Index(rows["admission_id"]))
    planned = pd.to_datetime(rows["text"], format="%Y-%m-%d")
    return pd.DataFrame({"row": row, "recorded_at": rows["recorded_at"], "planned": planned}, index=rows.index)


def planned_days_late(stays: pd.DataFrame, plans: pd.DataFrame) -> Numbers:
    """Return days from the date planned as it stood before the day of leaving to that day; NaN without one."""
    left_on = stays["left_on"].iloc[plans["row"]].set_axis(plans.index)
    standing = plans[_date(plans["recorded_at"]) < left_on]
    last = standing.groupby("row")["planned"].last().reindex(np.arange(len(stays))).set_axis(stays.index)
    return (stays["left_on"] - last).dt.days.to_numpy("float64")
