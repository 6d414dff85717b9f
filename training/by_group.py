"""Figures by group of people: whom a release serves less well than others."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.cohort import Prepared
from training.metrics import Figures

FEWEST_PATIENTS = 20  # fewer could be told apart, and their figures are noise
AGES = (0, 45, 65, 75, 85)
ETHNIC_GROUPS = {
    **dict.fromkeys("ABC", "White"),
    **dict.fromkeys("DEFG", "Mixed"),
    **dict.fromkeys("HJKL", "Asian"),
    **dict.fromkeys("MNP", "Black"),
    **dict.fromkeys("RS", "Other"),
}  # the five groups of the NHS data dictionary's ethnic category, by its code in England


def groups(rows: Prepared) -> dict[str, pd.Series]:
    """Return, for each way of grouping people, the group of each row; missing where it is not recorded."""
    stays = rows.hospital.admissions.set_index("admission_id")
    own = stays.loc[rows.rows["admission_id"]].set_axis(rows.rows.index)
    emergency = rows.hospital.facts.group("admission_method", "emergency")
    ways = {
        "age": _age_band(own["age"]),
        "sex": own["sex"],
        "ethnicity": own["ethnic_category"].map(ETHNIC_GROUPS if rows.hospital.facts.nation == "ENG" else {}),
        "deprivation_fifth": np.ceil(own["deprivation_decile"] / 2).map("{:.0f}".format, na_action="ignore"),
        "residence": own["usual_residence"],
        "admitted_as": own["admission_method"]
        .isin(emergency)
        .map({True: "emergency", False: "planned"})
        .where(own["admission_method"].notna()),
        "site": own["site"],
    }
    return {way: group for way, group in ways.items() if group.nunique() > 1}


def by_group(
    rows: Prepared, figures: Callable[[npt.NDArray[np.bool_]], Figures], shown: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return a row a group of at least 20 patients: how people are grouped, the group, and its figures.

    `figures` gives those of some of the rows, of which `shown` are kept.
    """
    return [
        {"group": way, "value": value, **{name: found[name] for name in shown}}
        for way, value, some in _enough(rows)
        for found in [figures(some)]
    ]


def _enough(rows: Prepared) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
    for way, group in groups(rows).items():
        for value in sorted(group.dropna().astype("str").unique()):
            some = (group == value).to_numpy(bool, na_value=False)
            if rows.rows["patient_id"][some].nunique() >= FEWEST_PATIENTS:
                yield way, value, some


def _age_band(age: pd.Series) -> pd.Series:
    lasts = [
        *(f"{first}-{after - 1}" for first, after in pairwise(AGES)),
        f"{AGES[-1]} and over",
    ]
    return pd.cut(age, [*AGES, np.inf], right=False, labels=lasts).astype("str").where(age.notna())
