"""The groups of patients in which a release must hold as it does over all."""

import numpy as np
import pandas as pd

from features.tables import Hospital
from training.answers import Held
from training.by_group import ETHNIC_GROUPS
from training.paired import Group

AGES = {18: "age 18 to 39", 40: "age 40 to 64", 65: "age 65 to 74", 75: "age 75 to 84", 85: "age 85 and over"}
FIFTHS = {1: "most deprived fifth", 3: "second", 5: "third", 7: "fourth", 9: "least deprived fifth"}


def groups_of(rows: Held) -> dict[str, Group]:
    """Return which rows are of each group: sex, age band, ethnic category, deprivation fifth, care home.

    A code that is not given makes no group.  Ethnic categories of the NHS Data Dictionary are taken together as
    the census does: few patients hold a single code.
    """
    parts = {"board": rows.board, "discharge": rows.discharge}
    labels = {place: _labels(some.hospital, some.rows["admission_id"]) for place, some in parts.items()}
    found: dict[str, Group] = {}
    for kind in labels["board"]:
        for name in sorted({*labels["board"][kind].dropna(), *labels["discharge"][kind].dropna()}):
            found[f"{kind} {name}".strip()] = {
                place: (labels[place][kind] == name).fillna(False).to_numpy(bool) for place in parts
            }
    return found


def _labels(hospital: Hospital, admission_ids: pd.Series) -> dict[str, pd.Series]:
    stays = hospital.admissions.set_index("admission_id").loc[admission_ids].reset_index()
    tenth = stays["deprivation_decile"].astype("float64")
    homes = hospital.facts.group("usual_residence", "care_home")
    residence = stays["usual_residence"].astype("object")
    return {
        "": _binned(stays["age"].astype("float64"), AGES),
        "sex": stays["sex"].astype("object"),
        "ethnic category": _ethnic(stays["ethnic_category"].astype("object").str[:1]),
        "deprivation:": _binned(tenth, FIFTHS),
        "lives in": residence.isin(homes).map({True: "a care home"}).where(residence.notna()),
    }


def _ethnic(letter: pd.Series) -> pd.Series:
    """Return the census group of each letter; another nation's codes stand for themselves."""
    known = ~letter.isin(["Z", "9", ""])
    return letter.map(ETHNIC_GROUPS).fillna(letter.where(known))


def _binned(values: pd.Series, starts: dict[int, str]) -> pd.Series:
    place = np.searchsorted(list(starts), values.fillna(-1), side="right") - 1
    names = np.array(list(starts.values()), dtype=object)
    return pd.Series(names[np.maximum(place, 0)], index=values.index).where(place >= 0)
