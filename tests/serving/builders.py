"""A predictor that answers at once, the parts of a service around it, and the rows that a ward sends."""

import asyncio
import json
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pandas as pd
from joserfc.jwk import ECKey

from features.hospital import Facts, shipped_facts
from features.tables import Hospital
from models.prediction import (
    DateForecast,
    Prediction,
    PredictionWarning,
    ReadmissionForecast,
    Reason,
    Reasons,
)
from serving.board_row import COMPARED
from serving.callers import callers_of
from serving.gate import Gate, Guard
from serving.keys import KeyFile
from serving.limits import Limits
from serving.loop import Loop
from serving.metrics import Metrics
from serving.parts import Parts
from serving.release import Loaded
from serving.rounds import predict_round
from serving.routes import application
from serving.settings import Settings
from serving.signing import new_token
from serving.store import facts, log
from serving.store.log import LoggedPrediction
from serving.store.store import Store
from serving.wards import Board, board_of
from serving.workers import Workers
from tests.serving.tabled import give_tables

SYSTEM = "pas"
KEY = ECKey.generate_key("P-384", {"kid": "pas-1", "use": "sig", "alg": "ES384"})
NOW = datetime(2026, 1, 6, 8, 5, tzinfo=UTC)
AT = "2026-01-06T08:00:00+00:00"
CANARY = "CANARY-4717-person"


REASONS = (
    Reason("calibration", "What later patients showed (calibration): about 3 days longer" + COMPARED, 3.0),
    Reason("NEWS2", "NEWS2 score 1: makes no difference to the date", 0.01),
    Reason("frailty", "Clinical Frailty Scale 7: about 2.1 days longer" + COMPARED, 2.1),
    Reason("age", "Age 81 years: about 2.5 days shorter" + COMPARED, -2.5),
)


class FakePredictor:
    """Answers everybody with the same curve, starting at the moment's day; under 18 is out of scope."""

    release = "2026-01-05-fake"
    facts: Facts = shipped_facts()

    def answer(
        self, hospital: Hospital, at: pd.Timestamp, wanted: Sequence[str] | None = None
    ) -> list[Prediction]:
        admissions = hospital.admissions.set_index("admission_id").loc[list(wanted or ())]
        return [self._one(str(name), at, row["age"]) for name, row in admissions.iterrows()]

    def _one(self, name: str, at: pd.Timestamp, age: float) -> Prediction:
        if age < 18:
            scope = PredictionWarning("age", "scope", "no prediction: under 18")
            return Prediction(name, at, self.release, warnings=(scope,))
        today = at.date()
        return Prediction(
            name,
            at,
            self.release,
            ready=forecast(today, 2),
            discharge=forecast(today, 4),
            home_within_30_days=0.9,
            expected_delay_days=1.6,
            readmission=ReadmissionForecast(0.23, "high"),
            discharge_reasons=Reasons(4.0, 6.6, REASONS),
            warnings=(PredictionWarning("mobility", "missing", "Mobility is not recorded"),),
        )


class BrokenPredictor(FakePredictor):
    """Fails with a patient's identifier in the error, as libraries do."""

    def answer(
        self, hospital: Hospital, at: pd.Timestamp, wanted: Sequence[str] | None = None
    ) -> list[Prediction]:
        raise KeyError(f"no such patient {hospital.admissions['patient_id'].iloc[0]}")


def forecast(today: date, days: int) -> DateForecast:
    by = {today + timedelta(day): min(0.04 + 0.11 * day, 0.95) for day in range(30)}
    likely = today + timedelta(days)
    return DateForecast(likely, likely - timedelta(1), likely + timedelta(3), by)


def stay(admission_id: str = "A1", **changes: Any) -> dict[str, Any]:
    row = {
        "admission_id": admission_id,
        "patient_id": f"P-{admission_id}",
        "admitted_at": "2026-01-03T14:20:00+00:00",
        "admission_method": "21",
        "age": 81,
        "sex": "2",
    }
    return {**row, **changes}


def event(admission_id: str, name: str, text: str | None = None, number: float | None = None) -> dict[str, Any]:
    at = "2026-01-04T09:00:00+00:00"
    return {
        "admission_id": admission_id,
        "name": name,
        "text": text,
        "number": number,
        "happened_at": at,
        "recorded_at": at,
    }


def question(*stays: dict[str, Any], events: Sequence[dict[str, Any]] = (), **more: Any) -> dict[str, Any]:
    return {"at": AT, "admissions": list(stays or (stay(),)), "events": list(events), **more}


def ward_question(ward: str = "Ward 7", beds: int = 3) -> dict[str, Any]:
    stays = [stay(f"A{bed}") for bed in range(1, beds + 1)]
    places = [event(one["admission_id"], "ward", ward) for one in stays]
    return question(
        *stays, events=[*places, *(event(f"A{bed}", "bed", f"B{bed}") for bed in range(1, beds + 1))]
    )


def parts(home: Path, predictor: Any = None, store: Any = None, **settings: str) -> Parts:
    read = Settings.read({"HOMEWARD_HOME": str(home), **settings})
    clock = Clock()
    known(read.systems)
    if store is None:
        give_tables(read.database_url)
    opened = store or Store(read.database_url, b"k" * 32, KeyFile(read.pseudonym_key_file))
    releases = standing(predictor or FakePredictor())
    admitting = Workers("admitting", threads=4, at_once=256, seconds=5)
    callers = callers_of(read, opened, clock, admitting)
    return Parts(
        settings=read,
        guard=Guard(callers, clock, Metrics(), Limits(read.requests_per_minute)),
        releases=releases,
        store=opened,
        admitting=admitting,
        signing_in=Workers("signing_in", threads=1, at_once=4, seconds=5),
        predicting=Workers("predicting", threads=1, at_once=4, seconds=5),
        reading=Workers("reading", threads=1, at_once=4, seconds=5),
        keeping=Workers("keeping", threads=2, at_once=200, seconds=5),
        loop=Loop(opened, releases, clock, "this worker", read.keep),
    )


def known(folder: Path, name: str = SYSTEM, **more: Any) -> None:
    """Let a ward system in by the key of the tests."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"keys": [KEY.as_dict(private=False)], **more}
    (folder / f"{name}.json").write_text(json.dumps(said), "utf-8")


def bearer(of: Parts | None = None, name: str = SYSTEM) -> dict[str, str]:
    """Return the header of a new token, for a service whose clock stands at NOW where none is given."""
    at = of.guard.clock() if of is not None else NOW
    return {"Authorization": f"Bearer {new_token(KEY, name, 'homeward', at)}"}


class Bearing(httpx.Auth):
    """Puts a new token of the tests' ward system on each request of a client."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.update(bearer())
        yield request


class Standing:
    """Releases that never change."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def current(self) -> Loaded:
        return self._loaded

    def close(self) -> None:
        pass


def standing(predictor: Any, digest: str = "d" * 64) -> Standing:
    return Standing(Loaded(predictor, digest))


class Clock:
    """A clock that stands at NOW until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Client:
    """A caller of an ASGI application, in this process and without a server."""

    def __init__(self, app: Any, shown: Callable[[], dict[str, str]] = dict) -> None:
        """Call an application, with headers that are made anew for each request."""
        self._app, self._shown = app, shown

    def request(self, method: str, path: str, headers: Any = None, **body: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as caller:
                return await caller.request(method, path, headers={**self._shown(), **(headers or {})}, **body)

        return asyncio.run(asked())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", path, headers)

    def predict(self, body: Any, **headers: str) -> httpx.Response:
        return self.request("POST", "/v1/predict", headers, json=body)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.request("POST", path, headers, json=body)

    def send(self, body: dict[str, Any]) -> None:
        """Tell the census what a question about a ward holds."""
        for row in body["admissions"]:
            row = dict(row)
            name, left_at = row.pop("admission_id"), row.pop("discharged_at", None)
            own = f"/v1/admissions/{quote(name, safe='')}"
            told = [self.request("PUT", own, json={"recorded_at": row["admitted_at"], **row})]
            if left_at:
                told.append(self.post(f"{own}/discharge", {"discharged_at": left_at, "recorded_at": left_at}))
            assert [answer.status_code for answer in told] == [200] * len(told)
        if body["events"]:
            assert self.post("/v1/events", {"events": body["events"]}).status_code == 200


def predicted(of: Parts, body: dict[str, Any] | None = None, at: str = AT, by: datetime = NOW) -> Client:
    """Fill the census with a question's rows, predict everybody in a bed, and return a caller."""
    caller = client(of)
    caller.send(body or ward_question())
    predict_round(of.store, of.releases.current(), datetime.fromisoformat(at), by, "asked for")
    return caller


def board(of: Parts, ward: str = "Ward 7", site: str = "", now: datetime = NOW) -> Board | None:
    with of.store.reading() as connection:
        return board_of(connection, ward, site, of.releases.current().predictor.facts, now)


def logged(of: Parts, answer: dict[str, Any]) -> LoggedPrediction:
    """Return the row of the log behind an answer."""
    with of.store.reading() as connection:
        found = log.by_id(connection, answer["id"])
    assert found is not None
    return found


def person(of: Parts, admission_id: str = "A1") -> str:
    """Return whose a stay is, as boards show it: nothing shows what a ward system calls a patient."""
    with of.store.reading() as connection:
        return facts.patients_of(connection, [admission_id])[admission_id]


def logged_rows(of: Parts) -> int:
    with of.store.reading() as connection:
        return log.count(connection)


def client(of: Parts, system: str = SYSTEM) -> Client:
    """Return a ward system's caller."""
    return Client(Gate(application(of), of.guard), lambda: bearer(of, system))


def nobody(of: Parts) -> Client:
    """Return a caller who shows nothing by itself."""
    return Client(Gate(application(of), of.guard))
