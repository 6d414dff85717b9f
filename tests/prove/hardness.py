"""How hard the simulated hospital is to predict: what models reach on patients whom they never saw."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd
from inputs import Inputs
from line import Found

from features.sources.simulation.coded import coded_frailty
from features.sources.simulation.estimate import NORMAL_95, Estimate, Numbers, People
from features.sources.simulation.gates import gates
from features.sources.simulation.summary import with_kinds
from features.working_days import calendar
from models.distribution import Curves, fewest_days
from models.readmission import FOLDS, fit_readmission
from training.baselines import logistic_risk
from training.cohort import Prepared
from training.metrics import auroc, bootstrap_interval, censoring_weights
from training.outcomes import stay_outcomes
from training.split import folds

MOST_NIGHTS = 30  # the published forecasts of stays stop here
LONG_STAY_NIGHTS = 10
LEAVES = (7, 15)  # of the boosters that are tried beside the release's own
FEWEST_PATIENTS, FEWEST_EVENTS = 200, 100  # of a group that is judged
SEVERITY = ("not measured", "pass", "cannot tell", "fail")
MOST_CHANCE = 0.05  # that a perfect model fails in any group
AGES = {18: "age 18 to 39", 40: "age 40 to 64", 65: "age 65 to 74", 75: "age 75 to 84", 85: "age 85 and over"}
ETHNIC_GROUPS = {
    "White": "ABC",
    "Mixed": "DEFG",
    "Asian": "HJKL",
    "Black": "MNP",
    "Other": "RS",
    "unknown": "Z9",
}
Mask = npt.NDArray[np.bool_]


def readmission_auroc(inputs: Inputs) -> Found:
    """Return the highest AUROC of several models at discharge, on other patients."""
    known, risks = inputs.once(_readmission_risks)
    outcome, patients = known.rows["readmitted"].to_numpy(), known.rows["patient_id"]
    reached = {name: auroc(risk, outcome, np.ones(len(risk))) or np.nan for name, risk in risks.items()}
    told = ", ".join(f"{name} {value:.3f}" for name, value in reached.items())
    best = max(reached, key=lambda name: reached[name])
    return Found(_auroc(patients, risks[best], outcome), f"{told}; {len(outcome):,} discharges")


def readmission_auroc_limit(inputs: Inputs) -> Found:
    """Return the same without its interval: what is above the limit fails."""
    return _figure_alone(readmission_auroc(inputs))


def frailty_score_readmission(inputs: Inputs) -> Found:
    """Return how the published score alone ranks readmission, of coded emergencies from 75."""
    return _by_frailty_score(inputs, stay_outcomes(inputs.hospital())["readmitted"].to_numpy())


def frailty_score_long_stay(inputs: Inputs) -> Found:
    """Return how the published score alone ranks stays of over 10 nights, of coded emergencies from 75."""
    nights = with_kinds(inputs.hospital())["nights"].to_numpy()
    return _by_frailty_score(inputs, np.where(np.isnan(nights), np.nan, nights > LONG_STAY_NIGHTS))


def stay_error_at_admission(inputs: Inputs) -> Found:
    """Return the mean error of emergency stays forecast at admission, both stopped at 30 nights."""
    others = inputs.others
    methods = others.hospital.facts.group("admission_method", "emergency")
    at_admission = others.table["admission_method"].isin(methods) & (others.rows["moment"] == "admission")
    some = others.pick(at_admission.to_numpy())
    in_bed = inputs.release.curves(some.table, some.days()).in_bed[:, :MOST_NIGHTS]
    forecast, real = (in_bed > 0.5).sum(axis=1), np.minimum(some.targets.exit_day, MOST_NIGHTS)
    known = np.isfinite(some.targets.exit_day) | (some.targets.observed_days >= MOST_NIGHTS)
    error = People(some.rows["patient_id"]).mean(np.abs(forecast - real), known)
    naive = np.abs(np.median(real[known]) - real[known]).mean()
    return Found(error, f"{known.sum():,} stays; their median, told for everybody, errs by {naive:.2f}")


def home_by_24h_auroc(inputs: Inputs) -> Found:
    """Return how the board at 08:00 ranks who is home by the end of the next day, other patients."""
    board, curves = inputs.once(_board)
    home = (board.targets.went_home & (board.targets.exit_day <= 1)).astype(np.float64)
    weight = _seen(board)
    figure = _auroc(board.rows["patient_id"], curves.home_by[:, 1], home, weight)
    return Found(figure, f"{(weight > 0).sum():,} inpatient-days")


def home_by_24h_auroc_limit(inputs: Inputs) -> Found:
    """Return the same without its interval: what is above the limit fails."""
    return _figure_alone(home_by_24h_auroc(inputs))


def coverage_gap(inputs: Inputs) -> Found:
    """Return how often the day of going home is in the 80 % range shown, less what the curve promises."""
    board, curves = inputs.once(_board)
    gap, weight = _gap(board, curves)
    figure = People(board.rows["patient_id"]).ratio(gap * weight, weight)
    return Found(figure, f"{(weight > 0).sum():,} inpatient-days")


def coverage_gap_of_a_group(inputs: Inputs) -> Found:
    """Return the same for the group that is furthest from its aim, all groups sharing one 5 % level."""
    board, curves = inputs.once(_board)
    gap, weight = _gap(board, curves)
    people = People(board.rows["patient_id"])
    judged = {name: weight * rows for name, rows in _groups(board).items() if _enough(board, rows)}
    if not judged:
        return Found(
            Estimate(np.nan), f"no group has {FEWEST_PATIENTS} patients and {FEWEST_EVENTS} discharges"
        )
    wider = NormalDist().inv_cdf(1 - MOST_CHANCE / 2 / len(judged)) / NORMAL_95
    found = {name: _widened(people.ratio(gap * weights, weights), wider) for name, weights in judged.items()}
    limits = next((gate.low, gate.high) for gate in gates() if gate.name == "coverage_gap_of_a_group")
    worst = max(found, key=lambda name: (SEVERITY.index(found[name].verdict(*limits)), abs(found[name].value)))
    return Found(found[worst], f"{worst}; worst of {len(found)} groups")


def _readmission_risks(inputs: Inputs) -> tuple[Prepared, dict[str, Numbers]]:
    """Return other patients' discharges, and their risks by each model that is tried."""
    rows, others, release = inputs.rows, inputs.others, inputs.release
    known = others.pick(others.for_readmission() & (others.rows["moment"] == "discharge").to_numpy())
    matrix, learnt = release.encoder.matrix(known.table), release.encoder.matrix(rows.table)
    at_discharge = rows.for_readmission() & (rows.rows["moment"] == "discharge").to_numpy()
    risks = {"the release": release.readmission.risk(matrix)} if release.readmission else {}
    for leaves in LEAVES:
        inputs.say(f"readmission by trees of {leaves} leaves")
        plan = replace(inputs.plan, risk_leaves=leaves, risk_few_leaves=leaves)
        sample = rows.readmission_sample(learnt, release.encoder.code_positions, at_discharge, plan)
        found = fit_readmission(
            sample, plan.risk_sizes(), folds(rows.rows.loc[at_discharge, "patient_id"], FOLDS)
        )
        risks[f"{leaves} leaves"] = found.model.risk(matrix)
    inputs.say("readmission by logistic regression")
    cohort = rows.pick(at_discharge).cohort
    line = logistic_risk(cohort, known.cohort, cohort.rows["readmitted"])
    return known, risks if line is None else {**risks, "logistic regression": line}


def _by_frailty_score(inputs: Inputs, outcome: Numbers) -> Found:
    score, patients = coded_frailty(inputs.hospital()), inputs.hospital().admissions["patient_id"]
    known = ~np.isnan(score) & ~np.isnan(outcome)
    return Found(_auroc(patients[known], score[known], outcome[known]), f"{known.sum():,} stays")


def _auroc(patients: pd.Series, score: Numbers, happened: Numbers, weight: Numbers | None = None) -> Estimate:
    weights = np.ones(len(score)) if weight is None else weight
    figure = auroc(score, happened, weights)
    if figure is None:
        return Estimate(np.nan)
    return Estimate(figure, bootstrap_interval("auroc", patients, score, happened, weight=weights))


def _figure_alone(found: Found) -> Found:
    return Found(Estimate(found.figure.value), found.note)


def _board(inputs: Inputs) -> tuple[Prepared, Curves]:
    board = inputs.others.pick((inputs.others.rows["moment"] == "board").to_numpy())
    inputs.say(f"{len(board.rows):,} inpatient-days of other patients")
    return board, inputs.release.curves(board.table, board.days())


def _seen(board: Prepared) -> Numbers:
    kind = board.rows["exit_kind"].to_numpy(str)
    return censoring_weights(board.targets.observed_days, board.targets.exit_day, kind)


def _gap(board: Prepared, curves: Curves) -> tuple[Numbers, Numbers]:
    """Return whether each row's day is in the range, less what the curve promises of that; and its weight."""
    first, last = (edge.astype(np.int64) for edge in fewest_days(curves.home_by))
    by_end_of = np.column_stack([np.zeros(len(first)), curves.home_by])
    row, day = np.arange(len(first)), board.targets.exit_day
    promised = by_end_of[row, last + 1] - by_end_of[row, first]
    return (board.targets.went_home & (first <= day) & (day <= last)) - promised, _seen(board)


def _groups(board: Prepared) -> dict[str, Mask]:
    """Return the rows of each group by its name."""
    stays = board.hospital.admissions.set_index("admission_id").loc[board.rows["admission_id"]]
    ages = np.array(list(AGES.values()))[np.searchsorted(list(AGES), stays["age"], side="right") - 1]
    letter, specialty = stays["ethnic_category"].str[:1].fillna("Z"), stays["treatment_function"]
    days = calendar(board.rows["at"].dt.tz_localize(None).dt.normalize(), board.hospital.facts.nation)
    named = {
        **{name: ages == name for name in AGES.values()},
        **{f"ethnic category {name}": letter.isin(list(codes)) for name, codes in ETHNIC_GROUPS.items()},
        **{f"specialty {code}": specialty == code for code in sorted(specialty.dropna().unique())},
        "weekends and bank holidays": ~days["working_day"],
        "working days": days["working_day"],
    }
    return {name: np.asarray(rows, dtype=bool) for name, rows in named.items()}


def _enough(board: Prepared, rows: Mask) -> bool:
    home = board.rows[rows & (board.rows["exit_kind"] == "home").to_numpy()]
    patients, discharges = board.rows.loc[rows, "patient_id"].nunique(), home["admission_id"].nunique()
    return bool(patients >= FEWEST_PATIENTS and discharges >= FEWEST_EVENTS)


def _widened(estimate: Estimate, factor: float) -> Estimate:
    value, (low, high) = estimate.value, estimate.interval or (estimate.value, estimate.value)
    return Estimate(value, (value - factor * (value - low), value + factor * (high - value)))
