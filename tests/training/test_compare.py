"""Two releases on the same rows: figures are those of `evaluate`, and the same release differs by nothing."""

import json

import numpy as np
import pandas as pd
import pytest

from features.sources.simulation import simulate
from training.answers import answers_of, held
from training.cohort import measurable, stays_digest
from training.compare import FIGURES, Learnt, as_json, beside, compared, never_seen, table_text
from training.evaluate import dates, readmission
from training.gate_plan import GatePlan
from training.groups import groups_of
from training.paired import Paired, estimate

PLAN = GatePlan(draws=100)


@pytest.fixture(scope="module")
def rows():
    return measurable(simulate(700, seed=21, days=120), PLAN.seed, lambda _: None)


@pytest.fixture(scope="module")
def paired(rows) -> Paired:
    return Paired(held(rows, None, PLAN.most_board_rows), PLAN.draws, PLAN.seed)


def test_the_figures_are_those_of_evaluate(rows, paired, small_release):
    figures = paired.figures(answers_of(small_release, paired.rows))
    back, parts = readmission(small_release, rows), dates(small_release, rows)
    expected = {
        "readmission.auroc": back["auroc"],
        "readmission.brier": back["brier"],
        "readmission.slope": back["slope"],
        "readmission.observed_over_expected": back["observed_over_expected"],
        "discharge.crps": parts["discharge"]["crps"],
        "discharge.mae_days": parts["discharge"]["mae_days"],
        "discharge.home_by_24h_auroc": parts["discharge"]["home_by_24h_auroc"],
        "ready.crps": parts["ready"]["crps"],
        "ready.mae_days": parts["ready"]["mae_days"],
    }
    for name, value in expected.items():
        assert figures[name][0] == pytest.approx(value, rel=0.02 if name.startswith("ready") else 1e-6), name
    assert figures.keys() == FIGURES.keys()


def test_the_same_release_differs_by_nothing_in_every_draw(paired, small_release):
    figures = paired.figures(answers_of(small_release, paired.rows))
    for each in compared(figures, figures):
        assert each.difference.value == 0
        assert each.difference.interval == (0, 0)
        assert each.better is None


def test_an_interval_is_of_whole_patients_and_of_the_same_for_both(paired, small_release):
    answers = answers_of(small_release, paired.rows)
    assert answers.risk is not None
    figures = paired.figures(answers)
    found = estimate(figures["readmission.brier"])
    assert found.interval[0] < found.value < found.interval[1]
    again = Paired(paired.rows, PLAN.draws, PLAN.seed).figures(answers)
    assert np.array_equal(again["readmission.brier"], figures["readmission.brier"])


def test_later_rows_and_whole_patients_are_taken(rows):
    middle = rows.rows["at"].quantile(0.5)
    some = held(rows, middle, 300)
    assert (some.board.rows["at"] > middle).all()
    assert (some.discharge.rows["at"] > middle).all()
    late = rows.rows[(rows.rows["at"] > middle) & (rows.rows["moment"] == "board")]
    chosen = late[late["patient_id"].isin(some.board.rows["patient_id"])]
    assert len(chosen) == len(some.board.rows)


def test_rows_that_were_learnt_from_are_left_out_or_told(rows):
    digest, until = stays_digest(rows.hospital), rows.rows["at"].quantile(0.5)
    fine = Learnt("a", "other", until)
    some, doubts = never_seen(rows, [fine], PLAN)
    assert doubts == []
    assert some.board.rows["at"].min() > until
    _, doubts = never_seen(rows, [fine, Learnt("b", digest, until)], PLAN)
    assert [(each.certain, "b learnt from these very rows" in each.said) for each in doubts] == [(True, True)]
    _, doubts = never_seen(rows, [fine, Learnt("b", "other", None)], PLAN)
    assert [each.certain for each in doubts] == [False]


def test_where_all_rows_were_learnt_from_they_are_shown_with_a_warning(small_release):
    hospital = simulate(300, seed=22, days=60)
    learnt = Learnt("a", stays_digest(hospital), hospital.observed_until + pd.Timedelta(days=1))
    found, some, notes = beside(
        (small_release, small_release), (learnt, learnt), hospital, PLAN, lambda _: None
    )
    assert some.patients > 0
    assert "ALL ROWS ARE SHOWN" in notes[-1]
    assert "NaN" not in json.dumps(as_json(found))
    head, *lines = table_text(found, "a", "b").splitlines()
    assert head.split() == ["a", "b", "difference", "(95", "%)"]
    unsure = {line.split("  ")[0] for line in lines if line.endswith("cannot tell")}
    assert unsure == {each.words for each in found} - {"80 % range, days"}, "narrow may be better or worse"


def test_nobody_is_in_two_groups_of_a_kind(paired):
    groups = groups_of(paired.rows)
    for kind in ("age", "sex", "ethnic category", "deprivation:"):
        masks = [each["board"] for name, each in groups.items() if name.startswith(kind)]
        assert len(masks) >= 2
        assert np.sum(masks, axis=0).max() == 1
    assert groups["lives in a care home"]["board"].any()
