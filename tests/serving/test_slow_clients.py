"""Bodies that are too slow or too large, and more questions than can be answered, on a real socket."""

import asyncio
import logging
import select
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.serving.builders import Bearing, FakePredictor, bearer, parts, question, ward_question
from tests.serving.doors import signed_in
from tests.serving.listening import begun, listening, status

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import load_client

WITHIN_SECONDS = 5  # long before the body could have come; how quick it is, a busy machine cannot tell


def shown() -> str:
    return bearer()["Authorization"]


class BusyPredictor(FakePredictor):
    """Keeps the interpreter to itself for 50 ms an answer, as pandas does."""

    def answer(self, hospital, at, wanted=None):
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        return super().answer(hospital, at, wanted)


def test_a_body_that_trickles_in_is_408_and_others_are_answered_meanwhile(tmp_path):
    of = parts(tmp_path, HOMEWARD_BODY_SECONDS="2")
    with listening(of) as port, begun(port, "Content-Length: 1000") as slow:
        began = time.perf_counter()
        meanwhile = httpx.post(f"http://127.0.0.1:{port}/v1/predict", auth=Bearing(), json=question())
        while not select.select([slow], [], [], 0.1)[0]:
            slow.sendall(b" ")  # each of them in time, the whole never
        assert status(slow) == 408
        assert 1.9 < time.perf_counter() - began < 30  # at once on a quiet machine
        while slow.recv(
            4096
        ):  # its body, if that comes apart; then the connection is closed, or this times out
            pass
    assert meanwhile.status_code == 200


def answered(connections: list[socket.socket], count: int) -> list[socket.socket]:
    """Wait until so many connections have an answer, and return them: who came first may be let in second."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        readable, _, _ = select.select(connections, [], [], 0.05)
        if len(readable) >= count:
            return readable
    raise AssertionError("too few were answered")


def test_one_caller_with_slow_bodies_takes_no_place_from_another(tmp_path):
    of = parts(tmp_path, HOMEWARD_BODY_SECONDS="3", HOMEWARD_REQUESTS_PER_MINUTE="100000")
    session = signed_in(of)
    with listening(of) as port, ExitStack() as stack:
        slow = [stack.enter_context(begun(port, "Content-Length: 1000")) for _ in range(150)]
        refused = answered(slow, 22)
        board = httpx.get(f"http://127.0.0.1:{port}/board", headers=session)
        assert ([status(connection) for connection in refused], board.status_code) == ([429] * 22, 200)
        assert [status(connection) for connection in slow if connection not in refused] == [408] * 128
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/predict", auth=Bearing(), json=question())
        assert answer.status_code == 200


def test_a_body_that_breaks_off_is_no_fault_of_ours(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    of = parts(tmp_path)
    with listening(of) as port:
        with begun(port, "Content-Length: 1000") as leaving:
            leaving.sendall(b"{")
            time.sleep(0.1)
        time.sleep(0.2)
    assert "POST /v1/predict 400" in caplog.text
    assert "failed" not in caplog.text


def test_a_length_over_the_limit_is_413_before_any_body(tmp_path):
    with listening(parts(tmp_path)) as port:
        began = time.perf_counter()
        with begun(port, "Content-Length: 3000000") as declared:
            assert status(declared) == 413
        assert time.perf_counter() - began < WITHIN_SECONDS


def test_bytes_over_the_limit_are_413_as_soon_as_they_are_counted(tmp_path):
    with listening(parts(tmp_path)) as port, begun(port, "Transfer-Encoding: chunked") as endless:
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        for _ in range(32):  # 2 MiB, which is the limit
            endless.sendall(chunk)
        time.sleep(0.2)
        began = time.perf_counter()
        endless.sendall(chunk)
        assert status(endless) == 413
        assert time.perf_counter() - began < WITHIN_SECONDS


def test_under_overload_each_is_answered_or_told_when_and_probes_are_answered(tmp_path):
    of = parts(tmp_path, BusyPredictor())

    async def overloaded(url):
        body = httpx.Request("POST", url, json=ward_question(beds=1)).content
        async with (
            load_client.caller(url, shown) as many,
            load_client.caller(url) as probing,
        ):
            over = asyncio.Event()
            livez = load_client.reading(probing, "/livez")
            watching = asyncio.ensure_future(load_client.watched(livez, 0.02, over))
            seen = await load_client.open_loop(load_client.predicting(many, [body]), rate=60, seconds=2)
            over.set()
            return load_client.summary(seen, 2), await watching

    with listening(of) as port:
        found, probes = asyncio.run(overloaded(f"http://127.0.0.1:{port}"))
    assert set(found["statuses"]) == {200, 429}
    assert found["bare"] == 0
    assert {one.status for one in probes} == {200}


def test_who_asks_a_crowded_process_is_sent_to_another(tmp_path):
    of = parts(tmp_path, BusyPredictor())

    async def connections(url, at_once):
        async with load_client.caller(url, shown) as many:
            body = httpx.Request("POST", url, json=ward_question(beds=1)).content
            ask = load_client.predicting(many, [body])
            answers = await asyncio.gather(*(ask(number) for number in range(at_once)))
            return [answer.headers.get("connection", "") for answer in answers]

    with listening(of) as port:
        url = f"http://127.0.0.1:{port}"
        assert asyncio.run(connections(url, 1)) == [""]
        assert "close" in asyncio.run(connections(url, 5))


def test_places_are_free_again_after_refusals(tmp_path):
    of = parts(tmp_path, HOMEWARD_REQUESTS_PER_MINUTE="100000")
    with listening(of) as port:
        for _ in range(200):
            with begun(port, "Content-Length: 99999999") as large:
                assert status(large) == 413
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/predict", auth=Bearing(), json=question())
    assert answer.status_code == 200
