"""The census on disk: equal to in-order replay, whatever comes when."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.census import EventFact
from serving.known import recorded
from serving.store import facts, news, people
from serving.store.facts import Receipt, keep
from serving.store.store import Store
from serving.store.verify import verify
from tests.serving.conftest import KEY
from tests.serving.keys import FixedKeys
from tests.serving.test_census import admitted, at, left, mistake

NOW = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)
RECEIPT = Receipt(NOW, "ward system", "test")
NEWSWORTHY = frozenset({"news2", "ward"})


def news2(recorded: float, number: float | None = 3.0, happened: float = 1, **more: object) -> EventFact:
    return EventFact("A1", at(happened), at(recorded), "news2", number, **more)


def kept(store, *some, newsworthy=None):
    stays = [fact for fact in some if not isinstance(fact, EventFact)]
    events = [fact for fact in some if isinstance(fact, EventFact)]
    named = {fact.body["patient_id"] for fact in stays if "patient_id" in fact.body}
    with store.writing() as connection:
        # Two stores are to have the same people, and a reader of a test is to know them.
        people.introduced(connection, named, proposed={name: name for name in named})
        return keep(store, connection, stays, events, RECEIPT, newsworthy=newsworthy)


def census(store, when=NOW):
    """Return all that a model could see of the stay at a moment."""
    with store.reading() as connection:
        found = recorded(connection, ["A1"], when)
        return found.stays, sorted(map(str, found.events.to_dict("records"))), facts.in_bed(connection, when)


STREAM = [
    admitted(1),
    news2(2),
    news2(3, 5.0),
    left(5, 4),
    mistake("discharge", 6),
    news2(7, None, text="cancelled"),
    admitted(8, age=82),
    left(30, 29),
]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), hours=st.integers(1, 40))
def test_late_doubled_and_shuffled_facts_come_to_the_same_census(random, hours, tmp_path_factory):
    in_order = Store(f"sqlite:///{tmp_path_factory.mktemp('in-order') / 'c.db'}", KEY, FixedKeys())
    shuffled = Store(f"sqlite:///{tmp_path_factory.mktemp('shuffled') / 'c.db'}", KEY, FixedKeys())
    stream = [*STREAM, *random.choices(STREAM, k=3)]
    random.shuffle(stream)
    kept(in_order, *STREAM)
    for fact in stream:
        kept(shuffled, fact)
    assert census(shuffled) == census(in_order)
    assert census(shuffled, at(hours)) == census(in_order, at(hours))
    in_order.close()
    shuffled.close()


def test_a_fact_that_was_kept_is_not_kept_again(store):
    assert (kept(store, admitted(1), news2(2)).stays, kept(store, admitted(1), news2(2)).events) == (1, 0)


def test_a_fact_twice_in_one_request_is_kept_once(store):
    assert kept(store, admitted(1), news2(2), news2(2)).events == 1


def test_minus_nothing_is_the_same_fact_as_nothing_and_no_false_alarm(store):
    assert [kept(store, news2(2, number)).events for number in (-0.0, 0.0)] == [1, 0]
    assert verify(store).faults == ()


def test_nothing_recorded_later_is_known(store):
    kept(store, admitted(1), news2(2), news2(3, 5.0), left(30, 29))
    stays, events, in_bed = census(store, at(2))
    assert ("discharged_at" in stays[0], len(events), in_bed) == (False, 1, ["A1"])
    assert census(store, at(31))[2] == []


def test_what_was_kept_later_can_be_left_out(store):
    kept(store, admitted(1), news2(2))
    with store.reading() as connection:
        upto = facts.last_numbers(connection)
        before = recorded(connection, ["A1"], NOW, upto)
    kept(store, admitted(1, age=90), news2(1.5, 9.0))
    with store.reading() as connection:
        again = recorded(connection, ["A1"], NOW, upto)
    assert again.stays == before.stays
    assert again.events.equals(before.events)


def test_a_stay_follows_its_patient(store):
    kept(store, admitted(1))
    kept(store, admitted(2, patient_id="P2"))
    with store.reading() as connection:
        assert facts.stays_of(connection, ["P1", "P2"]) == {"A1": "P2"}


def test_an_event_waits_for_its_admission(store):
    kept(store, news2(2))
    assert census(store)[:2] == ((), [])
    kept(store, admitted(1))
    assert len(census(store)[1]) == 1


def waiting(store):
    with store.reading() as connection:
        return news.waiting(connection)


def test_news_are_what_a_board_has_not_seen(store):
    kept(store, admitted(1), newsworthy=NEWSWORTHY)
    seen = waiting(store)
    assert seen["A1"].arrived
    kept(store, news2(2), newsworthy=NEWSWORTHY)
    with store.writing() as connection:
        news.heard(connection, seen)  # what came meanwhile waits on
    assert waiting(store)["A1"].arrived
    with store.writing() as connection:
        news.heard(connection, waiting(store))
    kept(store, EventFact("A1", at(1), at(3), "moon_phase", text="full"), newsworthy=NEWSWORTHY)
    assert waiting(store) == {}


@pytest.mark.parametrize("count", [1, 1_200])
def test_many_facts_are_as_good_as_one(store, count):
    many = [EventFact(f"A{number % 700}", at(1), at(2), "news2", float(number)) for number in range(count)]
    assert kept(store, *many).events == count
    assert kept(store, *many).events == 0


def test_whether_the_system_still_sends_is_told_by_the_newest_record(store):
    kept(store, admitted(1), news2(2))
    with store.reading() as connection:
        assert facts.newest_recorded(connection, NOW) == at(2)
        assert facts.newest_recorded(connection, at(1.5)) == at(1)
        assert facts.newest_recorded(connection, at(0)) is None
