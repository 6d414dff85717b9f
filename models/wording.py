"""Reasons and warnings in plain words, each with its number and never as a cause."""

import math
from collections.abc import Mapping

import pandas as pd

from features.catalogue import Feature
from models.prediction import Reason

LEAST_DAYS = 0.05
LEAST_POINTS = 0.05
HOURS_SAID_AS_DAYS = 48
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CODE_WORDS = {
    ("sex", "1"): "male",
    ("sex", "2"): "female",
    **{("weekday", str(number)): day for number, day in enumerate(WEEKDAYS)},
    **{("admitted_weekday", str(number)): day for number, day in enumerate(WEEKDAYS)},
}
THEME_WORDS = {
    "the days ahead": "Weekends and bank holidays ahead",
    "calibration": "What later patients showed, and other ways out (calibration)",
}


def value_words(feature: Feature, value: object) -> str:
    """Say a feature with its value.

    >>> value_words(Feature("news2", "NEWS2 score", "NEWS2", "H4", unit="points"), 7.0)
    'NEWS2 score 7'
    >>> value_words(Feature("stay", "Time in hospital so far", "stay", "P", unit="hours"), 76.0)
    'Time in hospital so far 3.2 days'
    >>> value_words(Feature("lives_alone", "Lives alone", "home", "D1", "flag"), float("nan"))
    'Lives alone: not recorded'
    """
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA:
        return f"{feature.words}: not recorded"
    if said := CODE_WORDS.get((feature.name, str(value).removesuffix(".0"))):
        return f"{feature.words}: {said}"
    if feature.kind == "flag":
        return f"{feature.words}: {'yes' if value else 'no'}"
    if feature.kind == "code":
        return f"{feature.words} {value}"
    number, unit = float(str(value)), feature.unit
    if unit == "hours" and number >= HOURS_SAID_AS_DAYS:
        number, unit = number / 24, "days"
    said = f"{number:.1f}".removesuffix(".0")
    return f"{feature.words} {said}" + (f" {unit}" if unit and unit != "points" else "")


def day_reasons(
    sums: Mapping[str, float], parts: Mapping[str, Mapping[str, float]], told: Mapping[str, str], towards: str
) -> tuple[Reason, ...]:
    """Return one reason a theme in days, the largest first; `told` says each feature with its value."""
    return _reasons(sums, parts, told, lambda days: _days_words(days, towards))


def point_reasons(
    sums: Mapping[str, float], parts: Mapping[str, Mapping[str, float]], told: Mapping[str, str]
) -> tuple[Reason, ...]:
    """Return one reason a theme in risk points (0 to 100), the largest first."""
    return _reasons(sums, parts, told, _points_words)


def largest(parts: Mapping[str, float]) -> str:
    """Return the name of the largest part, either way."""
    return max(parts, key=lambda name: abs(parts[name]))


def _reasons(sums, parts, told, words) -> tuple[Reason, ...]:  # type: ignore[no-untyped-def]
    reasons = []
    for theme in sorted(sums, key=lambda name: -abs(sums[name])):
        subject = THEME_WORDS.get(theme) or told[largest(parts[theme])]
        said = _remainder_words(sums[theme]) if theme == "calibration" else words(sums[theme])
        reasons.append(Reason(theme, f"{subject}: {said}", sums[theme]))
    return tuple(reasons)


def _remainder_words(days: float) -> str:
    return f"{'adds' if days > 0 else 'takes off'} {abs(days):.1f} days"


def _days_words(days: float, towards: str) -> str:
    if abs(days) < LEAST_DAYS:
        return f"makes no difference to {towards}"
    size = f"{abs(days):.1f}".removesuffix(".0")
    unit = "day" if size == "1" else "days"
    return f"about {size} {unit} {'longer' if days > 0 else 'shorter'} than patients like this on average"


def _points_words(points: float) -> str:
    if abs(points) < LEAST_POINTS:
        return "makes no difference to the chance of coming back"
    size = f"{abs(points):.1f}".removesuffix(".0")
    higher = "higher" if points > 0 else "lower"
    return f"a chance about {size} in 100 {higher} than patients like this on average"
