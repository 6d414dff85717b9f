"""Earlier stays of the same person, as far as they were recorded by a moment."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.diagnosis import DAY, diagnosis_columns
from features.observations import all_states
from features.rows import Rows
from features.tables import Hospital
from features.timeline import NEVER, Floats, Integers, Timeline, in_order, microseconds, picked, positions

READMISSION_WINDOW_DAYS = 30
WINDOWS = (
    ("emergency_stays_30_days", "emergency_stays", 30),
    ("emergency_stays_6_months", "emergency_stays", 182),
    ("emergency_stays_year", "emergency_stays", 365),
    ("stays_year", "stays", 365),
    ("bed_days_year", "bed_time", 365),
)


@dataclass(frozen=True)
class Stays:
    """Every stay of the people asked about: its person, its instants (microseconds), and if an emergency."""

    people: Integers
    admitted: Integers
    left: Integers
    admission_recorded: Integers
    discharge_recorded: Integers
    emergency: Integers


def history_columns(hospital: Hospital, rows: Rows) -> dict[str, Floats]:
    """Return features of earlier stays: counts, bed days, gaps, comorbidity; one array a feature.

    A stay counts once its discharge is recorded, a diagnosis once its code is recorded, both strictly
    before the moment, so that a stay is never its own history.  Windows are of recording.  Where dates
    mean nothing (`dates` is "none") only what needs no clock is given.
    """
    own = rows.own
    emergency = positions(own["admission_method"], hospital.facts.group("admission_method", "emergency")) >= 0
    stays = Stays(
        people=rows.owners,
        admitted=microseconds(own["admitted_at"]),
        left=microseconds(own["discharged_at"]),
        admission_recorded=microseconds(own["admission_recorded_at"]),
        discharge_recorded=microseconds(own["discharge_recorded_at"]),
        emergency=emergency.astype(np.int64),
    )
    last = rows.last_of_people()
    return {
        **_earlier_stays(stays, rows, last, windows=hospital.dates != "none"),
        "readmissions_before": _readmissions(hospital, stays, rows),
        **diagnosis_columns(rows),
        **_carried(hospital, stays, rows),
    }


def _earlier_stays(stays: Stays, rows: Rows, last: Integers, *, windows: bool) -> dict[str, Floats]:
    ended = (stays.discharge_recorded != NEVER) & (stays.discharge_recorded < last[stays.people])
    who, left, admitted = stays.people[ended], stays.left[ended], stays.admitted[ended]
    timeline = Timeline.of(who, stays.discharge_recorded[ended], len(last), admitted)
    who, left, bed_time = (column[timeline.order] for column in (who, left, left - admitted))
    now = timeline.last(rows.people, rows.ended, before=True)
    # Sums are of whole microseconds, so that other people's stays leave no rounding behind.
    sums = {
        "stays": np.arange(len(who) + 1),
        "emergency_stays": np.append(0, np.cumsum(stays.emergency[ended][timeline.order])),
        "bed_time": np.append(0, np.cumsum(bed_time)),
    }
    begin = timeline.starts[rows.people]

    def since(amount: str, before: Integers) -> Floats:
        first = np.where(before < 0, begin, before + 1)
        return np.where(now < 0, 0, sums[amount][now + 1] - sums[amount][first]).astype(np.float64)

    nobody = np.full(len(now), -1)
    columns = {"earlier_stays": since("stays", nobody), "last_stay_days": picked(bed_time, now) / DAY}
    if not windows:
        return columns
    for name, amount, days in WINDOWS:
        columns[name] = since(amount, timeline.last(rows.people, rows.ended - days * DAY))
    columns["bed_days_year"] /= DAY
    gap = (rows.admitted - picked(_newest(who, left), now)) / DAY
    columns["days_since_discharge"] = np.maximum(gap, 0)
    soon = columns["days_since_discharge"] < READMISSION_WINDOW_DAYS  # not so where nothing is known
    columns["back_within_30_days"] = (soon & (stays.emergency[rows.stays] == 1)).astype(np.float64)
    return columns


def _carried(hospital: Hospital, stays: Stays, rows: Rows) -> dict[str, Floats]:
    """Return what earlier stays last knew of each carried event when their discharge was recorded."""
    events = [event for event in hospital.facts.events.values() if event.carried]
    last = rows.last_of_people()[stays.people]
    ended = np.flatnonzero((stays.discharge_recorded != NEVER) & (stays.discharge_recorded < last))
    if not len(ended):
        return {f"{event.name}_before": np.full(len(rows.people), np.nan) for event in events}
    recorded = np.full(len(stays.people), NEVER)
    recorded[ended] = stays.discharge_recorded[ended]
    facts = all_states(rows.events, rows.event_stays, events, recorded) if events else {}
    people = int(stays.people.max(initial=-1)) + 1
    columns = {}
    for event in events:
        known = facts[event.name].at(ended, recorded[ended]).values
        told = ended[~np.isnan(known)]
        timeline = Timeline.of(stays.people[told], recorded[told], people, stays.admitted[told])
        now = timeline.last(rows.people, rows.ended, before=True)
        columns[f"{event.name}_before"] = picked(known[~np.isnan(known)][timeline.order], now)
    return columns


def _newest(who: Integers, left: Integers) -> Integers:
    """Return the latest discharge of the person up to each of their stays, in order of recording."""
    fell = (who[1:] == who[:-1]) & (left[1:] < left[:-1])
    if not fell.any():
        return left
    return pd.Series(left).groupby(who).cummax().to_numpy()


def _readmissions(hospital: Hospital, stays: Stays, rows: Rows) -> Floats:
    """Count how often this person came back within 30 days, this stay included, as known by the moment."""
    if hospital.dates == "none":
        told = (rows.events["name"] == "readmitted_within_30_days").to_numpy() & (rows.event_stays >= 0)
        people = stays.people[rows.event_stays[told]]
        known = microseconds(rows.events["recorded_at"])[told]
    else:
        people, known = _returns(stays, rows.own["admission_id"])
    timeline = Timeline.of(people, known, int(stays.people.max(initial=-1)) + 1)
    now = timeline.last(rows.people, rows.ended)
    return np.where(now >= 0, now - timeline.starts[rows.people] + 1, 0).astype(np.float64)


def _returns(stays: Stays, names: pd.Series) -> tuple[Integers, Integers]:
    """Return the person of each emergency within 30 days of the stay before, and when both were known."""
    order = in_order(stays.people, stays.admitted)
    same = stays.people[order][1:] == stays.people[order][:-1]
    if (same & (stays.admitted[order][1:] == stays.admitted[order][:-1])).any():
        order = in_order(stays.people, stays.admitted, names.to_numpy(str))
    before, after = order[:-1][same], order[1:][same]
    gap = stays.admitted[after] - stays.left[before]
    back = (stays.left[before] != NEVER) & (stays.emergency[after] == 1)
    back &= (gap >= 0) & (gap < READMISSION_WINDOW_DAYS * DAY)
    known = np.maximum(stays.admission_recorded[after], stays.discharge_recorded[before])
    return stays.people[after][back], known[back]
