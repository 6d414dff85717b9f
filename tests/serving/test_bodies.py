"""Whatever a body holds, the answer is a problem that helps and repeats nothing, or it is done."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.calls import OPERATIONS, Operation
from serving.parts import Parts
from tests.serving.bodies import bodies, wrong
from tests.serving.builders import CANARY, Client, client, parts, stay
from tests.serving.conforming import NO_QUOTA

WITH_BODY = [one for one in OPERATIONS if one.request]
JSON = {"Content-Type": "application/json"}
LATE = "2026-02-31T10:00:00Z"
OF_A1 = "/v1/admissions/A1"


@pytest.fixture(scope="module")
def of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    made = parts(tmp_path_factory.mktemp("home"), **NO_QUOTA)
    yield made
    made.close()


@pytest.fixture(scope="module")
def caller(of: Parts) -> Client:
    return client(of)


@pytest.mark.parametrize("operation", WITH_BODY, ids=[one.name for one in WITH_BODY])
def test_no_body_makes_the_service_fail_repeat_a_value_or_point_to_nothing(
    caller: Client, operation: Operation
) -> None:
    path = operation.path.replace("{admission_id}", "A1001")

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(st.data())
    def every_body(data: st.DataObject) -> None:
        body = data.draw(bodies(operation))
        answer = caller.request(operation.method, path, JSON, content=body)
        assert wrong(body, answer) == [], (body, answer.text)

    every_body()


ADMISSION = {key: value for key, value in stay().items() if key != "admission_id"}
SEVERAL = {
    "an admission": (
        "PUT",
        OF_A1,
        {**ADMISSION, "recorded_at": LATE, "admitted_at": LATE, "admission_method": CANARY},
        ["/recorded_at", "/admitted_at", "/admission_method"],
    ),
    "a discharge": (
        "POST",
        f"{OF_A1}/discharge",
        {"recorded_at": LATE, "discharged_at": LATE, "discharge_method": CANARY},
        ["/recorded_at", "/discharged_at", "/discharge_method"],
    ),
    "a planned date": (
        "POST",
        "/v1/planned-dates",
        {"admission_id": "A1", "planned_discharge_on": "2026-02-31", "set_at": LATE, "recorded_at": LATE},
        ["/planned_discharge_on", "/set_at", "/recorded_at"],
    ),
    "a planned date that leaves the time of recording out": (
        "POST",
        "/v1/planned-dates",
        {"admission_id": "A1", "planned_discharge_on": "2026-01-09", "set_at": LATE},
        ["/set_at"],
    ),
}


@pytest.mark.parametrize(("method", "path", "body", "pointers"), SEVERAL.values(), ids=SEVERAL.keys())
def test_the_faults_of_a_body_are_told_all_at_once(
    caller: Client, method: str, path: str, body: object, pointers: list[str]
) -> None:
    answer = caller.request(method, path, json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


def test_identifiers_that_differ_in_blanks_alone_are_refused(caller: Client) -> None:
    body = {"recorded_at": "2026-01-05T10:00:00Z"}
    answers = [
        caller.post(f"/v1/admissions/{name}/cancel", body) for name in ("%20A1", "A1%20", "%20", "A%201")
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 200]


def test_a_whole_number_may_be_written_with_a_point(caller: Client) -> None:
    answers = [
        caller.request("PUT", OF_A1, json={**ADMISSION, "recorded_at": "2026-01-05T10:00:00Z", "age": age})
        for age in (81.0, 81.5)
    ]
    assert [answer.status_code for answer in answers] == [200, 422]


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_probe_takes_no_other_method(caller: Client, path: str) -> None:
    answer = caller.request("POST", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
