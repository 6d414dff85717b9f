"""What is past its time goes, and nothing that is still needed."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sql

from serving.census import EventFact, StayFact
from serving.replay import ReplayFault, logged, replayed
from serving.rounds import predict_round
from serving.settings import Keep
from serving.store import retention, tables
from serving.store.erasure import Erasure
from serving.store.facts import Receipt, keep
from serving.store.retention import tidy, tidy_of_the_day
from serving.store.verify import verify
from tests.serving.builders import FakePredictor, client, event, parts, stay, ward_question

NOW = datetime(2026, 1, 6, 8, 5, tzinfo=UTC)
KEEP = Keep(predictions=timedelta(days=365), stays=timedelta(days=1000))


def ago(days):
    return NOW - timedelta(days=days)


def told(store, *facts, days):
    stays = [fact for fact in facts if isinstance(fact, StayFact)]
    events = [fact for fact in facts if isinstance(fact, EventFact)]
    with store.writing() as connection:
        keep(store, connection, stays, events, Receipt(ago(days), "ward system", "test"))


def came(name, days, patient="P1"):
    body = {key: it for key, it in stay(patient_id=patient).items() if key != "admission_id"}
    return StayFact(name, "admission", ago(days), {**body, "admitted_at": ago(days).isoformat()})


def left(name, days):
    return StayFact(name, "discharge", ago(days), {"discharged_at": ago(days).isoformat()})


def ward(name, days):
    return EventFact(name, ago(days), ago(days), "ward", text="Ward 7")


def tidied(store, keep=KEEP, at=NOW):
    total = 0
    while erased := tidy(store, keep, Erasure(at, "a test", "tidy")):
        total += erased
    return total


def names(store, table=tables.STAY_FACTS):
    with store.reading() as connection:
        return sorted(set(connection.execute(sql.select(table.c.admission_id)).scalars()))


def test_a_stay_goes_so_long_after_its_discharge_was_recorded_and_an_open_one_never(store):
    told(store, came("old", 1200), ward("old", 1200), left("old", 1001), days=1001)
    told(store, came("kept", 1200), ward("kept", 1200), left("kept", 999), days=999)
    told(store, came("open", 5000), ward("open", 5000), days=5000)
    assert tidied(store) == 3
    assert names(store) == names(store, tables.EVENTS) == names(store, tables.STAYS) == ["kept", "open"]
    assert verify(store).faults == ()
    assert tidied(store) == 0


def test_a_stay_whose_discharge_was_taken_back_is_open(store):
    told(store, came("A1", 5000), left("A1", 4999), days=4999)
    told(store, StayFact("A1", "discharge", ago(4998), {}, void=True), days=4998)
    assert tidied(store) == 0


def test_what_never_came_to_a_stay_goes_as_well(store):
    told(store, ward("nowhere", 1100), came("void", 1100), days=1100)
    told(store, StayFact("void", "admission", ago(1099), {}, void=True), days=1099)
    told(store, ward("late", 1100), days=1100)
    told(store, ward("late", 2), days=2)  # its admission may still come
    assert tidied(store) == 3
    assert names(store, tables.EVENTS) == ["late"]
    assert verify(store).faults == ()


def test_a_person_goes_with_the_last_of_what_is_kept_of_them(store):
    told(store, came("A1", 1200), left("A1", 1100), days=1100)
    told(store, came("A2", 1200, "P2"), left("A2", 1100), days=1100)
    told(store, came("A3", 3), days=3)
    tidied(store)
    with store.reading() as connection:
        assert len(connection.execute(sql.select(tables.PEOPLE)).all()) == 1
    assert verify(store).faults == ()


@pytest.fixture
def of(tmp_path, store):
    return parts(tmp_path, store=store)


def predictions(of):
    with of.store.reading() as connection:
        return connection.execute(sql.select(tables.PREDICTIONS).order_by(tables.PREDICTIONS.c.number)).all()


def test_a_prediction_goes_when_it_is_so_old(of):
    client(of).send(ward_question(beds=2))
    for days in (0, 1):
        at = NOW + timedelta(days=days)
        predict_round(of.store, of.releases.current(), at, at, "asked for")
    assert tidied(of.store, at=NOW + timedelta(days=365, hours=1)) == 2
    assert [row.round for row in predictions(of)] == [2, 2]
    assert verify(of.store).faults == ()


def test_of_an_operation_that_is_erased_whole_one_row_is_left(of):
    client(of).send(ward_question(beds=3))
    predict_round(of.store, of.releases.current(), NOW, NOW, "asked for")
    tidied(of.store, at=NOW + timedelta(days=366))
    with of.store.reading() as connection:
        [row] = connection.execute(sql.select(tables.ERASED))
    assert (row.table, row.number, row.whole) == ("predictions", 3, True)


def test_what_a_prediction_was_made_from_may_go_before_it_and_that_is_said(of):
    told(of.store, came("A0", 1100, "P-A1"), left("A0", 1001), days=1001)
    client(of).send(ward_question(beds=1))
    [row] = predict_round(of.store, of.releases.current(), NOW, NOW, "asked for")
    tidied(of.store)
    assert names(of.store) == ["A1"]
    with pytest.raises(ReplayFault, match="the stays that the prediction was made from are not in the census"):
        replayed(of.store, logged(of.store, row.id), FakePredictor())


def test_it_is_done_some_at_a_time_so_that_nobody_waits_long(store, monkeypatch):
    monkeypatch.setattr(retention, "STAYS_AT_ONCE", 2)
    for number in range(5):
        told(store, came(f"A{number}", 1200), left(f"A{number}", 1100), days=1100)
    rows = [tidy(store, KEEP, Erasure(NOW, "a test", "tidy")) for _ in range(4)]
    assert rows == [4, 4, 2, 0]
    assert verify(store).faults == ()


def test_it_is_done_once_a_day_by_one_of_all(store):
    told(store, came("A1", 1200), left("A1", 1001), days=1001)
    assert [tidy_of_the_day(store, KEEP, NOW, "one") for _ in range(2)] == [2, 0]
    told(store, came("A2", 1200), left("A2", 1001), days=1001)
    assert tidy_of_the_day(store, KEEP, NOW + timedelta(hours=23), "another") == 0
    assert tidy_of_the_day(store, KEEP, NOW + timedelta(hours=25), "another") == 2


def test_the_loop_does_it_where_no_round_is_due(of):
    told(of.store, came("A0", 3000), left("A0", 2990), days=2990)
    told(of.store, came("A1", 1), ward("A1", 1), days=1)
    of.guard.clock.now = NOW - timedelta(minutes=10)
    recent = {**event("A1", "news2", number=2), "recorded_at": of.guard.clock.now.isoformat()}
    client(of).post("/v1/events", {"events": [recent]})
    assert of.loop.turn() == "board round"
    assert names(of.store) == ["A0", "A1"]
    assert of.loop.turn() is None
    assert names(of.store) == ["A1"]
    assert verify(of.store).faults == ()


def test_a_clock_that_is_years_ahead_erases_nothing(of):
    told(of.store, came("A1", 1), left("A1", 1), days=1)
    of.guard.clock.now = NOW + timedelta(days=5000)
    assert of.loop.turn() is None
    assert names(of.store) == ["A1"]
