"""The way into the census over HTTP."""

import logging

import pytest

from serving.calls import OPERATIONS
from serving.store import facts
from tests.serving.builders import AT, CANARY, NOW, client, event, parts, stay

OF_A1 = "/v1/admissions/A1"
ADMISSION = {"recorded_at": AT, **{key: value for key, value in stay().items() if key != "admission_id"}}
LEFT = {"discharged_at": "2026-01-05T10:00:00Z", "recorded_at": "2026-01-05T11:00:00Z"}
PLANNED = {"admission_id": "A1", "planned_discharge_on": "2026-01-09", "set_at": AT}


@pytest.fixture
def of(tmp_path, store):
    return parts(tmp_path, store=store)


@pytest.fixture
def caller(of):
    return client(of)


def in_bed(of):
    with of.store.reading() as connection:
        return facts.in_bed(connection, NOW)


def test_somebody_who_comes_and_goes(of, caller):
    answers = [caller.request("PUT", OF_A1, json=ADMISSION)]
    assert in_bed(of) == ["A1"]
    answers.append(caller.post(f"{OF_A1}/discharge", LEFT))
    assert in_bed(of) == []
    answers.append(caller.post(f"{OF_A1}/discharge/cancel", {"recorded_at": "2026-01-05T12:00:00Z"}))
    assert in_bed(of) == ["A1"]
    answers.append(caller.post(f"{OF_A1}/cancel", {"recorded_at": "2026-01-06T08:02:00Z"}))
    assert in_bed(of) == []
    assert [answer.json() for answer in answers] == [{"kept": 1, "already_known": 0, "notes": []}] * 4


def test_a_fact_that_comes_twice_is_known_already(caller):
    told = [caller.post(f"{OF_A1}/discharge", LEFT).json() for _ in range(2)]
    assert [(one["kept"], one["already_known"]) for one in told] == [(1, 0), (0, 1)]


def test_a_discharge_may_come_before_its_admission(of, caller):
    assert caller.post(f"{OF_A1}/discharge", LEFT).status_code == 200
    caller.request("PUT", OF_A1, json=ADMISSION)
    assert in_bed(of) == []


def test_a_planned_date_is_an_event_of_a_person(of, caller):
    caller.request("PUT", OF_A1, json=ADMISSION)
    assert caller.post("/v1/planned-dates", PLANNED).json()["kept"] == 1
    with of.store.reading() as connection:
        [row] = facts.event_table(connection, ["A1"], NOW).to_dict("records")
    assert (row["name"], row["text"]) == ("planned_discharge_on", "2026-01-09")


def test_what_no_model_uses_is_kept_and_noted(caller):
    sent = [event("A1", "newz2", number=3), event("A1", "news2", number=30)]
    answer = caller.post("/v1/events", {"events": sent}).json()
    assert answer["kept"] == 2
    assert answer["notes"] == [
        "an event name is in no hospital.toml: 1 value not used; did you mean news2?",
        "NEWS2 score: 1 value outside 0 to 20 set aside",
    ]


def test_a_fact_from_a_clock_that_is_ahead_is_noted(of, caller):
    answer = caller.request("PUT", OF_A1, json={**ADMISSION, "recorded_at": "2026-01-06T09:05:00Z"}).json()
    assert answer["notes"] == ["recorded_at lies ahead of the clock: known from then on"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.name for one in OPERATIONS])
def test_every_example_of_the_contract_is_taken(caller, operation):
    if operation.example is None:
        return
    path = operation.path.replace("{admission_id}", "A1001")
    answer = caller.request(operation.method, path, json=operation.example)
    assert answer.status_code == 200, answer.text
    operation.answer.model_validate_json(answer.content)


WRONG = {
    "an unknown code": ("PUT", OF_A1, {**ADMISSION, "admission_method": CANARY}, "/admission_method"),
    "an age over 120": ("PUT", OF_A1, {**ADMISSION, "age": 210}, "/age"),
    "no time of recording": ("PUT", OF_A1, stay() | {"admission_id": CANARY}, "/recorded_at"),
    "an impossible day": ("PUT", OF_A1, {**ADMISSION, "admitted_at": "2026-02-31T10:00:00Z"}, "/admitted_at"),
    "recorded on an impossible day": (
        "PUT",
        OF_A1,
        {**ADMISSION, "recorded_at": "2026-02-31T10:00:00Z"},
        "/recorded_at",
    ),
    "a discharge in the row": ("PUT", OF_A1, {**ADMISSION, "discharged_at": AT}, ""),
    "an unknown way out": (
        "POST",
        f"{OF_A1}/discharge",
        {**LEFT, "discharge_method": CANARY},
        "/discharge_method",
    ),
    "no events": ("POST", "/v1/events", {"events": []}, "/events"),
    "an event without its number": (
        "POST",
        "/v1/events",
        {"events": [event(CANARY, "news2", CANARY)]},
        "/events/0/number",
    ),
    "a flag of 3": (
        "POST",
        "/v1/events",
        {"events": [event("A1", "news2", number=1), event(CANARY, "lives_alone", number=3)]},
        "/events/1/number",
    ),
    "a date that is none": (
        "POST",
        "/v1/planned-dates",
        {**PLANNED, "planned_discharge_on": "2026-02-31"},
        "/planned_discharge_on",
    ),
    "a date that is a text": (
        "POST",
        "/v1/planned-dates",
        {**PLANNED, "planned_discharge_on": CANARY},
        "/planned_discharge_on",
    ),
    "an empty cancellation": ("POST", f"{OF_A1}/cancel", {}, "/recorded_at"),
    "a control character in the address": ("PUT", "/v1/admissions/%00", ADMISSION, ""),
}


@pytest.mark.parametrize(("method", "path", "body", "pointer"), WRONG.values(), ids=WRONG.keys())
def test_a_fault_names_its_field_and_keeps_nothing(tmp_path, caplog, method, path, body, pointer):
    caplog.set_level(logging.DEBUG)
    of = parts(tmp_path)
    answer = client(of).request(method, path, json=body)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert CANARY not in answer.text + caplog.text
    with of.store.reading() as connection:
        assert facts.last_numbers(connection) == (0, 0)


def test_the_board_of_a_ward_can_be_read(of):
    from tests.serving.builders import predicted

    caller = predicted(of)
    answer = caller.get("/v1/predictions?ward=Ward 7").json()
    assert [one["admission_id"] for one in answer["predictions"]] == ["A1", "A2", "A3"]
    assert (answer["round"]["at"], answer["round"]["release"]) == (AT, "2026-01-05-fake")
    assert caller.get("/v1/predictions?ward=Ward 9").status_code == 404
    assert caller.get("/v1/predictions").status_code == 422
    assert caller.get("/v1/predictions?ward=Ward 7&sight=S1").status_code == 422


def test_another_method_says_which(caller):
    answer = caller.get(OF_A1)
    assert (answer.status_code, answer.json()["detail"]) == (405, "this address takes PUT")
