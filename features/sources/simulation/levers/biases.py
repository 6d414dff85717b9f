"""Five ways in which a hospital's records are worse for one group of people than for everybody else.

Each changes what is written about one group and nothing about anybody else.  A model fitted on
them that sees the group learns the bias too, so each is to be looked for across the lever: fitted on one of the
two hospitals, measured on the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from features.sources.simulation.levers.lever import (
    Lever,
    days_between,
    event_called,
    returns,
    standing,
    with_events,
    without_events,
)
from features.tables import Hospital

ASIAN = {
    **dict.fromkeys(("ENG", "WLS", "NIR"), ("H", "J", "K", "L")),  # Asian or Asian British
    "SCT": ("3F", "3G", "3H", "3J", "3Z"),  # Asian, Scottish Asian or British Asian
}
MOST_DEPRIVED_FIFTH = (1, 2)
MEN = "1"


def _news2_under_scored(
    hospital: Hospital,
    stays: pd.Index,
    points: float = 2,
    ethnic_categories: Sequence[str] | None = None,
) -> Hospital:
    categories = list(ethnic_categories or ASIAN[hospital.facts.nation])
    group = _who(hospital, stays, hospital.admissions["ethnic_category"].isin(categories))
    return _shifted(hospital, "news2", group, -points)


def _ready_recorded_late(hospital: Hospital, stays: pd.Index, days: int = 2) -> Hospital:
    care_home = hospital.facts.group("usual_residence", "care_home")
    group = _who(hospital, stays, hospital.admissions["usual_residence"].isin(care_home))
    rows = standing(hospital, ["criteria_to_reside"], group)
    rows = rows.sort_values(["admission_id", "happened_at", "recorded_at"], kind="stable")
    rows = rows.drop_duplicates(["admission_id", "happened_at"], keep="last")
    same = (rows["admission_id"] == rows["admission_id"].shift()) & (rows["number"] == rows["number"].shift())
    since = rows["happened_at"].where(~same).ffill()
    soon = (rows["number"] == 0) & (days_between(since, rows["happened_at"]) < days)
    return with_events(hospital, number=pd.Series(1.0, index=rows.index[soon]))


def _returns_missing(
    hospital: Hospital, stays: pd.Index, tenths: Sequence[int] = MOST_DEPRIVED_FIFTH
) -> Hospital:
    admissions = hospital.admissions
    group = _who(hospital, stays, admissions["deprivation_decile"].isin(list(tenths)))
    gone = admissions["admission_id"].isin(group) & returns(hospital)["is_return"]
    of_gone = hospital.events["admission_id"].isin(admissions.loc[gone, "admission_id"])
    return replace(without_events(hospital, of_gone), admissions=admissions[~gone].reset_index(drop=True))


def _readiness_unrecorded(hospital: Hospital, stays: pd.Index) -> Hospital:
    flags = standing(hospital, ["learning_disability"], stays)
    flagged = hospital.admissions["admission_id"].isin(flags.loc[flags["number"] == 1, "admission_id"])
    people = hospital.admissions.loc[flagged, "patient_id"]
    group = _who(hospital, stays, hospital.admissions["patient_id"].isin(people))
    unrecorded = hospital.events["name"].isin(["criteria_to_reside", "planned_discharge_on"])
    return without_events(hospital, unrecorded & hospital.events["admission_id"].isin(group))


def _numbers_shifted(
    hospital: Hospital, stays: pd.Index, event: str = "mobility", by: float = 1, sex: str = MEN
) -> Hospital:
    return _shifted(hospital, event, _who(hospital, stays, hospital.admissions["sex"] == sex), by)


def _who(hospital: Hospital, stays: pd.Index, group: pd.Series) -> pd.Index:
    return stays.intersection(pd.Index(hospital.admissions.loc[group, "admission_id"]))


def _shifted(hospital: Hospital, name: str, stays: pd.Index, by: float) -> Hospital:
    """Return the hospital with the numbers of one event moved by some units, none beyond its range."""
    known = event_called(hospital, name)
    numbers = standing(hospital, [name], stays)["number"]
    return with_events(hospital, number=(numbers + by).clip(known.low, known.high))


BIASES: Mapping[str, Lever] = {
    # Oximeters read too high on darker skin (NHS Race and Health Observatory, 2021).
    "news2_under_scored": Lever(
        "NEWS2 of one ethnic group is written two points too low.",
        "Ethnic category: home by tomorrow observed over expected below 1, dates too early, coverage too low.",
        _news2_under_scored,
    ),
    "ready_recorded_late": Lever(
        "People who live in a care home are recorded as ready two days after they were.",
        "Care-home residents: signed error of the ready date, and not of the discharge date.",
        _ready_recorded_late,
    ),
    "returns_missing": Lever(
        "Emergency returns of half of the people of the most deprived fifth go to another hospital.",
        "Deprivation fifth: readmissions observed over expected below 1.",
        _returns_missing,
        share=0.5,  # of people: with none left there would be too few returns to judge
    ),
    "readiness_unrecorded": Lever(
        "Criteria to reside and planned dates of people with a learning disability are not recorded.",
        "Learning disability: signed error and coverage of the ready date, and what is missing.",
        _readiness_unrecorded,
    ),
    "numbers_shifted": Lever(
        "One number of one sex (the mobility of men) is written one unit too high.",
        "Sex: home by tomorrow observed over expected above 1, dates too late.",
        _numbers_shifted,
    ),
}
