"""The answer for one inpatient at one moment, in the ward's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd

READMISSION_DEFINITION = "ENG-I02040-like/v1"
WarningKind = Literal["missing", "unknown", "impossible", "stale", "source", "scope"]


@dataclass(frozen=True)
class DateForecast:
    """When something is likely to happen, if it happens; all dates are the hospital's local days.

    `likely` is the median day, `earliest` to `latest` the fewest consecutive days that hold at least
    80 %, and `by` the probability that it has happened by the end of each day, deaths and transfers
    counted as never.
    """

    likely: date
    earliest: date
    latest: date
    by: Mapping[date, float]


@dataclass(frozen=True)
class ReadmissionForecast:
    """P(emergency admission on days 0 to 29 after this stay's eventual live discharge | known now)."""

    risk: float
    band: Literal["low", "medium", "high"]
    same_issue: float | None = None
    definition: str = READMISSION_DEFINITION


@dataclass(frozen=True)
class Reason:
    """One group of related features: a plain sentence and its share, in days or in risk points (0 to 100)."""

    feature: str
    text: str
    amount: float


@dataclass(frozen=True)
class Reasons:
    """Reasons that add up: `reference` plus all amounts is `answer`, to 1e-6.

    For dates both are expected bed days in the next 28 days, for readmission the risk in points.
    """

    reference: float
    answer: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class PredictionWarning:
    """Something about the input that a person should know: a missing value is not an unknown code."""

    field: str
    kind: WarningKind
    text: str


@dataclass(frozen=True)
class Prediction:
    """The answer for one inpatient; parts that cannot be given are None and a warning says why."""

    admission_id: str
    at: pd.Timestamp
    release: str
    ready: DateForecast | None = None
    ready_since: date | None = None
    discharge: DateForecast | None = None
    home_within_30_days: float | None = None
    expected_delay_days: float | None = None
    readmission: ReadmissionForecast | None = None
    ready_reasons: Reasons | None = None
    discharge_reasons: Reasons | None = None
    readmission_reasons: Reasons | None = None
    warnings: tuple[PredictionWarning, ...] = field(default=())

    @property
    def in_scope(self) -> bool:
        """False for children, maternity, day cases and end of life, who get no prediction."""
        return not any(warning.kind == "scope" for warning in self.warnings)

    def as_json(self) -> dict[str, Any]:
        """Return the answer as `POST /v1/predict` gives it, ready for `json.dumps`."""
        return {
            "admission_id": self.admission_id,
            "at": self.at.isoformat(),
            "release": self.release,
            "ready": _date_json(self.ready),
            "ready_since": self.ready_since.isoformat() if self.ready_since else None,
            "discharge": _discharge_json(self.discharge, self.home_within_30_days),
            "expected_delay_days": _rounded(self.expected_delay_days, 2),
            "readmission": _readmission_json(self.readmission),
            "reasons": {
                "ready": _reasons_json(self.ready_reasons, "days"),
                "discharge": _reasons_json(self.discharge_reasons, "days"),
                "readmission": _reasons_json(self.readmission_reasons, "points"),
            },
            "warnings": [
                {"field": warning.field, "kind": warning.kind, "text": warning.text}
                for warning in self.warnings
            ],
        }


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(float(number), digits)


def _date_json(forecast: DateForecast | None) -> dict[str, Any] | None:
    if forecast is None:
        return None
    return {
        "likely": forecast.likely.isoformat(),
        "earliest": forecast.earliest.isoformat(),
        "latest": forecast.latest.isoformat(),
        "by": {day.isoformat(): round(float(chance), 4) for day, chance in forecast.by.items()},
    }


def _discharge_json(forecast: DateForecast | None, home_within_30_days: float | None) -> dict[str, Any] | None:
    dates = _date_json(forecast)
    return None if dates is None else {**dates, "home_within_30_days": _rounded(home_within_30_days, 4)}


def _readmission_json(forecast: ReadmissionForecast | None) -> dict[str, Any] | None:
    if forecast is None:
        return None
    return {
        "risk": _rounded(forecast.risk, 4),
        "band": forecast.band,
        "same_issue": _rounded(forecast.same_issue, 4),
        "definition": forecast.definition,
    }


def _reasons_json(reasons: Reasons | None, unit: str) -> list[dict[str, Any]]:
    if reasons is None:
        return []
    return [
        {"feature": reason.feature, "text": reason.text, unit: round(reason.amount, 7)}
        for reason in reasons.reasons
    ]
