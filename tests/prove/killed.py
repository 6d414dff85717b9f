"""A writer of the log that is killed at random moments, again and again, and what is in the log afterwards."""

import multiprocessing
import random
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from uuid import uuid4

import sqlalchemy as sql

from serving.store import log, people, repeats
from serving.store.log import LoggedPrediction
from serving.store.repeats import GIVEN_UP, Claim
from serving.store.store import Store
from serving.store.tables import PREDICTIONS
from serving.store.verify import verify
from tests.serving.keys import FixedKeys

KEY = b"k" * 32
PATIENT = "P1"
BEGAN = datetime(2026, 1, 6, 8, 0, tzinfo=UTC)
LONGEST_LIFE_SECONDS = 0.15
ROWS_AT_ONCE = 3
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Killed:
    """What is in the log after so many kills: acknowledged, lost and doubled rows, faults of the audit."""

    kills: int
    acknowledged: int
    lost: int
    doubled: int
    faults: tuple[str, ...]


def killed(url: str, kills: int, seed: int = 0) -> Killed:
    """Kill a writer so many times; the next one asks again for what was not acknowledged, as callers do."""
    Store(url, KEY, FixedKeys()).close()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["serving.store.verify", "alembic.command"])
    chance, acknowledged = random.Random(seed), 0
    for life in range(kills):
        ours, theirs = context.Pipe(duplex=False)
        with closing(ours):
            writer = context.Process(target=write, args=(url, acknowledged, life, theirs), daemon=True)
            writer.start()
            theirs.close()
            acknowledged = _followed(ours, acknowledged, chance.uniform(0, LONGEST_LIFE_SECONDS))
            writer.kill()
            acknowledged = _last(ours, acknowledged)
            writer.join()
    return _found(url, kills, acknowledged)


def write(url: str, done: int, life: int, told: Connection) -> None:
    """Carry out one request after another under their keys, and acknowledge each once it is on disk."""
    store, at = Store(url, KEY, FixedKeys()), BEGAN + 2 * life * GIVEN_UP
    told.send(done)
    while True:
        claim = Claim("the ward system", f"key {done}", "0" * 64)
        with store.writing() as connection:
            earlier = repeats.claim(connection, claim, at)
        if earlier is None:
            with store.writing() as connection:
                people.introduced(connection, [PATIENT], proposed={PATIENT: PATIENT})
                log.write(store, connection, _rows(done, at), at, "the ward system", "POST /v1/predict")
                repeats.answered(connection, claim, b"{}")
        done += 1
        told.send(done)


def _rows(number: int, at: datetime) -> list[LoggedPrediction]:
    made = {
        "made_at": at,
        "at": at,
        "admission_id": f"A{number}",
        "ward": "W",
        "site": "",
        "round": None,
        "person": PATIENT,
    }
    by = {"release": "r", "release_digest": "d" * 64, "asked_by": "the ward system"}
    return [LoggedPrediction(id=uuid4().hex, **made, **by, inputs={}, answer={}) for _ in range(ROWS_AT_ONCE)]


def _followed(told: Connection, done: int, seconds: float) -> int:
    """Return what was acknowledged so long after the writer began."""
    assert told.poll(PATIENCE_SECONDS), "the writer did not begin"
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    while (left := (until - datetime.now(UTC)).total_seconds()) > 0:
        if told.poll(left):
            done = told.recv()
    return done


def _last(told: Connection, done: int) -> int:
    """Return the last that a dead writer had acknowledged."""
    try:
        while True:
            done = told.recv()
    except (EOFError, OSError):
        return done


def _found(url: str, kills: int, acknowledged: int) -> Killed:
    with closing(Store(url, KEY, FixedKeys())) as store:
        with store.reading() as connection:
            ids = connection.execute(sql.select(PREDICTIONS.c.admission_id)).scalars()
            rows = Counter(int(name.removeprefix("A")) for name in ids)
        lost = sum(max(ROWS_AT_ONCE - rows[number], 0) for number in range(acknowledged))
        doubled = sum(max(count - ROWS_AT_ONCE, 0) for count in rows.values())
        return Killed(kills, acknowledged, lost, doubled, verify(store).faults)
