"""Bank holidays, clock changes and days by the rules of the Acts, written apart from any package."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache

from dateutil.easter import easter
from dateutil.relativedelta import FR, MO, SU, relativedelta

SATURDAY = 5
ONCE = {"SCT": {date(2026, 6, 15)}}
"""Proclaimed for one year: Scotland's men at the World Cup."""


def bank_holidays(nation: str, year: int) -> set[date]:
    """Return the weekdays that are bank holidays (Banking and Financial Dealings Act 1971, schedule 1)."""
    good_friday, easter_monday = easter(year) + relativedelta(weekday=FR(-1)), easter(year) + timedelta(1)
    may, june, august = date(year, 5, 1), date(year, 5, 31), date(year, 8, 1)
    days = {good_friday, may + relativedelta(weekday=MO(1)), june + relativedelta(weekday=MO(-1))}
    days |= _taken(date(year, 12, 25), date(year, 12, 26))
    if nation == "SCT":
        days |= _taken(date(year, 1, 1), date(year, 1, 2)) | _taken(date(year, 11, 30))
        days.add(august + relativedelta(weekday=MO(1)))
    else:
        days |= {easter_monday, date(year, 8, 31) + relativedelta(weekday=MO(-1))}
        days |= _taken(date(year, 1, 1))
    if nation == "NIR":
        days |= _taken(date(year, 3, 17)) | _taken(date(year, 7, 12))
    return days | {day for day in ONCE.get(nation, ()) if day.year == year}


def _taken(*days: date) -> set[date]:
    """Return the weekdays on which holidays are taken: those at a weekend on the next free ones."""
    kept = {day for day in days if day.weekday() < SATURDAY}
    for day in days:
        moved = day
        while moved.weekday() >= SATURDAY or (moved != day and moved in kept):
            moved += timedelta(1)
        kept.add(moved)
    return kept


@cache
def clock_changes(year: int) -> tuple[datetime, datetime]:
    """Return when summer time begins and ends: 01:00 UTC on the last Sundays of March and October."""
    last = (
        date(year, 3, 31) + relativedelta(weekday=SU(-1)),
        date(year, 10, 31) + relativedelta(weekday=SU(-1)),
    )
    begins, ends = (datetime(day.year, day.month, day.day, 1, tzinfo=UTC) for day in last)
    return begins, ends


def local(at: datetime) -> datetime:
    """Return what a clock on a wall in London shows at an instant, without a zone."""
    begins, ends = clock_changes(at.year)
    return at.replace(tzinfo=None) + timedelta(hours=1 if begins <= at < ends else 0)


def instant(wall: datetime) -> datetime:
    """Return the first instant at which the clock on the wall shows a time, or would have."""
    first, later = (wall.replace(tzinfo=UTC) - timedelta(hours=hours) for hours in (1, 0))
    return first if local(first) == wall else later


def last_board(at: datetime, hour: int) -> datetime:
    """Return the last board round by an instant: today's at its hour on the wall, or yesterday's."""
    today = local(at).replace(hour=hour, minute=0, second=0, microsecond=0)
    return max(round_ for days in (0, 1, 2) if (round_ := instant(today - timedelta(days))) <= at)


def moments(first: int, last: int, minutes: int) -> Iterator[datetime]:
    """Yield an instant every so many minutes of some years."""
    at, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    while at < end:
        yield at
        at += timedelta(minutes=minutes)


def telling_moments(first: int, last: int, minutes: int) -> Iterator[datetime]:
    """Yield those near clock changes, leap days and turns of the year."""
    for at in moments(first, last, minutes):
        days = [
            *(change.date() for change in clock_changes(at.year)),
            date(at.year, 12, 31),
            date(at.year, 1, 1),
        ]
        leap = (at.month, at.day) in ((2, 28), (2, 29), (3, 1))
        if leap or any(abs((at.date() - day).days) <= 1 for day in days):
            yield at
