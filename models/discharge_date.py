"""The date models: three boosters of discrete-time hazards, and the curves that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.working_days import calendar
from models.booster import Matrix, Sample, Size, fitted, probability
from models.distribution import (
    HORIZON_DAYS,
    PIECE_STARTS,
    PIECE_STOPS,
    PIECES,
    SINGLE_DAYS,
    Curves,
    Floats,
    compose,
    spread,
)

PIECE_COLUMNS = ("days_ahead", "weekday_ahead", "working_day_ahead", "working_share_ahead")
DAY_KINDS = 8  # Monday to Sunday, and any bank holiday
BANK_HOLIDAY = 7
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Targets:
    """What became of each row, in whole local days after the moment's day; one array element a row.

    `exit_day` is infinite while the person is still in; days before `observed_days` are fully seen.
    `ready_day` is infinite if that was never seen; `ready_usable` is False where readiness is unknown.
    """

    exit_day: Floats
    went_home: npt.NDArray[np.bool_]
    observed_days: Floats
    ready_day: Floats
    ready_observed_days: Floats
    ready_usable: npt.NDArray[np.bool_]
    weight: Floats

    def pick(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Targets":
        """Return the targets of some rows."""
        return Targets(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Days:
    """The local day of each row's moment; `nation` is None where dates mean nothing (no calendar)."""

    first: npt.NDArray[np.datetime64]
    nation: str | None

    def pick(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Days":
        """Return the days of some rows."""
        return Days(self.first[rows], self.nation)

    def kinds(self) -> npt.NDArray[np.int64]:
        """Return the kind of each of the next HORIZON_DAYS days: weekday 0 to 6, bank holiday 7."""
        if self.nation is None:
            return np.zeros((len(self.first), HORIZON_DAYS), np.int64)
        firsts, positions = np.unique(self.first.astype("datetime64[D]"), return_inverse=True)
        ahead = (firsts[:, None] + np.arange(HORIZON_DAYS)).ravel()
        days = calendar(pd.DatetimeIndex(ahead), self.nation)
        kinds = np.where(days["bank_holiday"], BANK_HOLIDAY, days["weekday"]).astype(np.int64)
        return kinds.reshape(len(firsts), HORIZON_DAYS)[positions]


def piece_columns(kinds: npt.NDArray[np.int64], has_calendar: bool) -> Matrix:
    """Return what is known of each piece of days ahead, (rows, PIECES, len(PIECE_COLUMNS))."""
    columns = np.full((len(kinds), PIECES, len(PIECE_COLUMNS)), np.nan, np.float32)
    columns[:, :, 0] = PIECE_STARTS
    if has_calendar:
        working = (kinds < 5).astype(np.float64)
        columns[:, :SINGLE_DAYS, 1] = kinds[:, :SINGLE_DAYS]
        columns[:, :SINGLE_DAYS, 2] = working[:, :SINGLE_DAYS]
        shares = np.add.reduceat(working, PIECE_STARTS, axis=1) / (PIECE_STOPS - PIECE_STARTS)
        columns[:, :, 3] = shares
    return columns


def with_pieces(
    matrix: Matrix, pieces: Matrix, rows: npt.NDArray[np.int64], piece: npt.NDArray[np.int64]
) -> Matrix:
    """Return booster rows: the features of each row beside what is known of the piece of days."""
    return np.column_stack([matrix[rows], pieces[rows, piece]])


@dataclass(frozen=True)
class DateModel:
    """Hazards of leaving, of going home when leaving, and (where the source has it) of becoming ready."""

    leave: lgb.Booster
    home: lgb.Booster
    ready: lgb.Booster | None
    day_weights: tuple[float, ...]  # how likely a far exit falls on each kind of day

    def hazards(self, matrix: Matrix, days: Days) -> Mapping[str, Floats]:
        """Return P of each booster for every row and piece, arrays (rows, PIECES)."""
        rows, piece = np.divmod(np.arange(len(matrix) * PIECES), PIECES)
        expanded = with_pieces(matrix, piece_columns(days.kinds(), days.nation is not None), rows, piece)
        boosters = {"leave": self.leave, "home": self.home, "ready": self.ready}
        return {
            name: probability(booster, expanded).reshape(-1, PIECES)
            for name, booster in boosters.items()
            if booster
        }

    def day_shares(self, days: Days) -> Floats:
        """Return each day's share of its piece, from the weights of its kind of day."""
        return spread(np.asarray(self.day_weights)[days.kinds()])

    def curves(self, matrix: Matrix, days: Days) -> Curves:
        """Return the uncalibrated curves of each row."""
        parts = []
        for start in range(0, max(len(matrix), 1), ROWS_AT_ONCE):
            chunk = slice(start, start + ROWS_AT_ONCE)
            some = Days(days.first[chunk], days.nation)
            hazards = self.hazards(matrix[chunk], some)
            parts.append(
                compose(hazards["leave"], hazards["home"], hazards.get("ready"), self.day_shares(some))
            )
        ready = [part.ready_by for part in parts if part.ready_by is not None]
        return Curves(
            np.concatenate([part.in_bed for part in parts]),
            np.concatenate([part.home_by for part in parts]),
            np.concatenate(ready) if ready else None,
        )


def at_risk(
    until: Floats, observed_days: Floats, usable: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the (row, piece) pairs to learn from: the person was there at its start, and it is seen whole.

    A piece seen in part is left out whether or not something happened in it, or the exits of the last
    days would count and the stays would not.
    """
    there = PIECE_STARTS[None, :] <= until[:, None]
    seen = PIECE_STOPS[None, :] <= observed_days[:, None]
    rows, piece = np.nonzero(there & seen & usable[:, None])
    return rows.astype(np.int64), piece.astype(np.int64)


def fit_dates(
    matrix: Matrix,
    days: Days,
    targets: Targets,
    codes: list[int],
    size: Size,
    later: tuple[Matrix, Days, Targets] | None = None,
    rounds: Mapping[str, int] | None = None,
) -> DateModel:
    """Fit the three boosters; with `later` rows each stops when these no longer improve.

    `rounds` gives each booster's own number of trees, by name, where it is known already.
    """
    sizes = {
        name: replace(size, rounds=(rounds or {}).get(name, size.rounds)) for name in ("leave", "home", "ready")
    }
    ready = None
    if targets.ready_usable.any():
        sample = _ready_sample(matrix, days, targets, codes)
        ready = fitted(sample, sizes["ready"], _ready_sample(*later, codes) if later else None)
    leave = fitted(
        _leave_sample(matrix, days, targets, codes),
        sizes["leave"],
        _leave_sample(*later, codes) if later else None,
    )
    home = fitted(
        _home_sample(matrix, days, targets, codes),
        sizes["home"],
        _home_sample(*later, codes) if later else None,
    )
    return DateModel(leave, home, ready, day_weights(days, targets))


def day_weights(days: Days, targets: Targets) -> tuple[float, ...]:
    """Return how likely an exit is on each kind of day, relative to how many such days were ahead."""
    if days.nation is None:
        return (1.0,) * DAY_KINDS
    kinds = days.kinds()[:, :SINGLE_DAYS]
    ahead = np.arange(SINGLE_DAYS)[None, :]
    there = (ahead <= targets.exit_day[:, None]) & (ahead < targets.observed_days[:, None])
    left = there & (ahead == targets.exit_day[:, None])
    exits = np.bincount(kinds[left], minlength=DAY_KINDS) + 1.0
    chances = np.bincount(kinds[there], minlength=DAY_KINDS) + 10.0
    rates = exits / chances
    return tuple(float(rate) for rate in rates / rates.mean())


def _expanded(matrix: Matrix, days: Days, rows: npt.NDArray[np.int64], piece: npt.NDArray[np.int64]) -> Matrix:
    return with_pieces(matrix, piece_columns(days.kinds(), days.nation is not None), rows, piece)


def _leave_sample(matrix: Matrix, days: Days, targets: Targets, codes: list[int]) -> Sample:
    rows, piece = at_risk(targets.exit_day, targets.observed_days, np.ones(len(matrix), bool))
    label = (targets.exit_day[rows] < PIECE_STOPS[piece]).astype(np.float64)
    return Sample(_expanded(matrix, days, rows, piece), label, targets.weight[rows], codes)


def _home_sample(matrix: Matrix, days: Days, targets: Targets, codes: list[int]) -> Sample:
    rows, piece = at_risk(targets.exit_day, targets.observed_days, np.ones(len(matrix), bool))
    left = targets.exit_day[rows] < PIECE_STOPS[piece]
    rows, piece = rows[left], piece[left]
    label = targets.went_home[rows].astype(np.float64)
    return Sample(_expanded(matrix, days, rows, piece), label, targets.weight[rows], codes)


def _ready_sample(matrix: Matrix, days: Days, targets: Targets, codes: list[int]) -> Sample:
    until = np.minimum(targets.ready_day, targets.exit_day)
    rows, piece = at_risk(until, targets.ready_observed_days, targets.ready_usable)
    label = (targets.ready_day[rows] < PIECE_STOPS[piece]).astype(np.float64)
    return Sample(_expanded(matrix, days, rows, piece), label, targets.weight[rows], codes)
