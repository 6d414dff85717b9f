"""Reasons and warnings in plain words, each with its number and never as a cause."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from features.catalogue import CHANGE, SINCE, UNCHANGED, Feature
from models.code_words import words_of
from models.prediction import Reason

LEAST = 0.05  # of days, or of points: what is less is said to be much the same
HOURS_SAID_AS_DAYS = 48
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ALIKE = "patients like this"
COMPARED = f"{ALIKE} on average"
NOT_RECORDED = "not recorded"
CORRECTION = "Set right by later patients"
THEME_WORDS = {"calibration": CORRECTION}  # the sum's own line: no feature stands behind it
SILENT_UNITS = ("", "points")


def value_words(feature: Feature, value: object, nation: str = "ENG") -> str:
    """Say a feature with its value; a code in the words of the nation's list, what is missing as missing.

    >>> value_words(Feature("news2", "NEWS2 score", "NEWS2", "H4", unit="points"), 7.0)
    'NEWS2 score 7'
    >>> value_words(Feature("stay", "Time in hospital so far", "stay", "P", unit="hours"), 76.0)
    'Time in hospital so far 3.2 days'
    >>> value_words(Feature("lives_alone", "Lives alone", "home", "D1", "flag"), float("nan"))
    'Lives alone: not recorded'
    >>> value_words(Feature("admission_method", "Admission method", "way in", "P", "code"), "21")
    'Admission method: emergency, from A&E'
    """
    words, _, kind = feature.words.partition(": ")
    if _missing(value):
        return f"{f'{words}, {CHANGE}' if kind == CHANGE else words}: {NOT_RECORDED}"
    if feature.kind == "flag":
        return f"{feature.words}: {'yes' if value else 'no'}"
    if feature.kind == "code":
        return _code_words(feature, str(value), nation)
    if kind in (SINCE, CHANGE, UNCHANGED):
        return _event_words(words, kind, float(str(value)), feature.unit)
    return _number_words(feature, float(str(value)), nation)


def ahead_words(days_off: int | None) -> str:
    """Say what the week ahead is, by how many of its days are of a weekend or bank holidays.

    >>> ahead_words(2), ahead_words(None)
    ('Weekend and bank holidays in the week ahead: 2', 'How far ahead each day is')
    """
    if days_off is None:
        return "How far ahead each day is"
    return f"Weekend and bank holidays in the week ahead: {days_off}"


def day_reasons(
    sums: Mapping[str, float], parts: Mapping[str, Mapping[str, float]], told: Mapping[str, str]
) -> tuple[Reason, ...]:
    """Return one reason a theme in days, the largest first; `told` says each feature with its value."""
    return _reasons(sums, parts, told, _days_words)


def point_reasons(
    sums: Mapping[str, float], parts: Mapping[str, Mapping[str, float]], told: Mapping[str, str]
) -> tuple[Reason, ...]:
    """Return one reason a theme in risk points (0 to 100), the largest first."""
    return _reasons(sums, parts, told, _points_words)


def leading(parts: Mapping[str, float]) -> str:
    """Return the name of the part that is the largest share of the sum, in the sum's own direction.

    A part that pulls the other way would stand beside a number of the wrong sign.

    >>> leading({"charlson": -0.3, "had_copd": 0.2, "had_chf": 0.25})
    'had_chf'
    """
    total = sum(parts.values())
    direction = 1 if total >= 0 else -1
    return max(parts, key=lambda name: (direction * parts[name], abs(parts[name])))


def _reasons(
    sums: Mapping[str, float],
    parts: Mapping[str, Mapping[str, float]],
    told: Mapping[str, str],
    words: Callable[[float], str],
) -> tuple[Reason, ...]:
    return tuple(
        Reason(theme, f"{THEME_WORDS.get(theme) or told[leading(parts[theme])]}: {words(amount)}", amount)
        for theme, amount in sorted(sums.items(), key=lambda item: -abs(item[1]))
    )


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value))


def _code_words(feature: Feature, code: str, nation: str) -> str:
    said = words_of(feature.name, code, nation)
    if said is None and "_" in code:
        said = code.replace("_", " ").lower()  # names in capitals, such as a reason of a delay
    return f"{feature.words}: {said}" if said else f"{feature.words} {code}"


def _event_words(words: str, kind: str, number: float, unit: str) -> str:
    if kind == CHANGE:
        size = _with_unit(abs(number), unit)
        return f"{words}: no change in a day" if number == 0 else f"{words} {_way(number)} {size} in a day"
    if kind == UNCHANGED:
        return f"{words} the same for {_with_unit(number, unit)}"
    return f"{words} taken " + ("in the last day" if number == 0 else f"{_with_unit(number, unit)} ago")


def _number_words(feature: Feature, number: float, nation: str) -> str:
    if feature.name in ("weekday", "admitted_weekday"):
        return f"{feature.words}: {WEEKDAYS[int(number)]}"
    unit = "" if feature.unit in feature.words.lower() else feature.unit  # "Bed days in the last year 4"
    said = f"{feature.words} {_with_unit(number, unit)}"
    meaning = words_of(feature.name, f"{number:g}", nation)
    return f"{said} ({meaning})" if meaning else said


def _with_unit(number: float, unit: str) -> str:
    if unit == "hours" and number >= HOURS_SAID_AS_DAYS:
        number, unit = number / 24, "days"
    said = _plain(number)
    if unit in ("hours", "days", "years") and said == "1":
        unit = unit.removesuffix("s")
    return said if unit in SILENT_UNITS else f"{said} {unit}"


def _way(number: float) -> str:
    return "up" if number > 0 else "down"


def _plain(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _days_words(days: float) -> str:
    if abs(days) < LEAST:
        return f"much the same as {ALIKE}"
    size = _plain(abs(days))
    return (
        f"about {size} {'day' if size == '1' else 'days'} {'longer' if days > 0 else 'shorter'} than {COMPARED}"
    )


def _points_words(points: float) -> str:
    if abs(points) < LEAST:
        return f"much the same risk as {ALIKE}"
    return f"risk about {_plain(abs(points))} in 100 {'higher' if points > 0 else 'lower'} than {COMPARED}"
