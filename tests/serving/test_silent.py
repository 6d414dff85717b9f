"""The report of a challenger that answered unseen, which the promotion gate reads."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from features.errors import HomewardError
from serving.__main__ import commands
from serving.release import Loaded
from serving.rounds import predict_round
from serving.shadow import shadowed
from serving.silent import agreement, report
from serving.store import shadows
from tests.serving.builders import NOW, BrokenPredictor, FakePredictor, parts, predicted
from training.silent import read_silent

OTHER = "e" * 64


@pytest.fixture
def of(tmp_path, store):
    of = parts(tmp_path, store=store)
    predicted(of)
    with of.store.writing() as connection:
        shadows.begin(connection, OTHER)
    return of


def asked(of, at):
    predict_round(of.store, of.releases.current(), NOW, NOW, "asked for")
    return lambda predictor: shadowed(of.store, Loaded(predictor, OTHER), at)


def test_it_tells_days_questions_faults_and_agreement_and_the_gate_reads_it(of, tmp_path):
    assert asked(of, NOW)(FakePredictor()) == 3
    assert asked(of, NOW + timedelta(days=3))(BrokenPredictor()) == 3
    found = report(of.store, OTHER)
    assert (found["days"], found["questions"], found["faults"]) == (2, 6, 3)
    assert found["agreement"] == {"risks": 3, "mean_change_of_risk": 0.0, "dates": 3, "moved_over_a_day": 0.0}
    (tmp_path / "silent.json").write_text(json.dumps(found))
    read = read_silent(tmp_path / "silent.json")
    assert (read.release_digest, read.days, read.faults) == (OTHER, 2, 3)


def test_before_it_has_answered_there_is_no_report(of):
    with pytest.raises(HomewardError, match="has answered nothing yet"):
        report(of.store, OTHER)


def test_agreement_is_of_what_both_answered():
    day = {"discharge": {"likely": "2026-01-08"}, "readmission": {"risk": 0.1}}
    later = {"discharge": {"likely": "2026-01-10"}, "readmission": {"risk": 0.2}}
    none = {"discharge": None, "readmission": None}
    found = agreement([(day, later), (day, day), (day, none)])
    assert found == {"risks": 2, "mean_change_of_risk": 0.05, "dates": 2, "moved_over_a_day": 0.5}
    assert agreement([(day, none)])["moved_over_a_day"] is None


def test_without_a_challenger_the_command_says_what_to_do(tmp_path):
    words = ["silent", "--json", str(tmp_path / "silent.json")]
    ended = CliRunner().invoke(commands, words, env={"HOMEWARD_HOME": str(tmp_path), "HOMEWARD_CHALLENGER": ""})
    assert "HOMEWARD_CHALLENGER must name the challenger" in str(ended.exception)
    assert not (tmp_path / "silent.json").exists()
