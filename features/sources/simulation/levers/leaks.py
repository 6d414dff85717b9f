"""Eleven ways in which extracts of real hospitals carry the future, each to be found before a model learns it.

The rows named are those of the project's leakage table, which says when each field becomes known.  A leak
shows where the hospital is cut at a moment, once after and once before the lever is pulled: what was taken from
later differs.  Where there is only one extract, it leaves the sign that its `shows` names.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.sources.simulation.levers.lever import (
    Lever,
    back_dated,
    days_between,
    first_of_each_stay,
    last_text,
    of_stay,
    returns,
    standing,
    with_admissions,
    with_events,
)
from features.tables import Hospital

DIGITS = 10


def _worst_news2_first(hospital: Hospital, stays: pd.Index) -> Hospital:
    rows = standing(hospital, ["news2"], stays)
    worst = rows.groupby("admission_id")["number"].max()
    return with_events(hospital, number=first_of_each_stay(rows)["admission_id"].map(worst))


def _codes_at_admission(hospital: Hospital, stays: pd.Index) -> Hospital:
    return back_dated(hospital, standing(hospital, ["coded_diagnosis"], stays))


def _final_specialty_first(hospital: Hospital, stays: pd.Index) -> Hospital:
    final = last_text(standing(hospital, ["specialty"], stays))
    return with_admissions(hospital, treatment_function=hospital.admissions["admission_id"].map(final).dropna())


def _planned_date_overwritten(hospital: Hospital, stays: pd.Index) -> Hospital:
    rows = standing(hospital, ["planned_discharge_on"], stays)
    left = of_stay(rows, hospital, "discharged_at").dropna()
    return with_events(hospital, text=left.dt.strftime("%Y-%m-%d"))


def _admission_method_corrected(hospital: Hospital, stays: pd.Index) -> Hospital:
    admissions, emergency = hospital.admissions, hospital.facts.group("admission_method", "emergency")
    same_day = days_between(admissions["admitted_at"], admissions["discharged_at"]) == 0
    found = same_day & admissions["admission_method"].isin(emergency) & admissions["admission_id"].isin(stays)
    return with_admissions(hospital, admission_method=pd.Series(emergency[-1], index=admissions.index[found]))


def _residence_after_discharge(hospital: Hospital, stays: pd.Index) -> Hospital:
    admissions, group = hospital.admissions, hospital.facts.group
    # A nation has one list of places, for where a person came from and where they went.
    moved = admissions["discharge_destination"].isin(group("admission_source", "care_home"))
    care_homes = group("usual_residence", "care_home")
    found = moved & ~admissions["usual_residence"].isin(care_homes) & admissions["admission_id"].isin(stays)
    return with_admissions(hospital, usual_residence=pd.Series(care_homes[-1], index=admissions.index[found]))


def _criteria_back_filled(hospital: Hospital, stays: pd.Index) -> Hospital:
    rows = standing(hospital, ["criteria_to_reside"], stays)
    nights_left = days_between(rows["happened_at"], of_stay(rows, hospital, "discharged_at")).dropna()
    return with_events(hospital, number=(nights_left > 1).astype("float64"))


def _delay_back_dated(hospital: Hospital, stays: pd.Index) -> Hospital:
    names = ("delay_began", "delay_attributed")
    return back_dated(hospital, pd.concat([first_of_each_stay(standing(hospital, [n], stays)) for n in names]))


def _last_ward_first(hospital: Hospital, stays: pd.Index) -> Hospital:
    rows = standing(hospital, ["ward"], stays)
    return with_events(hospital, text=first_of_each_stay(rows)["admission_id"].map(last_text(rows)))


def _nights_in_a_digit(hospital: Hospital, stays: pd.Index) -> Hospital:
    rows = first_of_each_stay(standing(hospital, ["haemoglobin"], stays))
    nights = days_between(of_stay(rows, hospital, "admitted_at"), of_stay(rows, hospital, "discharged_at"))
    digit, known = nights.dropna().clip(upper=DIGITS - 1), hospital.facts.events["haemoglobin"]
    tens = np.floor(rows.loc[digit.index, "number"] / DIGITS) * DIGITS
    return with_events(hospital, number=tens.clip(known.low, known.high - DIGITS) + digit)


def _package_of_the_return(hospital: Hospital, stays: pd.Index, visits: int = 2) -> Hospital:
    rows = standing(hospital, ["care_package"], stays)
    returned = hospital.admissions.loc[returns(hospital)["had_return"], "admission_id"]
    numbers = rows.loc[rows["admission_id"].isin(returned), "number"] + visits
    return with_events(hospital, number=numbers.clip(upper=hospital.facts.events["care_package"].high))


LEAKS: Mapping[str, Lever] = {
    "worst_news2_first": Lever(
        "The highest NEWS2 of the whole stay stands as its first.",
        "Row 18, NEWS2 (the first within 4 hours, the highest at the end): no later score is ever higher.",
        _worst_news2_first,
    ),
    "codes_at_admission": Lever(
        "The coded diagnoses of the stay itself are recorded with its admission.",
        "Row 38, diagnoses of this stay (days to weeks after it): codes recorded before the stay has ended.",
        _codes_at_admission,
    ),
    "final_specialty_first": Lever(
        "The last specialty of the stay is written into treatment_function, which is the first.",
        "Row 9, first specialty: treatment_function is the last specialty event and not the first.",
        _final_specialty_first,
    ),
    "planned_date_overwritten": Lever(
        "Every planned date of a stay that has ended is the day on which the person left.",
        "Row 21, a person's planned date: as often right many days before as on the day itself.",
        _planned_date_overwritten,
    ),
    "admission_method_corrected": Lever(
        "Emergencies who left on the day they came get another emergency code, with no trace of the first.",
        "Row 6, admission method (as first recorded): one code alone tells who stays for no night.",
        _admission_method_corrected,
    ),
    "residence_after_discharge": Lever(
        "Whoever was discharged to a care home is shown as having lived in one before.",
        "Rows 7 and 37, where the person lives and where they went: nobody ever moves into a care home.",
        _residence_after_discharge,
    ),
    "criteria_back_filled": Lever(
        "Criteria to reside are rewritten from the discharge: met until two days before it, then not met.",
        "Rows 26 and 27, criteria to reside and ready date: everybody is gone the day after being ready.",
        _criteria_back_filled,
    ),
    "delay_back_dated": Lever(
        "The first delay of a stay, and whose it is, is recorded as if it began with the admission.",
        "Row 30, delay reason: delays begin in people who meet the criteria to reside.",
        _delay_back_dated,
    ),
    "last_ward_first": Lever(
        "The ward that the person left from stands as the first ward.",
        "Row 23, ward moves as of the moment: the first ward and the first bed are of two wards.",
        _last_ward_first,
    ),
    "nights_in_a_digit": Lever(
        "The last digit of the first haemoglobin is the number of nights of the whole stay, up to 9.",
        "Rows 19 and 34, first bloods and length of stay: no feature stands out by itself, the digit does.",
        _nights_in_a_digit,
    ),
    "package_of_the_return": Lever(
        "Who comes back as an emergency within 30 days has two more care visits a day in the stay before.",
        "Rows 14 and 39, care package and linked stays: care_package alone tells who comes back.",
        _package_of_the_return,
    ),
}
