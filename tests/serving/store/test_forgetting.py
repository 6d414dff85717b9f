"""One person is erased, nobody else is, and the audit can still be checked."""

import json

import pytest
import sqlalchemy as sql

from serving.release import Loaded
from serving.replay import ReplayFault, logged, replayed
from serving.rounds import predict_round
from serving.shadow import shadowed
from serving.store import log, news, shadows, tables
from serving.store.erasure import Erasure
from serving.store.forgetting import NobodyKnown, forget, person_of
from serving.store.verify import events, verify
from tests.serving.builders import (
    NOW,
    FakePredictor,
    board,
    client,
    event,
    parts,
    person,
    predicted,
    question,
    stay,
    ward_question,
)

OTHER = "e" * 64
BY = Erasure(NOW, "a person", "erase a person")


@pytest.fixture
def of(tmp_path, store):
    """Three people in a ward, one of whom was here before; each was asked about too."""
    of = parts(tmp_path, store=store)
    with store.writing() as connection:
        shadows.begin(connection, OTHER)
    predicted(of, ward_question(beds=3))
    before = stay(
        "A0", patient_id="P-A1", admitted_at="2025-06-01T10:00:00Z", discharged_at="2025-06-03T10:00:00Z"
    )
    client(of).send(question(before))
    client(of).predict(question(stay("A1"), stay("A2")), **{"Idempotency-Key": "both"})
    client(of).predict(question(stay("A2")), **{"Idempotency-Key": "second"})
    predict_round(store, of.releases.current(), NOW, NOW, "asked for")
    shadowed(store, Loaded(FakePredictor(), OTHER), NOW)
    return of


def counted(of, which=None):
    with of.store.reading() as connection:
        return {
            table.name: connection.execute(sql.select(sql.func.count()).select_from(table)).scalar_one()
            for table in tables.TABLES.sorted_tables
        }


def rows_of(of, table):
    with of.store.reading() as connection:
        return connection.execute(sql.select(table)).all()


def test_all_of_one_person_goes_and_nothing_of_another(of):
    own, before = person(of), counted(of)
    counts = forget(of.store, own, BY)
    after = counted(of)
    assert counts == {"stay_facts": 3, "events": 2, "predictions": 3, "shadows": 3}
    assert {name: before[name] - after[name] for name in counts} == dict(counts)
    assert {name: before[name] - after[name] for name in ("stays", "people", "repeats")} == {
        "stays": 2,
        "people": 1,
        "repeats": 1,
    }
    assert verify(of.store).faults == ()
    for table in tables.TABLES.sorted_tables:
        for row in rows_of(of, table):
            assert own not in row, table.name
            assert not {"A0", "A1"} & {each for each in row if isinstance(each, str)}, table.name
    assert {row.admission_id for row in rows_of(of, tables.PREDICTIONS)} == {"A2", "A3"}


def test_nobody_is_shown_the_erased(of):
    own = person(of)
    forget(of.store, own, BY)
    assert [row.admission_id for row in board(of).predictions] == ["A2", "A3"]
    told = client(of).get("/v1/predictions?ward=Ward 7").json()
    assert [one["admission_id"] for one in told["predictions"]] == ["A2", "A3"]
    assert own not in client(of).get("/board/Ward 7").text


def test_the_erasure_is_in_the_audit_with_counts_and_without_a_name(of):
    own = person(of)
    forget(of.store, own, BY)
    told = [json.loads(one) for one in events(of.store)]
    assert (told[-1]["subtype"][0]["code"], told[-1]["action"]) == ("erase a person", "D")
    details = {one["type"]: one["valueString"] for one in told[-1]["entity"][0]["detail"]}
    assert (details["stay_facts"], details["events"], details["predictions"]) == ("3", "2", "3")
    assert not any(name in json.dumps(told[-1]) for name in (own, "P-A1", '"A1"', '"A0"'))


def test_who_comes_again_is_a_new_person_without_a_past(of):
    own = person(of)
    forget(of.store, own, BY)
    client(of).send(ward_question(beds=1))
    assert person(of) != own
    answer = client(of).predict(question(stay("A1"))).json()["predictions"][0]
    assert [row["admission_id"] for row in logged(of.store, answer["id"]).inputs["stays"]] == ["A1"]
    assert verify(of.store).faults == ()


def test_numbers_never_come_back(of):
    """What a prediction was made from is what had at most a number by then."""
    last = max(row.number for row in rows_of(of, tables.STAY_FACTS))
    newest = max(row.number for row in rows_of(of, tables.PREDICTIONS))
    for name in ("A1", "A2", "A3"):
        forget(of.store, person(of, name), BY)
    client(of).send(ward_question(beds=1))
    client(of).predict(question(stay("A1")))
    assert min(row.number for row in rows_of(of, tables.STAY_FACTS)) > last
    assert min(row.number for row in rows_of(of, tables.PREDICTIONS)) > newest
    assert verify(of.store).faults == ()


def test_an_erased_prediction_cannot_be_made_again_and_that_is_said(of):
    rows = rows_of(of, tables.PREDICTIONS)
    gone = next(row.id for row in rows if row.admission_id == "A1")
    kept = next(row.id for row in rows if row.admission_id == "A2")
    forget(of.store, person(of), BY)
    with pytest.raises(ReplayFault, match="what is erased, or past its time, cannot be made again"):
        logged(of.store, gone)
    assert replayed(of.store, logged(of.store, kept), FakePredictor()).same


def test_a_challenger_goes_on_past_the_erased(of):
    with of.store.writing() as connection:
        shadows.begin(connection, "f" * 64)
    predict_round(of.store, of.releases.current(), NOW, NOW, "asked for")
    forget(of.store, person(of), BY)
    assert [shadowed(of.store, Loaded(FakePredictor(), "f" * 64), NOW) for _ in range(2)] == [2, 0]
    assert verify(of.store).faults == ()


class Forgetting(FakePredictor):
    """Answers only after somebody has erased a person."""

    def __init__(self, of, name="A1"):
        self.of, self.name = of, name

    def answer(self, hospital, at, wanted=None):
        found = super().answer(hospital, at, wanted)
        if self.name:
            name, self.name = self.name, None
            forget(self.of.store, person(self.of, name), BY)
        return found


def test_who_is_erased_while_a_round_is_predicted_is_not_in_it(of):
    rows = predict_round(of.store, Loaded(Forgetting(of), "d" * 64), NOW, NOW, "asked for")
    assert [row.admission_id for row in rows] == ["A2", "A3"]
    assert verify(of.store).faults == ()


def test_who_is_erased_while_asked_about_is_answered_anew_without_a_past(of):
    of.releases._loaded = Loaded(Forgetting(of), "d" * 64)
    answer = client(of).predict(question(stay("A1")))
    assert answer.status_code == 200
    row = logged(of.store, answer.json()["predictions"][0]["id"])
    assert [each["admission_id"] for each in row.inputs["stays"]] == ["A1"]
    assert verify(of.store).faults == ()


def test_who_is_erased_while_a_challenger_answers_is_not_in_its_answers(of):
    predict_round(of.store, of.releases.current(), NOW, NOW, "asked for")
    shadowed(of.store, Loaded(Forgetting(of), OTHER), NOW)
    assert {row.prediction for row in rows_of(of, tables.SHADOWS)} <= {
        row.number for row in rows_of(of, tables.PREDICTIONS)
    }
    assert verify(of.store).faults == ()


def test_no_round_waits_for_news_of_the_erased(of):
    client(of).post("/v1/events", {"events": [event("A1", "news2", number=3)]})
    forget(of.store, person(of), BY)
    with of.store.reading() as connection:
        assert "A1" not in news.waiting(connection)


def test_a_stay_that_was_told_of_the_wrong_person_stays_with_the_right_one(of):
    wrong, right = person(of, "A2"), person(of)
    moved = {key: value for key, value in stay("A2", patient_id="P-A1").items() if key != "admission_id"}
    client(of).request("PUT", "/v1/admissions/A2", json={"recorded_at": "2026-01-06T08:00:00Z", **moved})
    forget(of.store, wrong, BY)
    assert person(of, "A2") == right
    assert verify(of.store).faults == ()
    forget(of.store, right, BY)
    assert {row.admission_id for row in rows_of(of, tables.STAY_FACTS)} == {"A3"}
    assert verify(of.store).faults == ()


def test_a_stay_that_was_taken_back_is_erased_too(of):
    own = person(of)
    for path in ("A0", "A1"):
        client(of).post(f"/v1/admissions/{path}/cancel", {"recorded_at": "2026-01-06T08:01:00Z"})
    forget(of.store, own, BY)
    assert not {"A0", "A1"} & {row.admission_id for row in rows_of(of, tables.STAY_FACTS)}
    assert verify(of.store).faults == ()


def test_whom_only_a_question_named_can_be_erased(of):
    client(of).predict(question(stay("A9")))
    counts = forget(of.store, person_of(of.store, "P-A9"), BY)
    assert counts == {"predictions": 1}
    assert verify(of.store).faults == ()


def test_nobody_is_one_sentence(of):
    with pytest.raises(NobodyKnown, match="no person of that name"):
        forget(of.store, "0000000000", BY)
    with pytest.raises(NobodyKnown, match="nobody of that patient_id"):
        person_of(of.store, "P-A99")


def test_a_round_stays_provable_when_all_whom_it_predicted_are_erased(of):
    for name in ("A1", "A2", "A3"):
        forget(of.store, person(of, name), BY)
    assert verify(of.store).faults == ()
    with of.store.reading() as connection:
        assert log.count(connection) == 0
        assert list(log.wards(connection)) == [("Ward 7", "")]
    assert client(of).get("/board/Ward 7").status_code == 200
