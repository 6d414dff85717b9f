"""How full the hospital is: a small table, one row a site, ward and hour, by the same rule as the snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.observations import Flags, States, all_states, open_spells
from features.tables import Hospital
from features.timeline import NEVER, Floats, Integers, in_order, microseconds, positions

HOUR = 3_600_000_000  # microseconds
DAY = 24 * HOUR
FOREVER = int(np.iinfo(np.int64).max)
LONG_STAY_DAYS = 21  # NHS England counts stays of 21 days and over
COUNTS = ("inpatients", "ready", "delayed", "long_stays", "came_in_24_hours", "left_in_24_hours")
STATE_COLUMNS = tuple(f"{place}_{count}" for place in ("ward", "site") for count in COUNTS)
NO_WARD = ""
Whole = npt.NDArray[np.integer]
Grid = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spells:
    """Stretches of time in which nothing about a stay changed, as the ward's system knew it.

    `starts` and `ends` are microseconds, `wards` and `sites` positions among the names of each (ward 0 is
    no ward).  `came` and `moved` tell whether the stretch begins a stay, and a time on a ward; `left`
    whether it is the last of a stay, which may have no end yet.
    """

    sites: Integers
    wards: Integers
    starts: Integers
    ends: Integers
    ready: Flags
    delayed: Flags
    long: Flags
    came: Flags
    moved: Flags
    left: Flags
    site_names: pd.Index
    ward_names: pd.Index


def hospital_state(hospital: Hospital, moments: pd.Series | pd.Timestamp) -> pd.DataFrame:
    """Return how full each ward and its site were at the last whole hour at or before each moment.

    One row a site, ward and hour: `site`, `ward`, `at`, and for the ward and the site the number of people on
    the list, of those recorded ready to leave (criteria to reside not met), with a delay open, in for 21 days
    or more; and how many came and left, as recorded, in the last 24 hours (a move between wards counts for
    the ward that it leads to).  A row of ward "" is for people whose ward is not known.

    The state is that of the whole hour so that a training table, which asks at any minute of the year, needs
    no more rows than there are hours; it is never newer than the moment.  The hospital must be a census:
    of a few people's stays this table would say that the hospital is nearly empty, as it does of the first
    weeks of an extract that leaves out those already in.  Dates that do not compare across patients give an
    empty table.  Raises ValueError if a moment has no zone.
    """
    given = pd.Series(moments) if isinstance(moments, pd.Timestamp) else moments
    if not isinstance(given.dtype, pd.DatetimeTZDtype):
        raise ValueError("every moment must carry a time zone")
    hours = np.unique(_hours(microseconds(given)))
    if hospital.dates != "comparable":
        hours = hours[:0]
    spells = _spells(hospital, hours)
    shape = (len(spells.site_names), len(spells.ward_names), len(hours))
    site, ward, hour = np.unravel_index(np.arange(np.prod(shape, dtype=np.int64)), shape)
    at = pd.to_datetime(hours * HOUR, unit="us", utc=True).tz_convert(hospital.facts.time_zone)
    columns = {
        "site": pd.Categorical.from_codes(site, spells.site_names),
        "ward": pd.Categorical.from_codes(ward, spells.ward_names),
        "at": at.take(hour),
    }
    counted = {
        name: np.broadcast_to(grid, shape).reshape(-1).astype(np.float32)
        for name, grid in _counted(spells, hours * HOUR).items()
    }
    for name in COUNTS:
        counted[f"ward_{name}"][ward == 0] = np.nan
    return pd.DataFrame(columns | {name: counted[name] for name in STATE_COLUMNS})


def state_columns(
    state: pd.DataFrame | None, sites: pd.Series, wards: pd.Categorical, at: Integers
) -> dict[str, Floats]:
    """Return the state of each row's site and ward at the last whole hour by its moment (microseconds).

    All is NaN without a state, and where it has no such site or hour; what is said of a ward is NaN where
    the ward is not known.
    """
    if state is None or state.empty:
        return {name: np.full(len(at), np.nan) for name in STATE_COLUMNS}
    of_site, of_ward = pd.Categorical(state["site"]), pd.Categorical(state["ward"])
    hours = _hours(microseconds(state["at"]))
    site = positions(sites.fillna(""), of_site.categories)
    ward = positions(pd.Series(wards), of_ward.categories)
    no_ward = of_ward.categories.get_indexer(pd.Index([NO_WARD]))[0]
    table = pd.Index(pd.Series(_keys(of_site.codes, of_ward.codes, hours)))
    found = table.get_indexer(pd.Index(pd.Series(_keys(site, np.where(ward < 0, no_ward, ward), _hours(at)))))
    return {name: np.append(state[name].to_numpy(np.float64), np.nan)[found] for name in STATE_COLUMNS}


def _keys(sites: Whole, wards: Whole, hours: Integers) -> Integers:
    """Return one number for each site, ward and hour; one that no table holds where the site is not known."""
    return (sites.astype(np.int64) << 48) | (wards.astype(np.int64) << 32) | hours


def _hours(instants: Integers) -> Integers:
    return instants // HOUR


def _spells(hospital: Hospital, hours: Integers) -> Spells:
    admissions, came, left = _on_the_list(hospital, hours)
    long_from = microseconds(admissions["admitted_at"]) + LONG_STAY_DAYS * DAY
    facts = _facts(hospital, admissions, left)
    stay, start = _changes(facts, came, left, long_from)
    changes = stay[1:] != stay[:-1]
    begins, final = np.append(True, changes)[: len(stay)], np.append(changes, True)[: len(stay)]
    site_names, site = np.unique(admissions["site"].fillna("").to_numpy(str), return_inverse=True)
    wards = facts["ward"].at(stay, start).codes()
    ward = wards.codes.astype(np.int64) + 1
    return Spells(
        sites=site[stay],
        wards=ward,
        starts=start,
        ends=np.where(final, left[stay], np.append(start[1:], 0)[: len(stay)]),
        ready=facts["criteria_to_reside"].at(stay, start).values == 0,
        delayed=open_spells(facts, hospital.facts.events["delay_began"], stay, start),
        long=start >= long_from[stay],
        came=begins,
        moved=begins | (ward != np.append(-1, ward)[:-1]),
        left=final,
        site_names=pd.Index(site_names),
        ward_names=wards.categories.insert(0, NO_WARD),
    )


def _on_the_list(hospital: Hospital, hours: Integers) -> tuple[pd.DataFrame, Integers, Integers]:
    """Return the admissions that one of the hours, or the day before it, sees, and when they came and left."""
    came, left = (microseconds(hospital.admissions[f"{end}_recorded_at"]) for end in ("admission", "discharge"))
    left = np.where(left == NEVER, FOREVER, left)
    first, last = hours.min(initial=FOREVER // HOUR) * HOUR - DAY, hours.max(initial=0) * HOUR
    seen = (came <= last) & (left > first) & (came < left)
    return hospital.admissions[seen], came[seen], left[seen]


def _facts(hospital: Hospital, admissions: pd.DataFrame, left: Integers) -> dict[str, States]:
    events = hospital.facts.events
    names = [events[name] for name in ("ward", "criteria_to_reside", "delay_began")]
    names.append(events[events["delay_began"].ends])
    stays = positions(hospital.events["admission_id"], admissions["admission_id"])
    return all_states(hospital.events, stays, names, left)


def _changes(
    facts: Mapping[str, States], came: Integers, left: Integers, long_from: Integers
) -> tuple[Integers, Integers]:
    """Return, in order, the stay and the instant of whatever may have changed something about a stay."""
    everybody = np.arange(len(came))
    parts = [(everybody, came), (everybody, long_from)]
    for name, states in facts.items():  # a second delay for the same reason is news, a second "ready" is not
        parts.append(states.changes(repeats=name not in ("ward", "criteria_to_reside")))
    stays, instants = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    on_list = (instants >= came[stays]) & (instants < left[stays])
    stays, instants = stays[on_list], instants[on_list]
    order = in_order(stays, instants)
    return stays[order], instants[order]


def _counted(spells: Spells, edges: Integers) -> dict[str, Grid]:
    """Return each count by site, ward (one for all, where it is the site's) and hour."""
    everybody = np.ones(len(spells.starts), bool)
    within = {
        "inpatients": everybody,
        "ready": spells.ready,
        "delayed": spells.delayed,
        "long_stays": spells.long,
    }
    grids = {name: _grid(spells, chosen, spells.starts, spells.ends, edges) for name, chosen in within.items()}
    came, moved, left = (
        _grid(spells, chosen, since, since + DAY, edges)
        for chosen, since in (
            (spells.came, spells.starts),
            (spells.moved, spells.starts),
            (spells.left, np.minimum(spells.ends, FOREVER - DAY)),
        )
    )
    by_ward = grids | {"came_in_24_hours": moved, "left_in_24_hours": left}
    by_site = grids | {"came_in_24_hours": came, "left_in_24_hours": left}
    return {
        **{f"ward_{name}": grid for name, grid in by_ward.items()},
        **{f"site_{name}": grid.sum(axis=1, keepdims=True) for name, grid in by_site.items()},
    }


def _grid(spells: Spells, chosen: Flags, starts: Integers, ends: Integers, edges: Integers) -> Grid:
    """Count, at each instant of `edges`, the chosen spells begun and not ended, by site and ward."""
    shape = (len(spells.site_names), len(spells.ward_names), len(edges) + 1)
    row = (spells.sites[chosen] * shape[1] + spells.wards[chosen]) * shape[2]
    begun, ended = (np.searchsorted(edges, instants[chosen]) for instants in (starts, ends))
    size = int(np.prod(shape))
    steps = np.bincount(row + begun, minlength=size) - np.bincount(row + ended, minlength=size)
    return steps.reshape(shape).cumsum(axis=2)[:, :, :-1]
