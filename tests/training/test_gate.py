"""The rules of the gate, one by one; the planted challengers are in tests/prove/test_gate_lines.py."""

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from features.errors import HomewardError
from features.sources.simulation import simulate
from training.compare import Learnt
from training.figure_rules import held_to, no_wider
from training.gate import Verdict, judged, refusal, told
from training.gate_plan import RANGES, GatePlan, gate_plan_of, read_gate_plan
from training.rules import RULES, Candidate, Case, Finding, of_silence
from training.silent import Silent, read_silent

README = Path(__file__).parents[2] / "training" / "README.md"
DIGEST = "d" * 64
SILENT = Silent(DIGEST, "2026-10-01T08:00:00+00:00", "2026-10-08T08:00:00+00:00", 8, 4_000, 0)


def verdict(*findings: Finding, **changed: object) -> Verdict:
    found = Verdict("new", DIGEST, "old", "c" * 64, {"digest": "e" * 64}, GatePlan(), SILENT, findings)
    return replace(found, **changed)


def drawn(value: float, spread: float) -> np.ndarray:
    return np.array([value, *(value + spread * np.linspace(-1, 1, 101))])


# The table


def test_the_readme_tells_every_rule_and_every_knob():
    text = README.read_text("utf-8").partition("# Watching")[0]
    for rule in RULES.values():
        row = f"| `{rule.id}` | {rule.must} | {'blocks' if rule.unsure_blocks else 'is told'} |"
        assert row in text, f"training/README.md lacks the row {row}"
    assert text.count("\n| `") - sum(f"\n| `{field.name}` |" in text for field in fields(GatePlan)) == len(
        RULES
    )
    for name, value in GatePlan().as_json().items():
        assert f"| `{name}` | {value} |" in text, f"training/README.md lacks the knob {name}, {value}"


def test_every_knob_has_a_range_that_holds_its_default():
    assert RANGES.keys() == GatePlan().as_json().keys()
    assert gate_plan_of(GatePlan().as_json()) == GatePlan()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"people": 0}', "people must be from 1 to 2, found 0"),
        ('{"score_margin": "wide"}', "score_margin must be a number"),
        ('{"margin": 1}', "margin is no knob"),
        ('{"draws": 1, "seed": -1}', "has 2 faults"),
        ("[]", "must be one JSON object"),
        ("{", "is not JSON"),
    ],
)
def test_what_is_wrong_with_a_gates_plan_is_told(tmp_path, content, sentence):
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(HomewardError, match=sentence):
        read_gate_plan(tmp_path / "plan.json")
    with pytest.raises(HomewardError, match="cannot be read"):
        read_gate_plan(tmp_path / "none.json")


# How a limit is read


@pytest.mark.parametrize(
    ("value", "spread", "champion", "says"),
    [
        (1.00, 0.04, None, "holds"),
        (1.00, 0.10, None, "cannot tell"),
        (1.08, 0.05, None, "cannot tell"),
        (1.20, 0.05, None, "broken"),
        (1.20, 0.05, 1.00, "broken"),
        (1.20, 0.05, 1.30, "excused"),
        (1.20, 0.05, 1.19, "excused"),
        (1.20, 0.05, 1.17, "broken"),
        (1.20, 0.05, 0.70, "excused"),
        (0.80, 0.05, 1.10, "broken"),
    ],
)
def test_a_limit_is_broken_only_by_a_whole_interval_outside_it_and_no_nearer_champion(
    value, spread, champion, says
):
    beside = None if champion is None else drawn(champion, 0.01)
    found = held_to("calibration", "ratio", (drawn(value, spread), beside), (0.95, 1.05), 1.0)
    assert found.says == says


@pytest.mark.parametrize(
    ("times", "gaps", "says"),
    [
        (1.05, (-0.03, -0.03), "holds"),
        (1.20, (-0.03, -0.03), "broken"),
        (1.20, (-0.03, -0.10), "excused"),
        (1.20, (-0.10, -0.03), "broken"),
        (1.20, (0.10, -0.10), "broken"),  # too many days held is no nearer than too few
    ],
)
def test_a_wider_range_is_excused_only_where_it_is_shown_to_hold_what_it_promises(times, gaps, says):
    ours, theirs = (
        {"discharge.width_days": drawn(10 * each, 0.1), "discharge.coverage_gap": drawn(gap, 0.01)}
        for each, gap in zip((times, 1.0), gaps, strict=True)
    )
    assert no_wider(ours, theirs, 1.1).says == says
    assert no_wider(ours, None, 1.1).says == "not asked"


def test_a_figure_that_few_draws_have_is_not_taken_for_certain():
    figure = np.array([1.0, *([np.nan] * 90), *([1.0] * 10)])
    assert held_to("calibration", "slope", (figure, None), (0.85, 1.15), 1.0).says == "cannot tell"


def test_cannot_tell_blocks_where_the_rule_says_so():
    blocking = verdict(Finding("scores", "cannot tell", "few"), Finding("groups", "cannot tell", "few"))
    assert blocking.broken == ("scores",)
    assert verdict(Finding("groups", "broken", "x"), Finding("leak", "broken", "y")).broken == (
        "leak",
        "groups",
    )


def test_a_refusal_names_every_rule_at_once():
    found = verdict(Finding("leak", "broken", "AUROC 0.9"), Finding("groups", "broken", "women 1.4"))
    assert "refused by 2 of" in refusal(found)
    assert "leak, which asks: No figure" in refusal(found)
    assert "groups, which asks: Readmissions" in refusal(found)
    assert "BROKEN  leak: AUROC 0.9" in told(found)


# Evidence


def test_the_same_evidence_has_the_same_digest_whatever_the_last_digit_of_a_figure():
    one = verdict(Finding("leak", "holds", "AUROC 0.7"))
    assert one.evidence == verdict(Finding("leak", "holds", "AUROC 0.70001")).evidence


@pytest.mark.parametrize(
    "changed",
    [
        {"digest": "a" * 64},
        {"champion_digest": "a" * 64},
        {"data": {"digest": "a" * 64}},
        {"plan": GatePlan(people=1)},
        {"silent": None},
        {"findings": (Finding("leak", "excused", ""),)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_other_evidence_has_another_digest(changed):
    one = verdict(Finding("leak", "holds", ""))
    assert replace(one, **changed).evidence != one.evidence


# The release


def test_an_altered_release_is_refused_by_its_files_and_asked_nothing_more(tmp_path, small_release_folder):
    folder = shutil.copytree(small_release_folder, tmp_path / "altered")
    (folder / "card.md").write_text("# Another card\n")
    hospital = simulate(100, days=20)
    found = judged(Candidate.of(folder), None, hospital, GatePlan(), None, lambda _: None)
    assert found.broken == ("files",)
    assert [each.rule for each in found.findings] == ["files"]
    assert "card.md was altered" in json.dumps(found.as_json())


@pytest.mark.parametrize("until", ["yesterday", "2026-01-01", 7, "NaT"])
def test_a_release_that_learnt_until_no_moment_is_bad_input(until):
    with pytest.raises(HomewardError, match="must say until when it learnt"):
        Learnt.of({"name": "a", "about": {"learnt_until": until}})


# Silence


@pytest.mark.parametrize(
    ("changed", "silent", "says", "sentence"),
    [
        ({}, SILENT, "holds", "4,000 questions on 8 days"),
        ({}, None, "broken", "no report was given; 7 days are asked for"),
        ({}, replace(SILENT, days=6), "broken", "on 6 days"),
        ({}, replace(SILENT, faults=5), "broken", "5 of them not answered; 7 days and at most 0.1%"),
        ({}, replace(SILENT, release_digest="e" * 64), "broken", "of another release"),
        ({"champion": None}, None, "not asked", "no champion"),
        ({"plan": GatePlan(silent_days=0)}, None, "not asked", "no silent days"),
    ],
)
def test_a_challenger_must_have_answered_unseen(changed, silent, says, sentence):
    release = Candidate("new", DIGEST, {}, None)
    whole = {"plan": GatePlan(), "champion": replace(release, digest="c" * 64), **changed}
    case = Case(rows=None, doubts=(), challenger=release, answers=None, silent=silent, **whole)
    found = of_silence(case)
    assert (found.says, sentence in found.said) == (says, True), found.said


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "what `python -m serving silent` writes"),
        ("{}", "has 6 faults"),
        (json.dumps({**vars(SILENT), "days": -1}), "days must be a whole number"),
        (json.dumps({**vars(SILENT), "days": True}), "days must be a whole number"),
        (json.dumps({**vars(SILENT), "release_digest": 3}), "release_digest must be a text"),
    ],
)
def test_what_is_no_silent_report_is_told(tmp_path, content, sentence):
    (tmp_path / "silent.json").write_text(content)
    with pytest.raises(HomewardError, match=sentence):
        read_silent(tmp_path / "silent.json")
    with pytest.raises(HomewardError, match="cannot be read"):
        read_silent(tmp_path / "none.json")
