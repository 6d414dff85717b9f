"""Who is behind a stay: shown to coordinators of its site, each look audited, and nowhere else."""

import json
from datetime import timedelta

import pytest

from serving.settings import Keep
from serving.store.erasure import Erasure
from serving.store.forgetting import forget
from serving.store.identities import Identity, identities_of
from serving.store.retention import tidy
from serving.store.rotation import rotate
from serving.store.verify import events, verify
from tests.serving.builders import (
    AT,
    NOW,
    client,
    event,
    known,
    logged,
    nobody,
    parts,
    person,
    predicted,
    question,
    stay,
)
from tests.serving.doors import by_account, later, signed_in

NAME, NUMBER, BORN = "CANARY Quentin", "H-CANARY-77", "1944-05-17"
BODY = {"recorded_at": "2026-01-05T14:31:00+00:00", "name": NAME, "hospital_number": NUMBER, "born_on": BORN}
SITE = "RXX01"


@pytest.fixture
def of(tmp_path):
    of = parts(tmp_path)
    stays = [stay("A1", site=SITE), stay("A2", site="RXX02")]
    predicted(of, question(*stays, events=[event(one["admission_id"], "ward", "W1") for one in stays]))
    yield of
    of.close()


def told(of, body=BODY, admission_id="A1", system="pas"):
    return client(of, system).request("PUT", f"/v1/admissions/{admission_id}/identity", json=body)


def page(of, shown, site=SITE):
    return nobody(of).get(f"/board/W1?site={site}", **shown).text


def kept(of, *admission_ids):
    with of.store.reading() as connection:
        return identities_of(connection, admission_ids)


def test_a_coordinator_of_the_site_sees_name_number_and_date_of_birth(of):
    assert told(of).json() == {"kept": 1, "already_known": 0, "notes": []}
    for shown in (signed_in(of), by_account(of, sites=[SITE])):
        text = page(of, shown)
        assert NAME in text
        assert NUMBER in text
        assert "17 May 1944" in text
        assert f">{person(of)}<" not in text


@pytest.mark.parametrize("role", ["safety officer", "ward system"])
def test_who_is_no_coordinator_sees_the_person_alone(of, role):
    told(of)
    text = (
        client(of).get(f"/board/W1?site={SITE}").text
        if role == "ward system"
        else page(of, signed_in(of, role))
    )
    assert "CANARY" not in text
    assert person(of) in text


def test_a_coordinator_of_another_site_sees_nothing_of_it(of):
    told(of)
    shown = by_account(of, sites=["RXX02"])
    assert "CANARY" not in page(of, shown) + page(of, shown, "RXX02") + nobody(of).get("/board", **shown).text


def test_each_look_is_audited_with_who_looked_and_whom_they_saw(of):
    told(of)
    before = len(list(events(of.store)))
    page(of, signed_in(of, "safety officer"))
    page(of, signed_in(of))
    looks = [json.loads(one) for one in events(of.store)][before:]
    seen = [
        [part["what"]["identifier"]["value"] for part in look["entity"] if "name-of-person" in json.dumps(part)]
        for look in looks
    ]
    assert seen == [[], [person(of)]]
    assert looks[1]["agent"][0]["who"]["display"] == "coordinator by a link"


def test_what_was_recorded_last_is_shown_and_the_same_is_known(of):
    late = {**BODY, "recorded_at": "2026-01-05T15:00:00Z", "name": "Later"}
    assert [told(of, body).json()["kept"] for body in (late, BODY, late, BODY)] == [1, 1, 0, 0]
    assert kept(of, "A1")["A1"].name == "Later"


def test_a_part_that_is_not_sent_is_not_shown(of):
    told(of, {"recorded_at": AT, "name": NAME})
    assert kept(of, "A1") == {"A1": Identity(NAME)}
    assert NAME in page(of, signed_in(of))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"born_on": "1944-02-30"}, "/born_on"),
        ({"born_on": "17/05/1944"}, "/born_on"),
        ({"recorded_at": "yesterday"}, "/recorded_at"),
        ({"hospital_number": 7}, "/hospital_number"),
        ({"postcode": "CF10"}, ""),
    ],
)
def test_what_does_not_keep_the_contract_is_refused_without_a_value(of, change, pointer):
    answer = told(of, {**BODY, **change})
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert "CANARY" not in answer.text
    assert kept(of, "A1") == {}


def test_another_sites_system_may_not_name_its_patients(of):
    known(of.settings.systems, "theirs", sites=["RXX02"])
    assert told(of, system="theirs").status_code == 403
    assert told(of, admission_id="A2", system="theirs").status_code == 200
    assert list(kept(of, "A1", "A2")) == ["A2"]


def test_it_never_reaches_a_prediction_an_export_or_the_bytes_of_the_database(of, tmp_path):
    told(of)
    page(of, signed_in(of))
    answer = client(of).predict(question(stay("A1", site=SITE))).json()["predictions"][0]
    row = logged(of, answer)
    exported = client(of).get(f"/v1/predictions?ward=W1&site={SITE}").text + "".join(events(of.store))
    assert "CANARY" not in json.dumps(row.inputs) + json.dumps(row.answer) + exported
    files = [file.read_bytes() for file in of.settings.home.rglob("*") if file.is_file()]
    assert not any(b"CANARY" in content or BORN.encode() in content for content in files)


def test_nothing_that_predicts_or_learns_can_read_it():
    """The table is imported where it is kept, erased, checked and shown, and nowhere else."""
    from pathlib import Path

    import serving

    root = Path(serving.__file__).parents[1]
    users = {
        str(file.relative_to(root))
        for package in ("features", "models", "training", "serving")
        for file in (root / package).rglob("*.py")
        if "identities" in file.read_text("utf-8").lower() and "migrations" not in file.parts
    }
    assert users == {
        *(
            f"serving/{name}.py"
            for name in ("bedside", "board", "board_row", "desk", "door", "find", "looking")
        ),
        *(f"serving/store/{name}.py" for name in ("forgetting", "identities", "retention", "tables", "verify")),
    }


def test_a_new_key_opens_the_old_rows_and_seals_the_new(of):
    told(of)
    rotate(of.store, "identity", NOW, "a test")
    told(of, {**BODY, "name": "New"}, "A2")
    assert {name: one.name for name, one in kept(of, "A1", "A2").items()} == {"A1": NAME, "A2": "New"}
    assert verify(of.store).faults == ()


def test_a_week_after_the_discharge_the_name_is_gone_and_the_audit_holds(of):
    told(of)
    told(of, BODY, "A2")
    left = {"discharged_at": "2026-01-06T08:01:00Z", "recorded_at": "2026-01-06T08:02:00Z"}
    assert client(of).post("/v1/admissions/A1/discharge", left).status_code == 200
    keep = Keep(timedelta(days=365), timedelta(days=1826))
    assert tidy(of.store, keep, Erasure(later(of, days=6), "a test", "tidy")) == 0
    assert tidy(of.store, keep, Erasure(later(of, days=2), "a test", "tidy")) == 1
    assert list(kept(of, "A1", "A2")) == ["A2"]
    assert verify(of.store).faults == ()


def test_names_of_stays_that_never_came_go_too(of):
    told(of, BODY, "never")
    keep = Keep(timedelta(days=365), timedelta(days=1826))
    assert tidy(of.store, keep, Erasure(later(of, days=6), "a test", "tidy")) == 0
    assert tidy(of.store, keep, Erasure(later(of, days=2), "a test", "tidy")) == 1


def test_erasing_a_person_erases_the_name(of):
    told(of)
    counts = forget(of.store, person(of), Erasure(NOW, "a test", "erase a person"))
    assert counts["identities"] == 1
    assert kept(of, "A1") == {}
    assert verify(of.store).faults == ()
