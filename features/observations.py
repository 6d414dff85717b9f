"""The one reader of events: what each named fact was, as recorded by a moment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import CANCELLED
from features.hospital import EventName
from features.timeline import (
    NEVER,
    ROWS_AT_ONCE,
    Floats,
    Integers,
    Timeline,
    categories,
    coded,
    in_order,
    microseconds,
    one_piece,
    picked,
    positions,
    starts_of,
    whole_groups,
)

MICROSECONDS_AN_HOUR = 3_600_000_000
HOURS_A_DAY = TREND_HOURS = 24
SORTED_AT_ONCE = 1_000_000  # rows and stays; beyond it, sorting a name at a time is quicker and holds less
NUMERIC = ("number", "flag")
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class States:
    """What one named fact was in each admission, from each instant at which the ward's system learnt more.

    `values` are numbers, or positions in `codes` for codes; NaN means known to be void.  `happened` is
    when the current value was true, `since` when the present run of equal values began: microseconds, which
    floats hold exactly, and NaN where void.
    """

    timeline: Timeline
    values: Floats
    happened: Floats
    since: Floats
    codes: pd.Index

    def at(self, admissions: Integers, at: Integers) -> "Known":
        """Return what is known at each moment; strictly nothing recorded after it takes part."""
        return Known(self, self.timeline.last(admissions, at), at)

    def changes(self, *, repeats: bool) -> tuple[Integers, Integers]:
        """Return the admission and instant (microseconds) of each record, or of each that changed the value."""
        starts = self.timeline.starts
        own = slice(starts[0], starts[-1])
        told = np.full(own.stop - own.start, repeats) | ~(self.since[own] < self.happened[own])
        admissions = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        return admissions[told], self.timeline.times[own][told]


@dataclass(frozen=True)
class Known:
    """A fact at each of many moments: the place of its state (-1 for none), and the moment."""

    states: States
    places: Integers
    moments: Integers

    @cached_property
    def values(self) -> Floats:
        """The numbers, or positions among the codes; NaN where nothing is known or all is void."""
        return picked(self.states.values, self.places)

    @cached_property
    def hours_ago(self) -> Floats:
        """Hours since the value was true; NaN where there is none."""
        return self._hours(self.states.happened)

    @cached_property
    def hours_so(self) -> Floats:
        """Hours since the present run of equal values began; NaN where there is none."""
        return self._hours(self.states.since)

    def codes(self, where: Flags | bool = True) -> pd.Categorical:
        """Return the values as codes, missing where unknown and outside `where`; categories are those found."""
        found = np.where(where, np.nan_to_num(self.values, nan=-1), -1).astype(np.int64)
        used = np.zeros(len(self.states.codes) + 1, bool)  # the last is for those without a code, at -1
        used[found] = True
        used[-1] = False
        renumbered = np.where(used, np.cumsum(used) - 1, -1)
        names = self.states.codes if used[:-1].all() else self.states.codes[used[:-1]]
        return pd.Categorical.from_codes(renumbered[found], dtype=categories(tuple(names)))

    def texts(self) -> pd.Series:
        """Return the values as a series of codes (missing where unknown)."""
        return pd.Series(self.codes())

    def plain(self) -> list[str | None]:
        """Return the values as a list of codes, None where unknown."""
        return [
            None if place != place else str(self.states.codes[int(place)]) for place in self.values.tolist()
        ]

    def _hours(self, instants: Floats) -> Floats:
        hours = picked(instants, self.places)  # in place: a copy of a million rows costs as much as the sum
        np.subtract(self.moments, hours, out=hours)
        hours /= MICROSECONDS_AN_HOUR
        return hours


def states(events: pd.DataFrame, event: EventName, admissions: pd.Index) -> States:
    """Return the states of one event name over all admissions (an index of admission_id)."""
    rows = events.take(np.flatnonzero(events["name"].array == event.name))
    always = np.full(len(admissions), np.iinfo(np.int64).max)
    return all_states(rows, positions(rows["admission_id"], admissions), [event], always)[event.name]


def all_states(
    events: pd.DataFrame, stays: npt.NDArray[np.int32], names: Sequence[EventName], until: Integers
) -> dict[str, States]:
    """Return the states of several event names, each over all stays.

    `stays` is the stay of each event (-1 for one that is not wanted), and `until` the last moment at which
    each stay is asked about: what was recorded later is passed over.  Rows are taken in the order in which
    they were recorded.  The current value is the one that happened last; among rows for the same instant
    the last recorded wins; a void takes its row away.
    """
    rows, counts = _wanted(events, stays, names, until)
    events = one_piece(events)
    void = np.asarray(events["text"].array == CANCELLED)
    stops = np.append(0, np.cumsum(counts))
    found: dict[str, States] = {}
    for first, stop in _batches(counts, len(until)):
        own = rows[stops[first] : stops[stop]]
        places = np.repeat(np.arange(stop - first), counts[first:stop])
        whole = _states(events, own, void[own], places * len(until) + stays[own], names[first:stop], len(until))
        for place, event in enumerate(names[first:stop]):
            part = whole.timeline.part(place * len(until), len(until))
            found[event.name] = replace(whole, timeline=part)
    return found


def _batches(rows: Integers, stays: int) -> Iterator[tuple[int, int]]:
    """Return from which name to which to go at once: all of them for a few stays, one for a great many."""
    first, held = 0, 0
    for place, own in enumerate((rows + stays).tolist()):
        if held and held + own > SORTED_AT_ONCE:
            yield first, place
            first, held = place, 0
        held += own
    yield first, len(rows)


def _wanted(
    events: pd.DataFrame, stays: npt.NDArray[np.int32], names: Sequence[EventName], until: Integers
) -> tuple[Integers, Integers]:
    """Return the rows of events that matter, name by name, and how many each name has."""
    named = pd.Categorical(events["name"])
    wanted = {event.name: place for place, event in enumerate(names)}
    place = np.array([*(wanted.get(name, -1) for name in named.categories), -1], np.int16)  # code -1 is no name
    recorded = microseconds(events["recorded_at"])
    found = [np.zeros(0, np.int64)]
    for first in range(0, len(events), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        own = stays[part]
        rows = np.flatnonzero((own >= 0) & (place[named.codes[part]] >= 0))
        found.append(first + rows[recorded[part][rows] <= until[own[rows]]])
    chosen = np.concatenate(found)
    name = place[named.codes[chosen]]
    return chosen[np.argsort(name, kind="stable")], np.bincount(name, minlength=len(names))


def _states(
    events: pd.DataFrame,
    rows: Integers,
    void: Flags,
    groups: Integers,
    names: Sequence[EventName],
    stays: int,
) -> States:
    """Return the states of some rows of events, whose group is the name's place times `stays` plus the stay."""
    happened, recorded = (microseconds(events[name])[rows] for name in ("happened_at", "recorded_at"))
    numeric = np.array([event.kind in NUMERIC for event in names])[groups // max(stays, 1)]
    values = events["number"].to_numpy(np.float64)[rows]
    texts = coded(events["text"].array.take(rows[~numeric]))
    values[~numeric] = texts.codes  # -1 for no text
    values[void] = np.nan
    order = in_order(groups, recorded, happened, values)
    groups = groups[order]
    new, happened, values = _current(groups, happened[order], values[order], void[order])
    groups, happened, values, order = groups[new], happened[new], values[new], order[new]
    changed = np.ones(len(groups), bool)
    changed[1:] = (groups[1:] != groups[:-1]) | (values[1:] != values[:-1])
    began = np.maximum.accumulate(np.where(changed, np.arange(len(groups)), 0))
    timeline = Timeline(order, recorded[order], starts_of(groups, len(names) * stays))
    instants = np.where(np.isnan(values), np.nan, happened)
    return States(timeline, values, instants, instants[began], texts.categories)


def _current(
    groups: Integers, happened: Integers, values: Floats, void: Flags
) -> tuple[Flags, Integers, Floats]:
    """Return which records told something new, and what was true after each: since when, and the value.

    Few groups were voided or recorded out of order; the rest are as they come.
    """
    new = np.ones(len(groups), bool)
    fell = (groups[1:] == groups[:-1]) & (happened[1:] < happened[:-1])
    if fell.any():
        rows = whole_groups(groups, np.flatnonzero(fell) + 1)
        newest = pd.Series(happened[rows]).groupby(groups[rows]).cummax().to_numpy()
        new[rows] = happened[rows] >= newest
    if void.any():
        rows = whole_groups(groups, np.flatnonzero(void))
        new[rows] = True
        happened[rows], values[rows] = _replayed(groups[rows], happened[rows], values[rows], void[rows])
    return new, happened, values


def _replayed(groups: Integers, happened: Integers, values: Floats, void: Flags) -> tuple[Integers, Floats]:
    """Return what stood after each record, record by record."""
    standing: dict[int, float] = {}
    now = []
    group, newest = -1, NEVER
    records = zip(groups.tolist(), happened.tolist(), values.tolist(), void.tolist(), strict=True)
    for own, instant, value, gone in records:
        if own != group:
            group, standing, newest = own, {}, NEVER
        if gone:
            standing.pop(instant, None)
            newest = max(standing, default=NEVER) if instant == newest else newest
        else:
            standing[instant] = value
            newest = max(newest, instant)
        now.append((newest, standing.get(newest, np.nan)))
    return np.array([item[0] for item in now]), np.array([item[1] for item in now])


def observation_columns(
    facts: Mapping[str, States], event: EventName, stays: Integers, at: Integers
) -> dict[str, pd.Categorical | Floats]:
    """Return the feature columns of one event name, for rows given by their stay and moment (microseconds).

    `facts` holds the states of every name.  Numbers give the value, whole days since (the same value an
    hour later says nothing new), and the change from what was known 24 hours before; flags and codes give
    the value and how long it has been so; spells give what is open now and for how long.
    """
    now = facts[event.name].at(stays, at)
    if event.kind == "number":
        earlier = facts[event.name].at(stays, at - TREND_HOURS * MICROSECONDS_AN_HOUR).values
        return {
            event.name: now.values,
            f"{event.name}_days_ago": np.floor(now.hours_ago / HOURS_A_DAY),
            f"{event.name}_change": np.subtract(now.values, earlier, out=earlier),
        }
    if event.kind == "spell":
        is_open = open_spells(facts, event, stays, at)
        return {
            event.name: now.codes(is_open),
            f"{event.name}_hours": np.where(is_open, now.hours_ago, 0.0),
        }
    value = now.values if event.kind == "flag" else now.codes()
    return {event.name: value, f"{event.name}_hours": now.hours_so}


def open_spells(facts: Mapping[str, States], event: EventName, stays: Integers, at: Integers) -> Flags:
    """Tell whether a spell such as a delay had begun and not ended since, as known at each moment."""
    began = facts[event.name].at(stays, at).hours_ago
    ended = facts[event.ends].at(stays, at).hours_ago
    return ~np.isnan(began) & ~(ended <= began)
