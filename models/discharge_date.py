"""The date models: three boosters of discrete-time hazards, and the curves that follow from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache

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
from models.shapley import Explain, explainer

PIECE_COLUMNS = ("days_ahead", "weekday_ahead", "working_day_ahead", "working_share_ahead")
DAY_KINDS = 8  # Monday to Sunday, and any bank holiday
BANK_HOLIDAY = 7
ROWS_AT_ONCE = 20_000
STAGES = ((HORIZON_DAYS, 0.25), (3, 0.7), (HORIZON_DAYS, 0.05))
"""What the boosters of leaving and of becoming ready learn from in turn: the pieces that begin before a day
ahead, and the share of the trees.  Learnt from all pieces alike, most trees go to the far pieces of long stays,
of which little can be known: CRPS 0.73 above the truth's and not 0.60, home-by-tomorrow AUROC 0.812 and not
0.819.  Without the last, near trees move far days: home by 30 days is said 2 points low, not 1 (simulated)."""
WHOLE = ((HORIZON_DAYS, 1.0),)


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
        kinds, place = self.distinct()
        return kinds[place]

    def distinct(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the kinds of days ahead of each distinct day, and the place of each row's day among them."""
        if self.nation is None:
            return np.zeros((1, HORIZON_DAYS), np.int64), np.zeros(len(self.first), np.int64)
        firsts, place = np.unique(self.first.astype("datetime64[D]"), return_inverse=True)
        kinds = [_kinds_ahead(day, self.nation) for day in firsts.tolist()]
        return np.array(kinds, np.int64).reshape(len(firsts), HORIZON_DAYS), place


@lru_cache(maxsize=4096)
def _kinds_ahead(day: date, nation: str) -> npt.NDArray[np.int64]:
    days = calendar(pd.date_range(day, periods=HORIZON_DAYS), nation)
    return np.where(days["bank_holiday"], BANK_HOLIDAY, days["weekday"]).astype(np.int64)


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
    matrix: Matrix, days: Days, rows: npt.NDArray[np.int64], piece: npt.NDArray[np.int64]
) -> Matrix:
    """Return booster rows: the features of each row beside what is known of the piece of days."""
    kinds, place = days.distinct()
    pieces = piece_columns(kinds, days.nation is not None)
    return np.column_stack([matrix[rows], pieces[place[rows], piece]])


@dataclass(frozen=True)
class DateModel:
    """Hazards of leaving, of going home when leaving, and (where the source has it) of becoming ready."""

    leave: lgb.Booster
    home: lgb.Booster
    ready: lgb.Booster | None
    day_weights: tuple[float, ...]  # how likely a far exit falls on each kind of day

    @cached_property
    def explain_leave(self) -> Explain:
        """What gives the SHAP values of leaving."""
        return explainer(self.leave)

    @cached_property
    def explain_ready(self) -> Explain | None:
        """What gives the SHAP values of becoming ready, where the source has it."""
        return explainer(self.ready) if self.ready else None

    def hazards(self, matrix: Matrix, days: Days) -> Mapping[str, Floats]:
        """Return P of each booster for every row and piece, arrays (rows, PIECES)."""
        rows, piece = np.divmod(np.arange(len(matrix) * PIECES), PIECES)
        expanded = with_pieces(matrix, days, rows, piece)
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


Rounds = Mapping[str, Sequence[int]]
"""How many trees each stage of a booster has, by the booster's name."""


@dataclass(frozen=True)
class FittedDates:
    """A model, and the trees that each stage of its boosters grew."""

    model: DateModel
    rounds: Rounds


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
    rounds: Rounds | None = None,
    most_rows: int | None = None,
) -> FittedDates:
    """Fit the three boosters, stage by stage; with `later` rows each stage stops when these no longer improve.

    `rounds` gives each stage's own number of trees where it is known already.  More than `most_rows` rows
    (moment and piece) of a stage are thinned with known probability and weigh its inverse.
    """
    found: dict[str, lgb.Booster] = {}
    grown: dict[str, tuple[int, ...]] = {}
    for name, pairs_of in PAIRS.items():
        if name == "ready" and not targets.ready_usable.any():
            continue
        stages = WHOLE if name == "home" else STAGES
        trees = rounds[name] if rounds else [max(round(share * size.rounds), 1) for _, share in stages]
        ends, mine, theirs = [0], pairs_of(targets), pairs_of(later[2]) if later else None
        for (until, _), most in zip(stages, trees, strict=True):
            draw = Draw(until, most_rows, size.seed)
            sample, stopping = draw.sample(matrix, days, mine, targets.weight, codes), None
            if later and theirs:
                stopping = draw.sample(later[0], later[1], theirs, later[2].weight, codes)
            own = replace(size, rounds=most)
            found[name] = fitted(sample, own, stopping, before=found.get(name))
            ends.append(found[name].num_trees())
        grown[name] = tuple(np.diff(ends).tolist())
    model = DateModel(found["leave"], found["home"], found.get("ready"), day_weights(days, targets))
    return FittedDates(model, grown)


def day_weights(days: Days, targets: Targets) -> tuple[float, ...]:
    """Return how likely an exit is on each kind of day, relative to how many such days were ahead."""
    if days.nation is None:
        return (1.0,) * DAY_KINDS
    kinds = days.kinds()[:, :SINGLE_DAYS]
    ahead = np.arange(SINGLE_DAYS)[None, :]
    there = (ahead <= targets.exit_day[:, None]) & (ahead < targets.observed_days[:, None])
    left = there & (ahead == targets.exit_day[:, None])
    weight = np.repeat(targets.weight[:, None], SINGLE_DAYS, axis=1)
    exits = np.bincount(kinds[left], weight[left], DAY_KINDS) + 1.0
    chances = np.bincount(kinds[there], weight[there], DAY_KINDS) + 10.0
    rates = exits / chances
    return tuple(float(rate) for rate in rates / rates.mean())


@dataclass(frozen=True)
class Pairs:
    """(row, piece) pairs to learn from, and whether it happened in each: three arrays of one length."""

    rows: npt.NDArray[np.int64]
    piece: npt.NDArray[np.int64]
    happened: npt.NDArray[np.bool_]

    def pick(self, chosen: npt.NDArray[np.bool_]) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(self.rows[chosen], self.piece[chosen], self.happened[chosen])


@dataclass(frozen=True)
class Draw:
    """Which pieces a booster learns from, those that begin before day `until`, and how many rows (moment and
    piece) at most, drawn with one known probability."""

    until: int
    most: int | None
    seed: int

    def sample(self, matrix: Matrix, days: Days, pairs: Pairs, weight: Floats, codes: list[int]) -> Sample:
        """Return the pairs drawn as rows of a booster, each weighing the inverse of its chance to be drawn."""
        own = pairs.pick(PIECE_STARTS[pairs.piece] < self.until)
        chance = min(1.0, self.most / max(len(own.rows), 1)) if self.most else 1.0
        if chance < 1:
            own = own.pick(np.random.default_rng(self.seed).random(len(own.rows)) < chance)
        expanded = with_pieces(matrix, days, own.rows, own.piece)
        return Sample(expanded, own.happened.astype(np.float64), weight[own.rows] / chance, codes)


def _leave_pairs(targets: Targets) -> Pairs:
    every = np.ones(len(targets.exit_day), bool)
    rows, piece = at_risk(targets.exit_day, targets.observed_days, every)
    return Pairs(rows, piece, targets.exit_day[rows] < PIECE_STOPS[piece])


def _home_pairs(targets: Targets) -> Pairs:
    leaving = _leave_pairs(targets)
    left = leaving.pick(leaving.happened)
    return replace(left, happened=targets.went_home[left.rows])


def _ready_pairs(targets: Targets) -> Pairs:
    until = np.minimum(targets.ready_day, targets.exit_day)
    rows, piece = at_risk(until, targets.ready_observed_days, targets.ready_usable)
    return Pairs(rows, piece, targets.ready_day[rows] < PIECE_STOPS[piece])


PAIRS = {"leave": _leave_pairs, "home": _home_pairs, "ready": _ready_pairs}
"""What each booster learns from."""
