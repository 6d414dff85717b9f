"""The one reader of events: what each named fact was, as recorded by a moment."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import CANCELLED
from features.hospital import EventName
from features.timeline import Integers, Timeline, microseconds, picked

MICROSECONDS_AN_HOUR = 3_600_000_000
TREND_HOURS = 24
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class States:
    """What one named fact was in each admission, from each instant at which the ward's system learnt more.

    `values` are numbers, or positions in `codes` for codes; NaN means known to be void.  `happened` is
    when the current value was true, `since` when the present run of equal values began (microseconds).
    """

    timeline: Timeline
    values: Floats
    happened: Integers
    since: Integers
    codes: tuple[str, ...]

    def at(self, admissions: Integers, at: Integers) -> "Known":
        """Return the values known at each moment; strictly nothing recorded after it takes part."""
        found = self.timeline.last(admissions, at)
        values = picked(self.values, found)
        hours_ago = (at - picked(self.happened.astype(np.float64), found)) / MICROSECONDS_AN_HOUR
        hours_so = (at - picked(self.since.astype(np.float64), found)) / MICROSECONDS_AN_HOUR
        void = np.isnan(values)
        return Known(values, np.where(void, np.nan, hours_ago), np.where(void, np.nan, hours_so), self.codes)


@dataclass(frozen=True)
class Known:
    """A fact at each of many moments: value, hours since it was true, hours since it began to be so."""

    values: Floats
    hours_ago: Floats
    hours_so: Floats
    codes: tuple[str, ...]

    def texts(self) -> pd.Series:
        """Return the values as codes (missing where unknown)."""
        positions = np.nan_to_num(self.values, nan=-1).astype(np.int64)
        return pd.Series(pd.Categorical.from_codes(positions, pd.Index(self.codes, dtype="str")))


def states(events: pd.DataFrame, event: EventName, admissions: pd.Index) -> States:
    """Return the states of one event name over all admissions (an index of admission_id).

    Rows are taken in the order in which they were recorded.  The current value is the one that
    happened last; among rows for the same instant the last recorded wins; a void takes its row away.
    """
    rows = events[events["name"] == event.name]
    groups = admissions.get_indexer(pd.Index(rows["admission_id"])).astype(np.int64)
    void = (rows["text"] == CANCELLED).to_numpy()
    if event.kind in ("number", "flag"):
        values = rows["number"].to_numpy(np.float64, copy=True)
        codes: tuple[str, ...] = ()
    else:
        texts = pd.Categorical(rows["text"].mask(void))
        values, codes = texts.codes.astype(np.float64), tuple(str(code) for code in texts.categories)
    values[void] = np.nan
    happened = microseconds(rows["happened_at"])
    timeline = Timeline.of(groups, microseconds(rows["recorded_at"]), len(admissions), happened, values)
    order = timeline.order
    return _current(
        groups[order], timeline.times, happened[order], values[order], void[order], len(admissions), codes
    )


def _current(
    groups: Integers,
    known: Integers,
    happened: Integers,
    values: Floats,
    void: npt.NDArray[np.bool_],
    count: int,
    codes: tuple[str, ...],
) -> States:
    newest = pd.Series(happened).groupby(groups).cummax().to_numpy()
    kept = happened >= newest
    voided = np.isin(groups, np.unique(groups[void]))
    for first, stop in _runs(groups, voided):  # rare: replayed row by row
        kept[first:stop] = True
        happened[first:stop], values[first:stop] = _replayed(
            happened[first:stop], values[first:stop], void[first:stop]
        )
    groups, known, happened, values = groups[kept], known[kept], happened[kept], values[kept]
    changed = np.ones(len(values), bool)
    changed[1:] = (groups[1:] != groups[:-1]) | (values[1:] != values[:-1])
    began = np.maximum.accumulate(np.where(changed, np.arange(len(values)), 0)) if len(values) else groups
    return States(
        Timeline.of(groups, known, count, np.arange(len(groups))), values, happened, happened[began], codes
    )


def _runs(groups: Integers, wanted: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    if not wanted.any():
        return []
    firsts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    stops = np.r_[firsts[1:], len(groups)]
    return [(int(first), int(stop)) for first, stop in zip(firsts, stops, strict=True) if wanted[first]]


def _replayed(happened: Integers, values: Floats, void: npt.NDArray[np.bool_]) -> tuple[Integers, Floats]:
    standing: dict[int, float] = {}
    now = []
    for instant, value, gone in zip(happened.tolist(), values.tolist(), void.tolist(), strict=True):
        if gone:
            standing.pop(instant, None)
        else:
            standing[instant] = value
        now.append(max(standing.items()) if standing else (instant, np.nan))
    return np.array([item[0] for item in now]), np.array([item[1] for item in now])


def observation_columns(
    events: pd.DataFrame, event: EventName, ends: States | None, rows: tuple[pd.Index, Integers, Integers]
) -> dict[str, pd.Series | Floats]:
    """Return the feature columns of one event name at each row's moment.

    `rows` is (all admissions, each row's position among them, each row's moment in microseconds).
    Numbers give the value, hours since, and the change from what was known 24 hours before; flags and
    codes give the value and how long it has been so; spells give what is open now and for how long.
    """
    admissions, groups, at = rows
    timeline = states(events, event, admissions)
    now = timeline.at(groups, at)
    if event.kind == "number":
        earlier = timeline.at(groups, at - TREND_HOURS * MICROSECONDS_AN_HOUR)
        return {
            event.name: now.values,
            f"{event.name}_hours_ago": now.hours_ago,
            f"{event.name}_change": now.values - earlier.values,
        }
    value = now.values if event.kind == "flag" else now.texts()
    if event.kind == "spell":
        ended = ends.at(groups, at).hours_ago if ends else np.full(len(at), np.nan)
        is_open = ~np.isnan(now.hours_ago) & ~(ended <= now.hours_ago)
        return {
            event.name: now.texts().where(is_open),
            f"{event.name}_hours": np.where(is_open, now.hours_ago, 0.0),
        }
    return {event.name: value, f"{event.name}_hours": now.hours_so}
