"""What coded diagnoses say of a patient's other illnesses (Charlson, Elixhauser) and frailty.

The published lists and weights are data, in `comorbidity.toml`.  A code may come as any system writes it:
`E10.2`, `e102`, `I10X`, `M05.90`, `H36.0*`, `G01-`.  Only its letters and digits count, and of these the
first three (the category) and four.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

_LISTS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_INDEXES = ("charlson", "elixhauser")
_INDEX_OF = {weights: index for index in _INDEXES for weights in _LISTS[index]["weights"]}

CHARLSON_GROUPS: tuple[str, ...] = tuple(_LISTS["charlson"]["groups"])
ELIXHAUSER_GROUPS: tuple[str, ...] = tuple(_LISTS["elixhauser"]["groups"])


def groups(codes: pd.Series, index: str) -> pd.DataFrame:
    """Return the comorbidity groups of ICD-10 codes: one row a distinct code as given and group it is in.

    A code in no group is absent; a code may be in several; missing codes are passed over.  `index` is
    "charlson" (17 groups) or "elixhauser" (31); any other raises ValueError.  Lists: Quan et al. 2005.

    >>> groups(pd.Series(["E10.2", "i10x", "C77.0", "E10.2", "Z00.0", None]), "charlson")
        code     group
    0  C77.0  metacanc
    1  E10.2    diabwc
    >>> groups(pd.Series(["i10x", "I42.6"]), "elixhauser")
        code    group
    0  I42.6  alcohol
    1  I42.6      chf
    2   i10x   hypunc
    """
    if index not in _INDEXES:
        raise ValueError(f"index must be one of {', '.join(_INDEXES)}; found {index!r}")
    bare, listed = _bare(codes), _listed_beginnings(index)
    found = [
        bare.str[:length].rename("beginning").reset_index().merge(listed, on="beginning") for length in (3, 4)
    ]
    pairs = pd.concat(found)[["code", "group"]].drop_duplicates()
    return pairs.sort_values(["code", "group"], ignore_index=True)


def score(present: pd.DataFrame, weights: str) -> pd.Series:
    """Return the points of each row of `present`, which says by one boolean column a group what it has.

    `weights` is "charlson_1987" (Charlson et al. 1987; 0 to 29 points), "charlson_quan_2011" (Quan et al.
    2011; 0 to 24) or "elixhauser_van_walraven" (van Walraven et al. 2009; -19 to 85).  The milder group
    counts nothing beside the worse one: liver disease (Charlson), diabetes, cancer, hypertension (Elixhauser).
    Raises ValueError for other weights, and unless the columns are exactly the groups of the index.

    >>> diagnoses = pd.DataFrame({"patient_id": [1, 1, 2], "code": ["C18.9", "C78.7", "E11.9"]})
    >>> long = diagnoses.merge(groups(diagnoses["code"], "charlson"))
    >>> counts = pd.crosstab(long["patient_id"], long["group"])
    >>> present = counts.reindex(index=[1, 2, 3], columns=CHARLSON_GROUPS, fill_value=0) > 0
    >>> score(present, "charlson_1987")
    patient_id
    1    6
    2    1
    3    0
    Name: charlson_1987, dtype: int64
    """
    if weights not in _INDEX_OF:
        raise ValueError(f"weights must be one of {', '.join(_INDEX_OF)}; found {weights!r}")
    listed = list(_LISTS[_INDEX_OF[weights]]["groups"])
    _check_columns(present, listed)
    return pd.Series(points(present[listed].to_numpy(bool), weights), present.index, name=weights)


def points(present: npt.NDArray[np.bool_], weights: str) -> npt.NDArray[np.int64]:
    """Return the points of each row of `present`, as by `score`: one column a group, in the index's order."""
    index = _LISTS[_INDEX_OF[weights]]
    listed = list(index["groups"])
    counts = present.astype(np.int64)
    for mild, worse in index["outranked_by"].items():
        counts[:, listed.index(mild)] &= ~present[:, listed.index(worse)]
    return counts @ np.array([index["weights"][weights][group] for group in listed], np.int64)


def frailty_tenths(codes: pd.Series) -> pd.Series:
    """Return the Hospital Frailty Risk Score of each distinct code as given that scores, in tenths of a point.

    Tenths are integers, because sums of floats miss the boundaries: below 50 is low risk, 50 to 150
    intermediate, above 150 high.  A patient scores each three-character category once, over this stay and the
    emergency ones of the two years before (Gilbert et al. 2018; validated from the age of 75):

    >>> diagnoses = pd.DataFrame({"patient_id": [1, 1, 1, 2], "code": ["F00.1", "F00.9", "W19X", "I10X"]})
    >>> diagnoses["category"] = three_characters(diagnoses["code"])
    >>> once = diagnoses.drop_duplicates(["patient_id", "category"])
    >>> tenths = once["category"].map(frailty_tenths(once["category"])).fillna(0).astype(int)
    >>> tenths.groupby(once["patient_id"]).sum()
    patient_id
    1    103
    2      0
    Name: category, dtype: int64
    """
    tenths = _bare(codes).str[:3].map(_LISTS["frailty_tenths"])
    return tenths.dropna().astype("int64").rename("tenths")


def three_characters(codes: pd.Series) -> pd.Series:
    """Return the ICD-10 category (three characters) of each code, row for row; missing where there is none.

    >>> three_characters(pd.Series(["f00.1", "W19X", "unknown"], index=[7, 8, 9]))
    7    F00
    8    W19
    9    NaN
    Name: category, dtype: str
    """
    category = _bare(codes).str.extract(r"^([A-Z]\d[A-Z\d])", expand=False)
    return codes.map(category).astype("str").rename("category")


def _bare(codes: pd.Series) -> pd.Series:
    """Return the capital letters and digits of each distinct code, indexed by the code as given."""
    given = pd.Index(codes.drop_duplicates().dropna(), name="code", dtype="str")
    return given.str.upper().str.replace(r"[^A-Z0-9]", "", regex=True).to_series(index=given)


@cache
def _listed_beginnings(index: str) -> pd.DataFrame:
    """Return one row a group and a beginning of a code, of three or four characters, that belongs to it."""
    rows = [
        (beginning, group)
        for group, listed in _LISTS[index]["groups"].items()
        for entry in listed
        for beginning in _spelled_out(entry)
    ]
    return pd.DataFrame(rows, columns=["beginning", "group"], dtype="str")


def _spelled_out(entry: str) -> list[str]:
    """Return the beginnings of codes that one entry of a published list stands for.

    >>> _spelled_out("I70-I71"), _spelled_out("E10.0-E10.1"), _spelled_out("B18")
    (['I70', 'I71'], ['E100', 'E101'], ['B18'])
    """
    first, _, last = entry.replace(".", "").partition("-")
    letter, digits = first[0], len(first) - 1
    numbers = range(int(first[1:]), int((last or first)[1:]) + 1)
    return [f"{letter}{number:0{digits}d}" for number in numbers]


def _check_columns(present: pd.DataFrame, expected: list[str]) -> None:
    """Raise ValueError unless the columns are the expected groups, in any order, each once and boolean."""
    boolean = set(present.select_dtypes("bool").columns)
    wanting = [group for group in expected if group not in boolean]
    unknown = [str(column) for column in present.columns if column not in expected]
    if wanting or unknown or present.columns.has_duplicates:
        raise ValueError(
            f"present must have one boolean column for each of the {len(expected)} groups; found "
            f"{len(present.columns)} columns, missing or not boolean: {', '.join(wanting) or 'none'}, "
            f"unknown: {', '.join(unknown) or 'none'}; try present.reindex(columns=..., fill_value=False)"
        )
