"""Who gets no prediction, and why: children, maternity, day cases and people at the end of life."""

import numpy as np
import pandas as pd

from features.observations import states
from features.tables import Hospital
from features.timeline import microseconds, positions

ADULT_AGE = 18
OF_GROUPS = (  # the column, the group of its codes, and the reason
    ("intended_management", "day_case", "day case"),
    ("admission_method", "maternity", "maternity"),
    ("treatment_function", "maternity", "maternity"),
)


def out_of_scope(inpatients: pd.DataFrame, hospital: Hospital) -> pd.Series:
    """Return the reason why each row of `inpatients` gets no prediction, or missing where it gets one.

    Only what is known by each row's moment counts.
    """
    facts = hospital.facts
    reasons = np.full(len(inpatients), pd.NA, dtype=object)
    for column, name, why in OF_GROUPS:
        reasons[positions(inpatients[column], facts.group(column, name)) >= 0] = why
    reasons[inpatients["age"].to_numpy() < ADULT_AGE] = "under 18"
    event = facts.events["end_of_life"]
    if (hospital.events["name"].array == event.name).any():  # of few patients is it ever said
        admissions = pd.Index(hospital.admissions["admission_id"])
        stays = positions(inpatients["admission_id"], admissions).astype(np.int64)
        ends = states(hospital.events, event, admissions).at(stays, microseconds(inpatients["at"]))
        reasons[ends.values == 1] = "end of life"
    return pd.Series(reasons, inpatients.index, dtype="object")
