"""Date boosters learn in stages: all days ahead, then the first three, then all again."""

from dataclasses import replace

import numpy as np
import pytest

from models import discharge_date
from models.booster import Sample, Size, fitted
from models.discharge_date import STAGES, Days, Draw, Pairs, Targets, at_risk, fit_dates
from models.distribution import HORIZON_DAYS, PIECE_STARTS

SIZE = Size(
    rounds=20,
    leaves=4,
    learning_rate=0.2,
    smallest_leaf=20,
    smoothing=20,
    penalty=1,
    features=1.0,
    seed=1,
    threads=1,
)
PEOPLE = 600


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, Days, Targets]:
    """Stays of one known feature, longer where it is large; nine in ten go home, and all are seen whole."""
    random = np.random.default_rng(5)
    matrix = random.random((PEOPLE, 1)).astype(np.float32)
    exit_day = np.floor(random.exponential(2 + 20 * matrix[:, 0]))
    first = np.datetime64("2026-01-05") + random.integers(0, 7, PEOPLE)
    every = np.ones(PEOPLE, bool)
    seen = np.full(PEOPLE, float(HORIZON_DAYS))
    home = random.random(PEOPLE) < 0.9
    targets = Targets(exit_day, home, seen, np.maximum(exit_day - 1, 0), seen, every, np.ones(PEOPLE))
    return matrix, Days(first, "ENG"), targets


def test_new_trees_follow_those_of_the_booster_before(rows) -> None:
    matrix, _, targets = rows
    sample = Sample(matrix, (targets.exit_day < 5).astype(float), np.ones(PEOPLE), [])
    first = fitted(sample, SIZE)
    both = fitted(sample, SIZE, before=first)
    assert (first.num_trees(), both.num_trees()) == (20, 40)
    np.testing.assert_array_equal(
        both.predict(matrix, raw_score=True, num_iteration=20), first.predict(matrix, raw_score=True)
    )


def test_a_stage_learns_from_the_pieces_that_begin_before_its_day_alone(rows) -> None:
    matrix, days, targets = rows
    who, piece = at_risk(targets.exit_day, targets.observed_days, np.ones(PEOPLE, bool))
    pairs = Pairs(who, piece, targets.exit_day[who] == piece)
    near = Draw(3, None, 1).sample(matrix, days, pairs, targets.weight, [])
    assert set(near.matrix[:, 1]) == {0, 1, 2}
    assert near.label.sum() == (targets.exit_day < 3).sum()
    whole = Draw(HORIZON_DAYS, None, 1).sample(matrix, days, pairs, targets.weight, [])
    assert len(whole.label) == len(who)
    thinned = Draw(3, 300, 1).sample(matrix, days, pairs, targets.weight, [])
    assert thinned.weight.sum() == pytest.approx(near.weight.sum(), rel=0.2)
    assert len(thinned.label) < len(near.label)


def test_stages_have_their_shares_of_the_trees_and_a_refit_repeats_them(rows) -> None:
    fitted_once = fit_dates(*rows, [], SIZE)
    assert fitted_once.rounds == {"leave": (5, 14, 1), "home": (20,), "ready": (5, 14, 1)}
    stopped = fit_dates(*rows, [], SIZE, later=rows, rounds={**fitted_once.rounds, "leave": (2, 1, 5)})
    assert stopped.rounds["leave"] == (2, 1, 5)
    assert stopped.model.leave.num_trees() == 8


def test_the_near_trees_lie_between_trees_of_every_day() -> None:
    first, near, last = (day for day, _ in STAGES)
    assert first == last == HORIZON_DAYS > PIECE_STARTS.max() > near
    assert sum(share for _, share in STAGES) == pytest.approx(1)


def test_the_last_stage_gives_far_days_their_own_level_again(rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here nobody leaves after the first days, which trees that learn from these alone cannot say."""
    matrix, days, targets = rows
    short = replace(targets, exit_day=np.where(targets.exit_day < 3, targets.exit_day, 100.0))
    seen = (short.exit_day > 60).mean()

    def gap(stages) -> float:
        monkeypatch.setattr(discharge_date, "STAGES", stages)
        curves = fit_dates(matrix, days, short, [], replace(SIZE, rounds=100)).model.curves(matrix, days)
        return abs(curves.in_bed[:, 60].mean() - seen)

    assert gap(STAGES) < gap(STAGES[:2])
