"""The lines R14: are hours, days and holidays right, also when clocks change?"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import days_told
import numpy as np
import pandas as pd
from inputs import Inputs
from line import Found, Line

from features.hospital import NATIONS, shipped_facts
from features.sources.simulation.estimate import Estimate
from features.working_days import calendar
from models.predictor import Predictor, forecasts
from serving.board_row import midnights_so_far
from serving.inquiry import _moment
from serving.loop import last_board_hour
from serving.schema import PredictRequest

FIRST, LAST = 2024, 2030
EVERY_MINUTES = 30
BOARD_HOURS = (0, 1, 2, 8, 23)  # 1 and 2 are there twice, or not at all, when clocks change
LONDON = ZoneInfo("Europe/London")


def lines() -> tuple[Line, ...]:
    """Return the lines."""
    years = f"{FIRST} to {LAST}"
    return (
        Line(
            "R14a",
            f"Days of {years} in 4 nations whose holidays differ from the Acts' rules",
            "0",
            _holidays,
            0,
            0,
        ),
        Line("R14b", f"Board rounds of {years}, every half hour, at another instant", "0", _rounds, 0, 0),
        Line("R14c", f"Local days of answers and boards of {years} that are others", "0", _days, 0, 0),
    )


def wrong_holidays(first: int = FIRST, last: int = LAST) -> list[str]:
    """Return the days whose working day or holiday is not as the rules have it."""
    days, wrong = pd.date_range(f"{first}-01-01", f"{last}-12-31"), list[str]()
    for nation in NATIONS:
        expected = set().union(*(days_told.bank_holidays(nation, year) for year in range(first, last + 1)))
        found = calendar(days, nation)
        for day, holiday, works in zip(days, found["bank_holiday"], found["working_day"], strict=True):
            weekday = day.weekday() < days_told.SATURDAY
            off = day.date() in expected
            if works != (weekday and not off) or (weekday and holiday != off):
                wrong.append(f"{nation} {day.date()}")
    return wrong


def wrong_rounds(moments: Iterable[datetime], hours: Iterable[int] = BOARD_HOURS) -> list[str]:
    """Return the moments whose last board round is another than by the rules of summer time."""
    facts = {hour: replace(shipped_facts(), board_round=f"{hour:02}:00") for hour in hours}
    return [
        f"{at} {hour}"
        for at in moments
        for hour, own in facts.items()
        if last_board_hour(own, at).astimezone(UTC) != days_told.last_board(at, hour)  # as instants: PEP 495
    ]


def wrong_days(moments: list[datetime]) -> list[str]:
    """Return the moments at which an answer's first day, its `by` days or days so far are others."""
    facts = shipped_facts()
    table = pd.DataFrame(index=range(len(moments)))
    at = pd.Series(pd.DatetimeIndex(moments), index=table.index)
    days = Predictor.days_of(cast(Any, SimpleNamespace(facts=facts, dates="comparable")), table, at)
    told = forecasts(np.tile(np.linspace(0.1, 0.9, 60), (len(moments), 1)), days.first)
    wrong = []
    for number, (moment, forecast) in enumerate(zip(moments, told, strict=True)):
        today = days_told.local(moment).date()
        asked = _moment(cast(PredictRequest, SimpleNamespace(at=moment.isoformat())), moment, facts)
        admitted = moments[max(0, number - 97)]
        row = cast(Any, SimpleNamespace(inputs={"admission": {"admitted_at": admitted.isoformat()}}))
        so_far = (today - days_told.local(admitted).date()).days
        right = (
            list(forecast.by) == _after(today, len(forecast.by))
            and (asked.date(), asked.tz_convert("UTC").to_pydatetime()) == (today, moment)
            and midnights_so_far(row, today, LONDON) == so_far
        )
        wrong += [] if right else [str(moment)]
    return wrong


def _after(today: date, count: int) -> list[date]:
    """Return so many days from today, counted by the Gregorian rule and not by a library's."""
    year, month, day, found = today.year, today.month, today.day, list[date]()
    while len(found) < count:
        found.append(date(year, month, day))
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        length = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
        day += 1
        if day > length:
            day, month = 1, month + 1
        if month > 12:
            month, year = 1, year + 1
    return found


def _holidays(_: Inputs) -> Found:
    wrong = wrong_holidays()
    return Found(Estimate(len(wrong)), ", ".join(wrong[:5]))


def _rounds(_: Inputs) -> Found:
    wrong = wrong_rounds(days_told.moments(FIRST, LAST, EVERY_MINUTES))
    return Found(Estimate(len(wrong)), ", ".join(wrong[:5]) or f"at board hours {BOARD_HOURS}")


def _days(_: Inputs) -> Found:
    moments = list(days_told.moments(FIRST, LAST, EVERY_MINUTES))
    wrong = wrong_days(moments)
    return Found(Estimate(len(wrong)), ", ".join(wrong[:5]) or f"at {len(moments):,} moments")
