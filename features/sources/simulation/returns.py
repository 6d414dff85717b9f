"""Who comes back as an emergency within 30 days of going home: how many, how soon, where and with what."""

import numpy as np
import pandas as pd

from features.sources.simulation.coded import main_diagnoses
from features.sources.simulation.estimate import Estimate, Numbers, People
from features.tables import Hospital
from features.timeline import Integers, microseconds

READMISSION_WINDOW_DAYS = 30  # NHS OF 3b: days 0 to 29
MONTH = pd.Timedelta(days=READMISSION_WINDOW_DAYS)
HOURS_48 = 48 * 3_600_000_000  # microseconds
POOREST, RICHEST = (1, 2), (9, 10)  # tenths of the outer fifths of deprivation


def readmission(hospital: Hospital, stays: pd.DataFrame, people: People) -> dict[str, Estimate]:
    """Return who came back of those who went home alive and were followed for 30 days, and how."""
    followed = stays["left"] & ~stays["died"] & ~stays["moved"]
    followed &= stays["discharged_at"] + MONTH <= hospital.observed_until
    urgent, planned = ((followed & stays[kind]).to_numpy() for kind in ("emergency", "elective"))
    poor, rich = (urgent & stays["deprivation_decile"].isin(fifth).to_numpy() for fifth in (POOREST, RICHEST))
    row = next_emergency(stays)
    back, soon = came_back(stays, row)
    here = stays["site"].to_numpy(str)
    elsewhere = people.mean(here[row] != here, urgent & back)
    return {
        "readmitted_after_emergency": people.mean(back, urgent),
        "readmitted_after_elective": people.mean(back, planned),
        "readmitted_within_48_hours_of_those": people.mean(soon, urgent & back),
        "readmitted_poorest_less_richest_fifth": people.mean_gap(back, poor, rich),
        "readmitted_elsewhere_of_those": elsewhere if stays["site"].nunique() > 1 else Estimate(np.nan),
        **_same_issue(hospital, people, row, urgent & back),
    }


def next_emergency(stays: pd.DataFrame) -> Integers:
    """Return the position of each person's next emergency admission after each stay's, -1 where none came."""
    who, count = pd.factorize(stays["patient_id"])[0], len(stays)
    order = np.lexsort([microseconds(stays["admitted_at"]), who])
    place = np.where(stays["emergency"].to_numpy()[order], np.arange(count), count)
    coming = np.append(np.minimum.accumulate(place[::-1])[::-1], count)[1:]  # at or after the next place
    same = np.append(who[order], -1)[coming] == who[order]
    row = np.full(count, -1)
    row[order] = np.where(same, np.append(order, -1)[coming], -1)
    return row


def came_back(stays: pd.DataFrame, row: Integers) -> tuple[Numbers, Numbers]:
    """Return whether each stay's next emergency admission (`row`) was on days 0 to 29, and within 48 hours."""
    came, left = (microseconds(stays[name]) for name in ("admitted_at", "discharged_at"))
    arrived_on, left_on = (stays[name].to_numpy("datetime64[D]") for name in ("arrived_on", "left_on"))
    days = (arrived_on[row] - left_on) / np.timedelta64(1, "D")
    back = (row >= 0) & (days >= 0) & (days < READMISSION_WINDOW_DAYS)
    return back, back & (came[row] - left <= HOURS_48)


def _same_issue(hospital: Hospital, people: People, row: Integers, back: Numbers) -> dict[str, Estimate]:
    """Return how many came back with a main diagnosis of the same category or chapter, of those coded twice."""
    found = {}
    for name, main in main_diagnoses(hospital).items():
        known = back & (main != "") & (main[row] != "")
        found[f"readmitted_same_{name}_of_those"] = people.mean(main == main[row], known)
    return found
