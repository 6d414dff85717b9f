import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from serving.store import LoggedPrediction, Store, StoreFault

AT = datetime(2026, 1, 6, 8, 0, tzinfo=UTC)
ROW = LoggedPrediction(
    made_at=AT,
    at=AT,
    admission_id="A1",
    ward="W",
    site="S",
    in_bed=True,
    release="r",
    release_digest="d",
    asked_by="ward system 1",
    inputs={"admission": {"patient_id": "P1"}},
    answer={"discharge": None},
)


@pytest.fixture
def store(tmp_path):
    opened = Store(f"sqlite:///{tmp_path / 'log.db'}")
    yield opened
    opened.close()


def test_a_row_comes_back_as_it_was(store):
    store.log([ROW])
    assert store.latest("W") == [ROW]


def test_an_instant_keeps_its_moment_through_any_zone(store):
    summer = AT.astimezone(timezone(timedelta(hours=1)))
    store.log([replace(ROW, at=summer)])
    assert store.latest("W")[0].at == AT


def test_every_commit_is_brought_to_disk(store):
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_all_rows_of_a_question_are_logged_or_none(store):
    with pytest.raises(StoreFault):
        store.log([ROW, replace(ROW, admission_id=None)])
    assert store.count() == 0


def test_a_fault_does_not_repeat_a_patient(store):
    with pytest.raises(StoreFault) as fault:
        store.log([replace(ROW, ward=None)])
    assert "P1" not in str(fault.value) + str(fault.value.__cause__)


def test_a_naive_instant_is_refused(store):
    with pytest.raises(StoreFault):
        store.log([replace(ROW, at=AT.replace(tzinfo=None))])


def test_a_store_that_cannot_be_written_says_so(store, tmp_path):
    assert store.writable()
    other = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    other.execute("DROP TABLE write_check")
    assert not store.writable()
    other.close()


def test_only_this_user_can_read_the_log(store, tmp_path):
    store.log([ROW])
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("log.db*")} == {0o600}


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFault, match="must exist and be writable"):
        Store(f"sqlite:///{tmp_path / 'file' / 'log.db'}")


def test_the_board_is_found_by_an_index(store):
    with store._engine.connect() as connection:
        question = (
            "EXPLAIN QUERY PLAN SELECT max(at) FROM predictions WHERE in_bed AND ward = 'W' AND site = 'S'"
        )
        plan = " ".join(str(row) for row in connection.exec_driver_sql(question))
    assert "predictions_of_a_ward" in plan
