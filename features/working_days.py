"""Weekdays, bank holidays and working days of the four nations of the United Kingdom.

The holidays are data, in `bank_holidays.csv`: a statutory table, and not a trust's own local holidays.
"""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import CalendarFault

_TABLE = Path(__file__).with_name("bank_holidays.csv")
_SATURDAY = 5
YEARS_TOLD = 5  # of those that the table lacks


def calendar(days: pd.Series | pd.DatetimeIndex, nation: str) -> pd.DataFrame:
    """Return what sort of day each day is: one row a day, in the order and with the index of `days`.

    `weekday` is 0 for Monday to 6 for Sunday; `bank_holiday` is true on a holiday and on the weekday that
    stands in for one at a weekend; `working_day` is Monday to Friday without a bank holiday.  `days` are
    naive local dates, and `nation` is ENG, WLS, SCT or NIR.  Raises ValueError for another nation, a missing
    day, a day with a time zone, and a day outside the years of the table, which is never taken for one without
    holidays.

    >>> calendar(pd.to_datetime(pd.Series(["2026-12-24", "2026-12-26", "2026-12-28"])), "ENG")
       weekday  bank_holiday  working_day
    0        3         False         True
    1        5          True        False
    2        0          True        False
    """
    holidays, first = _bank_holidays(nation)
    dates = _dates(days)
    weekday = ((dates.astype("int64") + 3) % 7).astype("int8")  # day 0, 1 January 1970, was a Thursday
    bank_holiday = holidays[_positions(dates, first, len(holidays))]
    return pd.DataFrame(
        {
            "weekday": weekday,
            "bank_holiday": bank_holiday,
            "working_day": (weekday < _SATURDAY) & ~bank_holiday,
        },
        index=days.index if isinstance(days, pd.Series) else days,
    )


def last_day(nation: str) -> pd.Timestamp:
    """Return the last day known to be a bank holiday or not; raises ValueError for a nation as `calendar`."""
    holidays, first = _bank_holidays(nation)
    return pd.Timestamp(first) + pd.Timedelta(days=len(holidays) - 1)


@cache
def _bank_holidays(nation: str) -> tuple[npt.NDArray[np.bool_], np.datetime64]:
    """Return for every day of the table's years whether it is a bank holiday, and the first of these days."""
    table = pd.read_csv(_TABLE, parse_dates=["on"])
    nations = table["nation"].unique()
    if nation not in nations:
        raise ValueError(f"nation must be one of {', '.join(nations)}; found {nation!r}")
    years = table["on"].dt.year
    every_day = pd.date_range(f"{years.min()}-01-01", f"{years.max()}-12-31")
    is_holiday = every_day.isin(table.loc[table["nation"] == nation, "on"])
    return is_holiday, every_day[0].to_datetime64().astype("datetime64[D]")


def _dates(days: pd.Series | pd.DatetimeIndex) -> npt.NDArray[np.datetime64]:
    """Return the days as whole dates; raise ValueError if one has a time zone or is missing."""
    if not isinstance(days.dtype, np.dtype) or days.dtype.kind != "M":
        raise ValueError(f"days must be dates without a time zone; found {days.dtype}")
    dates = days.to_numpy().astype("datetime64[D]")
    missing = int(np.isnat(dates).sum())
    if missing:
        raise ValueError(f"days must hold no missing date; found {missing} of {len(days)}")
    return dates


def _positions(dates: npt.NDArray[np.datetime64], first: np.datetime64, length: int) -> npt.NDArray[np.int64]:
    """Return how many days each date lies after the first; raise ValueError unless all are below `length`."""
    positions = (dates - first).astype("int64")
    outside = (positions < 0) | (positions >= length)
    if outside.any():
        years = np.unique(dates[outside].astype("datetime64[Y]")).astype(str)
        told = years if len(years) <= YEARS_TOLD else [*years[: YEARS_TOLD - 1], "...", years[-1]]
        covered = f"{first.astype('datetime64[Y]')} to {(first + length - 1).astype('datetime64[Y]')}"
        raise CalendarFault(f"days must fall in {covered}, the years of {_TABLE.name}; found {', '.join(told)}")
    return positions
