"""Pictures of a release's SHAP values, drawn by the shap package from the values that the release answers with.

Nothing is computed a second time by another algorithm: the values are those of `models.explanation`, put into
`shap.Explanation` objects.  A picture that travels shows groups of at least ten patients and never one: each
dot of a beeswarm or a dependence picture is the mean of ten neighbours (microaggregation).  A waterfall shows
one patient, so it is for people who may see that patient; the command draws a simulated one.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import HomewardError
from features.tables import Hospital
from models.booster import Floats
from models.explanation import Shares, date_reasons, risk_reasons, told
from models.predictor import Predictor
from models.wording import CORRECTION
from training.cohort import Prepared, Say, measurable
from training.home import golden_rows
from training.plan import TrainingPlan
from training.split import parts

SMALLEST_GROUP = 10  # patients behind a dot
FEW_PATIENTS = 200  # fewer are told so
MOST_PATIENTS = 2_000  # of a picture; more cost minutes and move no dot that is seen
FEATURES_SHOWN, DEPENDENCES = 12, 4
FORMATS = ("png", "svg")
LOG_ODDS, BED_DAYS, POINTS = "log-odds of coming back", "expected bed days of the next 28", "risk in 100"


@dataclass(frozen=True)
class Values:
    """SHAP values of some rows: (rows, features) with the base and the answer of each, and what they are of."""

    names: list[str]
    amounts: Floats
    base: Floats
    answer: Floats
    features: Floats  # as the booster saw them, NaN where it saw none
    unit: str

    def explanation(self, rows: Any = slice(None), labels: list[str] | None = None) -> Any:
        """Return the rows as a `shap.Explanation`; with labels these say the values, and no data go along."""
        import shap

        data = None if labels else self.features[rows]
        return shap.Explanation(self.amounts[rows], self.base[rows], data, feature_names=labels or self.names)


def risk_values(predictor: Predictor, table: pd.DataFrame) -> Values:
    """Return the readmission booster's own SHAP values in log-odds, before calibration."""
    assert predictor.readmission is not None
    matrix = predictor.encoder.matrix(table)
    shap_values = predictor.readmission.contributions(matrix)
    amounts, base = shap_values[:, :-1], shap_values[:, -1]
    words = [feature.words for feature in predictor.encoder.features]
    return Values(words, amounts, base, shap_values.sum(axis=1), matrix.astype(np.float64), LOG_ODDS)


def risk_points(predictor: Predictor, table: pd.DataFrame) -> Values:
    """Return the shares of the calibrated risk in points, from patients like each one."""
    shares = risk_reasons(predictor, table, predictor.encoder.matrix(table))
    return _values(predictor, table, shares, POINTS)


def bed_days(predictor: Predictor, table: pd.DataFrame, at: pd.Series) -> Values:
    """Return the shares of expected bed days in the next 28, what calibration adds among them."""
    days, matrix = predictor.days_of(table, at), predictor.encoder.matrix(table)
    shares = date_reasons(predictor, table, matrix, days, predictor.curves(table, days))["discharge"]
    return _values(predictor, table, shares, BED_DAYS)


def _values(predictor: Predictor, table: pd.DataFrame, shares: Shares, unit: str) -> Values:
    words = {feature.name: feature.words for feature in predictor.encoder.features}
    names = [words.get(name, name.replace("_", " ").capitalize()) for name in shares.names]
    amounts = shares.amounts
    if shares.remainder is not None:
        names, amounts = [*names, CORRECTION], np.column_stack([amounts, shares.remainder])
    features = np.full(amounts.shape, np.nan)
    features[:, : len(words)] = predictor.encoder.matrix(table)
    return Values(names, amounts, shares.start, shares.answer, features, unit)


def grouped(values: Values, smallest: int = SMALLEST_GROUP) -> Values:
    """Return means of groups of at least `smallest` rows, each feature's neighbours by value grouped alone.

    Rows must be of as many patients.  Raises HomewardError for fewer rows than one group.
    """
    count = len(values.amounts) // smallest
    if count == 0:
        raise HomewardError(
            f"a picture needs {smallest} patients at least, found {len(values.amounts)}: a dot may not be one"
        )
    amounts, features = np.empty((count, len(values.names))), np.empty((count, len(values.names)))
    for column in range(len(values.names)):
        own, seen = values.amounts[:, column], values.features[:, column]
        for group, rows in enumerate(np.array_split(np.lexsort((own, seen)), count)):
            known = seen[rows][~np.isnan(seen[rows])]
            amounts[group, column] = own[rows].mean()
            features[group, column] = known.mean() if len(known) >= smallest else np.nan
    base = np.full(count, values.base.mean())
    return Values(values.names, amounts, base, base + amounts.sum(axis=1), features, values.unit)


def one_row_a_patient(rows: Prepared, moment: str, seed: int) -> Prepared:
    """Return one row, by chance, of each of at most MOST_PATIENTS patients at a kind of moment."""
    own = rows.rows[rows.rows["moment"] == moment].sample(frac=1, random_state=seed)
    chosen = own.drop_duplicates("patient_id").head(MOST_PATIENTS).index
    return rows.pick(np.asarray(rows.rows.index.isin(chosen)))


def draw(predictor: Predictor, hospital: Hospital, out: Path, say: Say) -> list[Path]:
    """Write every picture that the release has something for into a folder, and return the files.

    Beeswarms and dependences are of the test part of the hospital's patients, waterfalls of a simulated
    patient.  Raises HomewardError where the test part has fewer than ten patients.
    """
    plan = TrainingPlan()
    rows = measurable(hospital, plan.seed, say)
    test = rows.pick((parts(rows.rows, hospital.dates, plan) == "test").to_numpy())
    out.mkdir(parents=True, exist_ok=True)
    say("drawing one simulated patient")
    files = [file for name, one in simulated_patient(predictor).items() for file in waterfall(one, out, name)]
    patients = test.rows["patient_id"].nunique()
    say(f"drawing {patients:,} patients of the test part, ten a dot")
    if patients < FEW_PATIENTS:
        say(f"under {FEW_PATIENTS} patients: a beeswarm of so few dots shows little")
    for name, many in of_many(predictor, test, plan.seed):
        files += beeswarm(many, out, f"{name}-beeswarm")
        files += [file for feature in largest(many) for file in dependence(many, feature, out, name)]
    return files


def simulated_patient(predictor: Predictor) -> Mapping[str, tuple[Values, list[str]]]:
    """Return the answers about a golden patient of a release, with what each feature is said to be."""
    golden, at = golden_rows()
    one = golden.head(1)
    said = list(told(predictor.encoder, one, predictor.facts.nation)[0].values())
    found = {}
    if predictor.readmission is not None:
        found["readmission-waterfall"] = (risk_points(predictor, one), said)
    if predictor.date_model is not None and predictor.dates != "none":
        values = bed_days(predictor, one, pd.Series(at, index=one.index))
        found["bed-days-waterfall"] = (values, said + values.names[len(said) :])
    return found


def of_many(predictor: Predictor, test: Prepared, seed: int) -> Iterator[tuple[str, Values]]:
    """Yield the values of the test part by name, in groups of ten patients."""
    if predictor.readmission is not None:
        left = one_row_a_patient(test, "discharge", seed)
        yield "readmission", grouped(risk_values(predictor, left.table))
    if predictor.date_model is not None and predictor.dates != "none":
        board = one_row_a_patient(test, "board", seed)
        yield "bed-days", grouped(bed_days(predictor, board.table, board.rows["at"]))


def largest(values: Values) -> list[int]:
    """Return the features with the largest mean absolute SHAP value that have values to be drawn against."""
    drawn = np.asarray(np.isfinite(values.features).any(axis=0))
    order = np.argsort(-np.abs(values.amounts).mean(axis=0), kind="stable")
    return [int(column) for column in order if drawn[column]][:DEPENDENCES]


def waterfall(one: tuple[Values, list[str]], out: Path, name: str) -> list[Path]:
    """Draw one patient: from patients like this one to the answer, feature by feature."""
    import shap

    values, labels = one
    shown = values.explanation(0, labels)
    return _saved(
        lambda: shap.plots.waterfall(shown, max_display=FEATURES_SHOWN, show=False), values, out, name
    )


def beeswarm(values: Values, out: Path, name: str) -> list[Path]:
    """Draw many patients: one dot a group of ten, coloured by the feature's value."""
    import shap

    shown = values.explanation()
    return _saved(lambda: shap.plots.beeswarm(shown, max_display=FEATURES_SHOWN, show=False), values, out, name)


def dependence(values: Values, feature: int, out: Path, name: str) -> list[Path]:
    """Draw one feature's SHAP value against its value, one dot a group of ten."""
    import shap

    shown = values.explanation()[:, feature]
    slug = "".join(letter if letter.isalnum() else "-" for letter in values.names[feature].lower())
    return _saved(
        lambda: shap.plots.scatter(shown, color="#005eb8", show=False), values, out, f"{name}-by-{slug}"
    )


def _saved(draw_it: Callable[[], Any], values: Values, out: Path, name: str) -> list[Path]:
    """Draw on a figure of its own, without a display, and write it in every format."""
    import matplotlib as mpl
    from matplotlib import pyplot

    files = []
    with mpl.rc_context({"backend": "agg", "svg.hashsalt": "homeward"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")  # shap colours a feature that no group has in grey
        figure = pyplot.figure()
        try:
            draw_it()
            figure = pyplot.gcf()
            figure.text(0.01, -0.04, f"SHAP values, {values.unit}", fontsize=9)
            figure.axes[0].set_xlabel(figure.axes[0].get_xlabel().replace(" (impact on model output)", ""))
            for form in FORMATS:
                files.append(out / f"{name}.{form}")
                when: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
                figure.savefig(files[-1], dpi=144, bbox_inches="tight", metadata=when)
        finally:
            pyplot.close(figure)
    return files


def sums(values: Values) -> npt.NDArray[np.float64]:
    """Return base plus all values of each row, which is the answer."""
    return np.asarray(values.base + values.amounts.sum(axis=1))
