"""Promotions, rollbacks and a bad model store under a real service that is asked on and on."""

import asyncio
import json
import os
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import psutil

from features.sources.simulation import simulate
from models.sealed import LISTING, digest, listing, seal_file, sealed
from serving.children import Children
from serving.demo import SYSTEM, Demo, let_in, on_free_port, started
from serving.settings import Settings
from serving.signing import Signed
from tests.questions import last_board_round, ward_questions
from training.store import put

NO_QUOTA = {"HOMEWARD_REQUESTS_PER_MINUTE": "1000000"}
WORKERS = 2
SETTINGS = {"HOMEWARD_WORKERS": str(WORKERS), **NO_QUOTA}
SETTLED = 40  # answers in a row of one release: both workers have it
PATIENCE_SECONDS = 150
OWN = re.compile(rb'"id": "\w+", ')  # all that may differ between answers to one question
RELEASE = re.compile(rb'"release": "(\w+)"')  # read as bytes: who asks shares the machine with who answers


@dataclass(frozen=True)
class Answer:
    """One answer of the service: when it came, how long it took, and what it said."""

    at: float
    seconds: float
    status: int
    body: bytes
    releases: frozenset[str]


@dataclass
class Day:
    """What happened while releases came and went."""

    answers: list[Answer] = field(default_factory=list)
    taken_seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    logged: list[tuple[str, str]] = field(default_factory=list)  # every release and digest in the log

    @property
    def failed(self) -> int:
        """How many questions got no prediction."""
        return sum(answer.status != httpx.codes.OK for answer in self.answers)

    @property
    def mixed(self) -> int:
        """How many answers to the one question named several releases, or differ from others of their release.

        And how many pairs of release and digest the log has too many.
        """
        good = [answer for answer in self.answers if answer.status == httpx.codes.OK]
        first = {}
        for answer in good:
            first.setdefault(answer.releases, answer.body)
        wrong = sum(len(one.releases) != 1 or one.body != first[one.releases] for one in good)
        return wrong + len(self.logged) - len({release for release, _ in self.logged})


class Service:
    """A running service with a store of its own, and somebody who asks."""

    def __init__(self, demo: Demo, client: httpx.Client, per_second: float) -> None:
        self.home, self.client, self.per_second = demo.settings.home, client, per_second
        self.question = _question()
        self.signed = Signed(demo.settings, SYSTEM)
        self.store = self.home / "bentoml" / "models"
        self.day = Day()

    def promote(self, folder: Path, name: str) -> None:
        """Promote a release and wait until it answers, and then until nothing else does."""
        put(folder, name, self.store)
        began = time.monotonic()
        until(lambda: self._last(1) == {name})
        self.day.taken_seconds.append(time.monotonic() - began)
        until(lambda: self._last(SETTLED) == {name})

    def refuse(self, words: str, spoil: Callable[[Path], None], current: tuple[Path, str]) -> None:
        """Spoil the store, wait until that is refused while the current release answers, and mend it."""
        before = self._refused()
        spoil(self.store / "homeward")
        until(lambda: self._refused() >= before + WORKERS)
        self.day.refused.append(words)
        put(*current, self.store)
        well = b"homeward_release_is_the_named_one 1.0"
        until(lambda: all(well in self.client.get("/metrics").content for _ in range(SETTLED)))

    def _refused(self) -> float:
        text = self.client.get("/metrics").text
        return float(text.partition("\nhomeward_release_refused_total ")[2].split()[0])

    def _last(self, count: int) -> set[str]:
        """Return the releases of the last so many predictions."""
        good = (one.releases for one in reversed(self.day.answers) if one.status == httpx.codes.OK)
        return {name for each in islice(good, count) for name in each}

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Ask on and on, every question at its time whether or not the one before was answered."""
        ended = threading.Event()
        asking = threading.Thread(target=lambda: asyncio.run(self._ask_on(ended)))
        asking.start()
        try:
            yield
        finally:
            ended.set()
            asking.join()

    async def _ask_on(self, ended: threading.Event) -> None:
        async with aiohttp.ClientSession(str(self.client.base_url)) as client:
            due, asked = time.monotonic(), []
            while not ended.is_set():
                asked.append(asyncio.ensure_future(self._ask(client, due)))
                due += 1 / self.per_second
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            await asyncio.gather(*asked)

    async def _ask(self, client: aiohttp.ClientSession, due: float) -> None:
        try:
            shown = {"Authorization": f"Bearer {self.signed.token()}"}
            async with client.post("/v1/predict", json=self.question, headers=shown) as answer:
                status, body = answer.status, OWN.sub(b"", await answer.read())
        except (aiohttp.ClientError, TimeoutError):
            status, body = 0, b""
        now = time.monotonic()
        releases = frozenset(name.decode() for name in RELEASE.findall(body))
        self.day.answers.append(Answer(now, now - due, status, body, releases))


def day(
    first: Path, second: Path, home: Path, rounds: int, per_second: float, say: Callable[[str], None]
) -> Day:
    """Start a service on `first`; promote `second` and go back, `rounds` times; then spoil the store."""
    let_in(Settings.read({"HOMEWARD_HOME": str(home)}))
    put(first, "first", home / "bentoml" / "models")
    demo = Demo(on_free_port(Settings.read({"HOMEWARD_HOME": str(home), **SETTINGS})), 0, say)
    with (
        Children(demo.settings.environment(os.environ)) as children,
        closing(started(demo, children)) as client,
    ):
        service = Service(demo, client, per_second)
        with service.asked():
            until(lambda: service._last(SETTLED) == {"first"})
            for _ in range(rounds):
                service.promote(second, "second")
                service.promote(first, "first")
            for words, spoil in SPOILS.items():
                say(f"a model store with {words}")
                service.refuse(words, spoil, (first, "first"))
        with closing(sqlite3.connect(home / "homeward.db")) as log:
            service.day.logged = log.execute(
                "select distinct release, release_digest from predictions"
            ).fetchall()
    return service.day


def _question() -> dict[str, Any]:
    """Return a question about one simulated inpatient."""
    hospital = simulate(500, seed=3, days=60)
    _, ward = next(ward_questions(hospital, last_board_round(hospital)))
    stay = next(one for one in reversed(ward["admissions"]) if "discharged_at" not in one)
    facts = [one for one in ward["events"] if one["admission_id"] == stay["admission_id"]]
    return {"at": ward["at"], "admissions": [stay], "events": facts}


def until(holds: Callable[[], bool], patience: float = PATIENCE_SECONDS, every: float = 0.05) -> None:
    """Wait until something holds; raises TimeoutError if it does not within so many seconds."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the service did not get there within {patience:g} s")
        time.sleep(every)


def _third(releases: Path) -> Path:
    """Return a copy of the second release under a name of its own, with the digest beside it."""
    folder = releases / "third"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(releases / "second", folder)
    seal_file(folder).write_text(sealed(folder).digest)
    return folder


def _named(releases: Path, name: str) -> None:
    (releases / ".new").write_text(name)
    (releases / ".new").replace(releases / "latest")


def _gone(releases: Path) -> None:
    _named(releases, "gone")


def _waiting(releases: Path) -> None:
    (releases / "latest").unlink()
    os.mkfifo(releases / "latest")


def _half_copied(releases: Path) -> None:
    (_third(releases) / "reference.json").unlink()
    _named(releases, "third")


def _flipped(releases: Path) -> None:
    file = _third(releases) / "leave.txt"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    _named(releases, "third")


def _truncated(releases: Path) -> None:
    folder = _third(releases)
    content = (folder / "leave.txt").read_bytes()
    content = content[: len(content) // 3]
    (folder / "leave.txt").write_bytes(content)
    digests = json.loads((folder / LISTING).read_bytes())
    (folder / LISTING).write_bytes(listing({**digests, "leave.txt": digest(content)}))
    seal_file(folder).unlink()
    _named(releases, "third")


def _killed(releases: Path) -> None:
    """Name a good release, and kill the process of each worker that tries it."""
    _third(releases)
    _named(releases, "third")
    killed: set[int] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(killed) < WORKERS and time.monotonic() < deadline:
        helpers = {
            one.pid
            for one in psutil.process_iter(["cmdline"])
            if "serving.rehearsal" in (one.info["cmdline"] or [])
        }
        for process in psutil.process_iter(["ppid"]):
            if process.info["ppid"] in helpers and process.pid not in killed:
                process.kill()
                killed.add(process.pid)
        time.sleep(0.02)


SPOILS: dict[str, Callable[[Path], None]] = {
    "a release that is gone": _gone,
    "a name that hangs who reads it": _waiting,
    "a half-copied release": _half_copied,
    "a flipped bit": _flipped,
    "a truncated booster whose digests fit": _truncated,
    "a trial that is killed": _killed,
}
