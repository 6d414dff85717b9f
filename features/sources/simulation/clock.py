"""The hospital's calendar, its arrival rates, and time as minutes of wall-clock since the first midnight."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.sources.simulation.numbers import Array, Floats, Rows, parameters
from features.working_days import calendar

MINUTES_A_DAY = 1440
DAYS_A_YEAR = 365.25
DAYS_AFTER = 400  # of calendar beyond the end, for plans and returns that are never recorded
SATURDAY = 5
BANK_HOLIDAY = 7  # the eighth kind of day
AN_ORDINARY_DAY = 2  # Wednesday


@dataclass(frozen=True)
class Clock:
    """Where the hospital is in time.

    `calendar` has one row a day: `day_kind` (0 Monday to 6 Sunday, 7 bank holiday), `winter` (December to
    February), `christmas_rush` (20 to 24 December), `eve_of_rest` (tomorrow is Saturday or a bank holiday),
    and the drifts `closure` (care homes take nobody) and `surge` (a winter surge).
    `emergencies` and `electives` are cumulative arrival rates at each hour, in average days.
    """

    first_midnight: pd.Timestamp
    until: int
    days: int
    nation: str
    time_zone: str
    calendar: Rows
    emergencies: Floats
    electives: Floats

    def instants(self, minutes: Array) -> pd.Series:
        """Return minutes as instants with the hospital's time zone."""
        naive = self.first_midnight + pd.to_timedelta(pd.Series(minutes.astype(np.int64)), unit="min")
        first_of_two = np.ones(len(naive), dtype=bool)  # keeps the order where an hour comes twice
        return naive.dt.tz_localize(self.time_zone, ambiguous=first_of_two, nonexistent="shift_forward")

    def dates(self, days: Array) -> Array:
        """Return days as ISO dates."""
        first = np.datetime64(self.first_midnight.date(), "D")
        return np.datetime_as_string(first + days.astype("timedelta64[D]"), unit="D").astype(object)

    def next_arrival(self, minutes: Array, waited: Floats, *, elective: bool = False) -> Array:
        """Return the minute at which a person who waits `waited` average days from `minutes` on arrives."""
        rate = self.electives if elective else self.emergencies
        hours = np.arange(len(rate))
        due = np.interp(minutes / 60, hours, rate) + waited
        found = np.interp(due, rate, hours * 60.0)
        return np.ceil(found).astype(np.int64)


def clock_until(
    until: pd.Timestamp, days: int, nation: str, time_zone: str, drifts: Mapping[str, pd.Timestamp]
) -> Clock:
    """Return the clock of a hospital that opens at midnight `days` days before the day of `until`."""
    local = until.tz_convert(time_zone).tz_localize(None)
    first = local.normalize() - pd.Timedelta(days=days)
    each_day = pd.date_range(first, periods=days + DAYS_AFTER)
    kinds = calendar(each_day, nation)
    day_kind = np.where(kinds["bank_holiday"], BANK_HOLIDAY, kinds["weekday"]).astype(np.int64)
    rest = day_kind >= SATURDAY
    since = {name: each_day >= at.tz_convert(time_zone).tz_localize(None) for name, at in drifts.items()}
    never = np.zeros(len(each_day), dtype=bool)
    day_kind = np.where(rest & since.get("seven_day_service", never), AN_ORDINARY_DAY, day_kind)
    rows = {
        "day_kind": day_kind,
        "winter": np.isin(each_day.month, (12, 1, 2)),
        "christmas_rush": (each_day.month == 12) & (each_day.day >= 20) & (each_day.day <= 24),
        "eve_of_rest": np.append(rest[1:], False) & ~rest,
        "closure": _for_a_while(since.get("care_home_closure", never), "closure_days"),
        "surge": _for_a_while(since.get("winter_surge", never), "surge_days"),
    }
    return Clock(
        first_midnight=first,
        until=int((local - first).total_seconds() // 60),
        days=days,
        nation=nation,
        time_zone=time_zone,
        calendar=rows,
        emergencies=_emergency_rate(each_day, rows, rest),
        electives=_elective_rate(rest, rows["christmas_rush"]),
    )


def _for_a_while(since: Array, name: str) -> Array:
    """Return the days of a drift that begins and ends."""
    return since & (np.cumsum(since) <= parameters()["drifts"][name])


def _emergency_rate(each_day: pd.DatetimeIndex, rows: Rows, rest: Array) -> Floats:
    arrivals = parameters()["arrivals"]
    a_day = (
        np.asarray(arrivals["month"])[each_day.month - 1]
        * np.asarray(arrivals["weekday"])[each_day.day_of_week]
    )
    bank_holiday = rest & (each_day.day_of_week < SATURDAY)
    a_day *= np.where(bank_holiday, arrivals["bank_holiday_emergencies"], 1.0)
    a_day *= np.where(rows["surge"], parameters()["drifts"]["surge_arrivals"], 1.0)
    a_day *= 1 + arrivals["growth_per_year"] * np.arange(len(each_day)) / DAYS_A_YEAR
    return _cumulative(a_day, np.asarray(arrivals["hour"]))


def _elective_rate(rest: Array, rush: Array) -> Floats:
    arrivals = parameters()["arrivals"]
    hours = np.zeros(24)
    first = arrivals["electives_first_hour"]
    hours[first : first + len(arrivals["electives_hours"])] = arrivals["electives_hours"]
    lists = np.where(rest, 0.0, np.where(rush, arrivals["christmas_electives"], 1.0))
    return _cumulative(lists / lists.mean(), hours)


def _cumulative(a_day: Floats, hours: Floats) -> Floats:
    always_rising = 1e-12  # so that there is an inverse
    an_hour = np.outer(a_day, hours / hours.sum()).ravel() + always_rising
    return np.append(0.0, an_hour.cumsum())


def arrival_minutes(uniform: Floats) -> Array:
    """Return the minute of the day at which an emergency arrives, from numbers drawn uniformly.

    >>> arrival_minutes(np.array([0.0, 0.5, 0.999])).tolist()
    [0, 842, 1437]
    """
    shares = np.append(0.0, np.cumsum(parameters()["arrivals"]["hour"]))
    return np.interp(uniform, shares / shares[-1], np.arange(25) * 60.0).astype(np.int64)
