"""Which weeks are watched, which are the reference, and with how much history each is seen."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.errors import HomewardError
from features.tables import Hospital
from training.watch import LATE_DAYS

FILLING_DAYS = 90  # an extract leaves out who was in already: so long it fills up
MOST_REFERENCE_WEEKS = 52  # each season once
FEWEST_REFERENCE_WEEKS = 12
MOST_HISTORY_DAYS = 730  # features look two years back for illness


class NoWeekYet(HomewardError):
    """There is no whole week after what a release learnt from."""


@dataclass(frozen=True)
class Weeks:
    """Weeks from Monday to Sunday: the first `reference` are the reference, `watched` follow in `places`.

    `first` is the Monday of the first reference week; week w begins 7 w days later.  Every week is seen with
    `history_days` of history, so that a growing extract is no drift.  A label is told `late_days` after it
    could be known.
    """

    first: pd.Timestamp
    reference: int
    places: range
    history_days: int
    late_days: int
    until: pd.Timestamp  # the local day of the last thing recorded

    def ripe_on(self, week: int, days: int) -> pd.Timestamp:
        """Return the first day on which labels of a whole week are known that take so many days."""
        return self.monday(week + 1) + pd.Timedelta(days=days + self.late_days)

    def monday(self, week: int) -> pd.Timestamp:
        """Return the first midnight of a week, without a zone."""
        return self.first + pd.Timedelta(days=7 * week)

    def said(self, week: int) -> str:
        """Return a week in words."""
        return f"the week of {self.monday(week):%-d %B %Y}"


def weeks_of(
    hospital: Hospital,
    learnt_until: pd.Timestamp,
    since: pd.Timestamp | None = None,
    count: int | None = None,
    late_days: int = LATE_DAYS,
) -> Weeks:
    """Return the whole weeks after what a release learnt from (or after `since`), the last `count` of them.

    The reference is the last year that the release learnt from, as this extract tells it, without the first 90
    days of the extract.  Raises NoWeekYet where there is no whole week to watch, and HomewardError for less
    than 12 weeks of reference, or where dates do not compare between patients.
    """
    if hospital.dates != "comparable":
        raise HomewardError(f"only weeks of a calendar can be watched; the dates of {hospital.source} are none")
    begun, until = _day(hospital.admissions["admitted_at"].min(), hospital), _day(learnt_until, hospital)
    ends = _monday(_day(hospital.observed_until, hospital))
    watched_from = _next_monday(max(until, _day(since, hospital)) if since is not None else until)
    if watched_from >= ends:
        raise NoWeekYet(
            f"the extract must hold the whole week from {watched_from:%-d %B %Y}, the first after what the "
            f"release learnt or --since names; it ends on {hospital.observed_until:%-d %B %Y}: read a newer one"
        )
    reference_ends = _monday(until)
    first = _next_monday(begun + pd.Timedelta(days=FILLING_DAYS - 1))
    first = max(first, reference_ends - pd.Timedelta(weeks=MOST_REFERENCE_WEEKS))
    reference = (reference_ends - first).days // 7
    if reference < FEWEST_REFERENCE_WEEKS:
        raise HomewardError(
            f"the extract must begin {FILLING_DAYS} days and {FEWEST_REFERENCE_WEEKS} weeks before "
            f"{until:%d %B %Y}, until when the release learnt, to say what is usual; it begins on "
            f"{begun:%d %B %Y}: read one that reaches further back"
        )
    places = range((watched_from - first).days // 7, (ends - first).days // 7)
    history = min((first - begun).days, MOST_HISTORY_DAYS)
    return Weeks(
        first,
        reference,
        places[-count:] if count else places,
        history,
        late_days,
        _day(hospital.observed_until, hospital),
    )


def _day(instant: pd.Timestamp, hospital: Hospital) -> pd.Timestamp:
    zone = hospital.facts.time_zone
    local = instant.tz_localize(zone) if instant.tzinfo is None else instant.tz_convert(zone)
    return local.tz_localize(None).normalize()


def _monday(day: pd.Timestamp) -> pd.Timestamp:
    return day - pd.Timedelta(days=day.weekday())


def _next_monday(day: pd.Timestamp) -> pd.Timestamp:
    """Return the first Monday after a day."""
    return _monday(day) + pd.Timedelta(days=7)


def days_after(instants: pd.Series, first: pd.Timestamp) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return whole local days of instants after a day."""
    return np.asarray((instants.dt.tz_localize(None).dt.normalize() - first).dt.days, np.int64)
