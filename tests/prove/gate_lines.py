"""The lines T15: bad challengers are refused, each by the right rule, and good ones are let through."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from challengers import Planted, bad, made_again, noisy, times, with_curves, with_risk, worn
from inputs import Inputs
from line import Found, Line

from features.snapshot import as_known
from features.sources.simulation import simulate
from features.sources.simulation.estimate import Estimate
from features.tables import Hospital
from models.readmission import FOLDS, ReadmissionModel, fit_readmission
from training.cohort import Prepared, measurable, prepared
from training.command import about_of
from training.fit import fit
from training.gate import case_of, judgement
from training.gate_plan import GatePlan
from training.plan import TrainingPlan
from training.rules import Candidate, Case
from training.silent import Silent
from training.split import folds

ADMISSIONS = 8_000
SEED = 23  # the limits were set on another hospital
CHAMPIONS_SHARE, LARGER_SHARE = 0.45, 0.6  # of the months, that the champion and the larger release learn from


def lines() -> tuple[Line, ...]:
    """Return the lines of the promotion gate."""
    count = len(bad())
    words = "Planted bad challengers refused by the right rule"
    return (
        Line("T15a", words, f"{count} of {count}", blocked, count, count),
        Line("T15b", "Good challengers let through", "4 of 4", let_through, 4, 4),
    )


def blocked(inputs: Inputs) -> Found:
    """Return how many bad challengers the gate refused by the rule that they break."""
    base = inputs.once(cases)["another seed"]
    missed = [one.name for one in in_full(inputs) if not refused_by(one.rule, one.made(base), inputs)]
    return Found(Estimate(len(bad()) - len(missed)), "; ".join(missed) or base.rows.told())


def let_through(inputs: Inputs) -> Found:
    """Return how many good challengers had nothing against them."""
    found = {name: judgement(case).broken for name, case in good(inputs).items()}
    for name, broken in found.items():
        inputs.say(f"{name}: {', '.join(broken) or 'let through'}")
    refused = [f"{name} by {', '.join(broken)}" for name, broken in found.items() if broken]
    return Found(Estimate(len(found) - len(refused)), "; ".join(refused))


def refused_by(rule: str, case: Case, inputs: Inputs) -> bool:
    """Tell whether a rule is among those that refuse a challenger."""
    broken = judgement(replace(case, silent=silent_of(case.challenger))).broken
    inputs.say(f"{rule}: {', '.join(broken) or 'let through'}")
    return rule in broken


def in_full(inputs: Inputs) -> Iterator[Planted]:
    """Yield the bad challengers, of whom one truly learns from labels of other people."""
    for one in bad():
        wrong = one.name == "risks learnt from labels of other people"
        yield replace(one, made=lambda case: mislearnt(case, inputs)) if wrong else one


def good(inputs: Inputs) -> dict[str, Case]:
    """Return challengers that deserve to be let through, each beside a champion that is no better."""
    made = inputs.once(cases)
    base = made["another seed"]
    assert base.champion is not None
    assert base.champion_answers is not None
    champion = replace(
        base, challenger=base.champion, answers=base.champion_answers, silent=silent_of(base.champion)
    )
    loud = with_risk(with_curves(champion, worn), lambda risk: noisy(risk, 0.4)).answers
    return {
        **made,
        "the risks recalibrated": replace(champion, champion_answers=with_risk(champion, times(1.3)).answers),
        "better dates and risks": replace(champion, champion_answers=loud),
    }


def mislearnt(case: Case, inputs: Inputs) -> Case:
    """Return the challenger with a readmission model that was fitted on labels of other people."""
    rows = inputs.once(first_rows)
    predictor = case.challenger.predictor
    assert predictor is not None
    encoder, known = predictor.encoder, rows.for_readmission()
    sample = rows.readmission_sample(
        encoder.matrix(rows.table), encoder.code_positions, known, plan_of(inputs, 2)
    )
    sample = replace(sample, label=np.random.default_rng(5).permutation(sample.label))
    size = plan_of(inputs, 2).risk_sizes()[0]
    model = fit_readmission(sample, size, folds(rows.rows.loc[known, "patient_id"], FOLDS)).model
    challenger = made_again(replace(predictor, readmission=model), case.challenger.content)
    wrong = replace(case, challenger=challenger)
    return with_risk_of(wrong, model)


def with_risk_of(case: Case, model: ReadmissionModel) -> Case:
    """Return the case with a readmission model's risks as the challenger's."""
    predictor = case.challenger.predictor
    assert predictor is not None
    risks = [
        model.risk(predictor.encoder.matrix(some.table)) for some in (case.rows.discharge, case.rows.board)
    ]
    return replace(case, answers=replace(case.answers, risk=risks[0], board_risk=risks[1]))


def cases(inputs: Inputs) -> dict[str, Case]:
    """Return releases fitted anew beside a champion: another seed, and more data."""
    champion = released("champion", CHAMPIONS_SHARE, 1, inputs)
    others = {
        "another seed": released("seed", CHAMPIONS_SHARE, 2, inputs),
        "more data": released("more", LARGER_SHARE, 1, inputs),
    }
    plan = GatePlan()
    rows = measurable(inputs.once(hospital), plan.seed, inputs.say)
    return {
        name: case_of(one, champion, rows, plan, silent_of(one), inputs.say) for name, one in others.items()
    }


def released(name: str, share: float, seed: int, inputs: Inputs) -> Candidate:
    """Return a release fitted on the first months of the hospital."""
    inputs.say(f"fitting the release {name}")
    plan, known = plan_of(inputs, seed), until(inputs.once(hospital), share)
    rows = (
        inputs.once(first_rows) if (share, seed) == (CHAMPIONS_SHARE, 1) else prepared(known, plan, inputs.say)
    )
    made = fit(rows, plan, inputs.say)
    return made_again(replace(made.predictor, release=name), {"about": about_of(known, plan, made)})


def hospital(inputs: Inputs) -> Hospital:
    """Return the hospital whose first months are learnt from, and whose last are judged on."""
    return simulate(ADMISSIONS, seed=SEED)


def first_rows(inputs: Inputs) -> Prepared:
    """Return the rows that the champion learns from."""
    return prepared(until(inputs.once(hospital), CHAMPIONS_SHARE), plan_of(inputs, 1), inputs.say)


def until(whole: Hospital, share: float) -> Hospital:
    """Return a hospital as it was known when a share of its months had passed."""
    first: pd.Timestamp = whole.admissions["admission_recorded_at"].min()
    return as_known(whole, (first + (whole.observed_until - first) * share).floor("h"))


def plan_of(inputs: Inputs, seed: int) -> TrainingPlan:
    """Return the plan of a release: fewer trees than the default, since three are fitted."""
    return replace(inputs.plan, seed=seed, date_rounds=40, risk_rounds=120, risk_leaves=4, calibration_folds=2)


def silent_of(release: Candidate) -> Silent:
    """Return the report of a week unseen."""
    return Silent(release.digest, "2026-10-26T08:00:00+00:00", "2026-11-02T08:00:00+00:00", 8, 4_000, 0)
