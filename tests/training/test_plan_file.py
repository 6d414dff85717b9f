"""A plan file says which knobs differ; what is wrong with it is told at once, before any work."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from features.errors import HomewardError
from training.plan import TrainingPlan
from training.plan_file import ANY_NUMBER, RANGES, plan_of, read_plan, write_plan
from training.tune import SPACES


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = replace(TrainingPlan(), date_leaves=7, risk_learning_rate=1 / 3)
    assert read_plan(write_plan(plan, tmp_path / "plans" / "plan.json")) == plan
    (tmp_path / "some.json").write_text('{"admission_weight": 3}')
    assert read_plan(tmp_path / "some.json") == replace(TrainingPlan(), admission_weight=3.0)


def test_the_readme_tells_every_knob_with_its_default_and_range() -> None:
    text = (Path(__file__).parents[2] / "training" / "README.md").read_text("utf-8")
    table = text.partition("# The knobs of a fit")[2]
    knobs = TrainingPlan().as_json()
    assert table.count("\n| `") == len(knobs)
    for name, value in knobs.items():
        low, high = RANGES.get(name, ANY_NUMBER)
        row = f"| `{name}` | {json.dumps(value)} | {low:,.12g} to {high:,.12g} |"
        assert row in table, f"training/README.md lacks the row {row}"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"date_leafs": 7}', "date_leafs is no knob; did you mean date_leaves?"),
        ('{"colour": 7}', "colour is no knob; knobs are admission_weight"),
        ('{"date_leaves": 1}', "date_leaves must be from 2 to 255, found 1"),
        ('{"date_leaves": 7.5}', "date_leaves must be a whole number, found 7.5"),
        ('{"date_leaves": true}', "date_leaves must be a whole number, found true"),
        ('{"date_smoothing": "many"}', 'date_smoothing must be a number, found "many"'),
        ('{"date_smoothing": NaN}', "date_smoothing must be from 0 to 1e"),
        ('{"date_learning_rate": Infinity}', "date_learning_rate must be from 0.001 to 1"),
        ('{"seed": 1' + "0" * 400 + "}", "seed must be from 0"),
        (
            '{"fit_share": 0.9, "calibrate_share": 0.2}',
            "fit_share and calibrate_share together must be below 1",
        ),
        ('{"date_leaves": 1, "risk_leaves": 1}', "has 2 faults"),
        ('{"date_leaves": 7, "date_leaves": 9}', "date_leaves is given twice"),
        ("[1]", "must be one JSON object"),
        ("date_leaves = 7", "is not JSON"),
    ],
)
def test_a_faulty_plan_is_one_clear_error(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(HomewardError) as told_of:
        read_plan(tmp_path / "plan.json")
    assert sentence in str(told_of.value)
    assert "plan.json" in str(told_of.value)


def test_the_search_and_the_plan_as_it_is_lie_within_what_a_plan_may_be() -> None:
    assert plan_of({}) == TrainingPlan()
    for space in SPACES.values():
        for name, edges in space.items():
            assert RANGES[name][0] <= edges[0] < edges[1] <= RANGES[name][1]


def test_a_faulty_plan_stops_fit_before_any_work(
    tmp_path: Path, training: Callable[..., CompletedProcess[str]]
) -> None:
    (tmp_path / "plan.json").write_text('{"date_leaves": 1, "leaves": 3}')
    ended = training("fit", "--source", "simulated", "--plan", str(tmp_path / "plan.json"))
    assert ended.returncode == 2
    assert "date_leaves must be from 2 to 255" in ended.stderr
    assert "leaves is no knob" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "home").exists()
