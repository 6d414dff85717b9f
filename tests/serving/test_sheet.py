"""When can I go home?  The team's date in plain words, for a patient and carers."""

import re

import pytest

from serving.sessions import SESSION_COOKIE
from serving.sheet_page import languages, words_in
from tests.serving.browser import Browser
from tests.serving.builders import event, parts, person, predicted, question
from tests.serving.doors import by_account


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path)
    yield made
    made.close()


def sheet(of, *events, query=""):
    if events:
        predicted(of, question(events=[event("A1", "ward", "Ward 7"), *events]))
    own = Browser(of)
    own.cookies[SESSION_COOKIE] = by_account(of)["Cookie"].partition("=")[2]
    return own.get(f"/patients/{person(of)}/sheet{query}")


def test_it_says_the_date_of_the_team_and_never_ours(of):
    text = sheet(of, event("A1", "planned_discharge_on", "2026-01-09")).text
    assert "Your team plans for you to leave hospital on Friday 9 January 2026." in text
    assert "This date can change" in text
    for ours in ("10 Jan", "Saturday 10 January", "%", "risk", "likely"):
        assert ours not in text


def test_it_says_what_has_to_happen_first(of):
    events = [
        event("A1", "delay_began", "EQUIPMENT"),
        event("A1", "pathway", "P1"),
    ]
    text = sheet(of, *events).text
    first = re.findall(r"<li>([^<]*)</li>", text)
    assert first[:2] == [
        "You are waiting for: Equipment and training: not available yet.",
        "The doctors must say that you are well enough.",
    ]
    assert "<p>Help at home is being set up for you.</p>" in text
    assert "has not set a date yet" in text


def test_who_needs_no_hospital_care_any_more_is_not_told_to_get_well(of):
    text = sheet(of, event("A1", "criteria_to_reside", number=0)).text
    assert "well enough" not in text
    assert "Your medicines must be ready." in text


def test_a_date_that_has_passed_is_not_promised(of):
    text = sheet(of, event("A1", "planned_discharge_on", "2026-01-05")).text
    assert "has passed" in text
    assert "5 January" not in text


def test_a_look_at_it_is_in_the_audit(of):
    sheet(of, event("A1", "pathway", "P0"))
    with of.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT details FROM audit").all()
    assert sum("GET /patients/{person}/sheet" in row[0] for row in rows) == 1


def test_a_language_that_is_not_whole_is_not_offered(of):
    assert list(languages()) == ["en"]
    answer = sheet(of, event("A1", "pathway", "P0"), query="?language=cy")
    assert answer.status_code == 404
    assert "language must be one of en" in answer.text


def test_the_welsh_strings_are_those_of_the_english_page():
    assert list(words_in("cy")) == list(words_in("en"))


def test_the_words_can_be_read_at_eleven():
    words = words_in("en")
    texts = [text for name, text in words.items() if isinstance(text, str) and name not in ("name", "language")]
    texts += words["always"] + words["you_can"]
    for text in texts:
        for sentence in re.split(r"(?<=[.?:]) ", text):
            assert len(sentence.split()) <= 14, sentence
    long = {word for text in texts for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 9}
    assert long <= {"something"}
