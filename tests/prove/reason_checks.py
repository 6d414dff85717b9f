"""Whether reasons hold: what a sentence says against its numbers, and what is lost without the largest ones."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import CHANGE, SINCE, UNCHANGED, Feature
from models.code_words import words_of
from models.explanation import groups
from models.prediction import Prediction, Reason, Reasons
from models.predictor import Predictor
from models.reasons import BED_DAYS_WINDOW
from models.wording import WEEKDAYS

SAID = {
    "days": re.compile(r": about ([\d.]+) days? (longer|shorter) than patients like this on average$"),
    "points": re.compile(r": risk about ([\d.]+) in 100 (higher|lower) than patients like this on average$"),
}
SAME = re.compile(r": much the same( risk)? as patients like this$")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
ROUNDED = 0.05 + 1e-6
NOT_A_FEATURE = ("calibration", "the days ahead")
DELETED = 3
STAND_INS = 8
Floats = npt.NDArray[np.float64]


def every_reason(answers: list[Prediction]) -> Iterator[tuple[int, str, Reasons]]:
    """Yield the row, the unit and the reasons of every answer that has any."""
    for row, answer in enumerate(answers):
        for found in (answer.ready_reasons, answer.discharge_reasons):
            if found:
                yield row, "days", found
        if answer.readmission_reasons:
            yield row, "points", answer.readmission_reasons


def sentences(answers: list[Prediction]) -> list[str]:
    """Return the sentence of every reason."""
    return [reason.text for _, _, reasons in every_reason(answers) for reason in reasons.reasons]


def furthest_from_the_sum(answers: list[Prediction]) -> float:
    """Return how far, at most, a reference plus its amounts is from the answer."""
    gaps = [
        abs(found.reference + sum(reason.amount for reason in found.reasons) - found.answer)
        for _, _, found in every_reason(answers)
    ]
    return max(gaps, default=float("nan"))


def says_its_number(reason: Reason, unit: str) -> bool:
    """Tell whether the number, its unit and its direction in a sentence are those of the amount."""
    if SAME.search(reason.text):
        return abs(reason.amount) < ROUNDED
    if not (said := SAID[unit].search(reason.text)):
        return False
    sign = 1 if said[2] in ("longer", "higher") else -1
    return abs(sign * float(said[1]) - reason.amount) <= ROUNDED


def says_its_value(
    reason: Reason, values: Mapping[str, Any], features: tuple[Feature, ...], nation: str
) -> bool:
    """Tell whether a sentence names a feature of its theme, with the value of the feature table."""
    if reason.feature in NOT_A_FEATURE:
        return True
    subject = re.sub(r": (risk )?(about|much) [^:]*$", "", reason.text)
    own = [feature for feature in features if feature.theme == reason.feature]
    return any(_says(subject, feature, values.get(feature.name), nation) for feature in own)


def _says(subject: str, feature: Feature, value: Any, nation: str) -> bool:
    words, _, kind = feature.words.partition(": ")
    if not subject.startswith(words):
        return False
    rest = subject.removeprefix(words)
    if pd.isna(value):
        return rest == (f", {CHANGE}: not recorded" if kind == CHANGE else ": not recorded")
    if feature.kind == "flag":
        return rest == f": {'yes' if value else 'no'}"
    if feature.kind == "code":
        plain = str(value).replace("_", " ").lower()
        return rest in (f": {words_of(feature.name, str(value), nation)}", f": {plain}", f" {value}")
    if feature.name in ("weekday", "admitted_weekday"):
        return rest == f": {WEEKDAYS[int(value)]}"
    return _says_number(rest, feature, kind, float(value))


def _says_number(rest: str, feature: Feature, kind: str, value: float) -> bool:
    shapes = {SINCE: (" taken ", " ago"), UNCHANGED: (" the same for ", ""), CHANGE: ("", " in a day")}
    begin, end = shapes.get(kind, (" ", ""))
    if kind == CHANGE and value == 0:
        return rest == ": no change in a day"
    if kind == SINCE and value == 0:
        return rest == " taken in the last day"
    found = NUMBER.search(rest)
    if found is None or not rest.startswith(begin) or not rest.endswith(end):
        return False
    hours = 24 if feature.unit == "hours" and re.search(r"\bdays?\b", rest) else 1
    sign = -1 if rest.startswith(" down") else 1
    return abs(sign * float(found[0]) * hours - value) <= ROUNDED * hours


@dataclass(frozen=True)
class Asked:
    """Rows of a feature table with their moments, and one of the answers of a release about them."""

    predictor: Predictor
    table: pd.DataFrame
    at: pd.Series
    of: str  # "discharge" or "readmission"

    def answer(self, table: pd.DataFrame) -> Floats:
        """Return expected bed days of the next 28, or the risk in points, of the rows with other values."""
        if self.of == "readmission":
            assert self.predictor.readmission is not None
            return 100 * self.predictor.readmission.risk(self.predictor.encoder.matrix(table))
        curves = self.predictor.curves(table, self.predictor.days_of(table, self.at))
        return np.asarray(curves.in_bed[:, :BED_DAYS_WINDOW].sum(axis=1))

    def reasons(self, answers: list[Prediction]) -> list[Reasons | None]:
        """Return the reasons of that answer for each row."""
        return [getattr(answer, f"{self.of}_reasons") for answer in answers]


def stand_ins(asked: Asked, pool: pd.DataFrame, seed: int = 1) -> list[pd.DataFrame]:
    """Return, several times over, a patient of `pool` for each row, drawn from the row's reference group.

    Reasons are told from the mean of such patients, so what is deleted takes the values of several in turn.
    """
    group, own = groups(asked.predictor, pool), groups(asked.predictor, asked.table)
    rng, drawn = np.random.default_rng(seed), np.zeros((STAND_INS, len(own)), np.int64)
    for one in np.unique(own):
        alike = np.flatnonzero(group == one) if (group == one).any() else np.arange(len(group))
        drawn[:, own == one] = rng.choice(alike, (STAND_INS, int((own == one).sum())))
    return [pool.iloc[rows].set_axis(asked.table.index) for rows in drawn]


def without_the_largest(
    asked: Asked, answers: list[Prediction], instead: list[pd.DataFrame], seed: int = 1, disjoint: bool = True
) -> npt.NDArray[np.bool_]:
    """Tell of each row whether losing its three largest reasons moves its answer further than three others.

    The features of a theme take the values of the patients `instead`, and the answers are averaged.  The
    others are drawn from the rest of the themes, or if not `disjoint` from all, the largest among them.
    """
    themes: dict[str, list[str]] = {}
    for feature in asked.predictor.encoder.features:
        themes.setdefault(feature.theme, []).append(feature.name)
    rng = np.random.default_rng(seed)
    top, others = [], []
    for found in asked.reasons(answers):
        assert found is not None
        ranked = [reason.feature for reason in found.reasons if reason.feature in themes]
        top.append(set(ranked[:DELETED]))
        rest = sorted(set(themes) - top[-1]) if disjoint else sorted(themes)
        others.append(set(rng.choice(rest, DELETED, replace=False)))
    before = asked.answer(asked.table)
    moved = [
        np.mean([asked.answer(_without(asked.table, themes, gone, own)) for own in instead], axis=0) - before
        for gone in (top, others)
    ]
    return np.asarray(np.abs(moved[0]) > np.abs(moved[1]))


def _without(
    table: pd.DataFrame, themes: Mapping[str, list[str]], gone: list[set[str]], instead: pd.DataFrame
) -> pd.DataFrame:
    columns = {}
    for theme, names in themes.items():
        here = np.array([theme in sets for sets in gone])
        for name in names:
            mixed = table[name].astype("object").where(~here, instead[name].astype("object"))
            columns[name] = mixed.astype(
                "category" if isinstance(table[name].dtype, pd.CategoricalDtype) else "float64"
            )
    return table.assign(**columns)
