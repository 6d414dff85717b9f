"""From hazards by piece of days ahead to curves by day: who has left, gone home, become ready."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

PIECE_STARTS = np.array([*range(14), 14, 21, 28, 42, 60, 90])
HORIZON_DAYS = 180  # the last piece, 90 days and more, is spread to here
PIECE_STOPS = np.append(PIECE_STARTS[1:], HORIZON_DAYS)  # first day after each piece
PIECES = len(PIECE_STARTS)
SINGLE_DAYS = 14
PIECE_OF_DAY = np.repeat(np.arange(PIECES), PIECE_STOPS - PIECE_STARTS)
RANGE_HOLDS = 0.8


@dataclass(frozen=True)
class Curves:
    """Probabilities by the end of each local day after the moment's day (day 0), shape (rows, HORIZON_DAYS).

    `in_bed` falls; `home_by` and `ready_by` rise and stop below 1 where death or transfer may come first.
    """

    in_bed: Floats
    home_by: Floats
    ready_by: Floats | None


def spread(shares: Floats) -> Floats:
    """Return each day's share of its piece, from daily weights (rows, HORIZON_DAYS) such as weekday shares.

    >>> spread(np.ones((1, HORIZON_DAYS)))[0, [0, 14, 20, 21]].round(4)
    array([1.    , 0.1429, 0.1429, 0.1429])
    """
    totals = np.add.reduceat(shares, PIECE_STARTS, axis=1)
    return shares / totals[:, PIECE_OF_DAY]


def survival(hazards: Floats, day_shares: Floats) -> Floats:
    """Return P(not yet by the end of each day) for hazards by piece (rows, PIECES) spread over days."""
    before = np.cumprod(np.column_stack([np.ones(len(hazards)), 1 - hazards[:, :-1]]), axis=1)
    within = _running_share(day_shares)
    return before[:, PIECE_OF_DAY] * (1 - hazards[:, PIECE_OF_DAY] * within)


def compose(leave: Floats, home: Floats, ready: Floats | None, day_shares: Floats) -> Curves:
    """Return the curves of rows from their hazards, each (rows, PIECES).

    `leave` is P(leaves the bed in this piece | still in), `home` P(goes home | leaves in this piece),
    `ready` P(becomes ready in this piece | neither ready nor dead nor transferred before it).
    """
    in_bed = survival(leave, day_shares)
    leaving = -np.diff(in_bed, axis=1, prepend=1.0)
    home_by = np.cumsum(leaving * home[:, PIECE_OF_DAY], axis=1)
    if ready is None:
        return Curves(in_bed, home_by, None)
    lost = leave * (1 - home)
    stays_unready = (1 - ready) * (1 - lost)
    before = np.cumprod(np.column_stack([np.ones(len(ready)), stays_unready[:, :-1]]), axis=1)
    becoming = (before * ready)[:, PIECE_OF_DAY] * day_shares
    return Curves(in_bed, home_by, np.cumsum(becoming, axis=1))


def raised(ready_by: Floats, home_by: Floats) -> Floats:
    """Raise the ready curve to the home curve wherever it lies below: nobody leaves before they are ready."""
    return np.maximum(ready_by, home_by)


def if_home(by: Floats) -> Floats:
    """Return a curve for those to whom it happens: its share of its own total, so that it ends at 1."""
    return by / np.maximum(by[:, -1:], 1e-12)


def ready_if_home(curves: Curves) -> Floats:
    """Return the ready curve for those who go home, never below the home curve for the same people.

    So the likely ready day never lies after the likely day of leaving.
    """
    assert curves.ready_by is not None
    return np.maximum(if_home(curves.ready_by), if_home(curves.home_by))


def waiting_days(curves: Curves, already: npt.NDArray[np.bool_]) -> Floats:
    """Return expected days from being ready to going home, for those who go home, up to the horizon.

    `already` are rows recorded as ready, who wait from now on.
    """
    ready = np.where(already[:, None], 1.0, ready_if_home(curves))
    return np.asarray((ready - if_home(curves.home_by)).sum(axis=1))


def median_day(by: Floats) -> Integers:
    """Return the first day by which half of the curve's own total has happened ("if they go home")."""
    return np.argmax(by >= by[:, -1:] / 2, axis=1).astype(np.int64)


def fewest_days(by: Floats, holds: float = RANGE_HOLDS) -> tuple[Integers, Integers]:
    """Return first and last of the fewest consecutive days that hold this share of the curve's own total.

    Among equally short ranges the one that holds most wins, and then the earliest.

    >>> curve = np.zeros((1, HORIZON_DAYS)); curve[0, 3:] = 0.1; curve[0, 4:] = 0.6; curve[0, 5:] = 1.0
    >>> fewest_days(curve)
    (array([4]), array([5]))
    """
    rows, days = by.shape
    goal = holds * by[:, -1] - 1e-12
    first, last = np.zeros(rows, np.int64), np.full(rows, days - 1, np.int64)
    open_rows = np.arange(rows)
    below = np.column_stack([np.zeros(rows), by])
    for length in range(1, days + 1):
        held = below[open_rows, length:] - below[open_rows, :-length]
        best = held.argmax(axis=1)
        done = held[np.arange(len(open_rows)), best] >= goal[open_rows]
        first[open_rows[done]] = best[done]
        last[open_rows[done]] = best[done] + length - 1
        open_rows = open_rows[~done]
        if len(open_rows) == 0:
            break
    return first, last


def _running_share(day_shares: Floats) -> Floats:
    running = np.cumsum(day_shares, axis=1)
    before = np.column_stack([np.zeros(len(running)), running[:, :-1]])[:, PIECE_STARTS]
    return running - before[:, PIECE_OF_DAY]
