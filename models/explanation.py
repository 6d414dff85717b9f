"""From SHAP values to the reasons of each row: shares by theme, the remainder named, the sum kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.table import Columns
from models.booster import Floats, Matrix
from models.discharge_date import PIECE_COLUMNS, Days
from models.distribution import Curves
from models.encoding import Encoder
from models.prediction import Reasons
from models.reasons import (
    BED_DAYS_WINDOW,
    days_by_feature,
    group_of,
    near_contributions,
    near_rows,
    near_shares,
    piece_themes,
    points_by_feature,
)
from models.shapley import Explain
from models.wording import ahead_words, day_reasons, point_reasons, value_words

if TYPE_CHECKING:
    from models.predictor import Predictor

WEEK = 7
FIRST_DAY_OFF = 5  # of the kinds of day: Saturday, Sunday, bank holiday


@dataclass(frozen=True)
class Shares:
    """Each feature's share of each row's answer, in days or points, and both ends of the sum."""

    names: list[str]
    themes: list[str]
    amounts: Floats
    start: Floats
    answer: Floats
    remainder: Floats | None = None  # what the calibration map and the envelope add, in days
    ahead: tuple[str, ...] = ()  # of a date: the days ahead of each row, in words

    def reasons(self, row: int, told: list[Mapping[str, str]]) -> Reasons:
        """Return the reasons of one row; start plus their amounts is the answer."""
        parts: dict[str, dict[str, float]] = {}
        for name, theme, amount in zip(self.names, self.themes, self.amounts[row].tolist(), strict=True):
            parts.setdefault(theme, {})[name] = amount
        if self.remainder is not None:
            parts["calibration"] = {"calibration": float(self.remainder[row])}
        sums = {theme: sum(part.values()) for theme, part in parts.items()}
        found = (
            day_reasons(sums, parts, self._said(row, told))
            if self.ahead
            else point_reasons(sums, parts, told[row])
        )
        return Reasons(float(self.start[row]), float(self.answer[row]), found)

    def _said(self, row: int, told: list[Mapping[str, str]]) -> Mapping[str, str]:
        return {**told[row], **dict.fromkeys(PIECE_COLUMNS, self.ahead[row])}


def told(encoder: Encoder, table: pd.DataFrame | Columns, nation: str = "ENG") -> list[Mapping[str, str]]:
    """Return, for each row, every feature of the release said with its value, codes in the nation's words."""
    rows = Columns.of(table)
    columns = {
        feature.name: [value_words(feature, value, nation) for value in rows.plain(feature.name)]
        if feature.name in rows.arrays
        else [value_words(feature, None)] * len(rows)
        for feature in encoder.features
    }
    return [dict(zip(columns, words, strict=True)) for words in zip(*columns.values(), strict=True)]


def groups(predictor: "Predictor", table: pd.DataFrame | Columns) -> npt.NDArray[np.int64]:
    """Return the reference group of each row."""
    columns = Columns.of(table)
    elective = predictor.facts.group("admission_method", "elective")
    return group_of(columns.numbers("hours_so_far"), ~columns.among("admission_method", elective))


def date_reasons(
    predictor: "Predictor", table: pd.DataFrame | Columns, matrix: Matrix, days: Days, curves: Curves
) -> Mapping[str, Shares]:
    """Return the shares of the discharge and the ready answers, in expected bed days of the next 28."""
    model = predictor.date_model
    assert model is not None
    window = slice(0, BED_DAYS_WINDOW)
    group, shares_of_days = groups(predictor, table), near_shares(model, days)
    rows = near_rows(matrix, days), group, shares_of_days, days_ahead(days)
    shares = {
        "discharge": _shares(
            predictor, "leave", model.explain_leave, rows, curves.in_bed[:, window].sum(axis=1)
        )
    }
    if model.explain_ready is not None and curves.ready_by is not None:
        unready = (1 - curves.ready_by[:, window]).sum(axis=1)
        shares["ready"] = _shares(predictor, "ready", model.explain_ready, rows, unready)
    return shares


def risk_reasons(predictor: "Predictor", table: pd.DataFrame | Columns, matrix: Matrix) -> Shares:
    """Return the shares of the readmission risk, in points."""
    model = predictor.readmission
    assert model is not None
    shap = model.contributions(matrix)
    reference = predictor.references["readmission"].mean[groups(predictor, table)]
    amounts, start, answer = points_by_feature(shap, reference, model.risk_map.applied)
    names = predictor.encoder.names
    themes = [feature.theme for feature in predictor.encoder.features]
    return Shares(names, themes, amounts, start, answer)


def days_ahead(days: Days) -> tuple[str, ...]:
    """Return what the days ahead of each row are, in words; without a calendar only that they lie ahead."""
    if days.nation is None:
        return (ahead_words(None),) * len(days.first)
    off = (days.kinds()[:, :WEEK] >= FIRST_DAY_OFF).sum(axis=1)
    return tuple(ahead_words(count) for count in off.tolist())


def _shares(
    predictor: "Predictor",
    name: str,
    explain: Explain,
    rows: tuple[Matrix, npt.NDArray[np.int64], Floats, tuple[str, ...]],
    answer: Floats,
) -> Shares:
    near, group, shares, ahead = rows
    reference = predictor.references[name].mean[group]
    amounts, start, raw = days_by_feature(near_contributions(explain, near), reference, shares)
    names = predictor.encoder.names + list(PIECE_COLUMNS)
    themes = [feature.theme for feature in predictor.encoder.features] + piece_themes()
    return Shares(names, themes, amounts, start, answer, answer - raw, ahead)
