"""Twelve shifts of a hospital from a Monday on, in what is recorded or in what happens."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd

from features.sources.simulation.levers import pull
from features.tables import Hospital

Shift = Callable[[Hospital, pd.Timestamp], Hospital]
BEDSIDE = ("news2", "mobility", "criteria_to_reside", "4at", "clinical_frailty_scale")
A_DAY_LATE = pd.Timedelta(hours=24)


def part(hospital: Hospital, first: pd.Timestamp, last: pd.Timestamp) -> Hospital:
    """Return the stays that some time between two moments saw, with their events: fewer are faster."""
    stays = hospital.admissions
    stays = stays[(stays["admission_recorded_at"] < last) & ~(stays["discharged_at"] < first)]
    return _of(hospital, stays.reset_index(drop=True))


def _lever(name: str, **how: str) -> Shift:
    return lambda hospital, since: pull(hospital, name, from_=since, **how)


def _mobility_form(hospital: Hospital, since: pd.Timestamp) -> Hospital:
    """Another form: mobility of men is written a unit higher from then on."""
    pulled, late = pull(hospital, "numbers_shifted"), hospital.events["recorded_at"] >= since
    return replace(hospital, events=hospital.events.where(~late, pulled.events))


def _same_day_care(hospital: Hospital, since: pd.Timestamp) -> Hospital:
    """Same-day emergency care: who would leave on the day of coming is admitted no longer."""
    stays = hospital.admissions
    same_day = stays["admitted_at"].dt.normalize() == stays["discharged_at"].dt.normalize()
    return _without(hospital, same_day & (stays["admitted_at"] >= since))


def _no_electives(hospital: Hospital, since: pd.Timestamp) -> Hospital:
    """As in the spring of 2020: planned admissions stop."""
    stays = hospital.admissions
    planned = ~stays["admission_method"].isin(hospital.facts.group("admission_method", "emergency"))
    return _without(hospital, planned & (stays["admitted_at"] >= since))


def _wards_renamed(hospital: Hospital, since: pd.Timestamp) -> Hospital:
    """A new record system: every ward has another name."""
    events = hospital.events
    renamed = (events["name"] == "ward") & (events["recorded_at"] >= since) & events["text"].notna()
    return replace(hospital, events=events.assign(text=events["text"].mask(renamed, "EPR " + events["text"])))


def _entered_late(hospital: Hospital, since: pd.Timestamp) -> Hospital:
    """A new record system: what nurses chart at the bed is entered a day later."""
    events = hospital.events
    late = events["name"].isin(BEDSIDE) & (events["recorded_at"] >= since)
    at = events["recorded_at"].where(~late, events["recorded_at"] + A_DAY_LATE)
    return replace(hospital, events=events.assign(recorded_at=at))


def _without(hospital: Hospital, gone: pd.Series) -> Hospital:
    return _of(hospital, hospital.admissions[~gone].reset_index(drop=True))


def _of(hospital: Hospital, stays: pd.DataFrame) -> Hospital:
    kept = hospital.events["admission_id"].isin(stays["admission_id"])
    return replace(hospital, admissions=stays, events=hospital.events[kept].reset_index(drop=True))


OF_RECORDS: Mapping[str, Shift] = {
    "CRP in another unit": _lever("unit_change"),
    "NEWS2 no longer arrives": _lever("missing_feed"),
    "criteria to reside no longer arrive": _lever("missing_feed", event="criteria_to_reside"),
    "nothing is coded": _lever("coding_freeze"),
    "another mobility form": _mobility_form,
    "same-day emergency care": _same_day_care,
    "planned admissions stop": _no_electives,
    "wards renamed": _wards_renamed,
    "charted a day late": _entered_late,
}
OF_LIVES = ("winter_surge", "seven_day_service", "care_home_closure")
"""What `simulate` changes from a moment on."""
