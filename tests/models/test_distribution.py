import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.distribution import (
    HORIZON_DAYS,
    PIECE_STARTS,
    PIECE_STOPS,
    PIECES,
    compose,
    fewest_days,
    median_day,
    raised,
    spread,
    survival,
)

seeds = st.integers(0, 2**32 - 1)


def random_rows(seed: int, rows: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    leave, home, ready = (random.beta(0.5, 1.5, (rows, PIECES)) for _ in range(3))
    return leave, home, ready, spread(random.uniform(0.2, 1.5, (rows, HORIZON_DAYS)))


def test_pieces_cover_every_day_once() -> None:
    assert PIECE_STARTS[0] == 0
    assert PIECE_STOPS[-1] == HORIZON_DAYS
    assert (PIECE_STARTS[1:] == PIECE_STOPS[:-1]).all()


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_curves_never_contradict_each_other(seed: int) -> None:
    curves = compose(*random_rows(seed))
    assert curves.ready_by is not None
    ready = raised(curves.ready_by, curves.home_by)
    for by in (curves.home_by, ready, 1 - curves.in_bed):
        assert (np.diff(by, axis=1) >= -1e-12).all()
        assert (by >= -1e-12).all()
        assert (by <= 1 + 1e-9).all()
    assert (curves.home_by <= 1 - curves.in_bed + 1e-9).all(), "whoever went home left the bed"
    assert (ready >= curves.home_by).all(), "nobody leaves before they are ready"


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_ranges_hold_what_they_say_and_no_shorter_one_does(seed: int) -> None:
    by = compose(*random_rows(seed)).home_by
    first, last = fewest_days(by)
    padded = np.column_stack([np.zeros(len(by)), by])
    rows = np.arange(len(by))
    held = (padded[rows, last + 1] - padded[rows, first]) / by[:, -1]
    assert (held >= 0.8 - 1e-9).all()
    for row in rows:
        length = last[row] - first[row]
        shorter = padded[row, length:] - padded[row, : padded.shape[1] - length]
        assert length == 0 or shorter.max() < 0.8 * by[row, -1]


def test_survival_of_known_hazards_is_the_hand_made_product() -> None:
    hazards = np.full((1, PIECES), 0.0)
    hazards[0, :2] = 0.5
    hazards[0, 14] = 0.7
    still = survival(hazards, spread(np.ones((1, HORIZON_DAYS))))[0]
    assert still[0] == pytest.approx(0.5)
    assert still[1] == pytest.approx(0.25)
    assert still[13] == pytest.approx(0.25)
    assert still[14] == pytest.approx(0.25 * (1 - 0.7 / 7)), "a seventh of the piece's hazard on its first day"
    assert still[20] == pytest.approx(0.25 * 0.3)


def test_deaths_and_transfers_lower_the_chance_of_going_home() -> None:
    leave, home = np.full((1, PIECES), 0.3), np.full((1, PIECES), 0.8)
    curves = compose(leave, home, None, spread(np.ones((1, HORIZON_DAYS))))
    assert curves.home_by[0, -1] == pytest.approx(0.8, abs=0.01)
    assert median_day(curves.home_by)[0] == 1, "the date reads `if they go home`"
