"""The date that a board shows: it stays until the suggestion has moved by more than a day, lest it flicker."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from serving.board_words import spoken
from serving.store.log import LoggedPrediction

STAYS_WITHIN = timedelta(days=1)
LEAVING, READY = "leaving_shown", "ready_shown"  # in what a row of the log was shown with
NOT_ABOUT_THE_PATIENT = "calibration"  # a reason in the sum, but nothing that a ward can look at
KINDS = {LEAVING: "discharge", READY: "ready"}


@dataclass(frozen=True)
class Moved:
    """By how many days a shown date of leaving has moved, what it was, and which reason changed most."""

    days: int
    was: str
    why: str


def dates_shown(
    answer: Mapping[str, Any], before: LoggedPrediction | None, today: date
) -> dict[str, str | None]:
    """Return the dates that a board is to show with an answer, in ISO 8601, after what it showed before."""
    earlier = before.inputs["now"] if before else {}
    return {
        name: _held(answer[kind]["likely"] if answer[kind] else None, earlier.get(name), today)
        for name, kind in KINDS.items()
    }


def leaving_shown(row: LoggedPrediction) -> str | None:
    """Return the date of leaving that is shown with a prediction, in ISO 8601."""
    return _shown(row, LEAVING)


def ready_shown(row: LoggedPrediction) -> str | None:
    """Return the date of becoming ready that is shown with a prediction, in ISO 8601."""
    return _shown(row, READY)


def moved(row: LoggedPrediction, before: LoggedPrediction | None) -> Moved | None:
    """Return how far the date of leaving has moved since another prediction; None if it shows the same day."""
    now, then = leaving_shown(row), leaving_shown(before) if before else None
    if before is None or now is None or then is None or now == then:
        return None
    days = (date.fromisoformat(now) - date.fromisoformat(then)).days
    return Moved(days, spoken(date.fromisoformat(then)), _why(row, before, days))


def _held(likely: str | None, before: str | None, today: date) -> str | None:
    """Return a date, or the one before it where that is within a day and has not passed.

    >>> _held("2026-01-10", "2026-01-09", date(2026, 1, 8)), _held("2026-01-11", "2026-01-09", date(2026, 1, 8))
    ('2026-01-09', '2026-01-11')
    """
    if likely is None or before is None:
        return likely
    day, held = date.fromisoformat(likely), date.fromisoformat(before)
    return before if held >= today and abs(day - held) <= STAYS_WITHIN else likely


def _shown(row: LoggedPrediction, name: str) -> str | None:
    answer = row.answer[KINDS[name]]
    shown = row.inputs["now"].get(name) or (answer["likely"] if answer else None)
    return None if shown is None else str(shown)


def _why(row: LoggedPrediction, before: LoggedPrediction, days: int) -> str:
    """Return the reason that moved most in the direction of the date; empty where none did."""
    then = {reason["feature"]: reason["days"] for reason in before.answer["reasons"]["discharge"]}
    sign = 1 if days > 0 else -1
    changes = [
        (sign * (reason["days"] - then.get(reason["feature"], 0.0)), str(reason["text"]))
        for reason in row.answer["reasons"]["discharge"]
        if reason["feature"] != NOT_ABOUT_THE_PATIENT
    ]
    most, text = max(changes, default=(0.0, ""))
    return text if most > 0.05 else ""
