"""Finding a patient in a bed by what a ward knows of them, without a trace of what was entered."""

import logging
import re

import pytest

from serving.find import MOST_FOUND
from serving.sessions import SESSION_COOKIE
from tests.serving.browser import Browser
from tests.serving.builders import client, parts, person, predicted, question, stay, ward_question
from tests.serving.doors import by_account

WHO = {"recorded_at": "2026-01-03T14:31:00+00:00", "name": "EXAMPLE, Alex", "hospital_number": "H0012345"}


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path)
    predicted(made)
    client(made).request("PUT", "/v1/admissions/A2/identity", json=WHO)
    yield made
    made.close()


def browser(of, role="coordinator", name="ann"):
    own = Browser(of)
    own.cookies[SESSION_COOKIE] = by_account(of, name, role)["Cookie"].partition("=")[2]
    return own


def found(own, text):
    answer = own.post("/find", form_token=own.form_token("/board"), text=text)
    assert answer.status_code == 200
    return re.findall(r'href="/patients/(\w+)"', answer.text)


@pytest.mark.parametrize("text", ["example", "EXAMPLE, Alex", "  alex ", "h0012345", "0012", "B2", "b2"])
def test_a_patient_is_found_by_name_number_or_bed(of, text):
    assert found(browser(of), text) == [person(of, "A2")]


def test_a_patient_is_found_by_the_letters_as_they_are_read_out(of):
    letters = person(of, "A3").lower()
    assert found(browser(of), f"{letters[:5]} {letters[5:]}") == [person(of, "A3")]


def test_who_may_not_know_names_finds_nobody_by_one(of):
    own = browser(of, "safety officer")
    assert found(own, "example") == []
    assert found(own, "B2") == [person(of, "A2")]


def test_one_letter_is_too_few_and_says_so(of):
    own = browser(of)
    answer = own.post("/find", form_token=own.form_token("/board"), text=" e ")
    assert "Enter at least 2 letters" in answer.text
    assert found(own, "nobody at all") == []


def test_who_has_left_is_not_found(of):
    client(of).send(question(stay("A2", discharged_at="2026-01-06T08:02:00Z")))
    assert found(browser(of), "example") == []


def test_many_are_said_to_be_more(of):
    beds = MOST_FOUND + 7
    body = ward_question(beds=beds)
    body["events"] = [{**one, "text": "Bay 9"} if one["name"] == "bed" else one for one in body["events"]]
    predicted(of, body)
    own = browser(of)
    answer = own.post("/find", form_token=own.form_token("/board"), text="bay 9")
    assert len(re.findall(r'href="/patients/', answer.text)) == MOST_FOUND
    assert "7 more" in answer.text


def test_what_was_entered_is_in_no_log_and_no_audit_but_who_was_seen_is(of, caplog):
    caplog.set_level(logging.DEBUG)
    found(browser(of), "h0012345")
    assert "0012345" not in caplog.text
    with of.store.reading() as connection:
        rows = [row[0] for row in connection.exec_driver_sql("SELECT details FROM audit").all()]
    looked = [row for row in rows if "POST /find" in row]
    assert len(looked) == 1
    assert person(of, "A2") in looked[0]
    assert not any("0012345" in row for row in rows)
