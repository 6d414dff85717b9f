"""R17: identifiers that were sent are in no log, metric, answer of a refusal, audit or temporary file."""

import logging
import tempfile
from pathlib import Path

import pytest

from serving.store.verify import events
from tests.serving.builders import BrokenPredictor, bearer, nobody, parts
from tests.serving.canaries import ALL, CANARIES, EACH, errors, successes, told_of


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def asking(of):
    def ask(method, path, headers, nobody_asks=False, **body):
        nameless = body.pop("nobody", nobody_asks)
        shown = {} if nameless or "Authorization" in headers else bearer(of)
        return nobody(of).request(method, path, {**shown, **headers}, **body)

    return ask


@pytest.fixture
def heard(caplog, tmp_path, monkeypatch):
    """All that is logged, by whomever and however unimportant, and the folder of temporary files."""
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy", "asyncio", "httpx", "authlib", "uvicorn"):
        caplog.set_level(logging.DEBUG, name)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return caplog


def in_files(folder):
    return {canary for file in folder.rglob("*") if file.is_file() for canary in told_of(file.read_bytes())}


def of_ours(caplog):
    """What the service logged; the client of the tests logs the addresses that it asks."""
    return "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith("httpx"))


def test_there_are_two_hundred():
    assert len(ALL) == len(set(ALL)) == 200


def test_what_is_taken_is_told_to_nobody_else(tmp_path, heard):
    of = parts(tmp_path / "home", HOMEWARD_REQUESTS_PER_MINUTE="1000000")
    sent = list(successes(asking(of)))
    assert [one.what for one in sent if one.failed] == []
    assert {canary for one in sent for canary in one.canaries} == set(ALL)
    metrics = nobody(of).get("/metrics", **bearer(of)).text
    audit = "".join(events(of.store))
    of.close()
    for text in (of_ours(heard), metrics, audit):
        assert told_of(text) == set()
    assert in_files(tmp_path / "temporary") == set()
    beside = [file for file in (tmp_path / "home").rglob("*") if "homeward.db" not in file.name]
    assert {canary for file in beside if file.is_file() for canary in told_of(file.read_bytes())} == set()


def test_what_is_refused_is_repeated_nowhere(tmp_path, heard):
    of = parts(tmp_path / "home", HOMEWARD_REQUESTS_PER_MINUTE="1000000")
    sent = list(errors(asking(of)))
    metrics = nobody(of).get("/metrics", **bearer(of)).text
    audit = "".join(events(of.store))
    of.close()
    assert [one.what for one in sent if not one.failed] == []
    assert {canary for one in sent for canary in one.canaries} == set(ALL)
    repeated = {one.what for one in sent if told_of(one.answer.text) or told_of(str(one.answer.headers))}
    assert repeated == set()
    for text in (of_ours(heard), metrics, audit):
        assert told_of(text) == set()
    assert in_files(tmp_path) == set()


def test_a_fault_of_ours_tells_nothing(tmp_path, heard):
    of = parts(tmp_path / "home", BrokenPredictor(), HOMEWARD_REQUESTS_PER_MINUTE="1000000")
    sent = [one for one in successes(asking(of)) if one.what == "POST predict"]
    of.close()
    assert {one.answer.status_code for one in sent} == {500}
    assert len(sent) == 2 * EACH
    assert told_of("".join(one.answer.text for one in sent)) == set()
    assert told_of(of_ours(heard)) == set()


def test_the_search_finds_what_is_there():
    assert told_of(f"x{CANARIES['NAME'][3]}y") == {CANARIES["NAME"][3]}
    assert told_of(b"\x00" + ALL[0].encode()) == {ALL[0]}
    assert in_files(Path(__file__).parent / "nowhere") == set()
