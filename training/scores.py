"""Published readmission scores, LACE and HOSPITAL, as near as a source allows, and the risk they stand for."""

import numpy as np
import pandas as pd

from features.hospital import Facts, shipped_facts
from training.metrics import Numbers, logistic_line

# van Walraven et al. 2010, by the groups of Quan et al. 2005; coded renal disease has no stage: the milder.
LACE_ILLNESS = {
    **{"ami": 1, "cevd": 1, "pvd": 1, "diab": 1, "chf": 2, "diabwc": 2, "copd": 2, "mld": 2, "rend": 2},
    **{"canc": 2, "dementia": 3, "rheumd": 3, "aids": 4, "msld": 4, "metacanc": 6},
}
LACE_ILLNESS_COLUMNS = [f"had_{group}" for group in LACE_ILLNESS]
LACE_STAY_DAYS = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 7: 5, 14: 7}  # points from this many nights on
LACE_VISITS = {
    "emergency_stays_6_months": "emergency stays for emergency visits in 6 months",
    "emergency_visits_prior_year": "emergency visits of a year for those of 6 months",
}
HOSPITAL_STAYS_IN_YEAR = {0: 0, 2: 2, 6: 5}


def lace(X: pd.DataFrame, rows: pd.DataFrame, facts: Facts | None = None) -> tuple[pd.Series | None, str]:
    """Return the LACE points of each row (0 to 19), or None, and what was missing or put in another's place.

    Length of stay so far in nights, acute admission, comorbidity, emergency visits in the six months before
    (van Walraven et al. 2010, doi:10.1503/cmaj.091117).  What is not known of a person scores nothing.
    `facts` say which admission methods are emergencies; without them England's.
    """
    visits = next((name for name in LACE_VISITS if _given(X, name)), None)
    listed = all(_given(X, name) for name in LACE_ILLNESS_COLUMNS)
    missing = [] if _given(X, "admission_method") else ["admission method"]
    missing += [] if listed or _given(X, "charlson") else ["earlier diagnoses"]
    missing += [] if visits else ["recent emergency stays"]
    if missing or visits is None:
        return None, f"LACE cannot be computed: these rows have no {', no '.join(missing)}"
    illness = _lace_illness(X) if listed else X["charlson"].fillna(0)
    total = (
        _banded(rows["days_so_far"], LACE_STAY_DAYS)
        + 3 * _emergency(X, facts)
        + illness.where(illness < 4, 5)
        + X[visits].fillna(0).clip(0, 4)
    )
    stand_in = "" if listed else ", and takes the Charlson score for its own weights of illness"
    return total.astype("float64"), f"LACE counts {LACE_VISITS[visits]}{stand_in}"


def hospital_score(
    X: pd.DataFrame, rows: pd.DataFrame, facts: Facts | None = None
) -> tuple[pd.Series | None, str]:
    """Return the points of the simplified HOSPITAL score of each row (0 to 12), or None and what was missing.

    Haemoglobin under 120 g/L, oncology or an earlier diagnosis of cancer, sodium under 135 mmol/L, emergency
    admission, stays in the year before (0-1, 2-5, more), 5 nights or more; procedures are left out (Aubert et
    al. 2017, doi:10.1136/bmjqs-2016-006239).  The last results by the moment stand for those at discharge; a
    result that was not taken scores nothing.
    """
    wanted = ("haemoglobin", "treatment_function", "sodium", "admission_method", "stays_year")
    if missing := [name.replace("_", " ") for name in wanted if not _given(X, name)]:
        return None, f"HOSPITAL cannot be computed: these rows have no {', no '.join(missing)}"
    oncology = (facts or shipped_facts()).group("treatment_function", "oncology")
    cancer = X.reindex(columns=["had_canc", "had_metacanc"])
    total = (
        1.0 * (X["haemoglobin"] < 120)
        + 2.0 * (X["treatment_function"].isin(oncology) | (cancer == 1).any(axis="columns"))
        + 1.0 * (X["sodium"] < 135)
        + _emergency(X, facts)
        + _banded(X["stays_year"].fillna(0), HOSPITAL_STAYS_IN_YEAR)
        + 2.0 * (rows["days_so_far"] >= 5)
    )
    return total, "HOSPITAL is the simplified score, without procedures and with the last results by the moment"


def points_risk(train_points: pd.Series, train_rows: pd.DataFrame, points: pd.Series) -> Numbers | None:
    """Return the risk of readmission that points stand for, by a logistic line fitted on the training rows.

    None if the line has no answer: one outcome only, or the same points for everybody.
    """
    known = (train_rows["readmitted"].notna() & (train_rows["weight"] > 0)).to_numpy()
    fitted = train_rows[known]
    line = logistic_line(
        train_points.to_numpy()[known], fitted["readmitted"].to_numpy(), fitted["weight"].to_numpy()
    )
    return None if line is None else 1 / (1 + np.exp(-(line[0] + line[1] * points.to_numpy())))


def _given(X: pd.DataFrame, name: str) -> bool:
    return name in X and bool(X[name].notna().any())


def _lace_illness(X: pd.DataFrame) -> pd.Series:
    had = X[LACE_ILLNESS_COLUMNS].fillna(0)
    had = had.assign(had_diab=had["had_diab"] * (1 - had["had_diabwc"]))  # one kind of diabetes counts
    return had.dot(pd.Series(list(LACE_ILLNESS.values()), index=LACE_ILLNESS_COLUMNS, dtype="float64"))


def _emergency(X: pd.DataFrame, facts: Facts | None) -> pd.Series:
    methods = (facts or shipped_facts()).group("admission_method", "emergency")
    return X["admission_method"].isin(methods).astype("float64")


def _banded(values: pd.Series, points: dict[int, int]) -> pd.Series:
    """Return the points of the last band that begins at or below each value."""
    band = np.searchsorted(list(points), values.to_numpy(), side="right") - 1
    return pd.Series(np.array(list(points.values()), dtype="float64")[band], index=values.index)
