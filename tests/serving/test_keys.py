"""The keys that lie apart from the database."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from serving.keys import PURPOSES, KeyFault, KeyFile

GOOD = "ab" * 32


def file_of(tmp_path, content):
    path = tmp_path / "keys.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return KeyFile(path)


def all_of(*keys):
    return {purpose: [{"id": number, "key": key} for number, key in enumerate(keys, 1)] for purpose in PURPOSES}


def test_they_are_made_once_for_this_user_alone_and_each_is_another(tmp_path):
    keys = KeyFile(tmp_path / "new" / "keys.json")
    ring = keys.made()
    assert keys.made() == ring == keys.read()
    assert len({ring.key(purpose, 1) for purpose in PURPOSES}) == len(PURPOSES)
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert list(keys.path.parent.iterdir()) == [keys.path]


def test_of_several_that_make_them_at_once_all_have_the_same(tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: keys.made(), range(32)))
    assert rings == [keys.read()] * 32


def test_one_that_is_added_comes_after_the_others(tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    before = keys.made()
    after = keys.added("inputs")
    assert after.newest("inputs") == 2
    assert after.key("inputs", 1) == before.key("inputs", 1) != after.key("inputs", 2)
    assert after.keys["pseudonyms"] == before.keys["pseudonyms"]
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [keys.path]


def test_no_more_are_added_than_a_byte_can_count(tmp_path):
    keys = file_of(tmp_path, all_of(*[GOOD] * 255))
    with pytest.raises(KeyFault, match="all that there can be"):
        keys.added("inputs")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nothing",
        "[]",
        {},
        {**all_of(GOOD), "more": []},
        all_of(),
        all_of("ab" * 31),
        all_of("zz" * 32),
        {**all_of(GOOD), "inputs": [{"id": 2, "key": GOOD}]},
        {**all_of(GOOD), "inputs": [{"key": GOOD}]},
        {**all_of(GOOD), "inputs": [GOOD]},
        {**all_of(GOOD), "inputs": 5},
    ],
)
def test_a_file_that_is_not_as_it_must_be_is_one_sentence_that_repeats_no_key(tmp_path, content):
    with pytest.raises(KeyFault, match="must be JSON with, for each of pseudonyms, inputs, identity") as fault:
        file_of(tmp_path, content).read()
    assert "ab" * 31 not in str(fault.value)


def test_a_file_that_cannot_be_read_or_made_is_one_sentence(tmp_path):
    with pytest.raises(KeyFault, match="cannot be read: FileNotFoundError"):
        KeyFile(tmp_path / "keys.json").read()
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFault, match="cannot be written"):
        KeyFile(tmp_path / "file" / "keys.json").made()


def test_what_is_shown_of_keys_holds_none(tmp_path):
    ring = KeyFile(tmp_path / "keys.json").made()
    assert ring.key("inputs", 1).hex() not in repr(ring)
    assert repr(ring.key("inputs", 1)) not in repr(ring)
