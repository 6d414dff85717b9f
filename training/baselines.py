"""What the models must beat: simple methods fitted on the training rows and scored on the same rows as they."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from features.hospital import Facts
from models import distribution
from training.metrics import LAST_DAY, Figures, Numbers, date_figures, readmission_figures, weighted_mean
from training.scores import hospital_score, lace, points_risk

IDENTIFIERS = ("admission_id", "patient_id")
FEWEST_OF_A_CODE = 20  # rarer codes of a column are pooled, as in a release
FEWEST_ROWS_OF_A_GROUP = 30  # fewer say too little about the stays of a specialty
MOST_DEVIATIONS = 4.0  # a number further from its mean is taken as so far
RIDGE = 0.05  # scikit-learn's C; its default of 1 cost this baseline a tenth of AUROC on simulated patients
MOST_LOGISTIC_ROWS = 100_000  # more move its figures by less than their interval, and cost minutes
DAYS_SO_FAR_BANDS = (0, 1, 2, 3, 5, 7, 10, 14, 21)  # first day of each: 0, 1, 2, 3-4, 5-6, ..., 21 and more
PARTS = ("readmission", "same_issue", "ready", "discharge")


@dataclass(frozen=True)
class Cohort:
    """Rows with their moment, outcome and weight, and the feature table of the same index."""

    X: pd.DataFrame
    rows: pd.DataFrame

    def at(self, moment: str) -> "Cohort":
        """Return the rows of one kind of moment."""
        chosen = self.rows["moment"] == moment
        return Cohort(self.X[chosen], self.rows[chosen])

    def weighed_by(self, column: str) -> "Cohort":
        """Return the same rows with another column for their weight, where there is one of that name."""
        return Cohort(self.X, self.rows.assign(weight=self.rows.get(column, self.rows["weight"])))


def baseline_figures(
    train: Cohort, test: Cohort, facts: Facts | None = None, planned_discharge_day: pd.Series | None = None
) -> tuple[dict[str, Figures], list[str]]:
    """Return the figures of every baseline by name, in the parts of an evaluation, and notes for the report.

    Readmission is scored on discharge rows with "board" and "admission" beside, discharge on board rows with
    "admission" beside; a part that a baseline does not answer is None.  A baseline learns from training rows
    of the kind of moment it is scored at.  Rows weigh `weight`, for readmission `readmission_weight` where
    there is such a column.  `planned_discharge_day` has the index of the test rows; see `planned_date`.
    """
    found: dict[str, Figures] = {}
    notes: list[str] = []
    for moment in ("discharge", "board", "admission"):
        known, asked = (cohort.at(moment).weighed_by("readmission_weight") for cohort in (train, test))
        if len(known.rows) and len(asked.rows):
            figures, said = readmission_baselines(known, asked, facts)
            _enter(found, figures, "readmission", "" if moment == "discharge" else moment)
            # A score that could be computed at discharge may lack its results at admission.
            new = [sentence for sentence in said if sentence not in notes]
            notes += [f"at {moment}: {sentence}" if notes else sentence for sentence in new]
    for moment in ("board", "admission"):
        known, asked = train.at(moment), test.at(moment)
        if len(known.rows) and len(asked.rows):
            planned = None if planned_discharge_day is None else planned_discharge_day[asked.rows.index]
            _enter(
                found, date_baselines(known, asked, planned), "discharge", "" if moment == "board" else moment
            )
    return found, notes


def readmission_baselines(
    train: Cohort, test: Cohort, facts: Facts | None = None
) -> tuple[dict[str, Figures], list[str]]:
    """Return readmission figures of logistic regression, LACE and HOSPITAL, and a sentence on each score.

    A score that the source cannot give is left out, and its sentence says what is missing.
    """
    risks = {"logistic_regression": logistic_risk(train, test, train.rows["readmitted"])}
    notes = []
    for name, score in (("lace", lace), ("hospital_score", hospital_score)):
        points, sentence = score(test.X, test.rows, facts)
        known, _ = score(train.X, train.rows, facts)
        notes.append(sentence)
        if points is not None and known is not None:
            risks[name] = points_risk(known, train.rows, points)
    outcome, weight = test.rows["readmitted"], test.rows["weight"]
    figures = {name: readmission_figures(r, outcome, weight) for name, r in risks.items() if r is not None}
    return figures, notes


def date_baselines(train: Cohort, test: Cohort, planned: pd.Series | None = None) -> dict[str, Figures]:
    """Return discharge figures of specialty by day, of logistic regression and of the ward's own dates.

    Logistic regression answers only whether a person is home by the end of the next day.
    """
    rows = test.rows
    outcome = rows["home_day"], rows["exit_kind"]
    curves = specialty_by_day(train, test)
    figures = {"specialty_by_day": date_figures(curves, *outcome, *fewest_days(curves), rows["weight"])}
    by_tomorrow = logistic_risk(train, test, (train.rows["home_day"] <= 1).astype("float64"))
    if by_tomorrow is not None:
        flat = np.repeat(by_tomorrow[:, None], LAST_DAY + 1, axis=1)
        whole = date_figures(flat, *outcome, *fewest_days(flat), rows["weight"])
        kept = ("home_by_24h_auroc", "home_by_24h_auprc", "n")
        figures["logistic_regression"] = {name: whole[name] if name in kept else None for name in whole}
    if planned is not None and planned.notna().any():
        figures["planned_date"] = planned_date(rows, planned)
    return figures


def logistic_risk(train: Cohort, test: Cohort, outcome: pd.Series) -> Numbers | None:
    """Return the risk of each test row by logistic regression on the model's own columns.

    Imputation, scaling and the codes that have a column come from the training rows alone; identifiers and
    instants never take part.  `outcome` is 1, 0 or NaN on the training rows.  None if they hold one outcome.
    """
    rows = train.rows.index[outcome.notna() & (train.rows["weight"] > 0)]
    if len(rows) > MOST_LOGISTIC_ROWS:
        rows = rows[np.sort(np.random.default_rng(1).choice(len(rows), MOST_LOGISTIC_ROWS, replace=False))]
    if outcome[rows].nunique() < 2:
        return None
    X, weight = train.X.loc[rows], train.rows.loc[rows, "weight"]
    numbers, codes = _columns(X)
    pipeline = _logistic_pipeline(numbers, codes)
    # Weights of mean 1, so that the penalty means the same whatever the rows stand for.
    pipeline.fit(
        _plain(X, numbers, codes), outcome[rows], logisticregression__sample_weight=weight / weight.mean()
    )
    return np.asarray(pipeline.predict_proba(_plain(test.X, numbers, codes))[:, 1])


def logistic_out_of_fold(known: Cohort, fold: npt.NDArray[np.int64]) -> pd.Series:
    """Return each row's readmission risk by a logistic regression that never saw its fold."""
    risk = pd.Series(np.nan, index=known.rows.index)
    for one in np.unique(fold):
        out = fold == one
        learn, held = Cohort(known.X[~out], known.rows[~out]), Cohort(known.X[out], known.rows[out])
        found = logistic_risk(learn, held, learn.rows["readmitted"])
        if found is not None:
            risk[out] = found
    return risk


def specialty_by_day(train: Cohort, test: Cohort) -> Numbers:
    """Return P(home by day d), d = 0 to 60, of the training rows of the same specialty and days so far.

    One row a test row, shape (n, 61).  Deaths and transfers count as never home, people still in by the
    others' weights.  A group of fewer than 30 rows gives way to its days so far alone, these to all rows.
    """
    watched = train.rows[(train.rows["weight"] > 0) & (train.rows["exit_kind"] != "")]
    specialty, band = _specialty(train.X)[watched.index], _band(watched)
    everybody = _home_by(watched)
    by_band = {key: _home_by(group) for key, group in watched.groupby(band) if _enough(group)}
    by_both = {key: _home_by(group) for key, group in watched.groupby([specialty, band]) if _enough(group)}
    asked = zip(_specialty(test.X), _band(test.rows), strict=True)
    curves = [by_both.get(key, by_band.get(key[1], everybody)) for key in asked]
    return np.array(curves, dtype="float64").reshape(len(test.rows), LAST_DAY + 1)


def fewest_days(home_by: Numbers) -> tuple[Numbers, Numbers]:
    """Return first and last of the fewest days that hold 80 % of each curve's own total, as the models do.

    NaN for a curve that never goes home.

    >>> fewest_days(np.minimum(np.arange(61) / 8, 1)[None, :] * [[0.5], [0.0]])
    (array([ 1., nan]), array([ 7., nan]))
    """
    empty = home_by[:, -1] <= 0
    first, last = (np.where(empty, np.nan, edge) for edge in distribution.fewest_days(home_by))
    return first, last


def planned_date(rows: pd.DataFrame, planned_discharge_day: pd.Series) -> Figures:
    """Return how far the ward's own date was off, on the rows where a person had set one by the moment.

    `planned_discharge_day` counts local days from the moment's day, NaN where nobody had planned; a date
    that has passed is negative and counts as it stands.  `n` is the number of rows with a date.
    """
    planned = planned_discharge_day.notna() & (rows["exit_kind"] != "")
    weight = rows["weight"].where(planned, 0).to_numpy("float64")
    error = (planned_discharge_day - rows["home_day"]).to_numpy("float64")
    empty = np.zeros((0, LAST_DAY + 1))
    return {
        **date_figures(empty, [], [], [], []),
        "mae_days": weighted_mean(np.abs(error), weight),
        "signed_error_days": weighted_mean(error, weight),
        "within_1_day": weighted_mean(np.where(np.isnan(error), np.nan, np.abs(error) <= 1), weight),
        "n": int((weight > 0).sum()),
    }


def _enter(found: dict[str, Figures], figures: dict[str, Figures], part: str, beside: str) -> None:
    for name, each in figures.items():
        parts = found.setdefault(name, dict.fromkeys(PARTS))
        parts[part] = {**(parts[part] or dict.fromkeys(each)), beside: each} if beside else each


def _columns(X: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the columns of numbers and of codes that hold anything."""
    held = X.drop(columns=list(IDENTIFIERS), errors="ignore").dropna(axis="columns", how="all")
    numbers = [str(name) for name in held.select_dtypes(["number", "bool"])]
    instants = set(held.select_dtypes(["datetime", "datetimetz", "timedelta"]).columns)
    return numbers, [str(name) for name in held if name not in {*numbers, *instants}]


def _plain(X: pd.DataFrame, numbers: list[str], codes: list[str]) -> pd.DataFrame:
    """Return the columns as scikit-learn takes them: floats without infinity, and texts."""
    floats = X.reindex(columns=numbers).astype("float64").replace([np.inf, -np.inf], np.nan)
    texts = X.reindex(columns=codes).astype("str").fillna("missing").astype(object)
    return pd.concat([floats, texts], axis="columns")


def _logistic_pipeline(numbers: list[str], codes: list[str]) -> Pipeline:
    """Return the regression with its preparation; left alone, a few extreme values would spoil it."""
    tamed = FunctionTransformer(np.clip, kw_args={"a_min": -MOST_DEVIATIONS, "a_max": MOST_DEVIATIONS})
    filled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler(), tamed)
    coded = make_pipeline(  # numbers first: scikit-learn counts texts one by one
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        OneHotEncoder(min_frequency=FEWEST_OF_A_CODE, handle_unknown="infrequent_if_exist"),
    )
    columns = ColumnTransformer([("numbers", filled, numbers), ("codes", coded, codes)])
    return make_pipeline(columns, LogisticRegression(C=RIDGE, max_iter=1_000))


def _specialty(X: pd.DataFrame) -> pd.Series:
    return X.get("treatment_function", pd.Series("", index=X.index)).astype("str")


def _band(rows: pd.DataFrame) -> pd.Series:
    bands = np.searchsorted(DAYS_SO_FAR_BANDS, rows["days_so_far"].to_numpy(), side="right")
    return pd.Series(bands, index=rows.index)


def _enough(group: pd.DataFrame) -> bool:
    return len(group) >= FEWEST_ROWS_OF_A_GROUP


def _home_by(rows: pd.DataFrame) -> Numbers:
    """Return the weighted share of rows that were home by the end of each day, shape (61,)."""
    home = rows[rows["home_day"] <= LAST_DAY]
    days = home["home_day"].to_numpy("int64")
    each_day = np.bincount(days, weights=home["weight"].to_numpy("float64"), minlength=LAST_DAY + 1)
    return np.cumsum(each_day) / max(float(rows["weight"].sum()), 1e-12)
