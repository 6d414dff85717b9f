"""The lines T3 to T8 and T14: how near the models come to the truth, and whether their numbers hold."""

from collections.abc import Callable, Iterator
from functools import partial

import hardness
import numpy as np
import pandas as pd
from beside import (
    Beside,
    at_discharge,
    larger,
    on_the_board,
    rows_of_smaller,
    smaller,
    widths,
)
from coherence import contradictions, contradictions_of_patients
from cut_hospital import immature_labels, incidence_gap, late_centile, negative_delays
from inputs import Inputs, Numbers
from line import INFINITY, Found, Line
from speed import benchmark
from truth_lines import slope

from features.sources.simulation.estimate import Estimate, People
from models.predictor import Predictor
from training.answers import ready_seen, seen
from training.baselines import Cohort, logistic_risk, points_risk, specialty_by_day
from training.cohort import Prepared
from training.metrics import auroc, calibration_bins, curve_losses, median_day
from training.scores import hospital_score, lace

DRAWS = 300
Release = Callable[[Inputs], Predictor]
Loss = Callable[[Numbers, Numbers], Numbers]
Row = tuple[str, str, str, Callable[[Inputs], Found], float, float]


def lines() -> tuple[Line, ...]:
    """Return the lines of discrimination, dates, calibration, scores, ranges, current inpatients and labels."""
    return tuple(
        Line(name, measures, target, measure, low, high)
        for name, measures, target, measure, low, high in (
            *_nearness(),
            *_rivals(),
            *_calibration(),
            *_coherence(),
            *_inpatients(),
        )
    )


def _nearness() -> Iterator[Row]:
    """Yield the lines beside the truth, of two sizes of hospital to learn from."""
    for size, words, release, least in (
        ("a", "learnt from 20,000", smaller, 0.92),
        ("b", "learnt from 200,000", larger, 0.97),
    ):
        target = f"at least {100 * least:.0f} %"
        ours = "over the truth's"
        yield (
            f"T3{size}",
            f"Coming back, AUROC of the truth's, {words}",
            target,
            partial(back_share, release),
            least,
            2,
        )
        measure = partial(tomorrow_share, release)
        yield f"T3{size}2", f"Home by tomorrow, AUROC of the truth's, {words}", target, measure, least, 2
        measure = partial(error_ratio, release, False)
        yield f"T4{size}", f"Leaving, mean error {ours}, {words}", "at most 1.05", measure, 0, 1.05
        measure = partial(error_ratio, release, True)
        yield f"T4{size}2", f"Ready, mean error {ours}, {words}", "at most 1.05", measure, 0, 1.05
        yield (
            f"T6{size}",
            f"Leaving, CRPS {ours}, {words}",
            "at most 1.05",
            partial(crps_ratio, release),
            0,
            1.05,
        )
        measure = partial(width_ratio, release)
        yield f"T7{size}", f"80 % range, width {ours}, {words}", "at most 1.1", measure, 0, 1.1


def _rivals() -> Iterator[Row]:
    for letter, rival in zip("cde", ("logistic regression", "LACE", "HOSPITAL"), strict=True):
        yield f"T3{letter}", f"Coming back, AUROC less that of {rival}", "above 0", partial(won, rival), 0, 1
    words = "Leaving, mean error over specialty by day's"
    yield "T4c", words, "at most 0.8", over_specialty, 0, 0.8
    words = "Leaving, CRPS of LightGBM quantile regression over ours"
    yield "T4d", words, "above 1", over_quantiles, 1, INFINITY


def _calibration() -> Iterator[Row]:
    ratio = "observed over expected"
    yield "T5a", "Coming back, calibration slope", "0.93 to 1.07", back_slope, 0.93, 1.07
    yield "T5b", f"Coming back, {ratio}", "0.95 to 1.05", back_ratio, 0.95, 1.05
    yield "T5c", "Coming back, ECE of 10 bins", "at most 0.01", back_ece, 0, 0.01
    for letter, day in zip("def", (1, 2, 3), strict=True):
        yield (
            f"T5{letter}",
            f"Home by {24 * day} h, {ratio}",
            "0.95 to 1.05",
            partial(home_ratio, day),
            0.95,
            1.05,
        )
    gap = "80 % range, coverage less what the curve promises"
    yield "T7c", gap, "-0.015 to 0.015", hardness.coverage_gap, -0.015, 0.015
    yield "T7d", f"{gap}, worst group", "-0.03 to 0.03", hardness.coverage_gap_of_a_group, -0.03, 0.03


def _coherence() -> Iterator[Row]:
    yield "T6c", "Curves of 1,000,000 random hazards that contradict themselves", "0", contradictions, 0, 0
    measure = contradictions_of_patients
    yield "T6d", "Answers to 20,000 random patients that contradict themselves", "0", measure, 0, 0


def _inpatients() -> Iterator[Row]:
    point = "-0.01 to 0.01"
    for letter, days in zip("abc", (7, 14, 30), strict=True):
        words = f"Home by {days} days, inpatients of 20 dates, said less seen"
        yield f"T8{letter}", words, point, partial(incidence_gap, days), -0.01, 0.01
    measure = partial(incidence_gap, 14, frailest=True)
    yield "T8d", "The same by 14 days, of the frailest tenth", point, measure, -0.01, 0.01
    yield "T8e", "Expected delays below zero", "0", negative_delays, 0, 0
    yield "T8f", "90th centile of days until home, said over seen", "0.97 to 1.03", late_centile, 0.97, 1.03
    yield "T14", "Labels of a hospital cut at 10 dates that the whole denies", "0", immature_labels, 0, 0


def back_share(release: Release, inputs: Inputs) -> Found:
    """Return how much of the truth's AUROC above chance the risk of coming back reaches, at discharge."""
    beside = inputs.once(at_discharge)
    rows, model = beside.rows, inputs.once(release)
    risk = model.readmission.risk(model.encoder.matrix(rows.table))
    outcome = rows.rows["readmitted"].to_numpy(np.float64)
    return _share(rows.rows["patient_id"], risk, beside.known.returns, outcome, np.ones(len(risk)))


def tomorrow_share(release: Release, inputs: Inputs) -> Found:
    """Return the same of home by the end of the next day, on board rows."""
    beside = inputs.once(on_the_board)
    goals = beside.rows.targets
    home = (goals.went_home & (goals.exit_day <= 1)).astype(np.float64)
    ours = beside.curves(inputs.once(release)).home_by[:, 1]
    return _share(beside.rows.rows["patient_id"], ours, beside.truth.home_by[:, 1], home, seen(beside.rows))


def won(rival: str, inputs: Inputs) -> Found:
    """Return the AUROC of coming back less a rival's, on the same discharges."""
    rows, model = inputs.once(at_discharge).rows, inputs.once(smaller)
    learnt = inputs.once(_learnt)
    if rival == "logistic regression":
        theirs = logistic_risk(learnt, rows.cohort, learnt.rows["readmitted"])
    else:
        score = lace if rival == "LACE" else hospital_score
        facts = rows.hospital.facts
        points, _ = score(rows.table, rows.rows, facts)
        theirs = points_risk(score(learnt.X, learnt.rows, facts)[0], learnt.rows, points)
    ours = model.readmission.risk(model.encoder.matrix(rows.table))
    outcome, weight = rows.rows["readmitted"].to_numpy(np.float64), np.ones(len(ours))

    def gap(times: Numbers) -> float:
        return _auroc(ours, outcome, times) - _auroc(np.asarray(theirs), outcome, times)

    return Found(_bootstrapped(rows.rows["patient_id"], weight, gap), f"{len(ours):,} discharges")


def error_ratio(release: Release, ready: bool, inputs: Inputs) -> Found:
    """Return the mean absolute error of the median day over that of the truth's median day."""
    beside = inputs.once(on_the_board)
    return _ratio_of_losses(inputs.once(release), beside, ready, _day_error)


def crps_ratio(release: Release, inputs: Inputs) -> Found:
    """Return the CRPS of leaving over the truth's."""
    beside = inputs.once(on_the_board)
    return _ratio_of_losses(inputs.once(release), beside, False, curve_losses)


def width_ratio(release: Release, inputs: Inputs) -> Found:
    """Return the mean width of the 80 % range over that of the truth's under the same rule."""
    beside = inputs.once(on_the_board)
    ours, theirs = (widths(curves.home_by) for curves in (beside.curves(inputs.once(release)), beside.truth))
    return Found(People(beside.rows.rows["patient_id"]).ratio(ours, theirs), f"truth {theirs.mean():.1f} days")


def over_specialty(inputs: Inputs) -> Found:
    """Return the mean error of the median day over that of the curve of the same specialty and days so far."""
    beside = inputs.once(on_the_board)
    rows, learnt = beside.rows, inputs.once(rows_of_smaller)
    weighed = Cohort(learnt.table, learnt.rows.assign(weight=seen(learnt)))
    curves = specialty_by_day(weighed.at("board"), rows.cohort)
    ours = beside.curves(inputs.once(smaller)).home_by
    return _over(rows, False, (ours, curves), _day_error)


def over_quantiles(inputs: Inputs) -> Found:
    """Return the CRPS of 19 quantile boosters over that of the hazards, on the same patients held out."""
    rivals, curves = benchmark("rivals"), benchmark("rival_curves")
    name = "quantiles"
    rows = inputs.once(rows_of_smaller)
    found = rivals.measured(rows, inputs.plan, {name: curves.quantile_boosting})["dates"]
    ours, theirs = found[rivals.HAZARDS]["crps"], found[name]["crps"]
    return Found(Estimate(theirs / ours, found[name]["crps_interval"]), f"{theirs:.2f} and {ours:.2f} days")


def back_slope(inputs: Inputs) -> Found:
    """Return the calibration slope of the risk of coming back."""
    return Found(slope(inputs.once(_back)))


def back_ratio(inputs: Inputs) -> Found:
    """Return how many came back over the sum of their risks."""
    patients, risk, happened = inputs.once(_back)
    return Found(People(patients).ratio(happened, risk), f"{len(risk):,} discharges")


def back_ece(inputs: Inputs) -> Found:
    """Return the mean distance of risk and rate over ten bins of equally many."""
    _, risk, happened = inputs.once(_back)
    weight = np.ones(len(risk))
    bins = calibration_bins(risk, happened, weight)
    value = sum(abs(each["risk"] - each["rate"]) * each["weight"] for each in bins) / len(risk)
    return Found(Estimate(float(value)), f"{len(risk):,} discharges of others; noise alone gives about 0.004")


def home_ratio(day: int, inputs: Inputs) -> Found:
    """Return how many were home by the end of a day over the sum of the chances, on every board row."""
    board, curves = inputs.once(hardness._board)
    weight = seen(board)
    home = board.targets.went_home & (board.targets.exit_day <= day)
    return Found(People(board.rows["patient_id"]).ratio(home * weight, curves.home_by[:, day] * weight))


def _back(inputs: Inputs) -> tuple[pd.Series, Numbers, Numbers]:
    others, release = inputs.others, inputs.release
    known = others.pick(others.for_readmission() & (others.rows["moment"] == "discharge").to_numpy())
    risk = release.readmission.risk(release.encoder.matrix(known.table))
    return known.rows["patient_id"], risk, known.rows["readmitted"].to_numpy(np.float64)


def _learnt(inputs: Inputs) -> Cohort:
    """Return the discharges that the rivals learn from: those of the smaller release."""
    rows = inputs.once(rows_of_smaller)
    chosen = rows.for_readmission() & (rows.rows["moment"] == "discharge").to_numpy()
    return rows.pick(chosen).cohort.weighed_by("readmission_weight")


def _share(patients: pd.Series, ours: Numbers, truth: Numbers, happened: Numbers, weight: Numbers) -> Found:
    def share(times: Numbers) -> float:
        return (_auroc(ours, happened, times) - 0.5) / (_auroc(truth, happened, times) - 0.5)

    figure = _bootstrapped(patients, weight, share)
    reached = [_auroc(each, happened, weight) for each in (ours, truth)]
    return Found(figure, f"{reached[0]:.3f} of {reached[1]:.3f}, {int((weight > 0).sum()):,} rows")


def _ratio_of_losses(release: Predictor, beside: Beside, ready: bool, loss: Loss) -> Found:
    ours, truth = (
        curves.ready_by if ready else curves.home_by for curves in (beside.curves(release), beside.truth)
    )
    assert ours is not None
    assert truth is not None
    return _over(beside.rows, ready, (ours, truth), loss)


def _over(rows: Prepared, ready: bool, curves: tuple[Numbers, Numbers], loss: Loss) -> Found:
    """Return the weighted sum of one curve's losses over the other's, with an interval by patient."""
    goals = rows.targets
    day, weight = np.where(goals.went_home, goals.exit_day, np.nan), seen(rows)
    if ready:
        day, weight = ready_seen(rows)
    losses = [np.nan_to_num(loss(each, day)) * weight for each in curves]
    means = [each.sum() / weight.sum() for each in losses]
    return Found(People(rows.rows["patient_id"]).ratio(*losses), f"{means[0]:.2f} of {means[1]:.2f} days")


def _day_error(curves: Numbers, day: Numbers) -> Numbers:
    return np.abs(median_day(curves) - day)  # NaN, and so nothing, for who did not go home


def _auroc(score: Numbers, happened: Numbers, weight: Numbers) -> float:
    found = auroc(score, happened, weight)
    return np.nan if found is None else found


def _bootstrapped(patients: pd.Series, weight: Numbers, of_weights: Callable[[Numbers], float]) -> Estimate:
    people, patient = np.unique(patients.to_numpy(str), return_inverse=True)
    random, found = np.random.default_rng(1), []
    for _ in range(DRAWS):
        times = np.bincount(random.integers(len(people), size=len(people)), minlength=len(people))
        found.append(of_weights(times[patient] * weight))
    low, high = np.nanquantile(found, [0.025, 0.975])
    return Estimate(of_weights(weight), (float(low), float(high)))
