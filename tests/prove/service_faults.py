"""What can go wrong around a running service, each with the answer that is documented for it."""

import json
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from asked_service import AHEAD, NOT_READY, PATIENCE_SECONDS, READY, Hanging, Said, Service

from serving.keys import KeyFile
from serving.loop import BOARD_ROUND
from serving.store.store import Store
from serving.workers import Workers
from tests.serving.builders import (
    BrokenPredictor,
    client,
    event,
    logged_rows,
    predicted,
    question,
    stay,
)
from tests.serving.keys import FixedKeys
from tests.serving.listening import begun, listening, status
from tests.serving.server import postgresql_server, stopped

KEY = b"k" * 32
SLOW = {"HOMEWARD_BODY_SECONDS": "1"}


@dataclass(frozen=True)
class ServiceFault:
    """A fault, how it comes about, and what must be said meanwhile and afterwards."""

    words: str
    documented: tuple[Said, ...]
    happens: Callable[[Service], Iterator[Said]]
    service: Callable[[Path], Service] = field(default=Service)


@dataclass(frozen=True)
class Outcome:
    """What a service said under a fault, and how many predictions it returned that are not in its log."""

    said: tuple[Said, ...]
    unlogged: int


def outcome(fault: ServiceFault, home: Path) -> Outcome:
    """Let a fault happen to a service of its own."""
    service = fault.service(home)
    said = tuple(fault.happens(service))
    found = Outcome(said, len(service.unlogged))
    service.of.close()
    return found


def _no_page_left(service: Service) -> Iterator[Said]:
    with service.pragma("max_page_count = 1"):
        statuses = [service.ask() for _ in range(30)]  # pages that were begun are filled first
        yield statuses[-1]
        yield from set(statuses) - {200, 503}
    yield service.ask()


def _no_byte_left(service: Service) -> Iterator[Said]:
    service.ask()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    used = (service.home / "homeward.db-wal").stat().st_size  # whatever is written is written there first
    resource.setrlimit(resource.RLIMIT_FSIZE, (used, most))
    try:
        yield service.ask()
        yield service.ready()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    yield service.ask()
    yield service.ready()


def _read_only(service: Service) -> Iterator[Said]:
    with service.pragma("query_only = 1"):
        yield service.ask()
        yield service.ready()
    yield service.ask()


def _locked(service: Service) -> Iterator[Said]:
    other = sqlite3.connect(service.home / "homeward.db", isolation_level=None)
    with service.pragma("busy_timeout = 200"), closing(other):
        other.execute("BEGIN IMMEDIATE")
        yield service.ask()
        yield service.ready()
        other.execute("ROLLBACK")
        yield service.ask()


def _removed(service: Service) -> Iterator[Said]:
    file, away = service.home / "homeward.db", service.home / "away.db"
    service.ask()
    file.rename(away)
    yield service.ask()
    yield service.ready()
    file.touch()  # another in its place
    yield service.ask()
    away.replace(file)
    yield service.ask()
    yield service.ready()


def _clock(hours: float) -> Callable[[Service], Iterator[Said]]:
    def happens(service: Service) -> Iterator[Said]:
        clock, right = service.of.guard.clock, service.of.guard.clock()
        predicted(service.of)
        told = {"happened_at": right.isoformat(), "recorded_at": right.isoformat()}
        client(service.of).post("/v1/events", {"events": [{**event("A1", "news2", number=3), **told}]})
        for now in (right, right + timedelta(hours=hours), right + timedelta(seconds=2)):
            clock.now = now
            yield service.noted()
            yield service.of.loop.turn()

    return happens


def _trickling(service: Service) -> Iterator[Said]:
    with listening(service.of) as port, begun(port, "Content-Length: 1000") as slow:
        yield service.ask()
        yield status(slow)


def _gone_away(service: Service) -> Iterator[Said]:
    predictor = service.of.releases.current().predictor
    body = json.dumps(question()).encode()
    with listening(service.of) as port:
        with begun(port, f"Content-Length: {len(body)}") as leaving:
            leaving.sendall(body)
            assert predictor.begun.wait(PATIENCE_SECONDS)
        predictor.go.set()
        yield _rows(service, 1)
    yield service.ask()


def _hangs(service: Service) -> Iterator[Said]:
    yield service.ask()
    service.of.releases.current().predictor.go.set()
    yield _rows(service, 1)
    yield service.ask()


def _rows(service: Service, wanted: int) -> str:
    """Wait for rows of the log and say how many there are."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while logged_rows(service.of) < wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return f"{logged_rows(service.of)} in the log"


def _other_server(service: Service) -> Iterator[Said]:
    """Stop the PostgreSQL of a service of its own."""
    with postgresql_server() as server:
        own = Service(service.home, store=Store(server.get_uri(), KEY, FixedKeys()))
        yield own.ask()
        with stopped(server):
            yield own.ask()
            yield own.ready()
        yield own.ask()
        yield own.ready()
        service.returned += own.unlogged
        own.of.close()


def _other_key(service: Service) -> Iterator[Said]:
    yield service.ask()
    other = Store(service.of.settings.database_url, b"x" * 32, KeyFile(service.of.settings.pseudonym_key_file))
    yield f"fits: {other.fits()}"
    other.close()


def _sent(*bodies: bytes, **headers: str) -> Callable[[Service], Iterator[Said]]:
    def happens(service: Service) -> Iterator[Said]:
        for body in bodies:
            yield service.ask(body, **headers)
        yield service.ask()

    return happens


def _hanging(home: Path) -> Service:
    service = Service(home, Hanging())
    service.of = replace(service.of, predicting=Workers("p", threads=1, at_once=4, seconds=2))
    return service


def _body(old: str, new: str) -> bytes:
    text = json.dumps(question(stay(age=81), events=[event("A1", "news2", number=3)]))
    assert old in text
    return text.replace(old, new).encode("utf-8", "surrogateescape")


NUMBERS = [_body('"number": 3', f'"number": {number}') for number in ("1e999", "-1e999", "1" + 400 * "0")]
MANY_DIGITS, MINUS_NOTHING = (_body('"number": 3', f'"number": {it}') for it in ("1" + 9999 * "0", "-0.0"))
GZIP = {"Content-Encoding": "gzip"}

SERVICE_FAULTS = (
    ServiceFault("a disk without a page left", (503, 200), _no_page_left),
    ServiceFault("a disk without a byte left", (503, NOT_READY, 200, READY), _no_byte_left),
    ServiceFault("a read-only database", (503, NOT_READY, 200), _read_only),
    ServiceFault("a database locked by another", (503, NOT_READY, 200), _locked),
    ServiceFault("a database file removed", (503, NOT_READY, 503, 200, READY), _removed),
    ServiceFault("a clock an hour ahead", (200, BOARD_ROUND, 200, None, 200, None), _clock(1)),
    ServiceFault("a clock an hour back", (200, BOARD_ROUND, AHEAD, None, 200, None), _clock(-1)),
    ServiceFault("a clock a month ahead", (200, BOARD_ROUND, 200, None, 200, None), _clock(31 * 24)),
    ServiceFault("a body that trickles in", (200, 408), _trickling, lambda home: Service(home, **SLOW)),
    ServiceFault("a gzip bomb", (415, 200), _sent(b"\x1f\x8b" + b"\0" * 1000, **GZIP)),
    ServiceFault("a body over the limit", (413, 200), _sent(b" " * 2_097_153)),
    ServiceFault("a body nested deeply", (400, 400, 200), _sent(b"[" * 100_000, b'{"at":' * 100_000)),
    ServiceFault("a number beyond all", (422, 422, 422, 400, 200), _sent(*NUMBERS, MANY_DIGITS)),
    ServiceFault("a number below nothing", (200, 200), _sent(MINUS_NOTHING)),
    ServiceFault("a key that is there twice", (200, 200), _sent(_body('"age": 81', '"age": 8, "age": 81'))),
    ServiceFault("bytes that are no UTF-8", (400, 200), _sent(_body("P-A1", "P-\udcff"))),
    ServiceFault("half a surrogate pair", (400, 200), _sent(_body("P-A1", "P-\\ud800"))),
    ServiceFault("an identifier without end", (422, 200), _sent(_body("P-A1", "P" * 100_000))),
    ServiceFault(
        "a caller who goes away", ("1 in the log", 200), _gone_away, lambda home: Service(home, Hanging())
    ),
    ServiceFault("a predictor that hangs", (503, "1 in the log", 200), _hangs, _hanging),
    ServiceFault(
        "a predictor that fails", (500, 500), _sent(_body("A1", "A2")), lambda h: Service(h, BrokenPredictor())
    ),
    ServiceFault("a PostgreSQL that stops", (200, 503, NOT_READY, 200, READY), _other_server),
    ServiceFault("another key of the audit", (200, "fits: False"), _other_key),
)
