"""A request under an Idempotency-Key is carried out once."""

import asyncio
import threading
from dataclasses import replace

import httpx
import pytest

from serving.gate import Gate
from serving.routes import application
from serving.workers import Workers
from tests.serving.builders import (
    Bearing,
    BrokenPredictor,
    FakePredictor,
    client,
    logged_rows,
    parts,
    question,
    stay,
)

KEY = {"Idempotency-Key": "9f0c"}


class SlowPredictor(FakePredictor):
    """Answers when it is told to."""

    def __init__(self):
        self.go = threading.Event()

    def answer(self, hospital, at, wanted=None):
        assert self.go.wait(5)
        return super().answer(hospital, at, wanted)


def asked_at_once(of, times):
    async def asked():
        transport = httpx.ASGITransport(Gate(application(of), of.guard))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:3000", headers=KEY, auth=Bearing()
        ) as caller:
            return await asyncio.gather(*[caller.post("/v1/predict", json=question()) for _ in range(times)])

    return asyncio.run(asked())


def test_a_hundred_repeats_at_once_are_one_row_and_the_same_bytes(tmp_path, store):
    of = parts(tmp_path, store=store)
    answers = asked_at_once(of, 100)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert logged_rows(of) == 1


def test_a_repeat_waits_for_the_first(tmp_path):
    predictor = SlowPredictor()
    of = parts(tmp_path, predictor)
    threading.Timer(0.3, predictor.go.set).start()
    assert len({answer.content for answer in asked_at_once(of, 3)}) == 1


def test_without_a_key_each_request_is_its_own(tmp_path):
    of = parts(tmp_path)
    answers = {client(of).predict(question()).content for _ in range(2)}
    assert (len(answers), logged_rows(of)) == (2, 2)


def test_a_key_of_another_request_is_409(tmp_path, store):
    of = parts(tmp_path, store=store)
    assert client(of).predict(question(), **KEY).status_code == 200
    other = client(of).predict(question(stay("A2")), **KEY)
    assert (other.status_code, logged_rows(of)) == (409, 1)


def test_a_request_that_failed_gives_its_key_back(tmp_path, store):
    broken, whole = parts(tmp_path, BrokenPredictor(), store=store), parts(tmp_path, store=store)
    assert client(broken).predict(question(), **KEY).status_code == 500
    assert client(whole).predict({}, **KEY).status_code == 422
    assert client(whole).predict(question(), **KEY).status_code == 200


def test_a_request_that_was_too_slow_is_not_carried_out_again(tmp_path, store):
    predictor = SlowPredictor()
    of = parts(tmp_path, predictor, store=store)
    of = replace(of, predicting=Workers("predicting", threads=1, at_once=4, seconds=0.2))
    assert client(of).predict(question(), **KEY).status_code == 503
    predictor.go.set()
    answer = client(of).predict(question(), **KEY)
    assert (answer.status_code, logged_rows(of)) == (200, 1)
    assert client(of).predict(question(), **KEY).content == answer.content
    of.predicting.close()


def test_a_key_is_taken_over_from_a_worker_that_died(tmp_path):
    from datetime import timedelta

    from serving.store import repeats

    of = parts(tmp_path)
    own = repeats.Claim("w", "k", "d")
    with of.store.writing() as connection:
        assert repeats.claim(connection, own, of.guard.clock()) is None
        assert repeats.claim(connection, own, of.guard.clock()) is not None
        assert repeats.claim(connection, own, of.guard.clock() + timedelta(seconds=61)) is None


def test_a_key_is_forgotten_after_a_day(tmp_path):
    from datetime import timedelta

    from serving.store import repeats

    of = parts(tmp_path)
    own = repeats.Claim("w", "k", "d")
    with of.store.writing() as connection:
        repeats.claim(connection, own, of.guard.clock())
        repeats.answered(connection, own, b"{}")
        assert repeats.claim(connection, own, of.guard.clock() + timedelta(hours=23)) is not None
        assert repeats.claim(connection, own, of.guard.clock() + timedelta(hours=25)) is None


@pytest.mark.parametrize("key", ["", "é", "a b", "k" * 256])
def test_a_key_that_cannot_be_one_is_422(tmp_path, key):
    answer = client(parts(tmp_path)).predict(question(), **{"Idempotency-Key": key.encode()})
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]


def test_the_census_takes_keys_too(tmp_path):
    of = parts(tmp_path)
    body = {"recorded_at": "2026-01-05T11:00:00Z"}
    first, second = (client(of).post("/v1/admissions/A1/cancel", body, **KEY) for _ in range(2))
    assert first.content == second.content
