"""Figures of risks, weights and intervals; the oracles are scikit-learn, scipy and sums made by hand."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from training.metrics import (
    LAST_DAY,
    auroc,
    bootstrap_interval,
    calibration_bins,
    censoring_weights,
    logistic_line,
    readmission_figures,
)

READMISSION_KEYS = {"auroc", "auprc", "brier", "ece", "slope", "observed_over_expected", "n", "events"}


def logit(risk: np.ndarray) -> np.ndarray:
    return np.log(risk / (1 - risk))


def risks_and_outcomes(n: int = 4_000, *, ties: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(30)
    risk = rng.beta(1, 6, n)
    happened = (rng.random(n) < risk).astype(float)
    shown = np.round(risk, 2) + 0.005 if ties else risk
    return shown, happened, rng.choice([0.5, 1.0, 2.0, 7.0], n)


# Risks


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_ranking_and_brier_are_those_of_scikit_learn(weighted, ties):
    risk, happened, weight = risks_and_outcomes(ties=ties)
    weight = weight if weighted else None
    figures = readmission_figures(risk, happened, weight)
    assert figures["auroc"] == pytest.approx(roc_auc_score(happened, risk, sample_weight=weight))
    assert figures["auprc"] == pytest.approx(average_precision_score(happened, risk, sample_weight=weight))
    assert figures["brier"] == pytest.approx(brier_score_loss(happened, risk, sample_weight=weight))


def test_the_slope_is_that_of_scikit_learn_without_penalty():
    risk, happened, weight = risks_and_outcomes()
    overconfident = 1 / (1 + np.exp(-1.7 * logit(risk)))
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(
        logit(overconfident)[:, None], happened, sample_weight=weight
    )
    slope = readmission_figures(overconfident, happened, weight)["slope"]
    assert slope == pytest.approx(oracle.coef_.item(), abs=1e-4)
    assert slope == pytest.approx(1 / 1.7, abs=0.08)


def test_the_line_is_the_maximum_of_the_likelihood():
    risk, happened, weight = risks_and_outcomes(500)

    def loss(line):
        x = line[0] + line[1] * risk
        return weight @ (np.logaddexp(0, x) - happened * x)

    found = logistic_line(risk, happened, weight)
    assert found == pytest.approx(minimize(loss, [0.0, 0.0], tol=1e-10).x, abs=1e-3)


def test_calibration_error_of_ten_bins_made_by_hand():
    risk, happened, weight = risks_and_outcomes(1_003)
    order = np.argsort(risk, kind="stable")
    by_hand = 0.0
    for rows in np.array_split(order, 10):
        gap = np.average(risk[rows], weights=weight[rows]) - np.average(happened[rows], weights=weight[rows])
        by_hand += weight[rows].sum() / weight.sum() * abs(gap)
    assert readmission_figures(risk, happened, weight)["ece"] == pytest.approx(by_hand)
    assert [each["n"] for each in calibration_bins(risk, happened)] == [101] * 3 + [100] * 7


def test_a_whole_weight_counts_as_that_many_rows():
    risk, happened, _ = risks_and_outcomes(300)
    times = np.random.default_rng(1).integers(1, 4, 300)
    once = readmission_figures(risk, happened, times)
    repeated = readmission_figures(np.repeat(risk, times), np.repeat(happened, times))
    for figure in ("auroc", "auprc", "brier", "slope", "observed_over_expected"):
        assert once[figure] == pytest.approx(repeated[figure])


def test_rows_of_weight_zero_and_unknown_outcomes_count_nothing():
    risk, happened, weight = risks_and_outcomes(400)
    weight[:100] = 0
    happened[100:150] = np.nan
    all_rows = readmission_figures(risk, happened, weight)
    assert all_rows == readmission_figures(risk[150:], happened[150:], weight[150:])
    assert all_rows["n"] == 250


def test_observed_over_expected_says_how_far_the_risks_are_off():
    _, happened, _ = risks_and_outcomes()
    constant = np.full(len(happened), happened.mean() / 2)
    figures = readmission_figures(constant, happened)
    assert figures["observed_over_expected"] == pytest.approx(2)
    assert figures["auroc"] == pytest.approx(0.5)
    assert figures["slope"] is None  # one risk for everybody has no slope


def test_risks_of_zero_and_one_still_have_a_slope():
    happened = np.array([0, 0, 1, 0, 1, 1, 0, 1.0])
    risk = np.array([0, 0.2, 0.1, 0.4, 0.5, 0.9, 1, 1.0])
    assert readmission_figures(risk, happened)["slope"] > 0


@pytest.mark.parametrize(
    ("risk", "happened"),
    [
        ([], []),
        ([0.4], [1]),
        ([0.2, 0.3], [0, 0]),
        ([0.2, 0.3], [1, 1]),
        ([0.2, 0.3], [np.nan, np.nan]),
        ([0.0, 0.0], [0, 1]),
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]),  # separated: the slope has no end
    ],
)
def test_what_cannot_be_computed_is_none(risk, happened):
    figures = readmission_figures(np.array(risk), np.array(happened))
    assert set(figures) == READMISSION_KEYS
    assert figures["slope"] is None
    for name, value in figures.items():
        assert value is None or type(value) is (int if name in {"n", "events"} else float)


def test_a_perfect_forecast_of_risk():
    figures = readmission_figures([0, 0, 1, 1], [0, 0, 1, 1])
    assert (figures["auroc"], figures["auprc"], figures["brier"], figures["ece"]) == (1, 1, 0, 0)


@pytest.mark.parametrize("risk", [[0.1, 1.2], [0.1, np.nan]])
def test_a_risk_that_is_no_probability_is_an_error(risk):
    with pytest.raises(ValueError, match="risk must be from 0 to 1"):
        readmission_figures(risk, [0, 1])


# Censoring


def test_nobody_still_in_means_a_weight_of_one_for_everybody():
    assert censoring_weights([5, 5], [1, 3], ["home", "died"]).tolist() == [1, 1]


def test_an_exit_on_the_day_that_others_stop_being_watched_comes_first():
    weights = censoring_weights([9, 4, 9], [4, np.nan, 6], ["home", "", "home"])
    assert weights.tolist() == [1, 0, 2]


def test_weights_are_capped_where_hardly_anybody_is_still_watched():
    still_in, gone = 99, 1
    weights = censoring_weights(
        [1.0] * still_in + [50.0] * gone, [np.nan] * still_in + [30.0] * gone, [""] * still_in + ["home"] * gone
    )
    assert weights[-1] == 20


def test_weighted_exits_give_back_the_truth_that_current_inpatients_hide():
    rng = np.random.default_rng(4)
    stay, watched = rng.exponential(5, 40_000), rng.uniform(0, 25, 40_000)
    left = stay <= watched
    weights = censoring_weights(
        watched,
        np.where(left, stay, np.nan),
        np.where(left, np.where(rng.random(40_000) < 0.9, "home", "died"), ""),
    )
    naive, weighted = stay[left].mean(), np.average(stay[left], weights=weights[left])
    assert naive < 4.2
    assert weighted == pytest.approx(5, abs=0.15)


def test_a_row_with_neither_an_exit_nor_an_end_of_observation_is_an_error():
    with pytest.raises(ValueError, match="exit_day, or its observed_days"):
        censoring_weights([np.nan], [np.nan], [""])


# Intervals


def test_an_interval_holds_the_figure_and_is_repeatable():
    risk, happened, weight = risks_and_outcomes(1_000)
    patients = np.arange(1_000) // 2
    low, high = bootstrap_interval("auroc", patients, risk, happened, weight=weight, seed=3)
    assert low < auroc(risk, happened, weight) < high
    assert bootstrap_interval("auroc", patients, risk, happened, weight=weight, seed=3) == (low, high)
    assert bootstrap_interval("auroc", patients, risk, happened, weight=weight, seed=4) != (low, high)


def test_rows_of_one_patient_are_drawn_together():
    risk, happened, _ = risks_and_outcomes(500)
    once = bootstrap_interval("brier", np.arange(500), risk, happened)
    repeated = bootstrap_interval("brier", np.tile(np.arange(500), 9), np.tile(risk, 9), np.tile(happened, 9))
    assert repeated == pytest.approx(once)


@pytest.mark.parametrize("figure", ["crps", "mae_days"])
def test_the_spread_of_a_mean_is_its_standard_error(figure):
    days = np.random.default_rng(5).integers(0, 12, 2_000).astype(float)
    rows = (np.tile(np.arange(LAST_DAY + 1) >= 6, (2_000, 1)).astype(float), days, np.full(2_000, "home"))
    low, high = bootstrap_interval(figure, np.arange(2_000), *rows, draws=400)
    standard_error = np.abs(days - 6).std() / np.sqrt(2_000)
    assert high - low == pytest.approx(2 * 1.96 * standard_error, rel=0.15)
    assert low < np.abs(days - 6).mean() < high


@pytest.mark.parametrize("happened", [[], [0, 0, 0]])
def test_a_figure_that_cannot_be_computed_has_no_interval(happened):
    assert bootstrap_interval("auroc", np.arange(len(happened)), [0.5] * len(happened), happened) is None


def test_an_unknown_figure_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match="auroc, auprc, brier, crps or mae_days; found 'f1'"):
        bootstrap_interval("f1", [1], [0.5], [1])
