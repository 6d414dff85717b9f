"""Copies of the store while it is written, and what comes back from them."""

import threading

import pytest

from serving.keys import KeyFile
from serving.store.backup import back_up, restore
from serving.store.database import StoreFault
from serving.store.store import Store
from serving.store.verify import verify
from tests.serving.builders import board, client, parts, predicted, question, stay
from tests.serving.conftest import KEY


@pytest.fixture
def of(tmp_path):
    of = parts(tmp_path)
    predicted(of)
    return of


def test_a_backup_of_a_store_in_use_is_whole(of, tmp_path):
    ended = threading.Event()

    def write():
        while not ended.is_set():
            client(of).predict(question(stay("A9")))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        back_up(of.settings.database_url, tmp_path / "backup.db")
    finally:
        ended.set()
        writer.join()
    restored = tmp_path / "restored.db"
    restore(f"sqlite:///{restored}", tmp_path / "backup.db")
    again = parts(tmp_path, store=Store(f"sqlite:///{restored}", KEY, KeyFile(of.settings.pseudonym_key_file)))
    assert verify(again.store).faults == ()
    assert [row.answer for row in board(again).predictions] == [row.answer for row in board(of).predictions]


def test_a_backup_overwrites_nothing(of, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(StoreFault, match="is there already"):
        back_up(of.settings.database_url, tmp_path / "mine")
    back_up(of.settings.database_url, tmp_path / "backup.db")
    with pytest.raises(StoreFault, match="move it away"):
        restore(of.settings.database_url, tmp_path / "backup.db")
    assert (tmp_path / "mine").read_text() == "x"


@pytest.mark.parametrize("damage", ["missing", "cut", "altered", "no database"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(of, tmp_path, damage):
    backup, target = tmp_path / "backup.db", tmp_path / "new" / "homeward.db"
    target.parent.mkdir()
    back_up(of.settings.database_url, backup)
    whole = backup.read_bytes()
    page = len(whole) // 2 // 4096 * 4096
    damaged = {
        "cut": whole[:page],
        "altered": whole[:page] + b"\xff" * 4096 + whole[page + 4096 :],
        "no database": b"hello" * 5000,
    }
    if damage == "missing":
        backup.unlink()
    else:
        backup.write_bytes(damaged[damage])
    with pytest.raises(StoreFault, match="no whole backup"):
        restore(f"sqlite:///{target}", backup)
    assert list(target.parent.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_sentence(of, tmp_path):
    with pytest.raises(StoreFault, match="cannot be written"):
        back_up(of.settings.database_url, tmp_path / "nowhere" / "backup.db")


def test_a_postgresql_has_its_own(tmp_path):
    with pytest.raises(StoreFault, match="pg_dump"):
        back_up("postgresql://127.0.0.1/homeward", tmp_path / "backup.db")
