"""Dates, chances and lengths of time as a ward says them; empty where there is nothing to say."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

LEAST_SAID = 0.01


@lru_cache(4096)  # a page says the same few days hundreds of times
def spoken(day: date) -> str:
    """Return a date as a ward says it.

    >>> spoken(date(2026, 1, 9))
    'Fri 9 Jan'
    """
    return f"{day:%a} {day.day} {day:%b}"


def percent(chance: float) -> str:
    """Return a probability in whole per cent, never 0 or 100 for what is possible.

    >>> percent(0.314), percent(0.001), percent(0.999), percent(0.0)
    ('31 %', 'under 1 %', 'over 99 %', '0 %')
    """
    if 0 < chance < LEAST_SAID:
        return "under 1 %"
    if 1 - LEAST_SAID < chance < 1:
        return "over 99 %"
    return f"{100 * chance:.0f} %"


def clock_time(instant: datetime, zone: ZoneInfo) -> str:
    """Return an instant as a clock on the ward shows it, with its date."""
    local = instant.astimezone(zone)
    return f"{local:%H:%M} on {spoken(local.date())} {local.year}"


def spoken_iso(day: str | None) -> str:
    """Return a date of an answer as a ward says it."""
    return spoken(date.fromisoformat(day)) if day else ""


def percent_if(chance: float | None) -> str:
    """Return a probability in whole per cent."""
    return "" if chance is None else percent(chance)


def date_range(forecast: Mapping[str, Any] | None) -> str:
    """Return the range of a date."""
    if not forecast:
        return ""
    earliest, latest = spoken_iso(forecast["earliest"]), spoken_iso(forecast["latest"])
    return earliest if earliest == latest else f"{earliest} to {latest}"


def delay(days: float | None, ready_already: bool) -> str:
    """Return an expected delay."""
    if days is None:
        return ""
    said = "under half a day" if days < 0.5 else f"{days:.1f} days"
    return f"{said} more" if ready_already else said


def how_old(length: timedelta) -> str:
    """Return how old predictions are."""
    return f"{length.days} days" if length.days > 1 else f"{length.total_seconds() // 3600:.0f} hours"
