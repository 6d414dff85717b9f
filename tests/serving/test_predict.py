import json
import logging
from contextlib import contextmanager
from typing import get_args

import pytest

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS
from models.prediction import WarningKind
from serving.answers import PredictAnswer, WarningAnswer
from serving.schema import AdmissionRow, EventRow
from serving.store.database import StoreFault
from serving.store.store import Store
from tests.serving.builders import (
    CANARY,
    BrokenPredictor,
    client,
    event,
    logged,
    logged_rows,
    parts,
    question,
    stay,
    ward_question,
)
from tests.serving.conftest import KEY
from tests.serving.keys import FixedKeys

JSON = {"Content-Type": "application/json"}
LEFT_BEFORE_ARRIVING = {"discharged_at": "2026-01-02T10:00:00+00:00"}


@pytest.fixture
def of(tmp_path, store):
    return parts(tmp_path, store=store)


def test_the_rows_have_the_contracts_fields():
    for model, columns in ((AdmissionRow, ADMISSION_COLUMNS), (EventRow, EVENT_COLUMNS)):
        assert list(model.model_fields) == [column.name for column in columns]
        required = [name for name, field in model.model_fields.items() if field.is_required()]
        assert required == [c.name for c in columns if c.required and c.name != "discharged_at"]


def test_the_rows_have_the_contracts_ranges():
    properties = AdmissionRow.model_json_schema()["properties"]
    age, decile = properties["age"], properties["deprivation_decile"]["anyOf"][0]
    found = {
        "age": (age["minimum"], age["maximum"]),
        "deprivation_decile": (decile["minimum"], decile["maximum"]),
    }
    assert found == {c.name: (c.low, c.high) for c in ADMISSION_COLUMNS if c.kind == "integer"}


def test_an_answer_keeps_the_contract(of):
    answer = client(of).predict(ward_question())
    assert answer.status_code == 200
    read = PredictAnswer.model_validate_json(answer.content)
    assert [one.admission_id for one in read.predictions] == ["A1", "A2", "A3"]


def test_the_kinds_of_warning_are_the_models():
    assert get_args(WarningAnswer.model_fields["kind"].annotation) == get_args(WarningKind)


def test_open_stays_are_predicted_and_others_are_history(of):
    before = stay(
        "A0", patient_id="P-A1", admitted_at="2025-06-01T10:00:00Z", discharged_at="2025-06-03T10:00:00Z"
    )
    answer = client(of).predict(question(before, stay("A1")))
    assert [one["admission_id"] for one in answer.json()["predictions"]] == ["A1"]
    row = logged(of, answer.json()["predictions"][0])
    assert [stay["admission_id"] for stay in row.inputs["stays"]] == ["A0", "A1"]


def test_a_stay_named_in_for_is_predicted_though_its_discharge_is_known(of):
    left = stay("A2", discharged_at="2026-01-07T10:00:00Z")
    answer = client(of).predict({**question(stay("A1"), left), "for": ["A2"]})
    assert [one["admission_id"] for one in answer.json()["predictions"]] == ["A1", "A2"]


def test_the_moment_is_now_where_none_is_given(of):
    asked = {key: value for key, value in question().items() if key != "at"}
    assert client(of).predict(asked).json()["predictions"][0]["at"] == "2026-01-06T08:05:00+00:00"


def test_a_stay_that_begins_later_is_noted_and_not_predicted(of):
    planned = stay("A2", admitted_at="2026-01-09T09:00:00Z")
    answer = client(of).predict(question(stay("A1"), planned)).json()
    assert [one["admission_id"] for one in answer["predictions"]] == ["A1"]
    assert "1 stay had not begun, or was not recorded, by `at`: not predicted" in answer["notes"]


def test_nobody_in_a_bed_yet_is_an_empty_answer(of):
    answer = client(of).predict(question(stay(admitted_at="2026-01-09T09:00:00Z")))
    assert (answer.status_code, answer.json()["predictions"]) == (200, [])


def test_an_event_name_that_is_not_known_is_noted(of):
    answer = client(of).predict(question(events=[event("A1", "moon_phase", "full")])).json()
    assert any("moon_phase" in note for note in answer["notes"])


def test_what_no_model_uses_is_a_warning_of_its_patient(of):
    odd = [event("A1", "newz2", number=3), event("A1", "news2", number=30), event("A2", "news2", number=3)]
    first, second = client(of).predict(question(stay("A1"), stay("A2"), events=odd)).json()["predictions"]
    assert first["warnings"][1:] == [
        {
            "field": "events",
            "kind": "unknown",
            "text": "an event name is in no hospital.toml: 1 value not used; did you mean news2?",
        },
        {"field": "news2", "kind": "impossible", "text": "NEWS2 score: 1 value outside 0 to 20 set aside"},
    ]
    assert len(second["warnings"]) == 1


def test_the_census_is_history_too(of):
    caller = client(of)
    before = stay("A0", patient_id="P-A1", admitted_at="2025-06-01T10:00:00Z")
    caller.send(question(before, events=[event("A0", "clinical_frailty_scale", number=6)]))
    answer = caller.predict(question(stay("A1"))).json()
    inputs = logged(of, answer["predictions"][0]).inputs
    assert [row["admission_id"] for row in inputs["stays"]] == ["A1", "A0"]
    assert [row["name"] for row in inputs["events"]] == ["clinical_frailty_scale"]
    assert [one["admission_id"] for one in answer["predictions"]] == ["A1"]


def test_a_row_that_was_sent_is_right_where_the_census_differs(of):
    client(of).send(question(stay("A1", age=50)))
    answer = client(of).predict(question(stay("A1", age=81))).json()
    assert logged(of, answer["predictions"][0]).inputs["admission"]["age"] == 81


def test_a_question_changes_no_census(of):
    client(of).predict(ward_question())
    assert client(of).get("/v1/predictions?ward=Ward 7").status_code == 404


def test_every_answer_is_on_disk_with_what_it_was_made_from(of):
    answer = client(of).predict(ward_question(beds=2)).json()
    rows = [logged(of, one) for one in answer["predictions"]]
    assert [row.answer for row in rows] == answer["predictions"]
    assert rows[0].inputs["now"] == {"ward": "Ward 7", "bed": "B1", "planned_discharge_on": None}
    assert rows[0].inputs["admission"] == stay("A1", patient_id=rows[0].person)
    assert rows[0].person != rows[1].person
    assert len(rows[0].inputs["events"]) == 2
    release = of.releases.current()
    assert (rows[0].release, rows[0].release_digest) == (release.predictor.release, release.digest)
    assert rows[0].asked_by.startswith("ward system ")
    assert rows[0].round is None


WRONG = {
    "a naive moment": question(at="2026-01-06T08:00:00"),
    "a moment that is no instant": question(at=CANARY),
    "a moment that is a number of seconds": question(at="1767225600"),
    "a moment beyond the bank-holiday table": question(at="2150-01-06T08:00:00Z"),
    "a month that is none": question(at="2026-13-06T08:00:00Z"),
    "a naive admission": question(stay(admitted_at="2026-01-03T14:20:00")),
    "an impossible admission": question(stay(admitted_at="2026-02-31T14:20:00Z")),
    "an unknown column": question(stay(**{CANARY: 1})),
    "an unknown column near a known one": question(stay(admited_at=CANARY)),
    "an unknown key": question(**{CANARY: 1}),
    "a missing column": question({"admission_id": CANARY}),
    "an age as text": question(stay(age=CANARY)),
    "an age over 120": question(stay(age=210)),
    "an age of None": question(stay(age=None)),
    "an unknown code": question(stay(admission_method=CANARY)),
    "an empty identifier": question(stay(admission_id="")),
    "a control character": question(stay(patient_id=f"{CANARY}\x00")),
    "a text of 300 characters": question(stay(site=CANARY * 20)),
    "a discharge before the admission": question(stay(), stay("A2", patient_id=CANARY, **LEFT_BEFORE_ARRIVING)),
    "a stay that is there twice": question(stay(CANARY), stay(CANARY)),
    "an event of a stranger": question(events=[event(CANARY, "news2", number=3)]),
    "an event without its number": question(events=[event("A1", "news2", CANARY)]),
    "a flag of 3": question(events=[event("A1", "lives_alone", number=3)]),
    "a date that is none": question(events=[event("A1", "planned_discharge_on", CANARY)]),
    "a pathway that is none": question(events=[event("A1", "pathway", CANARY)]),
    "no admissions": {"admissions": []},
    "nothing": {},
    "a list": [CANARY],
    "only history": question(stay(CANARY, discharged_at="2026-01-05T10:00:00Z")),
    "somebody in for who is not there": question(**{"for": [CANARY]}),
    "somebody in for who comes later": question(
        stay(), stay("A2", admitted_at="2026-01-09T09:00:00Z"), **{"for": ["A2"]}
    ),
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_a_fault_is_a_problem_that_names_the_field_and_repeats_no_value(tmp_path, caplog, body):
    of = parts(tmp_path)
    caplog.set_level(logging.DEBUG)
    answer = client(of).predict(body)
    problem = answer.json()
    assert answer.status_code == problem["status"] == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(set(error) == {"pointer", "detail"} for error in problem["errors"])
    assert problem["errors"]
    assert CANARY not in answer.text
    assert CANARY not in caplog.text
    assert logged_rows(of) == 0


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('"number": NaN', "number must be a finite number"),
        ('"number": Infinity', "number must be a finite number"),
        ('"number": 1e999', "number must be a finite number"),
        ('"number": "3"', "number must be a number"),
        ('"number": true', "number must be a number"),
    ],
)
def test_a_number_is_a_finite_json_number(of, text, detail):
    body = json.dumps(question(events=[event("A1", "news2")])).replace('"number": null', text)
    answer = client(of).request("POST", "/v1/predict", JSON, content=body)
    assert answer.json()["errors"] == [{"pointer": "/events/0/number", "detail": detail}]


@pytest.mark.parametrize("body", [b"", b"nope", b'{"at": ', b"\xff\xfe", b"[" * 5000, b'{"at": "\\ud800"}'])
def test_a_body_that_is_not_json_is_400(of, body):
    answer = client(of).request("POST", "/v1/predict", JSON, content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/vnd.bentoml+pickle"},
        {},
        {**JSON, "Content-Encoding": "gzip"},
    ],
)
def test_a_body_that_is_not_plain_json_is_415(of, headers):
    answer = client(of).request("POST", "/v1/predict", headers, content=b"{}")
    assert answer.status_code == 415


def test_a_body_over_the_limit_is_413_declared_or_not(tmp_path):
    of = parts(tmp_path, HOMEWARD_BODY_LIMIT_BYTES="2048")
    read = []

    async def chunks():
        for number in range(100):
            read.append(number)
            yield b" " * 1024

    declared = client(of).request("POST", "/v1/predict", JSON, content=b" " * 4096)
    streamed = client(of).request("POST", "/v1/predict", JSON, content=chunks())
    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert "at most 2,048 bytes" in declared.json()["detail"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_405(of, method):
    answer = client(of).request(method, "/v1/predict")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/problem+json"


class FullDisk(Store):
    @contextmanager
    def writing(self, lasting=True):
        raise StoreFault("disk full")
        yield


def test_what_cannot_be_logged_is_not_answered(tmp_path):
    of = parts(tmp_path, store=FullDisk(f"sqlite:///{tmp_path / 'full.db'}", KEY, FixedKeys()))
    answer = client(of).predict(ward_question())
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    assert "predictions" not in answer.json()


def test_a_fault_of_ours_tells_nothing_and_logs_no_value(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    of = parts(tmp_path, BrokenPredictor())
    answer = client(of).predict(question(stay(patient_id=CANARY)))
    assert answer.status_code == 500
    assert answer.json()["detail"] == "the service failed; its log says where"
    assert "KeyError in answer:" in caplog.text
    assert CANARY not in answer.text + caplog.text


def test_a_success_logs_counts_and_templates_only(of, caplog):
    caplog.set_level(logging.INFO, "serving")
    client(of).predict(question(stay(CANARY), events=[event(CANARY, "ward", "W1")]))
    client(of).get(f"/board/{CANARY}?site={CANARY}")
    assert "POST /v1/predict 200" in caplog.text
    assert "GET /board/{ward} 404" in caplog.text
    assert CANARY not in caplog.text
    assert CANARY not in client(of).get("/metrics").text


def test_a_moment_is_the_instant_that_was_asked_for(of):
    answer = client(of).predict(question(at="2026-07-06T08:00:00+01:00")).json()
    assert answer["predictions"][0]["at"] == "2026-07-06T08:00:00+01:00"
