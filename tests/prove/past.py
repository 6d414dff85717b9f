"""Past predictions: each made again from the log, and one of a million found by its id."""

import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sql

from features.snapshot import snapshot
from features.tables import Hospital
from models.predictor import Predictor
from serving.ingest import OPERATION, ingest, sent
from serving.loop import last_board_hour
from serving.replay import logged, replayed
from serving.rounds import predict_round
from serving.store import log
from serving.store.facts import Receipt
from serving.store.log import LoggedPrediction, row_of
from serving.store.store import Store
from serving.store.tables import PREDICTIONS, ROUNDS
from serving.store.vault import vault_of
from tests.serving.builders import client, parts
from tests.serving.keys import FixedKeys

BEGAN = datetime(2026, 1, 6, 8, 0, tzinfo=UTC)
TOGETHER = 10_000  # rows of one insert
LOOKUPS = 200
A_WARD = 6  # asked about at once


def replays(predictor: Predictor, hospital: Hospital, days: int, home: Path) -> tuple[int, int]:
    """Live through the last board rounds of a hospital; returns the predictions, and how many differ."""
    end = last_board_hour(hospital.facts, hospital.observed_until.to_pydatetime())
    rounds = [pd.Timestamp(end - timedelta(days)) for days in reversed(range(days))]
    of = parts(home, predictor, HOMEWARD_REQUESTS_PER_MINUTE="100000")
    people = _people(hospital, rounds)
    for _ in ingest(people, of.store, Receipt(BEGAN, "the hospital", OPERATION)):
        pass
    for at in rounds:
        predict_round(of.store, of.releases.current(), at.to_pydatetime(), at.to_pydatetime(), "board round")
        _asked(of, people, at)
    with of.store.reading() as connection:
        ids = list(connection.execute(sql.select(PREDICTIONS.c.id)).scalars())
    differ = sum(not replayed(of.store, logged(of.store, one), predictor).same for one in ids)
    of.close()
    return len(ids), differ


def _people(hospital: Hospital, rounds: list[pd.Timestamp]) -> Hospital:
    """Return the part of a hospital that is about the inpatients of some moments."""
    patients = {name for at in rounds for name in snapshot(hospital, at)["patient_id"]}
    stays = hospital.admissions[hospital.admissions["patient_id"].isin(patients)]
    events = hospital.events[hospital.events["admission_id"].isin(stays["admission_id"])]
    return replace(hospital, admissions=stays.reset_index(drop=True), events=events.reset_index(drop=True))


def _asked(of: Any, hospital: Hospital, at: pd.Timestamp) -> None:
    """Ask about everybody in a bed, beside the round."""
    of.guard.clock.now = at.to_pydatetime()
    names = list(snapshot(hospital, at)["admission_id"])
    for first in range(0, len(names), A_WARD):
        some = names[first : first + A_WARD]
        stays = hospital.admissions[hospital.admissions["admission_id"].isin(some)]
        answer = client(of).predict({"at": at.isoformat(), "admissions": sent(stays), "for": some})
        assert answer.status_code == 200, answer.text


def slowest_lookup(rows: int, file: Path) -> float:
    """Return the most seconds that finding a prediction takes among so many, by its id and by its stay."""
    with closing(Store(f"sqlite:///{file}", b"k" * 32, FixedKeys())) as store:
        with store.writing() as connection:
            one_round = {"kind": "board round", "at": BEGAN, "due_at": BEGAN, "made_at": BEGAN, "audit": 1}
            connection.execute(
                ROUNDS.insert(), [{**one_round, "number": 1, "release": "r", "release_digest": "d"}]
            )
        for some in _many(rows):
            with store.writing() as connection:
                vault = vault_of(connection)
                written = [{**row_of(vault, one), "number": number, "audit": 1} for number, one in some]
                connection.execute(PREDICTIONS.insert(), written)
        chance, slowest = random.Random(0), 0.0
        for number in (chance.randrange(rows) for _ in range(LOOKUPS)):
            began = time.perf_counter()
            with store.reading() as connection:
                one = log.by_id(connection, _id(number))
                newest = log.newest(connection, f"A{number}")
            slowest = max(slowest, time.perf_counter() - began)
            assert one is not None
            assert newest is not None
            assert (one.id, newest.admission_id) == (_id(number), f"A{number}")
    return slowest


def _many(rows: int) -> Iterator[list[tuple[int, LoggedPrediction]]]:
    """Yield predictions as rounds leave them, with short contents, each with its number."""
    same: dict[str, Any] = {"ward": "W", "site": "", "round": 1, "release": "r", "release_digest": "d" * 64}
    same |= {"asked_by": "the prediction loop", "inputs": {"census": ["A1"], "upto": [1, 1]}}
    same |= {"answer": {"id": "-", "warnings": []}, "person": "P1"}
    for first in range(0, rows, TOGETHER):
        yield [
            (
                number + 1,
                LoggedPrediction(
                    id=_id(number),
                    made_at=BEGAN + timedelta(seconds=number),
                    at=BEGAN + timedelta(seconds=number),
                    admission_id=f"A{number}",
                    **same,
                ),
            )
            for number in range(first, min(first + TOGETHER, rows))
        ]


def _id(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]  # in no order, as ids are
