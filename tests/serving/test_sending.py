import pandas as pd
import pytest

from features.hospital import shipped_facts
from features.tables import check
from serving.schema import read_request
from serving.sending import last_board_round, ward_questions
from tests.serving.builders import client, event, parts, stay


@pytest.fixture
def hospital():
    stays = [
        stay("A1", patient_id="P1"),
        stay("A2", patient_id="P2"),
        stay("A3", patient_id="P3", discharged_at="2026-01-06T12:00:00+00:00", discharge_method="1"),
        stay("A4", patient_id="P4", admitted_at="2026-01-06T12:00:00+00:00"),
        stay("A0", patient_id="P1", admitted_at="2025-12-01T09:00:00Z", discharged_at="2025-12-03T09:00:00Z"),
    ]
    events = [
        event("A1", "ward", "W1"),
        event("A2", "ward", "W2"),
        event("A3", "ward", "W1"),
        event("A0", "coded_diagnosis", "J18.9", 1),
        {**event("A1", "news2", number=3), "recorded_at": "2026-01-06T09:00:00Z"},
    ]
    return check(pd.DataFrame(stays), pd.DataFrame(events), shipped_facts(), source="test")


def asked(hospital):
    return dict(ward_questions(hospital, last_board_round(hospital)))


def test_the_moment_is_the_last_board_round_that_is_past(hospital):
    assert last_board_round(hospital) == pd.Timestamp("2026-01-06T08:00:00+00:00")


def test_a_ward_sends_its_inpatients_with_their_earlier_stays(hospital):
    questions = asked(hospital)
    assert list(questions) == ["W1", "W2"]
    assert [row["admission_id"] for row in questions["W1"]["admissions"]] == ["A1", "A3", "A0"]
    assert "coded_diagnosis" in [row["name"] for row in questions["W1"]["events"]]


def test_what_came_later_is_not_sent(hospital):
    question = asked(hospital)["W1"]
    left_later = next(row for row in question["admissions"] if row["admission_id"] == "A3")
    assert "discharged_at" not in left_later
    assert "discharge_method" not in left_later
    assert "news2" not in [row["name"] for row in question["events"]]


def test_what_is_sent_keeps_the_contract_and_fills_the_board(hospital, tmp_path):
    import json

    of = parts(tmp_path)
    for question in asked(hospital).values():
        read_request(json.dumps(question).encode())
        assert client(of).predict(question).status_code == 200
    assert of.store.wards() == [("W1", ""), ("W2", "")]
