"""What chance does to many measures at once: thresholds beyond what a year of weeks can show."""

import numpy as np
import pytest

from training.watch.null import _seldom, _wider


def test_what_is_seldom_is_that_of_the_distribution_of_the_largest() -> None:
    random = np.random.default_rng(3)
    largest = np.abs(random.normal(size=(20_000, 18))).max(axis=1)
    for share in (1 / 80, 1 / 160):
        beyond = (np.abs(random.normal(size=(200_000, 18))).max(axis=1) > _seldom(largest, share)).mean()
        assert share / 4 < beyond <= share, "a little more careful than promised where chance is normal"
    assert _seldom(np.full(9, -np.inf), 1 / 80) == np.inf


def test_a_measure_that_seasons_move_is_judged_by_its_own_width_and_sets_no_threshold_of_others() -> None:
    random = np.random.default_rng(4)
    steady = random.normal(size=(480, 17))
    moved = random.normal(size=(480, 1)) + np.repeat([-6.0, 2.0, 5.0, -1.0], 120)[:, None]
    beyond = np.column_stack([steady, moved, np.full(480, np.nan), steady[:, :1] / 100])
    wider = _wider(beyond)
    assert wider[:17] == pytest.approx(1.0, abs=0.1)
    assert wider[17] == pytest.approx(np.sqrt((moved**2).mean()))
    assert wider[18:].tolist() == [1.0, 1.0], "what was never known, and what moves less than expected"

    def threshold(of: np.ndarray) -> float:
        return _seldom(np.abs(of[:, :18]).max(axis=1), 1 / 160)

    assert threshold(beyond / wider) < 4.2 < 6.5 < threshold(beyond)
