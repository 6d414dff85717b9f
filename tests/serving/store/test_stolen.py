"""Whoever steals the database file, and not the keys, has no patient and no record; nor what was erased."""

import itertools
import json
import zlib

import pytest
import sqlalchemy as sql

from serving.census import EventFact
from serving.release import Loaded
from serving.shadow import shadowed
from serving.store import shadows, tables
from serving.store.digest import digest
from serving.store.erasure import Erasure
from serving.store.forgetting import forget
from serving.store.vault import vault_of
from tests.serving.builders import NOW, FakePredictor, client, event, parts, person, predicted, question, stay

PATIENT, SPELL, DIAGNOSIS, TEXT = "943-476-5919", "SPELL-4717", "S72.0", "8B-by-the-window"
REASON = b"about 2.1 days longer"  # what the predictor says of anybody


def body():
    own = stay(SPELL, patient_id=PATIENT, provisional_diagnosis=DIAGNOSIS)
    rows = [
        event(SPELL, "ward", "Ward 7"),
        event(SPELL, "bed", TEXT),
        event(SPELL, "coded_diagnosis", DIAGNOSIS, 1),
    ]
    return question(own, stay("A2"), events=[*rows, event("A2", "ward", "Ward 7")])


@pytest.fixture
def of(tmp_path):
    """A service that has been told, asked, asked again under a key, and followed by a challenger."""
    of = parts(tmp_path)
    with of.store.writing() as connection:
        shadows.begin(connection, "e" * 64)
    caller = predicted(of, body())
    for _ in range(2):
        assert caller.predict(body(), **{"Idempotency-Key": "k1"}).status_code == 200
    caller.get("/board/Ward 7")
    shadowed(of.store, Loaded(FakePredictor(), "e" * 64), NOW)
    yield of
    of.close()


def stolen(of):
    """Return the bytes of the database and of its write-ahead log."""
    return b"".join(file.read_bytes() for file in sorted(of.settings.home.glob("homeward.db*")))


def inflated(content):
    """Return what zlib finds anywhere in some bytes: what is only packed would be as good as plain."""
    found = []
    for place in range(len(content) - 1):
        if content[place] == 0x78:
            with_head = zlib.decompressobj()
            try:
                found.append(with_head.decompress(content[place : place + 4_096]))
            except zlib.error:
                continue
    return b"".join(found)


def test_the_file_names_no_patient_and_holds_nothing_that_was_told_or_answered(of):
    of.store.database.scrub()  # into the file itself
    held = stolen(of)
    held += inflated(held)
    for canary in (PATIENT, DIAGNOSIS, TEXT, "P-A2"):
        assert canary.encode() not in held, canary
    assert REASON not in held
    assert SPELL.encode() in held  # the ward system's own number of a stay, which it needs to be told by


def test_nobody_can_try_what_a_fact_may_have_said(of):
    """A digest without a key would tell whether a guess is right."""
    with of.store.reading() as connection:
        [bed] = connection.execute(
            sql.select(tables.EVENTS).where(
                tables.EVENTS.c.name == "bed", tables.EVENTS.c.admission_id == SPELL
            )
        )
    guess = EventFact(SPELL, bed.happened_at, bed.recorded_at, "bed", None, TEXT)
    assert guess.digest not in stolen(of).decode("latin-1")
    with of.store.reading() as connection:
        assert vault_of(connection).digest(guess.digest.encode()) == bed.digest


def test_nobody_can_try_what_a_request_under_a_key_may_have_asked(of):
    with of.store.reading() as connection:
        [row] = connection.execute(sql.select(tables.REPEATS))
    asked = json.dumps(body(), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    assert row.request_digest != digest(b"POST /v1/predict\n" + asked)
    assert client(of).predict(body(), **{"Idempotency-Key": "k1"}).status_code == 200


def test_what_was_erased_is_gone_from_the_bytes(of):
    """Of the erased no byte that was theirs alone is left: not what was encrypted, not a name, not a digest."""
    own = person(of, SPELL)
    theirs = [
        value if isinstance(value, bytes) else value.encode()
        for table, column in (
            (tables.STAY_FACTS, "admission_id"),
            (tables.EVENTS, "admission_id"),
            (tables.PREDICTIONS, "person"),
        )
        for row in rows_of(of, table, table.c[column] == (own if column == "person" else SPELL))
        for name in ("digest", "body", "said", "id", "inputs", "answer")
        if (value := row._mapping.get(name)) is not None
    ]
    theirs += [row.pseudonym.encode() for row in rows_of(of, tables.PEOPLE, tables.PEOPLE.c.person == own)]
    theirs += [own.encode(), SPELL.encode()]
    held = stolen(of)
    assert all(each in held for each in theirs if len(each) < 3_000)  # longer ones lie on several pages
    forget(of.store, own, Erasure(NOW, "a person", "erase a person"))
    assert of.store.database.scrub()
    held = stolen(of)
    pieces = list(itertools.chain.from_iterable((each, each[:500], each[-500:]) for each in theirs))
    assert [piece for piece in pieces if piece in held] == []


def rows_of(of, table, which):
    with of.store.reading() as connection:
        return connection.execute(sql.select(table).where(which)).all()
