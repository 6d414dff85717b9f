"""Who came back as an emergency within 30 days of leaving, and whether it was for the same issue."""

import numpy as np
import pandas as pd

from features.columns import CANCELLED
from features.diagnosis_block import diagnosis_block
from features.history import READMISSION_WINDOW_DAYS
from features.tables import Hospital
from features.timeline import Integers, Timeline, microseconds

ADULT_AGE = 18
CODED_AFTER_DAYS = 90  # codes of both stays are in by then; before, who came back may not be coded yet
MAIN = 1  # position of the main diagnosis


def returning(hospital: Hospital, kind: pd.Series) -> pd.DataFrame:
    """Return `readmitted` and `same_issue` of each stay: 1, 0 or missing; indexed as `kind` (admission_id).

    `readmitted` is missing for those not eligible and not followed for 30 days, by ENG-I02040-like/v1; a death
    within them ends the following.  `same_issue` is whether the main diagnoses of the stay and of the return
    lie in one block of ICD-10; it is missing for who did not come back, for stays of the last 90 days, and
    where either stay has no code by 90 days after the first: uncoded is unknown, never no, for good.  Of a
    stay that was coded by then the last word stands, whenever it comes.
    """
    if hospital.outcomes is not None:
        own = hospital.outcomes.set_index("admission_id")["readmitted"]
        return pd.DataFrame({"readmitted": own.astype("float64").reindex(kind.index), "same_issue": np.nan})
    stays = hospital.admissions.sort_values(["patient_id", "admitted_at", "admission_id"], kind="stable")
    stays = stays.reset_index(drop=True)
    back = _next_emergency(hospital, stays)
    came = stays["admitted_at"].reindex(back).set_axis(stays.index)
    days = (_day(came) - _day(stays["discharged_at"])).dt.days
    readmitted = (days >= 0) & (days < READMISSION_WINDOW_DAYS)
    label = readmitted.astype("float64").where(_eligible(hospital, stays))
    found = pd.DataFrame({"readmitted": label, "same_issue": _same_issue(hospital, stays, back, label)})
    return found.set_axis(stays["admission_id"]).reindex(kind.index).where(kind == "home")


def deaths_after_leaving(hospital: Hospital) -> pd.Series:
    """Return when people died after they had left alive, by admission_id, where the source tells."""
    died = hospital.events[hospital.events["name"] == "patient_died"]
    died = died[died["text"].fillna("") != CANCELLED]
    ends = hospital.admissions.set_index("admission_id")["discharged_at"]
    left = ends.reindex(died["admission_id"]).set_axis(died.index)
    died = died[died["happened_at"] > left]
    return died.groupby("admission_id")["happened_at"].min()


def _eligible(hospital: Hospital, stays: pd.DataFrame) -> pd.Series:
    """Tell which stays were followed to the end: adults, no day cases, 30 days or until they died."""
    window = pd.Timedelta(days=READMISSION_WINDOW_DAYS)
    died = deaths_after_leaving(hospital).reindex(stays["admission_id"]).set_axis(stays.index)
    end = (stays["discharged_at"] + window).where(~(died < stays["discharged_at"] + window), died)
    followed = end <= hospital.observed_until
    if hospital.dates != "comparable":  # shifted dates have no common end: take each person as followed
        followed = stays["discharged_at"].notna()
    codes = hospital.facts.group("patient_classification", "day_case")
    day_case = stays["patient_classification"].isin(codes)
    return followed & (stays["age"] >= ADULT_AGE) & ~day_case


def _same_issue(hospital: Hospital, stays: pd.DataFrame, back: Integers, readmitted: pd.Series) -> pd.Series:
    codes = _main_codes(hospital).reindex(stays["admission_id"]).set_axis(stays.index)
    next_codes = codes.reindex(back).set_axis(stays.index)
    known = (readmitted == 1) & codes["block"].notna() & next_codes["block"].notna()
    if hospital.dates == "comparable":
        coded_by = stays["discharged_at"] + pd.Timedelta(days=CODED_AFTER_DAYS)
        for one in (codes, next_codes):
            known &= one["first"] <= coded_by
        known &= coded_by <= hospital.observed_until
    return (codes["block"] == next_codes["block"]).astype("float64").where(known)


def _main_codes(hospital: Hospital) -> pd.DataFrame:
    """Return each stay's ICD-10 `block` (its last main diagnosis), and when one was `first` coded."""
    events = hospital.events[hospital.events["name"] == "coded_diagnosis"]
    main = events[events["number"] == MAIN].sort_values(["admission_id", "happened_at", "recorded_at"])
    first = main.groupby("admission_id")["recorded_at"].min()
    main = main.drop_duplicates("admission_id", keep="last")
    main = main[main["text"].notna() & (main["text"] != CANCELLED)]
    block = diagnosis_block(main["text"]).set_axis(main["admission_id"])
    return pd.DataFrame({"block": block, "first": first.reindex(block.index)})


def _next_emergency(hospital: Hospital, stays: pd.DataFrame) -> Integers:
    """Return the place of each person's next emergency once a stay had ended, -1 for none; a double is none."""
    emergency = stays["admission_method"].isin(hospital.facts.group("admission_method", "emergency"))
    people, who = np.unique(stays["patient_id"].to_numpy(str), return_inverse=True)
    came = microseconds(stays["admitted_at"])
    timeline = Timeline.of(np.where(emergency, who, -1).astype(np.int64), came, len(people))
    ended = np.maximum(microseconds(stays["discharged_at"]), came + 1)
    before = timeline.last(who.astype(np.int64), ended, before=True)
    following = np.where(before >= 0, before + 1, timeline.starts[who])
    found = following < timeline.starts[who + 1]
    return np.append(timeline.order, -1)[np.where(found, following, len(timeline.order))]


def _day(instants: pd.Series) -> pd.Series:
    return instants.dt.tz_localize(None).dt.normalize()
