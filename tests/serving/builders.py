"""A predictor that answers at once, the parts of a service around it, and the rows that a ward sends."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

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
from serving.access import Keys
from serving.board import COMPARED
from serving.gate import Gate, Guard
from serving.limits import Limits
from serving.metrics import Metrics
from serving.routes import Parts, application
from serving.settings import Settings
from serving.store import Store
from serving.workers import Workers

TOKEN = "the-right-token-of-the-ward-system-0123"
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
    return Parts(
        settings=read,
        guard=Guard(Keys(TOKEN), lambda: NOW, Metrics(), Limits(read.requests_per_minute)),
        predictor=predictor or FakePredictor(),
        digest="d" * 64,
        store=store or Store(read.database_url),
        predicting=Workers("predicting", threads=1, at_once=4, seconds=5),
        reading=Workers("reading", threads=1, at_once=4, seconds=5),
    )


class Client:
    """A caller of an ASGI application, in this process and without a server."""

    def __init__(self, app: Any, token: str | None = TOKEN) -> None:
        self._app = app
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def request(self, method: str, path: str, headers: Any = None, **body: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as caller:
                return await caller.request(method, path, headers={**self._headers, **(headers or {})}, **body)

        return asyncio.run(asked())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", path, headers)

    def predict(self, body: Any, **headers: str) -> httpx.Response:
        return self.request("POST", "/v1/predict", headers, json=body)


def client(of: Parts, token: str | None = TOKEN) -> Client:
    return Client(Gate(application(of), of.guard), token)
