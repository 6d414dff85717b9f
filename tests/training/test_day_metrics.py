"""Figures of days; the oracles are scikit-learn and sums made by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.metrics import LAST_DAY, curve_losses, date_figures, median_day

DATE_KEYS = {
    "mae_days",
    "signed_error_days",
    "within_1_day",
    "crps",
    "coverage_80",
    "width_80",
    "home_by_24h_auroc",
    "home_by_24h_auprc",
    "n",
}


def step(day: int) -> np.ndarray:
    """Return the curve of somebody who certainly goes home on a day."""
    return (np.arange(LAST_DAY + 1) >= day).astype(float)


def figures_of(curves, days, kinds, **more):
    first, last = more.pop("first", np.zeros(len(days))), more.pop("last", np.full(len(days), 4.0))
    return date_figures(np.asarray(curves), days, kinds, first, last, **more)


def test_a_perfect_forecast_of_days():
    days = np.array([0.0, 1.0, 3.0, 5.0, np.nan])
    kinds = ["home"] * 4 + ["died"]
    curves = np.vstack([*[step(int(day)) for day in days[:4]], np.zeros(61)])
    figures = figures_of(curves, days, kinds, first=days, last=days)
    assert figures == {
        "mae_days": 0.0,
        "signed_error_days": 0.0,
        "within_1_day": 1.0,
        "crps": 0.0,
        "coverage_80": 1.0,
        "width_80": 1.0,
        "home_by_24h_auroc": 1.0,
        "home_by_24h_auprc": 1.0,
        "n": 5,
    }


def test_weighted_day_figures_made_by_hand():
    days = np.array([2.0, 8.0, 0.0, np.nan])
    kinds = np.array(["home", "home", "home", "transfer"])
    weight = np.array([1.0, 2.0, 1.0, 4.0])
    figures = figures_of([step(3)] * 4, days, kinds, weight=weight)
    assert figures["mae_days"] == pytest.approx((1 * 1 + 2 * 5 + 1 * 3) / 4)
    assert figures["signed_error_days"] == pytest.approx((1 * 1 - 2 * 5 + 1 * 3) / 4)
    assert figures["within_1_day"] == pytest.approx(1 / 4)
    assert figures["coverage_80"] == pytest.approx(2 / 4)  # days 0 to 4 were shown
    assert figures["width_80"] == 5
    assert figures["crps"] == pytest.approx((1 * 1 + 2 * 5 + 1 * 3 + 4 * 58) / 8)
    assert set(figures) == DATE_KEYS


def test_a_death_scores_the_square_of_what_the_curve_gave_to_going_home():
    curve = np.linspace(0, 0.5, 61)
    died = curve_losses(curve[None, :], np.array([np.nan]))
    assert died.item() == pytest.approx((curve**2).sum())
    figures = figures_of([curve, step(2)], [np.nan, 2.0], ["died", "home"])
    assert figures["crps"] == pytest.approx((curve**2).sum() / 2)
    assert figures["mae_days"] == 0  # of live discharges only


def test_a_stay_of_more_than_sixty_days_counts_with_its_real_day():
    figures = figures_of([step(10)], [100.0], ["home"])
    assert (figures["mae_days"], figures["crps"]) == (90, 51)


def test_the_median_is_of_the_curve_if_the_person_goes_home():
    curve = np.concatenate([np.linspace(0.02, 0.2, 10), np.full(51, 0.2)])  # four in five never do
    assert median_day(np.vstack([curve, np.zeros(61)])).tolist() == [4, LAST_DAY]


def test_people_still_in_count_nothing_whatever_their_weight():
    curves, days, kinds = [step(1), step(1), step(9)], [2.0, np.nan, 9.0], ["home", "", "home"]
    with_them = figures_of(curves, days, kinds, weight=[1.0, 5.0, 1.0])
    without = figures_of([step(1), step(9)], [2.0, 9.0], ["home", "home"], first=np.zeros(2), last=[4.0, 4.0])
    assert with_them == without


def test_home_by_24h_is_measured_on_board_rows_at_eight():
    rng = np.random.default_rng(8)
    days = rng.integers(0, 5, 200).astype(float)
    by_tomorrow = rng.random(200)
    curves = np.linspace(0, 1, 61) * np.ones((200, 1))
    curves[:, 1] = by_tomorrow
    at_eight = rng.random(200) < 0.5
    figures = figures_of(curves, days, ["home"] * 200, board_at_eight=at_eight)
    oracle = roc_auc_score(days[at_eight] <= 1, by_tomorrow[at_eight])
    assert figures["home_by_24h_auroc"] == pytest.approx(oracle)
    everywhere = figures_of(curves, days, ["home"] * 200)
    assert everywhere["home_by_24h_auroc"] == pytest.approx(roc_auc_score(days <= 1, by_tomorrow))


def test_one_curve_for_everybody_ranks_nobody():
    figures = figures_of([np.linspace(0, 1, 61)] * 4, [0.0, 1.0, 5.0, 9.0], ["home"] * 4)
    assert figures["home_by_24h_auroc"] == 0.5


@pytest.mark.parametrize(
    ("days", "kinds"), [([], []), ([np.nan, np.nan], ["died", "transfer"]), ([np.nan], [""])]
)
def test_day_figures_that_cannot_be_computed_are_none(days, kinds):
    figures = date_figures(
        np.zeros((len(days), 61)), days, kinds, np.full(len(days), np.nan), np.full(len(days), np.nan)
    )
    assert set(figures) == DATE_KEYS
    assert all(figures[name] is None for name in DATE_KEYS - {"crps", "n"})


def test_arrays_that_do_not_fit_together_are_an_error():
    with pytest.raises(ValueError, match=r"home_by must be \(n, 61\)"):
        figures_of(np.zeros((2, 60)), [1.0, 2.0], ["home", "home"])
    with pytest.raises(ValueError, match="only there"):
        figures_of([step(1)], [1.0], ["died"])
