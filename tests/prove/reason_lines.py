"""The lines T10 to T12 of reasons, net benefit and steadiness, on patients whom the release never saw."""

from dataclasses import dataclass
from statistics import NormalDist

import dcurves
import numpy as np
import pandas as pd
from inputs import Inputs
from line import Found, Line
from reading import CAUSES, flesch_kincaid, smog
from reason_checks import (
    Asked,
    every_reason,
    furthest_from_the_sum,
    says_its_number,
    says_its_value,
    sentences,
    stand_ins,
    without_the_largest,
)
from repeats import taken_again

from features.sources.simulation.estimate import Estimate, People
from models.prediction import Prediction
from training.benefit import THRESHOLDS, differences, lace_risk, net_benefit, of_everybody
from training.cohort import Prepared
from training.steadiness import flips, retrained, risk_changes

EXPLAINED, POOL = 1500, 6000  # board rounds, one a patient where there are as many
DRAWS = 1000
RETRAIN_SEEDS = (101, 102)
REPEATED_ON = range(3, 60, 14)  # days before the end


def lines() -> tuple[Line, ...]:
    """Return the lines of reasons, net benefit and steadiness."""
    no_lower, nothing = "never below, within its interval", "0"
    return (
        Line("T10a", "Net benefit, 5 to 30 %, less all, none or LACE, per 1,000", no_lower, benefit, 0),
        Line("T10b", "Net benefit, furthest from the dcurves package", "at most 1e-9", beside_dcurves, 0, 1e-9),
        Line("T11a", "Reasons: furthest sum from its answer", "at most 1e-6", additive, 0, 1e-6),
        Line("T11b", "Reasons: sentences that say another number or value", nothing, contradicted, 0, 0),
        Line(
            "T11c",
            "Reasons: rows that lose more with the top 3 than 3 others",
            "at least 90 %",
            deleted,
            0.9,
            1,
        ),
        Line("T11d", "Reasons: sentences that name a cause", nothing, causal, 0, 0),
        Line("T11e", "Reasons: US grade that can read them (11 to 12 years)", "5 to 7", grade, 5, 7),
        Line("T12a", "Risk: mean change between two bootstrap retrains", "at most 0.02", mean_change, 0, 0.02),
        Line("T12b", "Risk: 99th centile of that change", "at most 0.08", far_change, 0, 0.08),
        Line("T12c", "Answers that flip when nothing is new", nothing, flipped, 0, 0),
        Line("T12d", "NEWS2 taken again: date moves under half a day", "at least 95 %", repeated, 0.95, 1),
    )


@dataclass(frozen=True)
class Explained:
    """Board rounds of other patients with their answers and reasons."""

    rows: Prepared
    pool: Prepared
    answers: list[Prediction]


def explained(inputs: Inputs) -> Explained:
    """Return board rounds by chance, a patient once, explained by the release, and others to stand in."""
    rows = inputs.others.rows
    board = rows[rows["moment"] == "board"].sample(frac=1, random_state=1)
    pool = inputs.others.pick(rows.index.isin(board.head(POOL).index))
    own = inputs.others.pick(rows.index.isin(board.drop_duplicates("patient_id").head(EXPLAINED).index))
    inputs.say(f"explaining {len(own.rows):,} board rounds")
    return Explained(own, pool, inputs.release.predict(own.table, own.rows["at"]))


def additive(inputs: Inputs) -> Found:
    """Return the furthest that a reference plus its reasons is from the answer."""
    answers = inputs.once(explained).answers
    return Found(Estimate(furthest_from_the_sum(answers)), f"{sum(1 for _ in every_reason(answers)):,} answers")


def contradicted(inputs: Inputs) -> Found:
    """Return how many sentences do not say the number, the direction or the value that they stand for."""
    seen, release = inputs.once(explained), inputs.release
    values, features, wrong = seen.rows.table.to_dict("records"), release.encoder.features, 0
    for row, unit, found in every_reason(seen.answers):
        wrong += sum(
            not says_its_number(reason, unit)
            or not says_its_value(reason, values[row], features, release.facts.nation)
            for reason in found.reasons
        )
    return Found(Estimate(wrong), f"of {len(sentences(seen.answers)):,}")


def deleted(inputs: Inputs) -> Found:
    """Return the share of rows that losing the top three moves further than three others, the worse answer."""
    seen = inputs.once(explained)
    found, notes = {}, []
    for of in ("discharge", "readmission"):
        asked = Asked(inputs.release, seen.rows.table, seen.rows.rows["at"], of)
        instead = stand_ins(asked, seen.pool.table)
        further = without_the_largest(asked, seen.answers, instead)
        among_all = without_the_largest(asked, seen.answers, instead, disjoint=False).mean()
        found[of] = People(seen.rows.rows["patient_id"]).mean(further, np.ones(len(further)))
        notes.append(f"{of} {further.mean():.1%}, with the three drawn from all reasons {among_all:.1%}")
    worse = min(found.values(), key=lambda figure: figure.value)
    return Found(worse, f"{'; '.join(notes)}; {len(seen.answers):,} board rounds")


def causal(inputs: Inputs) -> Found:
    """Return how many sentences hold a word that names a cause."""
    texts = sentences(inputs.once(explained).answers)
    return Found(Estimate(sum(bool(CAUSES.search(text)) for text in texts)), f"of {len(texts):,}")


def grade(inputs: Inputs) -> Found:
    """Return the Flesch-Kincaid grade of every sentence, each counted as one."""
    answers = inputs.once(explained).answers
    texts = sentences(answers)
    first = [reason.text for _, _, found in every_reason(answers) for reason in found.reasons[:3]]
    note = f"the three largest alone {flesch_kincaid(first):.2f}; a colon taken as a full stop "
    return Found(
        Estimate(flesch_kincaid(texts)), f"{note}{flesch_kincaid(texts, True):.2f}; SMOG {smog(texts):.1f}"
    )


def benefit(inputs: Inputs) -> Found:
    """Return the smallest difference by its own error, all thresholds and rivals sharing one 5 % level."""
    known, risk, weight = inputs.once(_discharges)
    learnt = inputs.rows.pick(
        inputs.rows.for_readmission() & (inputs.rows.rows["moment"] == "discharge").to_numpy()
    )
    by_lace = lace_risk(known, learnt)
    if by_lace is None:
        return Found(Estimate(np.nan), "LACE cannot be computed")
    outcome, patients = known.rows["readmitted"], known.rows["patient_id"]
    won = differences(risk, {"LACE": by_lace}, outcome, patients, weight, draws=DRAWS)
    share = 0.05 / 2 / (len(won) * len(THRESHOLDS))  # of each side, so that all of them are right together
    wider = {name: _normal_edges(draws, share) for name, draws in won.items()}
    name, place = min(
        ((name, place) for name in won for place in range(len(THRESHOLDS))),
        key=lambda at: (wider[at[0]][1][at[1]], won[at[0]][0, at[1]]),
    )
    low, high = (float(1000 * edge[place]) for edge in wider[name])
    at_fifth = {who: f"{1000 * draws[0, THRESHOLDS == 0.2][0]:+.1f}" for who, draws in won.items()}
    figure = Estimate(float(1000 * won[name][0, place]), (low, high))
    return Found(
        figure, f"against {name} at {THRESHOLDS[place]:.0%}; at 20 % {at_fifth}; {len(outcome):,} rows"
    )


def beside_dcurves(inputs: Inputs) -> Found:
    """Return how far, at most, a net benefit is from that of the dcurves package (which knows no weights)."""
    known, risk, _ = inputs.once(_discharges)
    outcome = known.rows["readmitted"].to_numpy(np.float64)
    table = pd.DataFrame({"risk": risk, "back": outcome})
    theirs = {
        name: own["net_benefit"].to_numpy()
        for name, own in dcurves.dca(table, "back", ["risk"], thresholds=THRESHOLDS).groupby("model")
    }
    gaps = [net_benefit(risk, outcome) - theirs["risk"], of_everybody(outcome) - theirs["all"]]
    return Found(Estimate(float(np.abs(gaps).max())), f"{len(outcome):,} rows, {len(THRESHOLDS)} thresholds")


def mean_change(inputs: Inputs) -> Found:
    """Return the mean absolute change of risk at discharge between two retrains."""
    known, change = inputs.once(_retrains)
    return Found(People(known.rows["patient_id"]).mean(change, np.ones(len(change))), f"{len(change):,} rows")


def far_change(inputs: Inputs) -> Found:
    """Return the 99th centile of the same."""
    known, change = inputs.once(_retrains)
    every = np.ones(len(change), dtype=bool)
    return Found(People(known.rows["patient_id"]).quantile(change, every, 0.99), f"{len(change):,} rows")


def flipped(inputs: Inputs) -> Found:
    """Return how many answers differ when the same board rounds are scored twice."""
    seen = inputs.once(explained)
    count = flips(inputs.release, seen.rows.table, seen.rows.rows["at"])
    return Found(Estimate(count), f"of {len(seen.answers):,}")


def repeated(inputs: Inputs) -> Found:
    """Return the share of inpatients whose expected leaving moves less than half a day."""
    moved = taken_again(inputs.release, inputs.others.hospital, REPEATED_ON)
    share = People(moved.index.to_series()).mean((moved < 0.5).to_numpy(), np.ones(len(moved)))
    return Found(share, f"{len(moved):,} inpatients; furthest {moved.max():.2f} d")


def _discharges(inputs: Inputs) -> tuple[Prepared, np.ndarray, np.ndarray]:
    others, release = inputs.others, inputs.release
    assert release.readmission is not None
    known = others.pick(others.for_readmission() & (others.rows["moment"] == "discharge").to_numpy())
    risk = release.readmission.risk(release.encoder.matrix(known.table))
    return known, risk, known.rows["readmission_weight"].to_numpy(np.float64)


def _retrains(inputs: Inputs) -> tuple[Prepared, np.ndarray]:
    known, _, _ = inputs.once(_discharges)
    risks = []
    for seed in RETRAIN_SEEDS:
        inputs.say("retraining on patients drawn with replacement")
        again = retrained(inputs.release, inputs.rows, inputs.plan, seed)
        assert again.readmission is not None
        risks.append(again.readmission.risk(again.encoder.matrix(known.table)))
    return known, risk_changes(*risks)


def _normal_edges(draws: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a normal interval that leaves a share out on each side: a thousand draws hold no such tail."""
    half = NormalDist().inv_cdf(1 - share) * draws[1:].std(axis=0)
    return draws[0] - half, draws[0] + half
