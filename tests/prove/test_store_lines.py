"""The lines of the store in their small form."""

import random
from contextlib import closing
from pathlib import Path

import killed
import past
import sqlalchemy as sql
import streams

from serving.store.store import Store
from serving.store.tables import PREDICTIONS
from tests.serving.keys import FixedKeys


def test_nothing_acknowledged_is_lost_or_doubled_when_the_writer_is_killed(tmp_path: Path) -> None:
    found = killed.killed(f"sqlite:///{tmp_path / 'log.db'}", kills=8)
    assert found.acknowledged > 0, "on a busy machine some lives are too short for a request"
    assert (found.lost, found.doubled, found.faults) == (0, 0, ())


def test_a_lost_row_would_be_found(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    acknowledged = killed.killed(url, kills=1).acknowledged
    with closing(Store(url, killed.KEY, FixedKeys())) as store, store.writing() as connection:
        connection.execute(sql.delete(PREDICTIONS).where(PREDICTIONS.c.number == 1))
    found = killed._found(url, 1, acknowledged)
    assert found.lost == 1
    assert found.faults


def test_streams_in_any_order_come_to_what_they_come_to_in_order(tmp_path: Path) -> None:
    found = streams.differing(400, tmp_path, seed=1)
    assert (found.alone, found.kept, found.faults) == (0, 0, ())


def test_a_fact_that_was_left_out_would_be_found() -> None:
    chance = random.Random(2)
    told = [streams._stays(streams.stream(f"A{number}", chance)) for number in range(200)]
    changed = sum(streams.stay_of(one[:-1]) != streams.replayed(one) for one in told if one)
    assert changed > 40


def test_a_prediction_is_found_among_many(tmp_path: Path) -> None:
    assert past.slowest_lookup(5_000, tmp_path / "log.db") < 1
