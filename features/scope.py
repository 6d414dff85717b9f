"""Who gets no prediction, and why: children, maternity, day cases and people at the end of life."""

import pandas as pd

from features.observations import states
from features.tables import Hospital
from features.timeline import microseconds

ADULT_AGE = 18


def out_of_scope(inpatients: pd.DataFrame, hospital: Hospital) -> pd.Series:
    """Return the reason why each row of `inpatients` gets no prediction, or missing where it gets one.

    Only what is known by each row's moment counts.
    """
    facts = hospital.facts
    reasons = pd.Series(pd.NA, index=inpatients.index, dtype="object")
    day_case = inpatients["intended_management"].isin(facts.group("intended_management", "day_case"))
    reasons[day_case] = "day case"
    for column in ("admission_method", "treatment_function"):
        reasons[inpatients[column].isin(facts.group(column, "maternity"))] = "maternity"
    reasons[inpatients["age"] < ADULT_AGE] = "under 18"
    admissions = pd.Index(hospital.admissions["admission_id"])
    ends = states(hospital.events, facts.events["end_of_life"], admissions)
    positions = admissions.get_indexer(pd.Index(inpatients["admission_id"])).astype("int64")
    reasons[ends.at(positions, microseconds(inpatients["at"])).values == 1] = "end of life"
    return reasons
