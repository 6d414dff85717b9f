"""What a board round asks of a board: what moved, what is waited for, who comes first, and a file of it."""

import csv
import io
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest

from features.hospital import shipped_facts
from models.prediction import Reason, Reasons
from serving.board import ward_page
from serving.board_order import ORDERS, View, in_order
from serving.looking import Seen
from serving.rounds import predict_round
from serving.sessions import SESSION_COOKIE
from serving.shown import dates_shown, moved
from serving.store.erasure import Erasure
from serving.store.followed import follow, followed_by
from serving.store.forgetting import forget
from tests.serving.browser import Browser
from tests.serving.builders import (
    AT,
    COMPARED,
    NOW,
    FakePredictor,
    board,
    client,
    event,
    forecast,
    parts,
    person,
    predicted,
    question,
    standing,
    stay,
    ward_question,
)
from tests.serving.doors import by_account


class Slower(FakePredictor):
    """Says six days instead of four, because of frailty."""

    def _one(self, name, at, age):
        told = super()._one(name, at, age)
        frailty = Reason("frailty", "Clinical Frailty Scale 7: about 4.1 days longer" + COMPARED, 4.1)
        reasons = Reasons(4.0, 8.6, (*told.discharge_reasons.reasons[:2], frailty))
        return replace(told, discharge=forecast(at.date(), 6), discharge_reasons=reasons)


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path)
    yield made
    made.close()


def round_on(of, day, predictor=None):
    at = datetime.fromisoformat(f"2026-01-{day:02d}T08:00:00+00:00")
    of.guard.clock.now = at + timedelta(minutes=5)
    release = (standing(predictor) if predictor else of.releases).current()
    predict_round(of.store, release, at, of.guard.clock.now, "board round")


def page(of, path="/board/Ward 7"):
    return client(of).get(path).text


@pytest.fixture
def patient(of):
    predicted(of, ward_question(beds=1))
    return ward_page(Seen(board(of)), shipped_facts(), NOW).patients[0]


def shown(answer_day, before, today="2026-01-06"):
    earlier = SimpleNamespace(inputs={"now": {"leaving_shown": before}}) if before else None
    answer = {"discharge": {"likely": answer_day} if answer_day else None, "ready": None}
    return dates_shown(answer, earlier, date.fromisoformat(today))["leaving_shown"]


@pytest.mark.parametrize(
    ("likely", "before", "today", "expected"),
    [
        ("2026-01-10", None, "2026-01-06", "2026-01-10"),
        ("2026-01-11", "2026-01-10", "2026-01-06", "2026-01-10"),
        ("2026-01-09", "2026-01-10", "2026-01-06", "2026-01-10"),
        ("2026-01-12", "2026-01-10", "2026-01-06", "2026-01-12"),
        ("2026-01-08", "2026-01-10", "2026-01-06", "2026-01-08"),
        ("2026-01-11", "2026-01-10", "2026-01-11", "2026-01-11"),  # a day that has passed is not kept
        (None, "2026-01-10", "2026-01-06", None),
    ],
)
def test_a_date_is_kept_until_it_moves_by_more_than_a_day(likely, before, today, expected):
    assert shown(likely, before, today) == expected


def test_a_suggestion_that_flickers_by_a_day_stands_still(of):
    client(of).send(ward_question(beds=1))
    dates = []
    for day in (6, 7, 8):
        round_on(of, day)
        [row] = csv.DictReader(io.StringIO(page(of, "/board/Ward 7?as=csv")))
        dates.append(row["likely_to_leave"])
    assert dates == ["Sat 10 Jan", "Sat 10 Jan", "Mon 12 Jan"]
    assert "2 days later than Sat 10 Jan" in page(of)


def test_what_moved_since_a_day_ago_says_why(of):
    client(of).send(ward_question(beds=1))
    round_on(of, 6)
    assert "than Sat 10 Jan" not in page(of)
    round_on(of, 7, Slower())
    text = page(of)
    assert "3 days later than Sat 10 Jan" in text
    assert text.count("Clinical Frailty Scale 7: about 4.1 days longer") == 2  # what changed, and why in all


def test_a_round_of_the_same_day_is_not_yesterday(of):
    client(of).send(ward_question(beds=1))
    round_on(of, 6)
    later = datetime.fromisoformat("2026-01-06T15:00:00+00:00")
    of.guard.clock.now = later
    predict_round(of.store, standing(Slower()).current(), later, later, "news")
    assert "than Sat 10 Jan" not in page(of)


def test_who_was_not_there_a_day_ago_has_not_moved(of):
    predicted(of)
    [one, *_] = board(of).predictions
    assert moved(one, None) is None


def test_a_board_says_what_is_waited_for_and_whose_turn_it_is(of):
    events = [
        event("A1", "ward", "Ward 7"),
        event("A1", "delay_began", "EQUIPMENT"),
        event("A1", "delay_attributed", "SOCIAL_CARE"),
        event("A1", "pathway", "P1"),
    ]
    predicted(of, question(events=events))
    text = page(of)
    for said in (
        "Equipment and training: not available yet",
        "Social care; 1 day",
        "pathway P1",
        "expected 1.6 days",
    ):
        assert said in text


def test_a_date_that_was_set_since_the_round_is_shown(of):
    predicted(of)
    date_ = {"admission_id": "A1", "planned_discharge_on": "2026-01-09", "set_at": AT}
    client(of).post("/v1/planned-dates", date_)
    assert "37 % home by then" in page(of)


def changed(patient, bed, **keys):
    return replace(
        patient,
        bed=bed,
        planned_passed=keys.pop("passed", False),
        long_stay=keys.pop("long", ""),
        keys=replace(patient.keys, **keys),
    )


@pytest.mark.parametrize(
    ("order", "rows", "beds", "about"),
    [
        (
            "leaving",
            [{"leaving": "2026-01-10"}, {"leaving": "2026-01-08"}, {"leaving": "2026-01-09"}],
            "231",
            3,
        ),
        (
            "open",
            [{"soon": 0.4, "open": True}, {"soon": 0.9, "open": False}, {"soon": 0.6, "open": True}],
            "312",
            1,
        ),
        (
            "risk",
            [{"planned_chance": 0.8}, {"planned_chance": 0.0}, {"planned_chance": 0.3, "passed": True}],
            "321",
            2,
        ),
        (
            "long",
            [{"days_so_far": 3}, {"days_so_far": 30, "long": "21"}, {"days_so_far": 8, "long": "7"}],
            "231",
            2,
        ),
        ("bed", [{}, {}, {}], "123", 3),
    ],
)
def test_an_order_puts_first_whom_it_is_about(patient, order, rows, beds, about):
    whole = [changed(patient, f"B{place}", **keys) for place, keys in enumerate(rows, 1)]
    found, first = in_order(whole, View(order))
    assert ("".join(one.bed[1:] for one in found), first) == (beds, about)


def test_an_order_that_is_none_is_refused(of):
    predicted(of)
    answer = client(of).get("/board/Ward 7?order=luck")
    assert answer.status_code == 422
    assert all(name in answer.json()["detail"] for name in ORDERS)


def test_a_ward_can_be_seen_by_specialty(of):
    body = ward_question(beds=2)
    body["admissions"][1]["treatment_function"] = "300"
    body["admissions"][0]["treatment_function"] = "430"
    predicted(of, body)
    text = page(of, "/board/Ward 7?specialty=430")
    assert [person(of, name) in text for name in ("A1", "A2")] == [True, False]
    assert re.search(r'<option value="430"\s+selected>care of older people</option>', text)


def test_rows_can_be_had_as_a_file_without_names_or_formulas(of):
    body = ward_question(beds=2)
    body["events"].append(event("A2", "bed", "=HYPERLINK(1)") | {"happened_at": AT, "recorded_at": AT})
    predicted(of, body, by=NOW)
    who = {"recorded_at": AT, "name": "EXAMPLE, Alex"}
    client(of).request("PUT", "/v1/admissions/A1/identity", json=who)
    answer = client(of).get("/board/Ward 7?as=csv&order=bed")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="ward-board.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [one["bed"] for one in rows] == ["'=HYPERLINK(1)", "B1"]
    assert rows[1]["person"] == person(of)
    assert (rows[1]["likely_to_leave"], rows[1]["back_within_30_days"]) == ("Sat 10 Jan", "high")
    assert "EXAMPLE" not in answer.text


def test_who_is_out_of_scope_is_in_the_file_with_why(of):
    predicted(of, question(stay("A1"), stay("A2", age=15)))
    rows = list(csv.DictReader(io.StringIO(client(of).get("/board/no ward?as=csv").text)))
    assert [one["why_no_date"] for one in rows] == ["", "no prediction: under 18"]


def test_where_a_trust_wants_it_a_board_hides_ours_until_a_date_is_set(tmp_path):
    of = parts(tmp_path, HOMEWARD_BLIND="1")
    predicted(of, ward_question(beds=1))
    for text in (page(of), page(of, "/board/Ward 7?as=csv")):
        assert "Sat 10 Jan" not in text
        assert "longer" not in text
    assert "shown once a person has set a planned date" in page(of)
    date_ = {"admission_id": "A1", "planned_discharge_on": "2026-01-09", "set_at": AT}
    client(of).post("/v1/planned-dates", date_)
    assert "Sat 10 Jan" in page(of)


def test_a_ward_can_be_seen_for_ones_own_patients(of):
    predicted(of)
    ann, bob = Browser(of), Browser(of)
    for own, name in ((ann, "ann"), (bob, "bob")):
        own.cookies[SESSION_COOKIE] = by_account(of, name)["Cookie"].partition("=")[2]
    link = f"/patients/{person(of, 'A2')}"
    for follows, said in (("1", "Take away from my patients"), ("0", "Add to my patients")):
        answer = ann.post(f"{link}/mine", form_token=ann.form_token(link), follow=follows)
        assert answer.status_code == 303
        assert said in ann.get(link).text
        shown = [person(of, name) in ann.get("/board/Ward 7?mine=1").text for name in ("A1", "A2", "A3")]
        assert shown == [False, follows == "1", False]
        assert person(of, "A2") not in bob.get("/board/Ward 7?mine=1").text


def test_who_is_erased_is_nobodys_patient_any_more(of):
    predicted(of)
    with of.store.writing() as connection:
        follow(connection, "coordinator ann", person(of), True)
    forget(of.store, person(of), Erasure(NOW, "a test", "erase"))
    with of.store.reading() as connection:
        assert followed_by(connection, "coordinator ann") == frozenset()
