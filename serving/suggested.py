"""What the page of a patient says of the newest prediction: dates, each day's chance, and every reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from features.hospital import Facts
from serving.board import STALE_AFTER
from serving.board_row import COMPARED, EVEN_CHANCE, chance_by, free_days
from serving.board_words import clock_time, date_range, delay, how_old, percent, percent_if, spoken, spoken_iso
from serving.shown import NOT_ABOUT_THE_PATIENT, leaving_shown, ready_shown
from serving.store.log import LoggedPrediction

DAYS_SHOWN = 28
LEAST_DRAWN = 0.05  # days, or points of risk: less is said to be much the same
KINDS = (("ready", "Ready to go"), ("discharge", "Leaving hospital"), ("readmission", "Back within 30 days"))


@dataclass(frozen=True)
class Chance:
    """One day of the picture: the chance of leaving on it and of having left by its end, as parts of 1."""

    on: date
    words: str
    alone: float
    by: float
    free: bool

    @property
    def alone_words(self) -> str:
        """The chance of leaving on the day."""
        return percent(self.alone)

    @property
    def by_words(self) -> str:
        """The chance of having left by its end."""
        return percent(self.by)


@dataclass(frozen=True)
class Because:
    """One reason: `size` is its share of the largest one of its kind, and `more` whether it adds."""

    text: str
    size: float
    more: bool


@dataclass(frozen=True)
class Reasons:
    """All reasons of one answer; `little` are those that make little difference."""

    title: str
    rows: tuple[Because, ...]
    little: tuple[str, ...]


@dataclass(frozen=True)
class Suggested:
    """What the newest prediction says; texts are empty where there is nothing to say."""

    at: str
    age: str
    release: str
    ready: str
    ready_range: str
    leaving: str
    leaving_range: str
    iso: str
    doubtful: bool
    home_within_30_days: str
    delay: str
    band: str
    risk: str
    days: tuple[Chance, ...]
    reasons: tuple[Reasons, ...]
    gaps: tuple[str, ...]
    why_none: str


def suggested_of(one: LoggedPrediction, facts: Facts, now: datetime, zone: ZoneInfo) -> Suggested:
    """Return what a page says of a prediction."""
    answer = one.answer
    discharge, ready, since = answer["discharge"], answer["ready"], answer["ready_since"]
    risk, age = answer["readmission"], now - one.at
    gaps = [str(warning["text"]) for warning in answer["warnings"]]
    return Suggested(
        at=clock_time(one.at, zone),
        age=how_old(age) if age > STALE_AFTER else "",
        release=one.release,
        ready=ready_words(one),
        ready_range="" if since else date_range(ready),
        leaving=spoken_iso(leaving_shown(one)),
        leaving_range=date_range(discharge),
        iso=leaving_shown(one) or "",
        doubtful=bool(discharge) and discharge["home_within_30_days"] < EVEN_CHANCE,
        home_within_30_days=percent_if(discharge["home_within_30_days"]) if discharge else "",
        delay=delay(answer["expected_delay_days"], bool(since)),
        band=risk["band"] if risk else "",
        risk=percent_if(risk["risk"]) if risk else "",
        days=_days(discharge["by"], one.at.astimezone(zone).date(), facts) if discharge else (),
        reasons=tuple(
            _reasons(title, answer["reasons"][kind]) for kind, title in KINDS if answer["reasons"][kind]
        ),
        gaps=tuple(gaps) if discharge else (),
        why_none="" if discharge else "; ".join(gaps) or "no date could be given",
    )


def _days(by: Mapping[str, float], today: date, facts: Facts) -> tuple[Chance, ...]:
    found, before = [], 0.0
    for day, free in free_days(today, facts, DAYS_SHOWN).items():
        until = chance_by(by, day)
        found.append(Chance(day, spoken(day), max(until - before, 0.0), until, free))
        before = until
    return tuple(found)


def _reasons(title: str, told: Sequence[Mapping[str, Any]]) -> Reasons:
    """Return all reasons of one answer, the largest first; what is not about the patient comes last."""
    unit = "days" if "days" in told[0] else "points"
    most = max(abs(one[unit]) for one in told) or 1.0
    in_order = sorted(told, key=lambda one: (one["feature"] == NOT_ABOUT_THE_PATIENT, -abs(one[unit])))
    large = [one for one in in_order if abs(one[unit]) >= LEAST_DRAWN]
    return Reasons(
        title,
        tuple(Because(_said(one), abs(one[unit]) / most, one[unit] > 0) for one in large),
        tuple(_said(one) for one in in_order if abs(one[unit]) < LEAST_DRAWN),
    )


def _said(reason: Mapping[str, Any]) -> str:
    return str(reason["text"]).removesuffix(COMPARED)


def ready_words(one: LoggedPrediction) -> str:
    """Return the day of becoming ready that is shown, or since when that is so."""
    since = one.answer["ready_since"]
    return f"since {spoken_iso(since)}" if since else spoken_iso(ready_shown(one))
