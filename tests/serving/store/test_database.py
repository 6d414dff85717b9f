import os
import sqlite3
import stat
import subprocess
import sys
import traceback
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sql

from serving.keys import KeyFile
from serving.store.database import Database, StoreFault
from serving.store.store import Store, audit_key
from serving.store.tables import AUDIT, LEASES, TABLES
from tests.serving.conftest import KEY
from tests.serving.keys import FixedKeys

AT = datetime(2026, 1, 6, 8, 0, 0, 123456, tzinfo=UTC)
LEASE = {"name": "n", "holder": "h", "until": AT}


def leases(store):
    with store.reading() as connection:
        return connection.execute(sql.select(LEASES)).all()


def test_an_instant_keeps_its_moment_through_any_zone(store):
    with store.writing() as connection:
        connection.execute(LEASES.insert(), [{**LEASE, "until": AT.astimezone(timezone(timedelta(hours=1)))}])
    [row] = leases(store)
    assert row.until == AT
    assert row.until.tzinfo is UTC


def test_a_naive_instant_is_refused(store):
    with pytest.raises(StoreFault), store.writing() as connection:
        connection.execute(LEASES.insert(), [{**LEASE, "until": AT.replace(tzinfo=None)}])


def test_a_transaction_happens_whole_or_not_at_all(store):
    def written(*rows):
        with store.writing() as connection:
            connection.execute(LEASES.insert(), [LEASE])
            for row in rows:
                connection.execute(LEASES.insert(), [{**LEASE, **row}])
            raise KeyError

    for rows, fault in (([{"name": None}], StoreFault), ([], KeyError)):
        with pytest.raises(fault):
            written(*rows)
        assert leases(store) == []


def test_a_fault_does_not_repeat_a_value(store):
    with pytest.raises(StoreFault) as fault, store.writing() as connection:
        connection.execute(LEASES.insert(), [{**LEASE, "name": None, "holder": "CANARY"}])
    assert "CANARY" not in "".join(traceback.format_exception(fault.value))


def test_a_reader_sees_one_state_while_another_writes(store):
    with store.reading() as reader:
        before = reader.execute(sql.select(sql.func.count()).select_from(LEASES)).scalar()
        with store.writing() as writer:
            writer.execute(LEASES.insert(), [LEASE])
        after = reader.execute(sql.select(sql.func.count()).select_from(LEASES)).scalar()
    assert (before, after, len(leases(store))) == (0, 0, 1)


def test_the_migrations_lead_to_the_tables_of_the_code(store):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, TABLES) == []


def test_opening_again_changes_nothing(store, database_url):
    with store.writing() as connection:
        connection.execute(LEASES.insert(), [LEASE])
    again = Store(database_url, KEY, FixedKeys())
    assert len(leases(again)) == 1
    assert again.revision == store.revision
    again.close()


def test_a_database_of_a_newer_version_is_refused(store, database_url):
    with store.writing() as connection:
        connection.execute(sql.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreFault, match="made by a newer one"):
        Store(database_url, KEY, FixedKeys())


def test_a_log_from_before_the_first_migration_is_kept_and_refused(tmp_path):
    old = sqlite3.connect(tmp_path / "old.db")
    old.execute("CREATE TABLE predictions (id INTEGER)")
    old.execute("INSERT INTO predictions VALUES (1)")
    old.commit()
    with pytest.raises(StoreFault, match="keep it, and name a new one"):
        Store(f"sqlite:///{tmp_path / 'old.db'}", KEY, FixedKeys())
    assert old.execute("SELECT count(*) FROM predictions").fetchone() == (1,)
    old.close()


@pytest.mark.parametrize("table", ["stay_facts", "events", "predictions", None])
def test_a_database_that_encrypted_nothing_is_refused_if_it_holds_something(tmp_path, table):
    url = f"sqlite:///{tmp_path / 'old.db'}"
    of_the_first_revision(url)
    if table is None:
        Store(url, KEY, FixedKeys()).close()
        return
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        columns = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
        old.execute(f"INSERT INTO {table} VALUES ({', '.join('1' for _ in columns)})")
        old.commit()
    with pytest.raises(StoreFault, match="encrypted nothing; name a new one in HOMEWARD_DATABASE_URL"):
        Store(url, KEY, FixedKeys())
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        assert old.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)


def of_the_first_revision(url):
    from alembic.command import upgrade

    from serving.store.migrate import _config

    config, database = _config(), Database(url)
    with database.writing() as connection:
        config.attributes["connection"] = connection
        upgrade(config, "0001")
    database.close()


def test_sqlite_overwrites_what_is_deleted(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'log.db'}")
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    database.close()


def test_sqlite_brings_every_commit_to_disk(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'log.db'}")
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    database.close()


def test_only_this_user_can_read_the_files(tmp_path):
    opened = Store(
        f"sqlite:///{tmp_path / 'log.db'}", audit_key(tmp_path / "audit-key"), KeyFile(tmp_path / "keys.json")
    )
    files = [*tmp_path.glob("log.db*"), tmp_path / "audit-key", tmp_path / "keys.json"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    opened.close()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFault, match="must exist and be writable"):
        Store(f"sqlite:///{tmp_path / 'file' / 'log.db'}", KEY, FixedKeys())


def test_a_server_that_is_not_there_is_one_sentence():
    with pytest.raises(StoreFault, match="cannot be written"):
        Store("postgresql://nobody@127.0.0.1:9/none", KEY, FixedKeys())


def test_a_store_that_cannot_be_written_says_so(store, monkeypatch):
    assert store.writable()
    with store.writing() as connection:
        connection.execute(sql.text("DROP TABLE write_check"))
    assert store.writable()  # it was, within the second: a probe that anybody may ask writes no more than that
    monkeypatch.setattr("serving.store.store.WRITABLE_FOR_SECONDS", 0)
    store._written_until = 0
    assert not store.writable()


def test_the_audits_own_key_fits_whichever_row_was_altered_and_no_other(store, database_url):
    assert store.fits()
    with store.writing() as connection:
        for _ in range(3):
            store.audit(connection, AT, {"a": 1})
    other = Store(database_url, b"x" * 32, FixedKeys())
    for number in (1, 3):
        with store.writing() as connection:
            connection.execute(AUDIT.update().where(AUDIT.c.number == number).values(seal="0" * 64))
        assert (store.fits(), other.fits()) == (number == 1, False)
    other.close()


def test_the_key_is_made_once(tmp_path):
    assert audit_key(tmp_path / "key") == audit_key(tmp_path / "key")
    (tmp_path / "short").write_text("abcd")
    with pytest.raises(StoreFault, match="at least 64"):
        audit_key(tmp_path / "short")


WRITER = """
import sys
from serving.store.store import Store
from serving.store.tables import LEASES
from tests.serving.keys import FixedKeys
from datetime import datetime, UTC
store = Store(sys.argv[1], b"k" * 32, FixedKeys())
for number in range(10_000):
    with store.writing() as connection:
        connection.execute(LEASES.insert(), [{"name": str(number), "holder": "h", "until": datetime.now(UTC)}])
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(store, database_url):
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url], stdout=subprocess.PIPE, text=True
    ) as writer:
        acknowledged = [int(next(writer.stdout)) for _ in range(20)][-1]
        os.kill(writer.pid, 9)
        rest = [int(line) for line in writer.stdout if line.endswith("\n")]
    acknowledged = max([acknowledged, *rest])
    names = sorted(int(row.name) for row in leases(store))
    assert names[: acknowledged + 1] == list(range(acknowledged + 1))
    assert len(names) <= acknowledged + 2  # one may have been on disk, and not yet acknowledged
