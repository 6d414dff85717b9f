"""The planted challengers in their small form: altered answers of a release on later months."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from challengers import Planted, bad, noisy, stretched, times, with_about, with_curves, with_risk, worn
from gate_lines import silent_of

from features.sources.simulation import UNTIL, simulate
from training.cohort import measurable
from training.gate import case_of, judgement
from training.gate_plan import GatePlan
from training.rules import DEFINITIONS, Candidate, Case

PLAN = GatePlan(draws=100, most_board_rows=6_000)


@pytest.fixture(scope="module")
def case(small_release_folder, small_hospital) -> Case:
    """Return a release beside itself, judged on a hospital that opened when its own had closed."""
    later = simulate(3000, seed=12, days=300, until=UNTIL + pd.Timedelta(days=301))
    learnt = {"learnt_until": small_hospital.observed_until.isoformat(), "definitions": DEFINITIONS}
    champion = with_about(Candidate.of(small_release_folder), learnt)
    rows = measurable(later, 1, lambda _: None)
    return case_of(champion, champion, rows, PLAN, silent_of(champion), lambda _: None)


@pytest.mark.parametrize("planted", bad(), ids=lambda one: one.name.replace(" ", "-"))
def test_a_bad_challenger_is_refused_by_the_right_rule(case: Case, planted: Planted) -> None:
    found = judgement(planted.made(case))
    assert planted.rule in found.broken, [each.said for each in found.findings if each.rule == planted.rule]


def good(case: Case) -> Iterator[tuple[str, Case]]:
    pace = np.exp(np.random.default_rng(7).normal(0, 0.02, len(case.rows.board.rows)))
    near = with_risk(with_curves(case, lambda curves: stretched(curves, pace)), lambda risk: noisy(risk, 0.05))
    yield "the same", case
    yield "another seed", near
    yield "more data", replace(case, champion_answers=near.answers)
    yield "recalibrated", replace(case, champion_answers=with_risk(case, times(1.3)).answers)
    yield "better", replace(case, champion_answers=with_curves(case, worn).answers)


@pytest.mark.parametrize("name", ["the same", "another seed", "more data", "recalibrated", "better"])
def test_a_good_challenger_is_let_through(case: Case, name: str) -> None:
    found = judgement(dict(good(case))[name])
    assert found.broken == (), [each.said for each in found.findings if each.blocks]
