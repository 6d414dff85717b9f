"""`python -m serving doctor`: each thing that is wrong is told, with what to do, and nothing is changed."""

import os
import shutil
import socket
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving.__main__ import commands
from serving.children import free_port
from serving.doctor import Doctor, Finding
from serving.fhir import audit_event
from serving.keys import KeyFile
from serving.settings import Settings
from serving.signing import register
from serving.store.store import Store
from serving.store.store import opened as stored
from tests.serving.builders import client, parts, stay
from tests.serving.releases import Ward

NOW = datetime(2026, 1, 6, 9, 0, tzinfo=UTC)


@pytest.fixture
def home(ward: Ward) -> Path:
    """A home that is well: a ward system, a key, a database with a fact of this morning, a release."""
    os.chmod(ward.home, 0o700)
    register(Settings.read({"HOMEWARD_HOME": str(ward.home)}), "pas", None, None)
    with closing(opened(ward.home)) as store, store.writing() as connection:
        written(store, connection, NOW)
    return ward.home


def opened(home: Path) -> Store:
    return stored(Settings.read({"HOMEWARD_HOME": str(home)}))


def written(store, connection, at: datetime) -> None:
    store.audit(connection, at, audit_event("a test", "C", at, "nobody", []))


def told(home: Path, now: datetime = NOW, **settings: str) -> dict[str, list[Finding]]:
    own = {"HOMEWARD_HOME": str(home), "HOMEWARD_PORT": str(free_port()), **settings}
    found: dict[str, list[Finding]] = {}
    for finding in Doctor(Settings.read(own), now).findings():
        found.setdefault(finding.about, []).append(finding)
    return found


def wrong(found: dict[str, list[Finding]]) -> list[str]:
    return [f"{one.about}: {one.said}" for some in found.values() for one in some if one.kind == "WRONG"]


def test_a_home_that_is_well_has_nothing_wrong_and_is_left_as_it_was(home: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in home.rglob("*") if "homeward.db" not in file.name}
    found = told(home)
    assert wrong(found) == []
    assert list(found) == [
        "home",
        "disk",
        "ward systems",
        "provider",
        "monitoring",
        "audit key",
        "keys",
        "database",
        "clock",
        "feed",
        "release",
        "bank holidays",
        "listener",
    ]
    after = {file: file.stat().st_mtime_ns for file in home.rglob("*") if "homeward.db" not in file.name}
    assert after == before


def test_a_home_that_was_never_started_lacks_only_what_a_person_must_make(tmp_path: Path) -> None:
    found = wrong(told(tmp_path / "new"))
    assert [each.partition(":")[0] for each in found] == ["home", "release"]
    assert "python -m serving key add NAME" in found[0]
    assert not (tmp_path / "new").exists()


def _open_to_all(home: Path) -> None:
    os.chmod(home, 0o755)


def _key_for_all(home: Path) -> None:
    os.chmod(home / "system-keys" / "pas.json", 0o644)


def _no_keys(home: Path) -> None:
    (home / "systems" / "pas.json").write_text('{"keys": []}')


def _bad_provider(home: Path) -> None:
    (home / "provider.json").write_text('{"issuer": "http://login.trust.example", "colour": "blue"}')


def _short_secret(home: Path) -> None:
    (home / "metrics-token").write_text("short")


def _broken_key(home: Path) -> None:
    (home / "audit-key").write_text("zz")


def _other_key(home: Path) -> None:
    (home / "audit-key").write_text("00" * 32)


def _keys_for_all(home: Path) -> None:
    os.chmod(home / "keys.json", 0o644)


def _broken_keys(home: Path) -> None:
    (home / "keys.json").write_text("{}")


def _keys_of_another(home: Path) -> None:
    (home / "keys.json").unlink()
    KeyFile(home / "keys.json").made()


def _keys_lost(home: Path) -> None:
    (home / "keys.json").unlink()


def _newer_database(home: Path) -> None:
    with closing(opened(home)) as store, store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def _no_database(home: Path) -> None:
    (home / "homeward.db").write_text("no database at all, but words of some length")


def _written_tomorrow(home: Path) -> None:
    with closing(opened(home)) as store, store.writing() as connection:
        written(store, connection, NOW + timedelta(days=1))


def _no_release(home: Path) -> None:
    shutil.rmtree(home / "bentoml")


@pytest.mark.parametrize(
    ("spoil", "about", "said"),
    [
        (_open_to_all, "home", "chmod 700"),
        (_key_for_all, "ward systems", "chmod 600"),
        (_no_keys, "ward systems", "pas.json must be a JWK Set with keys"),
        (_bad_provider, "provider", "colour is not known; client_id must be a text"),
        (_bad_provider, "provider", "issuer must be an https address"),
        (_short_secret, "monitoring", "at least 32 characters"),
        (_broken_key, "audit key", "cannot be read"),
        (_other_key, "database", "sealed with another key"),
        (_keys_for_all, "keys", "chmod 600"),
        (_broken_keys, "keys", "must be JSON"),
        (_keys_of_another, "database", "written with other keys"),
        (_keys_lost, "database", "cannot be read: FileNotFoundError"),
        (_newer_database, "database", "revision 9999"),
        (_no_database, "database", "cannot be"),
        (
            _written_tomorrow,
            "clock",
            "2026-01-06 09:00 UTC, but the audit was written until 2026-01-07 09:00 UTC",
        ),
        (_no_release, "release", "there is no release"),
    ],
    ids=lambda it: it.__name__ if callable(it) else "",
)
def test_what_is_wrong_is_told(home: Path, spoil: Callable[[Path], None], about: str, said: str) -> None:
    spoil(home)
    assert any(each.startswith(f"{about}: ") and said in each for each in wrong(told(home)))


def test_a_disk_that_is_nearly_full_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.doctor.LEAST_FREE", 2**80)
    assert "a full disk stops every prediction" in wrong(told(home))[0]


def test_a_table_of_bank_holidays_that_ends_too_soon_is_told(home: Path) -> None:
    found = wrong(told(home, now=datetime(2199, 1, 1, tzinfo=UTC)))
    assert "update Homeward" in found[-1]


def test_a_silent_feed_is_told(home: Path) -> None:
    stays = [{**stay(), "recorded_at": "2026-01-03T15:00:00+00:00"}]
    with closing(opened(home)) as store:
        of = parts(home, store=store)
        client(of).send({"admissions": stays, "events": []})
    assert "nothing was recorded since 2026-01-03" in wrong(told(home))[0]
    earlier = wrong(told(home, now=NOW - timedelta(days=2)))
    assert [each for each in earlier if each.startswith("feed")] == []


def test_something_else_on_the_port_is_told(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        closer = taken.dup()
        found = told_with_hang_up(home, port, closer)
    assert "is it Homeward?" in found


def told_with_hang_up(home: Path, port: int, server: socket.socket) -> str:
    import threading

    def hang_up() -> None:
        connection, _ = server.accept()
        connection.close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    found = wrong(told(home, HOMEWARD_PORT=str(port)))
    thread.join()
    server.close()
    return found[-1]


def test_an_address_that_others_reach_is_noted(home: Path) -> None:
    found = told(home, HOMEWARD_HOST="0.0.0.0")
    assert any("only a proxy with TLS" in one.said for one in found["listener"])


def test_the_command_prints_a_line_each_and_tells_a_scheduler(home: Path) -> None:
    settings = {"HOMEWARD_HOME": str(home), "HOMEWARD_PORT": str(free_port())}
    ended = CliRunner().invoke(commands, ["doctor"], env=settings)
    assert ended.exit_code == 0, ended.output
    (home / "systems" / "pas.json").write_text("")
    ended = CliRunner().invoke(commands, ["doctor"], env=settings)
    assert ended.exit_code == 1
    assert "WRONG  ward systems: pas.json must be a JSON file" in ended.output
