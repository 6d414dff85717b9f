"""Instants as a hospital wrote them, in columns of a date and perhaps a time, to instants with a zone."""

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.faults import shown
from features.parsing import ZONE_SUFFIX
from features.sources.mapped_code import SHORT
from features.sources.mapped_file import Opened
from features.sources.mapping import ISO, ExtractMapping, Instant

TIME_OF_DAY = re.compile(r"%[HIcXTRs]")
DAY_OR_MONTH = r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}\b"
LOOKS_LIKE_A_DATE = r"(?:[0-9:/.,+TZ -]|[A-Z][a-z]{2}\b){4,32}"
DAYS_TO_JUDGE = 40  # different dates; of so many, one in a thousand files would have no day above the 12th
MIDNIGHT = "00:00"
NO_DAY = pd.Timestamp("1900-01-01")  # of a time alone, as pandas reads it


def instants(
    rows: Opened, spec: Instant, name: str, others: Mapping[str, pd.Series], mapping: ExtractMapping
) -> pd.Series:
    """Return a column of instants in UTC, empty where theirs is; what cannot be read is noted in `rows.faults`.

    `others` are the instants that this one may be told from, on the same index.  Dates without a time of day
    need `at`, and local times a `time_zone`: neither is ever guessed.
    """
    if spec.after:
        return others[spec.after] + spec.delay
    made = _given(rows, spec, name, mapping)
    late = np.asarray(made > rows.written_at)
    rows.oddities.where(late, made.to_frame(name), f"{name} is later than its file was written")
    return made


def _given(rows: Opened, spec: Instant, name: str, mapping: ExtractMapping) -> pd.Series:
    given = [rows.table[column] for column in spec.columns]
    typed = given[0].dtype
    if isinstance(typed, pd.DatetimeTZDtype) and len(given) == 1:
        return given[0].dt.tz_convert("UTC").dt.as_unit("us")
    if typed.kind == "M" and len(given) == 1:
        return _localised(given[0].dt.as_unit("us"), name, rows, mapping)
    texts = _joined([_texts(column, rows) for column in given])
    return _read(texts, spec, name, rows, mapping)


def _texts(column: pd.Series, rows: Opened) -> pd.Series:
    texts = column.astype("str").str.strip()
    return texts.mask(texts.isin(["", "nan", "NaT", "None", "<NA>", *rows.about.empty]))


def _joined(columns: list[pd.Series]) -> pd.Series:
    texts = columns[0]
    for more in columns[1:]:
        texts = (texts + " " + more.fillna("")).str.strip()
    return texts


def _read(texts: pd.Series, spec: Instant, name: str, rows: Opened, mapping: ExtractMapping) -> pd.Series:
    form = spec.dates or rows.about.dates
    days = _is_a_day(texts, form)
    if not spec.at:
        must = (
            f"{name} must have a time of day; of a date alone say at which time it counts, such as"
            f' {name} = {{ column = "...", at = "23:59" }}, the last at which it can have been so'
        )
        rows.faults.where(days, texts.to_frame(name), must)
    zoned = np.asarray(texts.str.contains(ZONE_SUFFIX, regex=True, na=False)) | ("%z" in form)
    local = _parsed(texts[~zoned], form).dt.as_unit("us")
    local = local.mask(days[~zoned], local + pd.Timedelta(f"{spec.at or MIDNIGHT}:00"))
    with_zone = pd.to_datetime(texts[zoned], format=_format(form), errors="coerce", utc=True).dt.as_unit("us")
    unread = np.asarray(texts.notna() & pd.concat([local.isna(), with_zone.isna()]).reindex(texts.index))
    if unread.any():
        rows.faults.where(unread, _dates_only(texts).to_frame(name), _must(texts[unread], form, name), name)
    _judge_days(local, form, name, rows)
    return pd.concat([_localised(local, name, rows, mapping), with_zone]).reindex(texts.index)


def _parsed(texts: pd.Series, form: str) -> pd.Series:
    """Return texts as local times, empty where one is none.

    A format of a date, a space and a time is read by its halves, of which there are few different ones among
    millions of instants: a tenth of the time.
    """
    day, _, time = form.partition(" ")
    given = texts.dropna()
    width = given.iloc[0].find(" ") if len(given) else -1
    halved = bool(time) and " " not in time and not TIME_OF_DAY.search(day) and width > 0
    if not halved or not (given.str.slice(width, width + 1) == " ").all():
        return pd.to_datetime(texts, format=_format(form), errors="coerce")
    days = _distinct(given.str.slice(0, width), day)
    times = _distinct(given.str.slice(width + 1), time)
    return (days + (times - NO_DAY)).reindex(texts.index)


def _distinct(texts: pd.Series, form: str) -> pd.Series:
    places, distinct = pd.factorize(texts)
    read = pd.to_datetime(pd.Series(distinct), format=form, errors="coerce").dt.as_unit("us")
    return pd.Series(read.to_numpy()[places], texts.index)


def _is_a_day(texts: pd.Series, form: str) -> npt.NDArray[np.bool_]:
    if form != ISO:
        return np.asarray(texts.notna() & (TIME_OF_DAY.search(form) is None))
    return np.asarray(texts.str.fullmatch(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}").fillna(False), bool)


def _format(form: str) -> str:
    return "ISO8601" if form == ISO else form


def _dates_only(texts: pd.Series) -> pd.Series:
    """Return what a sentence may repeat of texts that should be dates: nothing that looks like no date."""
    date_like = texts.str.fullmatch(LOOKS_LIKE_A_DATE) & texts.str.contains("[0-9]")
    return texts.where(date_like.fillna(False) | (texts.str.len() <= SHORT), "something else")


def _must(unread: pd.Series, form: str, name: str) -> str:
    if form == ISO and unread.str.match(DAY_OR_MONTH).any():
        return (
            f"{name} can mean two days, as 03/04/2026 does: say which in files, dates ="
            ' "%d/%m/%Y %H:%M" (day first) or "%m/%d/%Y %H:%M"'
        )
    wanted = "ISO 8601 such as 2026-01-05 14:20" if form == ISO else f"written as dates says, {shown(form)}"
    return f"{name} must be {wanted}"


def _judge_days(read: pd.Series, form: str, name: str, rows: Opened) -> None:
    days = read.dropna().dt.normalize().drop_duplicates()
    if form != ISO and len(days) >= DAYS_TO_JUDGE and days.dt.day.max() <= 12:
        rows.oddities.column(
            f"{name}: none of {len(days):,} dates is after the 12th of a month; are day and month the right way"
            f" round in {shown(form)}?"
        )


def _localised(local: pd.Series, name: str, rows: Opened, mapping: ExtractMapping) -> pd.Series:
    """Return local times as instants; the hour that a clock change repeats or leaves out is as stated."""
    if local.isna().all():
        return local.dt.tz_localize("UTC")
    if not mapping.time_zone:
        rows.faults.column(
            f'{name} must carry a time zone, or the mapping state theirs: time_zone = "Europe/London"'
        )
        return pd.Series(pd.NaT, local.index, dtype="datetime64[us, UTC]")
    sure = local.dt.tz_localize(mapping.time_zone, ambiguous="NaT", nonexistent="NaT")
    doubtful = np.asarray(local.notna() & sure.isna())
    if not doubtful.any():
        return sure.dt.tz_convert("UTC")
    told = local[doubtful].dt.strftime("%Y-%m-%d %H:%M").reindex(local.index).to_frame(name)
    if not mapping.doubtful_hour:
        must = (
            f"{name} is in an hour that a clock change repeats or leaves out: say at the top which is meant,"
            ' doubtful_hour = "second" (never known too soon) or "first"'
        )
        rows.faults.where(doubtful, told, must, name)
        return sure.dt.tz_convert("UTC")
    rows.oddities.where(
        doubtful,
        told,
        f"{name} is in an hour that a clock change repeats or leaves out, taken as the {mapping.doubtful_hour}",
    )
    again = local[doubtful]
    summer = np.full(len(again), mapping.doubtful_hour == "first")  # the first of the two is in summer time
    meant = again.dt.tz_localize(mapping.time_zone, ambiguous=summer, nonexistent="shift_forward")
    return pd.concat([sure[~doubtful], meant]).reindex(local.index).dt.tz_convert("UTC")
