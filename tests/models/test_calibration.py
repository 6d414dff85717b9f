from collections.abc import Callable

import numpy as np
import pytest

from models.calibration import CurveMap, Happened, fit_curve_map, fit_curve_maps
from models.distribution import HORIZON_DAYS
from models.risk_map import RiskMap, fit_risk_map


def geometric(chance: float, rows: int) -> np.ndarray:
    return np.repeat((1 - (1 - chance) ** np.arange(1, HORIZON_DAYS + 1))[None], rows, axis=0)


def days_of(chance: float, rows: int, never: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(4)
    return np.where(random.random(rows) < never, np.inf, random.geometric(chance, rows) - 1.0)


def happened(day: np.ndarray, weight: np.ndarray | None = None) -> Happened:
    return Happened(day, np.ones(len(day)) if weight is None else weight, np.arange(len(day)))


def thirds(rows: int) -> np.ndarray:
    return np.arange(rows) % 3


def test_a_right_curve_is_left_as_it_is() -> None:
    found = fit_curve_map(geometric(0.2, 4000), happened(days_of(0.2, 4000)), seed=1)
    np.testing.assert_allclose(found.to, found.at, atol=0.03)


def test_a_curve_that_is_too_early_is_made_later() -> None:
    too_early, truth = geometric(0.3, 4000), geometric(0.15, 1)[0]
    found = fit_curve_map(too_early, happened(days_of(0.15, 4000)), seed=1)
    before, after = (
        np.abs(too_early[0] - truth)[:14].max(),
        np.abs(found.applied(too_early[0]) - truth)[:14].max(),
    )
    assert after < 0.3 * before


def test_deaths_take_their_share_of_the_curve() -> None:
    hopeful = 0.95 * geometric(0.2, 4000)
    found = fit_curve_map(hopeful, happened(days_of(0.2, 4000, never=0.2)), seed=1)
    assert found.applied(hopeful[0])[-1] == pytest.approx(0.8, abs=0.03)


def test_a_map_never_turns_a_curve_around() -> None:
    random = np.random.default_rng(9)
    day = random.integers(0, 3, 300).astype(float)
    found = fit_curve_map(geometric(0.05, 300), happened(day, random.random(300)), seed=1)
    assert (np.diff(found.to) >= 0).all()
    assert (found.to[0], found.to[-1]) == (0, 1)


def test_too_few_outcomes_move_nothing() -> None:
    assert fit_curve_map(geometric(0.2, 20), happened(days_of(0.2, 20)), seed=1) == CurveMap()
    assert fit_risk_map(np.full(20, 0.1), np.zeros(20), np.ones(20), thirds(20)) == RiskMap()


def test_risks_that_are_too_extreme_are_drawn_in() -> None:
    random = np.random.default_rng(2)
    odds = random.normal(-2, 0.7, 20_000)
    back = (random.random(20_000) < 1 / (1 + np.exp(-odds))).astype(float)
    extreme = 1 / (1 + np.exp(-2 * odds - 1))
    found = fit_risk_map(extreme, back, np.ones(20_000), thirds(20_000))
    assert found.kind == "platt"  # the plainest that does it
    assert (found.low, found.high) == (found.low, found.low) == pytest.approx((0.5, 0.5), abs=0.04)


@pytest.mark.parametrize(
    ("kind", "truth"),
    [
        ("beta", lambda risk: 1 / (1 + np.exp(-(2.5 * np.log(risk) - 0.4 * np.log(1 - risk) + 2)))),
        ("isotonic", lambda risk: np.where(risk < 0.2, 0.08, np.where(risk < 0.35, 0.3, 0.5))),
    ],
)
def test_the_kind_of_map_that_fits_patients_held_out_is_taken(
    kind: str, truth: Callable[[np.ndarray], np.ndarray]
) -> None:
    random = np.random.default_rng(5)
    risk = random.uniform(0.02, 0.98 if kind == "beta" else 0.6, 40_000)
    back = (random.random(40_000) < truth(risk)).astype(float)
    found = fit_risk_map(risk, back, np.ones(40_000), thirds(40_000))
    assert found.kind == kind
    where = np.linspace(0.05, 0.95 if kind == "beta" else 0.55, 10)
    assert np.abs(found.applied(np.log(where / (1 - where))) - truth(where)).mean() < 0.03
    rising = np.diff(found.applied(np.linspace(-5, 5, 200)))
    assert (rising >= 0).all()


def test_a_group_of_enough_stays_has_its_own_map_and_a_smaller_one_its_parents() -> None:
    slow, quick, few = (days_of(chance, rows) for chance, rows in ((0.1, 2000), (0.3, 2000), (0.9, 200)))
    day = np.concatenate([slow, quick, few])
    group = np.repeat([0, 1, 2], [2000, 2000, 200])
    found = fit_curve_maps(geometric(0.2, 4200), happened(day), group, parents=(0, 1, 1), seed=1)
    curve = geometric(0.2, 3)
    mapped = found.applied(curve, np.array([0, 1, 2]))
    for row, chance in ((0, 0.1), (1, 0.3)):
        assert np.abs(mapped[row] - geometric(chance, 1)[0])[:10].max() < 0.06
    assert found.of[2] != found.of[0]
    alone = found.of[2].applied(curve[0])
    assert np.abs(alone - mapped[1]).max() < 0.06  # the parent's, to which its own 200 stays belong


def test_many_rows_of_few_stays_count_as_few() -> None:
    rows = Happened(days_of(0.9, 4000), np.ones(4000), np.arange(4000) % 20)
    found = fit_curve_map(geometric(0.1, 4000), rows, seed=1)
    assert np.abs(np.subtract(found.to, found.at)).max() < 0.1
