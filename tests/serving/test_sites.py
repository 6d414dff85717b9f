"""R16: what somebody of one site sees and changes is of that site alone."""

import json

import pytest

from tests.serving.builders import (
    AT,
    client,
    event,
    known,
    logged,
    nobody,
    parts,
    predicted,
    question,
    stay,
)
from tests.serving.doors import by_account

OURS, THEIRS = "RXX01", "RXX02"


@pytest.fixture
def of(tmp_path):
    """A hospital of two sites, each with a ward W1 and a patient in it, and one stay without a site."""
    of = parts(tmp_path)
    known(of.settings.systems, "ours", sites=[OURS])
    known(of.settings.systems, "theirs", sites=[THEIRS])
    stays = [stay("A1", site=OURS), stay("A2", site=THEIRS), stay("A3")]
    predicted(of, question(*stays, events=[event(one["admission_id"], "ward", "W1") for one in stays]))
    yield of
    of.close()


def test_no_row_of_another_site_is_seen(of):
    for name, own, other in (("ours", OURS, THEIRS), ("theirs", THEIRS, OURS)):
        system = client(of, name)
        own_stay = "A1" if own == OURS else "A2"
        seen = system.get(f"/v1/predictions?ward=W1&site={own}").json()["predictions"]
        assert [one["admission_id"] for one in seen] == [own_stay]
        for site in (other, "", "nowhere"):
            assert system.get(f"/v1/predictions?ward=W1&site={site}").status_code == 404
        page = system.get("/board").text
        assert own in page
        assert other not in page


def test_a_person_of_a_site_sees_its_boards_alone(of):
    cookie = by_account(of, sites=[OURS])
    page = nobody(of).get("/board", **cookie).text
    assert OURS in page
    assert THEIRS not in page
    assert page.count('href="/board/W1') == 1
    assert nobody(of).get(f"/board/W1?site={OURS}", **cookie).status_code == 200
    answers = [nobody(of).get(f"/board/W1?site={site}", **cookie) for site in (THEIRS, "", "nowhere")]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({answer.text for answer in answers}) == 1


def test_who_is_of_no_site_sees_nothing(of):
    cookie = by_account(of, sites=[])
    assert 'href="/board/W1' not in nobody(of).get("/board", **cookie).text


def test_who_sees_all_sees_stays_without_a_site_too(of):
    assert client(of).get("/v1/predictions?ward=W1").json()["predictions"][0]["admission_id"] == "A3"
    assert nobody(of).get("/board", **by_account(of)).text.count('href="/board/W1') == 3


@pytest.mark.parametrize("site", [THEIRS, None, ""])
def test_a_question_about_another_site_is_refused_whole(of, site):
    body = question(stay("B1", site=OURS), stay("B2", site=site))
    answer = client(of, "ours").predict(body)
    assert answer.status_code == 403
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/admissions/1/site"]
    assert THEIRS not in answer.text


def test_what_another_site_knows_of_a_patient_is_not_used(of):
    """A patient of ours who was at theirs before: our question is answered from our stays alone."""
    body = question(stay("B1", site=OURS, patient_id="P-A2"))
    [ours] = client(of, "ours").predict(body).json()["predictions"]
    assert {row["admission_id"] for row in logged(of, ours).inputs["stays"]} == {"B1"}
    [everywhere] = client(of).predict(body).json()["predictions"]
    assert {row["admission_id"] for row in logged(of, everywhere).inputs["stays"]} == {"A2", "B1"}


def told(of, name, method, path, body):
    return client(of, name).request(method, path, json=body).status_code


def test_a_fact_about_another_sites_stay_is_refused_and_changes_nothing(of):
    admission = {key: value for key, value in stay("A2").items() if key != "admission_id"}
    left = {"discharged_at": "2026-01-06T07:00:00Z", "recorded_at": AT}
    date = {"admission_id": "A2", "planned_discharge_on": "2026-01-09", "set_at": AT}
    before = client(of).get(f"/v1/predictions?ward=W1&site={THEIRS}").json()["predictions"]
    requests = [
        ("PUT", "/v1/admissions/A2", {**admission, "site": OURS, "recorded_at": AT}),
        ("PUT", "/v1/admissions/A2", {**admission, "site": THEIRS, "recorded_at": AT}),
        ("PUT", "/v1/admissions/B9", {**admission, "site": THEIRS, "recorded_at": AT}),
        ("PUT", "/v1/admissions/B9", {**admission, "recorded_at": AT}),
        ("POST", "/v1/admissions/A2/cancel", {"recorded_at": AT}),
        ("POST", "/v1/admissions/A2/discharge", left),
        ("POST", "/v1/admissions/A2/discharge/cancel", {"recorded_at": AT}),
        ("POST", "/v1/events", {"events": [event("A1", "bed", "B1"), event("A2", "bed", "B2")]}),
        ("POST", "/v1/planned-dates", date),
        ("POST", "/v1/planned-dates", {**date, "admission_id": "A3"}),
    ]
    assert [told(of, "ours", *one) for one in requests] == [403] * len(requests)
    after = client(of).get(f"/v1/predictions?ward=W1&site={THEIRS}").json()["predictions"]
    assert json.dumps(after) == json.dumps(before)


def test_a_site_tells_of_its_own_stays_also_before_their_admission(of):
    admission = {key: value for key, value in stay("B1", site=OURS).items() if key != "admission_id"}
    assert told(of, "ours", "POST", "/v1/events", {"events": [event("B1", "bed", "B1")]}) == 200
    assert told(of, "ours", "PUT", "/v1/admissions/B1", {**admission, "recorded_at": AT}) == 200
    assert told(of, "ours", "POST", "/v1/events", {"events": [event("B1", "ward", "W1")]}) == 200
