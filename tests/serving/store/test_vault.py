"""What lies in the database opens with its own keys, in its own place, and nowhere else."""

import json
import traceback

import pytest

from serving.keys import KeyFault, Keyring
from serving.store.database import StoreFault
from serving.store.rotation import rotate
from serving.store.store import Store
from serving.store.vault import marks, vault_of
from tests.serving.builders import NOW
from tests.serving.conftest import KEY
from tests.serving.keys import FixedKeys


class OtherKeys(FixedKeys):
    """Keys of another home."""

    def __init__(self):
        super().__init__()
        self.ring = Keyring(dict.fromkeys(self.ring.keys, (b"o" * 32,)))


@pytest.fixture
def vault(store):
    with store.reading() as connection:
        return vault_of(connection)


def test_what_was_encrypted_opens_in_its_place_alone(vault):
    closed = vault.encrypted("events.said", 1, b"CANARY")
    assert b"CANARY" not in closed
    assert vault.decrypted("events.said", 1, closed) == b"CANARY"
    for place, row in (("events.said", 2), ("stay_facts.body", 1)):
        with pytest.raises(StoreFault, match=f"{place}: a row was altered"):
            vault.decrypted(place, row, closed)


def test_the_same_value_never_looks_the_same(vault):
    assert len({vault.encrypted("events.said", 1, b"x") for _ in range(100)}) == 100


@pytest.mark.parametrize("place", range(20))
def test_any_altered_byte_is_one_sentence_without_a_value(vault, place):
    closed = vault.encrypted("events.said", 1, b"CANARY")
    altered = closed[:place] + bytes([closed[place] ^ 1]) + closed[place + 1 :]
    with pytest.raises(StoreFault) as fault:
        vault.decrypted("events.said", 1, altered)
    said = "".join(traceback.format_exception(fault.value))
    assert "CANARY" not in said
    assert closed.hex() not in said


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01" * 13])
def test_what_is_too_short_is_one_sentence(vault, content):
    with pytest.raises(StoreFault, match="a row was altered"):
        vault.decrypted("events.said", 1, content)


def test_a_database_is_refused_with_other_keys_and_left_as_it_was(store, database_url):
    with store.reading() as connection:
        before = marks(connection)
    with pytest.raises(KeyFault, match="other keys than those of HOMEWARD_PSEUDONYM_KEY_FILE"):
        Store(database_url, KEY, OtherKeys())
    with store.reading() as connection:
        assert marks(connection) == before
    Store(database_url, KEY, FixedKeys()).close()


def test_a_database_is_refused_without_the_newest_of_its_keys(store, database_url):
    rotate(store, "inputs", NOW, "a test")
    with pytest.raises(KeyFault, match="other keys"):
        Store(database_url, KEY, FixedKeys())


def test_a_mark_says_nothing_of_its_key(store):
    with store.reading() as connection:
        known = json.dumps(list(marks(connection).values()))
    assert not any(key.hex() in known for own in FixedKeys().ring.keys.values() for key in own)
