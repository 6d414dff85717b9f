import numpy as np
import pytest

from models.calibration import CurveMap, RiskMap, fit_curve_map, fit_risk_map
from models.distribution import HORIZON_DAYS


def geometric(chance: float, rows: int) -> np.ndarray:
    return np.repeat((1 - (1 - chance) ** np.arange(1, HORIZON_DAYS + 1))[None], rows, axis=0)


def days_of(chance: float, rows: int, never: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(4)
    return np.where(random.random(rows) < never, np.inf, random.geometric(chance, rows) - 1.0)


def test_a_right_curve_is_left_as_it_is() -> None:
    found = fit_curve_map(geometric(0.2, 4000), days_of(0.2, 4000), np.ones(4000), seed=1)
    np.testing.assert_allclose(found.to, found.at, atol=0.03)


def test_a_curve_that_is_too_early_is_made_later() -> None:
    too_early, truth = geometric(0.3, 4000), geometric(0.15, 1)[0]
    found = fit_curve_map(too_early, days_of(0.15, 4000), np.ones(4000), seed=1)
    before, after = (
        np.abs(too_early[0] - truth)[:14].max(),
        np.abs(found.applied(too_early[0]) - truth)[:14].max(),
    )
    assert after < 0.3 * before


def test_deaths_take_their_share_of_the_curve() -> None:
    hopeful = 0.95 * geometric(0.2, 4000)
    found = fit_curve_map(hopeful, days_of(0.2, 4000, never=0.2), np.ones(4000), seed=1)
    assert found.applied(hopeful[0])[-1] == pytest.approx(0.8, abs=0.03)


def test_a_map_never_turns_a_curve_around() -> None:
    random = np.random.default_rng(9)
    day = random.integers(0, 3, 300).astype(float)
    found = fit_curve_map(geometric(0.05, 300), day, random.random(300), seed=1)
    assert (np.diff(found.to) >= 0).all()
    assert (found.to[0], found.to[-1]) == (0, 1)


def test_too_few_outcomes_move_nothing() -> None:
    assert fit_curve_map(geometric(0.2, 20), days_of(0.2, 20), np.ones(20), seed=1) == CurveMap()
    assert fit_risk_map(np.full(20, 0.1), np.zeros(20), np.ones(20)) == RiskMap()


def test_risks_that_are_too_extreme_are_drawn_in() -> None:
    random = np.random.default_rng(2)
    odds = random.normal(-2, 0.7, 20_000)
    happened = (random.random(20_000) < 1 / (1 + np.exp(-odds))).astype(float)
    extreme = 1 / (1 + np.exp(-2 * odds - 1))
    found = fit_risk_map(extreme, happened, np.ones(20_000))
    assert found.slope == pytest.approx(0.5, abs=0.04)
