"""What the page of a hospital draws: when people come and go, how long they stay and wait, who comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.sources.simulation.gates import curves
from features.sources.simulation.occupancy import FILLING_UP, beds_of, in_use
from features.sources.simulation.returns import READMISSION_WINDOW_DAYS, came_back, next_emergency
from features.sources.simulation.summary import (
    planned_dates,
    planned_days_late,
    ready_at,
    ready_runs,
    with_kinds,
)
from features.tables import Hospital
from features.working_days import calendar

A_DAY = pd.Timedelta(days=1)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
AGES = {18: "18-39", 40: "40-64", 65: "65-74", 75: "75-84", 85: "85+"}
WAITS = {1: "1", 2: "2-3", 4: "4-6", 7: "7-13", 14: "14-20", 21: "21+"}
OWNERS = {"NHS": "NHS", "SOCIAL_CARE": "social care", "BOTH": "both", "HOUSING": "housing"}
LONGEST_NIGHTS, LAST_NEWS2_DAY, MOST_REASONS, MOST_DAYS_LATE = 30, 14, 12, 7
LONGEST_CODE = 4  # Scotland's reasons are codes, others' are words
HERE = "this hospital"
Numbers = npt.NDArray[Any]
Published = tuple[Numbers, str]  # the values that a source gives, NaN where it gives none, and the source


@dataclass(frozen=True)
class Plot:
    """One picture: series of values over the same places; `bars` stand, `rows` lie, `lines` run.

    `across` and `up` name the axes with their units.
    """

    title: str
    kind: Literal["bars", "rows", "lines"]
    places: Sequence[Any] | Numbers | pd.Index
    series: Mapping[str, Numbers]
    across: str = ""
    up: str = ""
    published: Published | None = None


def plots(hospital: Hospital) -> list[Plot]:
    """Return every picture that the hospital's tables have something for."""
    stays, events = with_kinds(hospital), hospital.events
    made = [
        longer_stays(stays),
        _by_hour("Emergency arrivals by hour", stays.loc[stays["emergency"], "admitted_at"], "arrival_hour"),
        _by_hour("Discharges by hour", stays["discharged_at"].dropna(), "discharge_hour"),
        _arrivals_by_weekday(stays),
        _discharges_by_weekday(stays, hospital.facts.nation),
        _arrivals_by_month(stays),
        beds_over_time(hospital),
        _waits(stays, events),
        _told("Delays by reason", events, "delay_began"),
        _told("Delays by whose next step it is", events, "delay_attributed"),
        _return_clock(stays),
        _ages(stays),
        _news2(stays, events),
        _plans(hospital, stays),
    ]
    return [plot for plot in made if any(np.nansum(np.abs(values)) > 0 for values in plot.series.values())]


def longer_stays(stays: pd.DataFrame) -> Plot:
    """Return the share of emergency stays that last longer than each number of nights."""
    nights, places = stays.loc[stays["emergency"] & stays["left"], "nights"], np.arange(LONGEST_NIGHTS + 1)
    longer = np.array([(nights > place).sum() for place in places]) / max(len(nights), 1)
    published = _published("longer_than", len(places))
    title = "Emergency stays that last longer"
    return Plot(title, "lines", places, {HERE: longer}, "nights", "share of stays", published)


def beds_over_time(hospital: Hospital) -> Plot:
    """Return beds in use at each midnight, those of them with people who are ready, and beds named."""
    used, ready = in_use(hospital), in_use(hospital, ready_runs(hospital))
    series = {
        "in use": used,
        "of them ready to leave": ready,
        "beds": pd.Series(beds_of(hospital), used.index),
    }
    values = {name: line.to_numpy("float64") for name, line in series.items()}
    return Plot("Beds at midnight", "lines", used.index, values, up="beds")


def _by_hour(title: str, instants: pd.Series, name: str) -> Plot:
    shares = _shares(instants.dt.hour, 24)
    return Plot(title, "bars", range(24), {HERE: shares}, "hour", "share", _published(name))


def _arrivals_by_weekday(stays: pd.DataFrame) -> Plot:
    kinds = {"emergencies": "emergency", "planned": "elective"}
    series = {
        name: 7 * _shares(stays.loc[stays[kind], "arrived_on"].dt.day_of_week, 7)
        for name, kind in kinds.items()
    }
    return Plot("Arrivals by weekday", "bars", WEEKDAYS, series, up="mean day 1")


def _arrivals_by_month(stays: pd.DataFrame) -> Plot:
    """Return emergencies a day by month, of whole months."""
    arrived = stays.loc[stays["emergency"], "arrived_on"]
    first, last = arrived.min() + pd.offsets.MonthBegin(0), arrived.max() - pd.offsets.MonthEnd(1)
    by_month = _a_day(arrived, pd.date_range(first, last), "month").reindex(range(1, 13))
    series = {HERE: (by_month / by_month.mean()).to_numpy()}
    published = _published("arrival_month")
    return Plot("Emergency arrivals by month", "bars", MONTHS, series, up="mean month 1", published=published)


def _discharges_by_weekday(stays: pd.DataFrame, nation: str) -> Plot:
    left_on = stays["left_on"].dropna()
    days = pd.date_range(left_on.min() + FILLING_UP, left_on.max() - A_DAY)
    by_day = _a_day(left_on, days[~calendar(days, nation)["bank_holiday"].to_numpy()], "day_of_week").reindex(
        range(7)
    )
    series = {HERE: (by_day / by_day[:5].mean()).to_numpy()}
    published = _published("discharge_weekday", 7)
    title = "Discharges by weekday, bank holidays left out"
    return Plot(title, "bars", WEEKDAYS, series, up="mean working day 1", published=published)


def _waits(stays: pd.DataFrame, events: pd.DataFrame) -> Plot:
    ready_on = ready_at(events).dt.tz_localize(None).dt.normalize().reindex(stays["admission_id"])
    waited = (stays["left_on"] - ready_on.set_axis(stays.index)).dt.days
    shares = _shares(_band(waited[(waited > 0) & ~stays["died"] & ~stays["moved"]], WAITS), len(WAITS))
    title = "Days waited, of those who left later than they were ready"
    return Plot(title, "bars", list(WAITS.values()), {HERE: shares}, "days", "share", _published("delay_days"))


def _told(title: str, events: pd.DataFrame, name: str) -> Plot:
    """Return the shares of what was written last for each event of a name, the commonest on top."""
    rows = events[events["name"] == name].sort_values("recorded_at", kind="stable")
    texts = rows.drop_duplicates(["admission_id", "happened_at"], keep="last")["text"]
    shares = texts.value_counts(normalize=True).head(MOST_REASONS)[::-1]
    names = [OWNERS.get(code, code if len(code) <= LONGEST_CODE else _words(code)) for code in shares.index]
    return Plot(title, "rows", names, {HERE: shares.to_numpy("float64")}, "share of delays")


def _return_clock(stays: pd.DataFrame) -> Plot:
    row = next_emergency(stays)
    back = came_back(stays, row)[0] & (stays["emergency"] & ~stays["died"] & ~stays["moved"]).to_numpy()
    came = stays["admitted_at"].iloc[row].set_axis(stays.index)
    days = (came - stays["discharged_at"]).dt.total_seconds()[back] / A_DAY.total_seconds()
    places = np.arange(READMISSION_WINDOW_DAYS + 1)
    by_day = np.array([(days <= place).sum() for place in places]) / max(len(days), 1)
    clock = curves()["return_clock"]
    published = ((places / READMISSION_WINDOW_DAYS) ** clock["shape"], clock["source"])
    title = "Of those who come back within 30 days, back by then"
    return Plot(title, "lines", places, {HERE: by_day}, "days since leaving", "share", published)


def _ages(stays: pd.DataFrame) -> Plot:
    shares = _shares(_band(stays.loc[stays["emergency"], "age"], AGES), len(AGES))
    title = "Emergency admissions by age"
    return Plot(title, "bars", list(AGES.values()), {HERE: shares}, "years", "share", _published("age"))


def _news2(stays: pd.DataFrame, events: pd.DataFrame) -> Plot:
    scores = events[(events["name"] == "news2") & events["number"].notna()]
    row = pd.Index(stays["admission_id"]).get_indexer(pd.Index(scores["admission_id"]))
    on = scores["happened_at"].dt.tz_localize(None).dt.normalize()
    day = (on - stays["arrived_on"].iloc[row].set_axis(on.index)).dt.days
    by_day = scores["number"].groupby(day[(day >= 0) & (day <= LAST_NEWS2_DAY)])
    lines = {
        "mean": by_day.mean(),
        "a quarter above": by_day.quantile(0.75),
        "a tenth above": by_day.quantile(0.9),
    }
    series = {name: line.to_numpy("float64") for name, line in lines.items()}
    return Plot("NEWS2 of people still here", "lines", by_day.mean().index, series, "day of the stay", "points")


def _plans(hospital: Hospital, stays: pd.DataFrame) -> Plot:
    late = planned_days_late(stays, planned_dates(hospital, stays))
    late = late[~np.isnan(late) & (stays["nights"] > 0).to_numpy() & ~stays["died"].to_numpy()]
    near = np.clip(late, -MOST_DAYS_LATE, MOST_DAYS_LATE).astype(np.int64) + MOST_DAYS_LATE
    shares = _shares(near, 2 * MOST_DAYS_LATE + 1)
    places = [f"{day:+d}" if day else "0" for day in range(-MOST_DAYS_LATE, MOST_DAYS_LATE + 1)]
    title = "Left so many days after the date planned the day before"
    return Plot(title, "bars", places, {HERE: shares}, "days; the ends hold all beyond", "share")


def _published(name: str, places: int | None = None) -> Published:
    """Return a published curve over its own places, or over so many of which it has some."""
    curve = curves()[name]
    values = np.full(places or len(curve["shares"]), np.nan)
    values[curve.get("places", slice(None))] = curve["shares"]
    return values, curve["source"]


def _shares(positions: pd.Series | Numbers, count: int) -> Numbers:
    return np.bincount(np.asarray(positions, np.int64), minlength=count)[:count] / max(len(positions), 1)


def _band(values: pd.Series, bands: Mapping[int, str]) -> Numbers:
    """Return the position of the last band that begins at or below each value; below the first, the first."""
    return np.maximum(np.searchsorted(list(bands), values, side="right") - 1, 0)


def _a_day(dates: pd.Series, days: pd.DatetimeIndex, by: str) -> pd.Series:
    """Return the mean count of a day, for each month or weekday of the days."""
    counts = dates.value_counts().reindex(days, fill_value=0)
    return counts.groupby(getattr(days, by)).mean()


def _words(code: str) -> str:
    return code.replace("_", " ").lower()
