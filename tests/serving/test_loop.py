"""When the loop predicts whom: the board round, news, a new release, and one worker for all."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sql

from serving.loop import Loop, last_board_hour
from serving.store import log
from serving.store.digest import canonical
from serving.store.fact_rows import BODY
from serving.store.tables import STAY_FACTS
from serving.store.vault import vault_of
from tests.serving.builders import FakePredictor, board, client, event, parts, person, standing, stay

MORNING = datetime(2026, 1, 6, 8, 0, tzinfo=UTC)


@pytest.fixture
def of(tmp_path, store):
    return parts(tmp_path, store=store)


def told(of, at, *events, stays=()):
    """Tell the census something at a time of the clock, which is recorded then."""
    of.guard.clock.now = at
    rows = [{**row, "recorded_at": at.isoformat()} for row in events]
    client(of).send({"admissions": [{**row, "recorded_at": at.isoformat()} for row in stays], "events": rows})


def turn(of, at):
    of.guard.clock.now = at
    return of.loop.turn()


def ward(name, stay="A1"):
    return event(stay, "ward", name)


def later(minutes, seconds=0):
    return MORNING + timedelta(minutes=minutes, seconds=seconds)


def rounds(of):
    with of.store.reading() as connection:
        return log.wards(connection)


def test_everybody_is_predicted_at_the_board_round(of):
    told(of, later(-30), ward("W1"), ward("W2", "A2"), stays=[stay("A1"), stay("A2")])
    assert turn(of, later(-20)) == "board round"
    assert {one.late for one in rounds(of).values()} == {False}, "nobody waited for the first of all"
    assert turn(of, later(-19)) is None
    assert turn(of, later(0, 2)) == "board round"
    assert turn(of, later(1)) is None
    assert {(one.at, one.late) for one in rounds(of).values()} == {(MORNING, False)}


def test_a_missed_round_is_caught_up_and_is_late(of):
    told(of, later(-30), ward("W1"), stays=[stay("A1")])
    assert turn(of, later(-20)) == "board round"
    assert turn(of, later(95)) == "board round"
    [one] = rounds(of).values()
    assert (one.late, one.at, one.due_at, one.made_at) == (True, later(95), MORNING, later(95))


def test_of_several_missed_rounds_the_last_is_caught_up(of):
    told(of, later(-30), ward("W1"), stays=[stay("A1")])
    turn(of, later(0))
    told(of, later(3 * 1440 + 60), event("A1", "news2", number=2))
    kinds = [turn(of, later(3 * 1440 + minutes)) for minutes in (60, 61, 62)]
    assert kinds == ["board round", None, None]


@pytest.fixture
def after_the_round(of):
    told(of, later(-30), ward("W1"), ward("W2", "A2"), stays=[stay("A1"), stay("A2")])
    assert turn(of, later(0)) == "board round"
    return of


def test_somebody_who_comes_in_is_predicted_at_once(after_the_round):
    of = after_the_round
    told(of, later(3), ward("W1", "A3"), stays=[stay("A3")])
    assert turn(of, later(3, 1)) == "news"
    rows = board(of, "W1", now=later(4)).predictions
    assert {(row.admission_id, row.at) for row in rows} == {("A1", later(3, 1)), ("A3", later(3, 1))}
    assert rounds(of)["W2", ""].at == MORNING  # nothing new there


def test_news_are_predicted_a_quarter_of_an_hour_after_the_last_round(after_the_round):
    of = after_the_round
    told(of, later(2), event("A1", "news2", number=2))
    told(of, later(3), event("A1", "news2", number=3))
    assert [turn(of, later(minutes)) for minutes in (3, 14, 15, 16)] == [None, None, "news", None]


@pytest.mark.parametrize("minutes", range(1, 46, 7))
def test_nobody_is_predicted_for_news_twice_in_a_quarter_of_an_hour(after_the_round, minutes):
    of, made = after_the_round, []
    for minute in range(1, 46):
        if minute % minutes == 0 or minute % 5 == 0:
            told(
                of,
                later(minute),
                {**event("A1", "news2", number=minute % 9), "happened_at": later(minute).isoformat()},
            )
        if turn(of, later(minute)):
            made.append(minute)
    assert made
    assert all(after - before >= 15 for before, after in zip([0, *made], made, strict=False))


def test_what_no_feature_uses_is_no_news(after_the_round):
    told(after_the_round, later(20), event("A1", "moon_phase", "full"))
    assert turn(after_the_round, later(21)) is None


def test_somebody_who_moves_changes_two_boards(after_the_round):
    of = after_the_round
    told(of, later(20), {**ward("W2"), "happened_at": later(20).isoformat()})
    assert turn(of, later(21)) == "news"
    assert [len(board(of, name, now=later(22)).predictions) for name in ("W1", "W2")] == [0, 2]


def test_somebody_who_left_is_no_news_for_long(after_the_round):
    of = after_the_round
    of.guard.clock.now = later(20)
    left = {"discharged_at": later(19).isoformat(), "recorded_at": later(20).isoformat()}
    client(of).post("/v1/admissions/A1/discharge", left)
    told(of, later(21), event("A1", "coded_diagnosis", "J18.9", 1))
    assert [turn(of, later(minutes)) for minutes in (22, 40)] == [None, None]


def test_a_new_release_predicts_everybody_anew(after_the_round):
    of = after_the_round
    newer = Loop(of.store, standing(FakePredictor(), "e" * 64), of.guard.clock, "this worker", of.settings.keep)
    of = replace(of, loop=newer)
    assert [turn(of, later(minutes)) for minutes in (1, 2)] == ["new release", None]
    assert {one.release_digest for one in rounds(of).values()} == {"e" * 64}


def test_a_silent_census_is_not_predicted(of, caplog):
    told(of, later(-30), ward("W1"), stays=[stay("A1")])
    assert turn(of, later(-30 + 1441)) is None
    assert caplog.text.count("is silent since") == 1
    turn(of, later(-30 + 1442))
    assert caplog.text.count("is silent since") == 1
    told(of, later(1500), event("A1", "news2", number=2))
    assert turn(of, later(1500)) == "board round"


def test_an_empty_census_is_no_round(of):
    assert turn(of, MORNING) is None
    assert rounds(of) == {}


def test_one_worker_does_it_for_all(after_the_round):
    of = after_the_round
    other = replace(of, loop=Loop(of.store, of.releases, of.guard.clock, "another worker", of.settings.keep))
    told(of, later(20), event("A1", "news2", number=2))
    of.loop.turn()
    told(of, later(40), event("A1", "news2", number=3))
    assert turn(of, later(40)) == "news"  # it takes its own lease anew
    told(of, later(60), event("A1", "news2", number=4))
    of.loop.turn()
    told(of, later(60, 30), event("A1", "news2", number=5))
    assert turn(other, later(60, 50)) is None  # within the lease
    assert turn(other, later(80)) == "news"  # the first has not come back for it


def test_a_lease_is_given_back(after_the_round):
    of = after_the_round
    other = replace(of, loop=Loop(of.store, of.releases, of.guard.clock, "another worker", of.settings.keep))
    of.loop.start()
    of.loop.close()
    told(of, later(20), event("A1", "news2", number=2))
    assert turn(other, later(20)) == "news"


def test_a_clock_that_was_ahead_stops_nothing(of):
    told(of, later(-30), ward("W1"), stays=[stay("A1")])
    month = 30 * 1440
    told(of, later(month), event("A1", "news2", number=2))
    assert turn(of, later(month)) == "board round"
    told(of, later(1), event("A1", "news2", number=3))  # set right again
    assert turn(of, later(1)) == "board round"


def test_one_bad_record_takes_no_board_from_the_others(of):
    told(of, later(-30), ward("W1"), ward("W1", "A2"), stays=[stay("A1"), stay("A2")])
    body = stay("A2", admission_method="9Z", patient_id=person(of, "A2"))
    del body["admission_id"]
    with of.store.writing() as connection:  # as a release with other code lists would find it
        second = STAY_FACTS.c.admission_id == "A2"
        number = connection.execute(sql.select(STAY_FACTS.c.number).where(second)).scalar_one()
        closed = vault_of(connection).encrypted(BODY, number, canonical(body))
        connection.execute(STAY_FACTS.update().where(second).values(body=closed))
    assert turn(of, later(0)) == "board round"
    first, second = board(of, "W1", now=later(1)).predictions
    assert first.answer["discharge"] is not None
    assert second.answer["discharge"] is None
    assert "does not keep the contract of this release" in second.answer["warnings"][0]["text"]


def test_the_loop_goes_on_after_a_fault(of, caplog, monkeypatch):
    class Once(FakePredictor):
        asked = threading.Event()

        def answer(self, hospital, at, wanted=None):
            Once.asked.set()
            raise KeyError("CANARY")

    monkeypatch.setattr("serving.loop.AFTER_A_FAULT_SECONDS", 0.01)
    told(of, later(0), ward("W1"), stays=[stay("A1")])
    loop = Loop(of.store, standing(Once()), of.guard.clock, "this worker", of.settings.keep)
    loop.start()
    assert Once.asked.wait(5)
    Once.asked.clear()
    assert Once.asked.wait(5)
    loop.close()
    assert "a round failed: KeyError in" in caplog.text
    assert "CANARY" not in caplog.text


@pytest.mark.parametrize(
    ("now", "hour"),
    [
        ("2026-03-29T06:59:00+00:00", "2026-03-28T08:00:00+00:00"),  # clocks go forward: 08:00 is 07:00 UTC
        ("2026-03-29T07:00:00+00:00", "2026-03-29T07:00:00+00:00"),
        ("2026-10-25T07:59:00+00:00", "2026-10-24T07:00:00+00:00"),  # and back
        ("2026-10-25T08:00:00+00:00", "2026-10-25T08:00:00+00:00"),
    ],
)
def test_the_hour_is_the_wards(now, hour):
    found = last_board_hour(FakePredictor.facts, datetime.fromisoformat(now))
    assert found == datetime.fromisoformat(hour)


def test_alarms_can_tell_since_when_the_census_is_silent_and_no_round_was_made(of):
    def instants():
        lines = client(of).get("/metrics").text.splitlines()
        told = [line.split() for line in lines if "_timestamp_seconds" in line and not line.startswith("#")]
        return {name: float(value) for name, value in told}

    of.guard.clock.now = later(0)
    assert instants() == {}
    told(of, later(0), ward("W1"), stays=[stay("A1")])
    fact, predicted = "homeward_newest_fact_timestamp_seconds", "homeward_newest_round_timestamp_seconds"
    assert instants() == {fact: MORNING.timestamp()}
    turn(of, later(1))
    of.guard.clock.now = later(90)
    assert instants() == {fact: MORNING.timestamp(), predicted: later(1).timestamp()}
    of.store.close()
    assert client(of).get("/metrics").status_code == 200
