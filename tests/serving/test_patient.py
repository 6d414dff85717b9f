"""The page of one patient, and planned dates and delays that people enter on it."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from serving.access import Caller
from serving.bedside import stay_of_person
from serving.board_words import spoken
from serving.decisions import WHY, Decision, Meanwhile, decided, plan
from serving.delay_reasons import delay_reasons
from serving.sessions import SESSION_COOKIE
from serving.store.facts import Receipt, keep
from serving.store.verify import verify
from tests.serving.browser import Browser
from tests.serving.builders import NOW, client, event, parts, person, predicted, question, stay, ward_question
from tests.serving.doors import by_account

TOMORROW, FRIDAY = "2026-01-07", "2026-01-09"


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path, HOMEWARD_IDLE_MINUTES="720")
    predicted(made)
    yield made
    made.close()


def browser(of, name="ann", role="coordinator", sites=None):
    own = Browser(of)
    own.cookies[SESSION_COOKIE] = by_account(of, name, role, sites)["Cookie"].partition("=")[2]
    return own


def link(of, admission="A1"):
    return f"/patients/{person(of, admission)}"


def hidden(text, name):
    return re.search(rf'name="{name}" value="(\w*)"', text)[1]


def send(own, path, what, seen=None, **form):
    text = own.get(path).text
    given = {"form_token": hidden(text, "form_token"), "seen": seen or hidden(text, "seen"), **form}
    return own.post(f"{path}/{what}", **given)


def planned(text):
    """Return the planned date that a page says, and who set it."""
    found = re.search(
        r'<section aria-labelledby="plan">.*?class="big">([^<]*)<.*?set by ([^<]*) at', text, re.S
    )
    return (found[1], found[2]) if found else None


def waiting(text):
    found = re.search(
        r'<section aria-labelledby="waiting">.*?class="big">([^<]*)</span><br>([^<]*)<', text, re.S
    )
    return (found[1], found[2]) if found else None


def test_the_page_shows_both_dates_every_reason_and_each_day(of):
    text = browser(of).get(link(of)).text
    for shown in (
        "Sat 10 Jan",
        "Thu 8 Jan",
        "Wed 7 Jan to Sun 11 Jan",
        "90 % home in 30 days",
        "1.6 days",
        "high",
    ):
        assert shown in text
    for reason in ("Age 81 years: about 2.5 days shorter", "NEWS2 score 1", "What later patients showed"):
        assert reason in text
    assert "Mobility is not recorded" in text
    days = re.findall(r"<tr><th scope=\"row\">(\w+ \d+ \w+)", text)
    assert days[:28] == [spoken((NOW + timedelta(day)).date()) for day in range(28)]


def test_a_date_that_a_person_sets_holds_everywhere_at_once(of):
    own = browser(of)
    answer = send(own, link(of), "planned-date", on=FRIDAY, why="3")
    assert (answer.status_code, answer.headers["location"]) == (303, link(of))
    text = own.get(link(of)).text
    assert planned(text) == ("Fri 9 Jan", "coordinator ann")
    assert WHY[3] in text
    assert "37 % chance of being home by then" in text
    assert "Fri 9 Jan" in own.get("/board/Ward 7").text


def test_the_suggestion_can_be_agreed_by_one_button(of):
    own = browser(of)
    agree = re.search(
        r'name="on" value="([\d-]+)">\s*<input type="hidden" name="why" value="(\d)"', own.get(link(of)).text
    )
    assert agree.groups() == ("2026-01-10", "2")
    assert send(own, link(of), "planned-date", on=agree[1], why=agree[2]).status_code == 303
    text = own.get(link(of)).text
    assert planned(text) == ("Sat 10 Jan", "coordinator ann")
    assert "Agree Sat" not in text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"on": "2026-01-05", "why": "3"}, "must be today or later"),
        ({"on": "2027-02-05", "why": "3"}, "must be within a year"),
        ({"on": "Friday", "why": "3"}, "Enter a date"),
        ({"on": "", "why": "3"}, "Enter a date"),
        ({"on": FRIDAY, "why": ""}, "Choose why"),
        ({"on": FRIDAY, "why": "10"}, "Choose why"),
    ],
)
def test_a_date_that_cannot_be_is_refused_with_what_was_entered(of, form, said):
    own = browser(of)
    answer = send(own, link(of), "planned-date", **form)
    assert answer.status_code == 422
    assert answer.text.count(said) == 2  # in the summary and at the field
    assert "Nothing was changed" in answer.text
    assert form["on"] != FRIDAY or f'value="{FRIDAY}"' in answer.text
    assert planned(own.get(link(of)).text) is None


def test_two_people_at_once_lose_nothing(of):
    ann, bob = browser(of), browser(of, "bob")
    seen = hidden(bob.get(link(of)).text, "seen")
    assert send(ann, link(of), "planned-date", on=TOMORROW, why="1").status_code == 303
    answer = send(bob, link(of), "planned-date", seen=seen, on=FRIDAY, why="4")
    assert answer.status_code == 409
    assert planned(answer.text) == ("Wed 7 Jan", "coordinator ann")
    assert f'value="{FRIDAY}"' in answer.text
    assert '<option value="4" selected>' in answer.text
    assert planned(bob.get(link(of)).text) == ("Wed 7 Jan", "coordinator ann")
    of.guard.clock.now += timedelta(minutes=1)
    again = send(bob, link(of), "planned-date", seen=hidden(answer.text, "seen"), on=FRIDAY, why="4")
    assert again.status_code == 303
    assert planned(ann.get(link(of)).text) == ("Fri 9 Jan", "coordinator bob")


def test_who_waits_for_their_turn_sees_what_another_has_decided_meanwhile(of):
    """The one who waits has asked first, and its instant must not be from before the other's."""
    store, facts = of.store, of.releases.current().predictor.facts
    who, began = Caller("coordinator", "coordinator ann"), time.monotonic()

    def ticking():
        return NOW + timedelta(seconds=time.monotonic() - began)

    late = Decision(who, ticking, "a test", 0)
    with ThreadPoolExecutor(1) as threads:
        with store.writing() as connection:
            waiting = threads.submit(decided, store, facts, person(of), late, plan(FRIDAY, "1", NOW.date()))
            time.sleep(0.2)  # until it waits for the transaction
            stay = stay_of_person(connection, person(of), who, facts, ticking())
            events = plan(TOMORROW, "4", NOW.date())(stay, ticking())
            keep(store, connection, (), events, Receipt(ticking(), "coordinator bob", "a test"))
        with pytest.raises(Meanwhile):
            waiting.result(10)


def test_what_was_set_can_be_undone_by_the_page(of):
    own = browser(of)
    for day in (TOMORROW, FRIDAY):
        send(own, link(of), "planned-date", on=day, why="1")
        of.guard.clock.now += timedelta(minutes=1)
    for left in (("Wed 7 Jan", "coordinator ann"), None):
        number = hidden(own.get(link(of)).text, "number")
        assert send(own, link(of), "undo", number=number).status_code == 303
        of.guard.clock.now += timedelta(minutes=1)
        assert planned(own.get(link(of)).text) == left
    assert 'name="number"' not in own.get(link(of)).text


def test_what_a_ward_system_told_is_not_undone_here(of):
    date = {"admission_id": "A1", "planned_discharge_on": FRIDAY, "set_at": "2026-01-06T08:00:00+00:00"}
    client(of).post("/v1/planned-dates", date)
    own = browser(of)
    text = own.get(link(of)).text
    assert planned(text) == ("Fri 9 Jan", "ward system pas")
    assert "Undo" not in text
    with of.store.reading() as connection:
        [[number]] = connection.exec_driver_sql("SELECT max(number) FROM events").all()
    send(own, link(of), "undo", number=str(number))
    assert planned(own.get(link(of)).text) == ("Fri 9 Jan", "ward system pas")


def test_a_delay_begins_changes_ends_and_can_be_undone(of):
    own = browser(of)
    for code, owner in (("PATIENT_TRANSPORT", "NHS"), ("EQUIPMENT", "SOCIAL_CARE")):
        assert send(own, link(of), "delay", step="begin", code=code, owner=owner).status_code == 303
        of.guard.clock.now += timedelta(hours=2)
        words, more = waiting(own.get(link(of)).text)
        assert words == delay_reasons("ENG")["Hospital" if owner == "NHS" else "Capacity"][code]
        assert more == {"NHS": "NHS", "SOCIAL_CARE": "Social care"}[owner] + "; 0.1 days so far"
    assert send(own, link(of), "delay", step="end").status_code == 303
    text = own.get(link(of)).text
    assert waiting(text) is None
    assert "NHS; 0.1 days, ended" in text
    of.guard.clock.now += timedelta(hours=1)
    for left in ("Equipment and training: not available yet", "Patient transport", None):
        send(own, link(of), "undo", number=hidden(own.get(link(of)).text, "number"))
        now = waiting(own.get(link(of)).text)
        assert (now[0] if now else None) == left
        of.guard.clock.now += timedelta(hours=1)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"code": "nothing", "owner": "NHS"}, "Choose what the patient is waiting for"),
        ({"code": "EQUIPMENT", "owner": ""}, "Choose whose the next step is"),
    ],
)
def test_a_delay_of_no_list_is_refused(of, form, said):
    own = browser(of)
    answer = send(own, link(of), "delay", step="begin", **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert waiting(own.get(link(of)).text) is None


def test_all_that_people_decide_is_in_the_audit(of):
    own = browser(of)
    send(own, link(of), "planned-date", on=FRIDAY, why="1")
    send(own, link(of), "delay", step="begin", code="EQUIPMENT", owner="BOTH")
    with of.store.reading() as connection:
        said = [row[0] for row in connection.exec_driver_sql("SELECT details FROM audit ORDER BY number").all()]
    for operation in (
        "POST /patients/{person}/planned-date",
        "POST /patients/{person}/delay",
        "GET /patients/{person}",
    ):
        assert any(operation in details and "coordinator ann" in details for details in said)
    assert verify(of.store).faults == ()


def test_who_may_not_decide_sees_no_form_and_changes_nothing(of):
    own = browser(of, "sam", "safety officer")
    text = own.get(link(of)).text
    assert "Sat 10 Jan" in text
    assert "<select" not in text
    token = hidden(text, "form_token")
    assert (
        own.post(f"{link(of)}/planned-date", form_token=token, seen="0", on=FRIDAY, why="1").status_code == 403
    )
    assert planned(own.get(link(of)).text) is None


def test_a_form_without_its_token_changes_nothing(of):
    own = browser(of)
    for what in ("planned-date", "delay", "undo"):
        given = {"form_token": "0" * 64, "seen": "0", "on": FRIDAY, "why": "1", "step": "end", "number": "1"}
        assert own.post(f"{link(of)}/{what}", **given).status_code == 403
    assert planned(own.get(link(of)).text) is None


def test_a_form_of_somebody_else_is_a_problem_and_not_a_fault(of):
    own = browser(of)
    token = hidden(own.get(link(of)).text, "form_token")
    for seen in ("", "x", "-1", "9" * 40):
        answer = own.post(f"{link(of)}/planned-date", form_token=token, seen=seen, on=FRIDAY, why="1")
        assert answer.status_code == 400


def test_where_a_trust_wants_it_a_person_sets_a_date_first(tmp_path):
    of = parts(tmp_path, HOMEWARD_BLIND="1")
    predicted(of)
    own = browser(of)
    text = own.get(link(of)).text
    assert "Suggestions are shown once a person has set a planned date" in text
    for ours in ("Sat 10 Jan", "Thu 8 Jan", "Agree Sat", "longer", "1.6 days"):
        assert ours not in text
    send(own, link(of), "planned-date", on=FRIDAY, why="1")
    text = own.get(link(of)).text
    assert "Sat 10 Jan" in text
    assert "37 % chance of being home by then" in text


def test_who_is_in_no_bed_here_has_no_page(of):
    own = browser(of)
    path = link(of)
    predicted(of, question(stay("A1", discharged_at="2026-01-06T08:02:00Z")), at="2026-01-06T08:05:00Z")
    for gone in (path, "/patients/0000000000", "/patients/%00"):
        answer = own.get(gone)
        assert answer.status_code == 404
        assert "in a bed here now" in answer.text


def test_a_number_may_be_written_as_it_is_read_out(of):
    written = person(of).lower().replace("0", "o")
    assert browser(of).get(f"/patients/{written[:5]}-{written[5:]}").status_code == 200


def test_a_patient_of_another_site_has_no_page_and_takes_no_date(tmp_path):
    of = parts(tmp_path)
    predicted(of, question(stay("A1", site="S1"), events=[event("A1", "ward", "W")]))
    own, other = browser(of, "ann", sites=["S1"]), browser(of, "bob", sites=["S2"])
    assert (own.get(link(of)).status_code, other.get(link(of)).status_code) == (200, 404)
    token = hidden(other.get("/board").text, "form_token")
    given = {"form_token": token, "seen": "0", "on": FRIDAY, "why": "1"}
    assert other.post(f"{link(of)}/planned-date", **given).status_code == 404
    assert planned(own.get(link(of)).text) is None


def test_a_name_is_shown_to_a_coordinator_alone_and_the_look_is_noted(of):
    who = {"recorded_at": "2026-01-03T14:31:00+00:00", "name": "EXAMPLE, Alex"}
    client(of).request("PUT", "/v1/admissions/A1/identity", json=who)
    assert "EXAMPLE, Alex" in browser(of).get(link(of)).text
    assert "EXAMPLE, Alex" not in browser(of, "sam", "safety officer").get(link(of)).text
    with of.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT details FROM audit").all()
    named = [row[0] for row in rows if "name-of-person" in row[0]]
    assert len(named) == 1
    assert "coordinator ann" in named[0]


def test_the_suggestions_of_earlier_days_are_listed(of):
    later = NOW + timedelta(days=1)
    predicted(of, ward_question(), at="2026-01-07T08:00:00+00:00", by=later)
    of.guard.clock.now = later
    moved = browser(of).get(link(of)).text.partition('class="nhsuk-table moved"')[2]
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th><td>([^<]*)</td><td>([^<]*)</td>', moved)
    assert rows == [("Wed 7 Jan", "Thu 8 Jan", "Sat 10 Jan"), ("Tue 6 Jan", "Thu 8 Jan", "Sat 10 Jan")]


def test_how_the_suggestion_moved_is_drawn_from_the_second_day_on(of):
    assert 'class="movement"' not in browser(of).get(link(of)).text
    for day in (7, 8):
        at = f"2026-01-{day:02d}T08:00:00+00:00"
        of.guard.clock.now = NOW + timedelta(days=day - 6)
        predicted(of, ward_question(), at=at, by=of.guard.clock.now)
    text = browser(of, "bob").get(link(of)).text
    drawn = text.partition('class="movement"')[2].partition("</svg>")[0]
    assert "between Sat 10 Jan and Mon 12 Jan" in drawn
    assert 'class="suggested" d="M12 148L300 148L588 12"' in drawn
