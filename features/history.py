"""Earlier stays of the same person, as far as they were recorded by a moment."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.comorbidity import CHARLSON_GROUPS, frailty_tenths, groups, score, three_characters
from features.tables import Hospital
from features.timeline import Integers, Timeline, microseconds, picked

DAY = 86_400_000_000  # microseconds
DIAGNOSIS_LOOK_BACK_DAYS = 730  # Gilbert 2018 looks two years back; so does PARR-30
READMISSION_WINDOW_DAYS = 30
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """The rows that features are wanted for: each one's person, its moment and its admission (microseconds)."""

    patients: Integers
    at: Integers
    admitted: Integers


def history_columns(hospital: Hospital, patients: pd.Index, rows: Rows) -> dict[str, Floats]:
    """Return features of earlier stays: counts, bed days, gaps, comorbidity; one array a feature.

    A stay counts once its discharge is recorded, a diagnosis once its code is recorded, both strictly
    before the moment, so that a stay is never its own history.  Windows are of recording.  Where dates
    mean nothing (`dates` is "none") only what needs no clock is given.
    """
    stays = _earlier_stays(hospital, patients, rows)
    return {**stays, **_earlier_readmissions(hospital, patients, rows), **_diagnoses(hospital, patients, rows)}


def _earlier_stays(hospital: Hospital, patients: pd.Index, rows: Rows) -> dict[str, Floats]:
    ended = hospital.admissions[hospital.admissions["discharge_recorded_at"].notna()]
    left, admitted = microseconds(ended["discharged_at"]), microseconds(ended["admitted_at"])
    who = patients.get_indexer(pd.Index(ended["patient_id"])).astype(np.int64)
    timeline = Timeline.of(who, microseconds(ended["discharge_recorded_at"]), len(patients), admitted)
    order = timeline.order
    emergency = ended["admission_method"].isin(hospital.facts.group("admission_method", "emergency"))
    amounts: dict[str, Floats] = {
        "stays": np.ones(len(ended), dtype=np.float64),
        "emergency_stays": emergency.to_numpy().astype(np.float64),
        "bed_days": np.asarray((left - admitted) / DAY, dtype=np.float64),
    }
    sums: dict[str, Floats] = {name: np.cumsum(amount[order]) for name, amount in amounts.items()}
    now = timeline.last(rows.patients, rows.at, before=True)
    none = np.where(rows.patients >= 0, timeline.starts[np.maximum(rows.patients, 0)] - 1, -1)
    columns = {
        "earlier_stays": picked(sums["stays"], now, 0) - picked(sums["stays"], np.where(now < 0, -1, none), 0),
        "last_stay_days": picked(((left - admitted) / DAY)[order], now),
    }
    if hospital.dates == "none":
        return columns
    for name, amount, days in (
        ("emergency_stays_30_days", "emergency_stays", 30),
        ("emergency_stays_6_months", "emergency_stays", 182),
        ("emergency_stays_year", "emergency_stays", 365),
        ("stays_year", "stays", 365),
        ("bed_days_year", "bed_days", 365),
    ):
        before = timeline.last(rows.patients, rows.at - days * DAY)
        before = np.where(before < 0, np.where(now < 0, -1, none), before)
        columns[name] = picked(sums[amount], now, 0) - picked(sums[amount], before, 0)
    newest = pd.Series(left[order]).groupby(who[order]).cummax().to_numpy(np.float64)
    gap = (rows.admitted - picked(newest, now)) / DAY
    columns["days_since_discharge"] = np.maximum(gap, 0)
    return columns


def _earlier_readmissions(hospital: Hospital, patients: pd.Index, rows: Rows) -> dict[str, Floats]:
    """Count how often this person came back within 30 days, this stay included, as known by the moment."""
    recorded, who = _readmissions(hospital, patients)
    timeline = Timeline.of(who, recorded, len(patients))
    now = timeline.last(rows.patients, rows.at)
    first = timeline.starts[np.maximum(rows.patients, 0)]
    return {"readmissions_before": np.where(now >= 0, now - first + 1, 0).astype(np.float64)}


def _readmissions(hospital: Hospital, patients: pd.Index) -> tuple[Integers, Integers]:
    if hospital.dates == "none":
        events = hospital.events[hospital.events["name"] == "readmitted_within_30_days"]
        person = events["admission_id"].map(hospital.admissions.set_index("admission_id")["patient_id"])
        return microseconds(events["recorded_at"]), patients.get_indexer(pd.Index(person)).astype(np.int64)
    stays = hospital.admissions.sort_values(["patient_id", "admitted_at", "admission_id"])
    same = stays["patient_id"] == stays["patient_id"].shift()
    gap = stays["admitted_at"] - stays["discharged_at"].shift()
    emergency = stays["admission_method"].isin(hospital.facts.group("admission_method", "emergency"))
    back = stays[
        same & emergency & (gap >= pd.Timedelta(0)) & (gap < pd.Timedelta(days=READMISSION_WINDOW_DAYS))
    ]
    previous = stays["discharge_recorded_at"].shift()[back.index]
    known = np.maximum(microseconds(back["admission_recorded_at"]), microseconds(previous))
    return known, patients.get_indexer(pd.Index(back["patient_id"])).astype(np.int64)


def _diagnoses(hospital: Hospital, patients: pd.Index, rows: Rows) -> dict[str, Floats]:
    coded = hospital.events[(hospital.events["name"] == "coded_diagnosis") & hospital.events["text"].notna()]
    person = coded["admission_id"].map(hospital.admissions.set_index("admission_id")["patient_id"])
    known = pd.DataFrame(
        {
            "patient": patients.get_indexer(pd.Index(person)),
            "recorded": microseconds(coded["recorded_at"]),
            "code": coded["text"].astype("str").to_numpy(),
        }
    )
    bits = {name: 1 << position for position, name in enumerate(CHARLSON_GROUPS)}
    charlson = known.merge(groups(known["code"], "charlson"), on="code")
    weights = charlson["group"].map(bits).astype("int64")
    mask = _active(charlson["patient"], charlson["recorded"], charlson["group"], weights, rows)
    present = pd.DataFrame({name: (mask & bit) > 0 for name, bit in bits.items()})
    category = three_characters(known["code"].astype("category")).astype("str")
    points = category.map(frailty_tenths(category)).astype("float64").fillna(0).astype("int64")
    scored = points > 0
    frail = known[scored]
    tenths = _active(frail["patient"], frail["recorded"], category[scored], points[scored], rows)
    who, when = known["patient"].to_numpy(np.int64), known["recorded"].to_numpy(np.int64)
    coded_before = Timeline.of(who, when, len(patients)).last(rows.patients, rows.at, before=True)
    uncoded = coded_before < 0  # nothing known is not the same as none
    columns = {
        "charlson": score(present, "charlson_1987").to_numpy(np.float64),
        "frailty_risk_score": tenths / 10,
        **{f"had_{name}": present[name].to_numpy(np.float64) for name in CHARLSON_GROUPS},
    }
    return {name: np.where(uncoded, np.nan, values) for name, values in columns.items()}


def _active(who: pd.Series, recorded: pd.Series, key: pd.Series, amount: pd.Series, rows: Rows) -> Integers:
    """Return, at each row's moment, the sum of `amount` over a person's distinct keys of the last two years.

    Each key counts from its recording for the look-back, overlapping spells once; the sums are steps
    up and down along each person's timeline.
    """
    window = DIAGNOSIS_LOOK_BACK_DAYS * DAY
    facts = pd.DataFrame({"who": who, "recorded": recorded, "key": key, "amount": amount})
    facts = facts.sort_values(["who", "key", "recorded"], kind="stable")
    same = (facts["who"] == facts["who"].shift()) & (facts["key"] == facts["key"].shift())
    following = (facts["who"] == facts["who"].shift(-1)) & (facts["key"] == facts["key"].shift(-1))
    starts = facts[~(same & (facts["recorded"] - facts["recorded"].shift() < window))]
    ends = facts[~(following & (facts["recorded"].shift(-1) - facts["recorded"] < window))]
    people = np.r_[starts["who"], ends["who"]].astype(np.int64)
    times = np.r_[starts["recorded"], ends["recorded"] + window].astype(np.int64)
    steps = np.r_[starts["amount"], -ends["amount"]].astype(np.int64)
    count = int(max(rows.patients.max(initial=-1), people.max(initial=-1))) + 1
    timeline = Timeline.of(people, times, count)
    totals = np.cumsum(steps[timeline.order])
    now = timeline.last(rows.patients, rows.at, before=True)
    base = timeline.starts[np.maximum(rows.patients, 0)] - 1
    total = np.where(now >= 0, totals[np.maximum(now, 0)], 0) if len(totals) else np.zeros(len(now), np.int64)
    offset = np.where((now >= 0) & (base >= 0), totals[np.maximum(base, 0)], 0) if len(totals) else total
    return (total - offset).astype(np.int64)
