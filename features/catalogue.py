"""Every feature that a hospital's tables give: its name, plain words, unit, theme and when it can be known."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from features.diagnosis import ILLNESS_GROUPS
from features.errors import DataFault
from features.hospital import EventName
from features.tables import Dates, Hospital


@dataclass(frozen=True)
class Feature:
    """One column of the feature table; features of one theme make one reason."""

    name: str
    words: str
    theme: str
    known: str
    kind: Literal["number", "flag", "code"] = "number"
    unit: str = ""


# After the words of an event.
SINCE, CHANGE, UNCHANGED = "whole days since", "change in a day", "hours unchanged"

STAY = (
    Feature("age", "Age", "age", "P", unit="years"),
    Feature("sex", "Sex", "sex", "P", "code"),
    Feature("admission_method", "How they came in", "how they came in", "P", "code"),
    Feature("admission_source", "Came from", "how they came in", "P", "code"),
    Feature("intended_management", "Plan when they came in", "how they came in", "P", "code"),
    Feature("treatment_function", "First specialty", "ward and specialty", "P", "code"),
    Feature("site", "Site", "ward and specialty", "P", "code"),
    Feature("deprivation_decile", "Home area, tenth from the poorest", "deprivation", "P"),
    Feature("usual_residence", "Lives in", "home and support", "P", "code"),
    Feature("diagnosis_group", "Working diagnosis", "working diagnosis", "P", "code"),
    Feature("hours_so_far", "Time here so far", "days so far", "P", unit="hours"),
    Feature("hour", "Hour now", "time of day", "P", unit="o'clock"),
    Feature("admitted_hour", "Hour they came in", "time of day", "P", unit="o'clock"),
)
LEAVING = (
    Feature("discharge_method", "How the stay ended", "how they left", "X", "code"),
    Feature("discharge_destination", "Went to", "how they left", "X", "code"),
)
CALENDAR = (
    Feature("weekday", "Weekday now", "calendar", "P"),
    Feature("admitted_weekday", "Weekday they came in", "calendar", "P"),
    Feature("working_day", "Working day", "calendar", "P", "flag"),
)
HISTORY = (
    Feature("earlier_stays", "Earlier stays", "earlier stays", "P"),
    Feature("last_stay_days", "Length of the last stay", "earlier stays", "P", unit="days"),
    Feature("readmissions_before", "Times back within 30 days", "earlier stays", "P"),
)
DATED_HISTORY = (
    Feature("emergency_stays_30_days", "Emergency stays in the last 30 days", "earlier stays", "P"),
    Feature("emergency_stays_6_months", "Emergency stays in the last 6 months", "earlier stays", "P"),
    Feature("emergency_stays_year", "Emergency stays in the last year", "earlier stays", "P"),
    Feature("stays_year", "Stays in the last year", "earlier stays", "P"),
    Feature("bed_days_year", "Bed days in the last year", "earlier stays", "P", unit="days"),
    Feature("days_since_discharge", "Days since they last left", "earlier stays", "P", unit="days"),
    Feature("back_within_30_days", "Back within 30 days of the last stay", "earlier stays", "P", "flag"),
)
ILLNESS_WORDS = {
    "ami": "heart attack",
    "chf": "heart failure",
    "pvd": "vascular disease",
    "cevd": "stroke",
    "dementia": "dementia",
    "copd": "lung disease",
    "rheumd": "rheumatic disease",
    "pud": "stomach ulcer",
    "mld": "liver disease",
    "diab": "diabetes",
    "diabwc": "diabetes with complications",
    "hp": "paralysis",
    "rend": "kidney disease",
    "canc": "cancer",
    "msld": "severe liver disease",
    "metacanc": "cancer that has spread",
    "aids": "HIV disease",
    "alcohol": "alcohol misuse",
    "drug": "drug misuse",
    "psycho": "psychosis",
    "depre": "depression",
}
ILLNESS = (
    Feature("charlson", "Charlson score of past illness, two years", "earlier illness", "P", unit="points"),
    Feature("frailty_risk_score", "Hospital Frailty Risk Score, two years", "frailty", "P", unit="points"),
    *(
        Feature(f"had_{name}", f"Earlier {ILLNESS_WORDS[name]}", "earlier illness", "P", "flag")
        for name in ILLNESS_GROUPS
    ),
)
STATE_WORDS = {
    "inpatients": "People {on}",
    "ready": "People {on} recorded ready to leave",
    "delayed": "People {on} with a delay open",
    "long_stays": "People {on} in for 21 days or more",
    "came_in_24_hours": "People who came to {the} in the last 24 hours",
    "left_in_24_hours": "People discharged from {the} in the last 24 hours",
}
PLACES = {
    "ward": {"on": "on the ward", "the": "the ward"},
    "site": {"on": "in the hospital", "the": "the hospital"},
}
STATE = tuple(
    Feature(f"{place}_{count}", words.format(**said), "how full the hospital is", "S")
    for place, said in PLACES.items()
    for count, words in STATE_WORDS.items()
)


def catalogue(hospital: Hospital) -> tuple[Feature, ...]:
    """Return the features that this hospital's tables can give, in the order of the feature table.

    A source without comparable dates has no calendar features and no state of the hospital, and one
    without any dates no clock and no windows of time.  Identifiers, ethnic category and a person's
    planned date are never features.
    """
    stay = [
        feature for feature in STAY if hospital.dates != "none" or feature.name not in {"hour", "admitted_hour"}
    ]
    calendar = CALENDAR if hospital.dates == "comparable" else ()
    state = STATE if hospital.dates == "comparable" else ()
    dated = DATED_HISTORY if hospital.dates != "none" else ()
    events = [event for event in hospital.facts.events.values() if event.feature]
    observed = [feature for event in events for feature in _event_features(event, hospital.dates)]
    own = (*stay, *calendar, *LEAVING, *HISTORY, *dated, *ILLNESS, *state)
    taken = {feature.name for feature in own} & {feature.name for feature in observed}
    if taken:
        fix = "the name is taken by a feature that every hospital has; choose another"
        raise DataFault("hospital.toml", [f"events.{name}: {fix}" for name in sorted(taken)])
    return (*own, *observed)


@cache
def _event_features(event: EventName, dates: Dates) -> tuple[Feature, ...]:
    return tuple(_features_of(event, dates))


def _features_of(event: EventName, dates: Dates) -> Iterator[Feature]:
    name, words, theme, known = event.name, event.words, event.theme, event.known
    if event.carried:
        yield Feature(f"{name}_before", f"{words}, past stay", theme, "P", _kind_of(event), event.unit)
    clocks = dates != "none"  # without dates, how long ago means nothing
    if event.kind == "number":
        yield Feature(name, words, theme, known, unit=event.unit)
    if event.kind == "number" and clocks:
        yield Feature(f"{name}_days_ago", f"{words}: {SINCE}", theme, known, unit="days")
        yield Feature(f"{name}_change", f"{words}: {CHANGE}", theme, known, unit=event.unit)
    if event.kind != "number":
        yield Feature(name, words, theme, known, "flag" if event.kind == "flag" else "code")
    if event.kind != "number" and clocks:
        yield Feature(f"{name}_hours", f"{words}: {UNCHANGED}", theme, known, unit="hours")


def _kind_of(event: EventName) -> Literal["number", "flag"]:
    return "flag" if event.kind == "flag" else "number"
