"""A service in this process that is asked, and what it returned."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sql

from serving.store.store import Store
from tests.serving.builders import FakePredictor, client, parts, question

READY, NOT_READY = "ready", "not ready"
PATIENCE_SECONDS = 5
Said = int | str | None
HEADERS = {"Content-Type": "application/json"}
AHEAD = "with a note that `at` lies ahead"


class Hanging(FakePredictor):
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def answer(self, *asked: Any) -> Any:
        self.begun.set()
        assert self.go.wait(PATIENCE_SECONDS)
        return super().answer(*asked)


class Service:
    """A service in this process, and the predictions that it has returned."""

    def __init__(self, home: Path, predictor: Any = None, store: Store | None = None, **settings: str) -> None:
        self.home, self.of = home, parts(home, predictor, store, **settings)
        self.returned: list[str] = []

    def ask(self, body: Any = None, **headers: str) -> int:
        """Ask for a prediction and return the status; bytes are sent as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body or question()).encode()
        answer = client(self.of).request("POST", "/v1/predict", {**HEADERS, **headers}, content=content)
        return self._seen(answer).status_code

    def noted(self) -> Said:
        """Ask, and return the status, or that a note tells of a moment ahead of the clock."""
        answer = self._seen(client(self.of).predict(question()))
        ahead = any("ahead of the clock" in note for note in answer.json().get("notes", ()))
        return AHEAD if ahead else answer.status_code

    def ready(self) -> str:
        """Return what /readyz says."""
        return READY if self.of.store.writable() else NOT_READY

    @property
    def unlogged(self) -> list[str]:
        """The predictions that were returned and are not in the log."""
        with self.of.store.reading() as connection:
            kept = set(connection.execute(sql.text("SELECT id FROM predictions")).scalars())
        return [one for one in self.returned if one not in kept]

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == httpx.codes.OK:
            self.returned += [one["id"] for one in answer.json()["predictions"]]
        elif answer.headers["content-type"] != "application/problem+json" or "predictions" in answer.json():
            raise AssertionError("a refusal must be a problem without a prediction")
        return answer

    @contextmanager
    def pragma(self, words: str) -> Iterator[None]:
        """Hold every connection of the store to a setting of SQLite's."""
        engine = self.of.store.database.engine

        def hold(connection: Any, _: object) -> None:
            connection.execute(f"PRAGMA {words}")

        sql.event.listen(engine, "connect", hold)
        engine.dispose()
        try:
            yield
        finally:
            sql.event.remove(engine, "connect", hold)
            engine.dispose()
