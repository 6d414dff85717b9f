"""The contract with ward systems as an OpenAPI document, made from what the code checks."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS, Column
from serving.answers import KeptAnswer, PredictAnswer, WardAnswer
from serving.errors import MEDIA_TYPE
from serving.schema import (
    LONGEST_TEXT,
    AdmissionFact,
    Cancellation,
    DischargeFact,
    EventsRequest,
    PlannedDateRequest,
    PredictRequest,
)

REFERENCE = "#/components/schemas/{model}"
PROBLEMS = {
    400: "The body is not JSON",
    401: "No token, or a wrong one",
    404: "There is no such address, or no such ward",
    405: "The address takes other methods, named in `Allow`",
    408: "The body did not come in time",
    409: "The Idempotency-Key was used for another request",
    413: "The body is over the limit",
    415: "The body is not application/json, or is compressed",
    422: "The request does not keep the contract; `errors` names every fault and its fix",
    429: "Too many requests, at once or for the caller's quota; try again after `Retry-After` seconds",
    500: "A fault of the service",
    503: "No answer in time, or the store cannot be used; try again after `Retry-After` seconds",
}
WITH_BODY = (400, 401, 408, 409, 413, 415, 422, 429, 500, 503)
WITHOUT_BODY = (401, 404, 422, 429, 500, 503)
PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body (RFC 6901)"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


STAY = {
    "patient_id": "P77",
    "admitted_at": "2026-01-05T14:20:00+00:00",
    "admission_method": "21",
    "treatment_function": "300",
    "age": 81,
    "sex": "2",
}
EVENT = {
    "admission_id": "A1001",
    "name": "news2",
    "number": 3,
    "happened_at": "2026-01-06T06:00:00+00:00",
    "recorded_at": "2026-01-06T06:05:00+00:00",
}


@dataclass(frozen=True)
class Operation:
    """One thing that a ward system can ask; `example` is a body that the service takes as it stands."""

    name: str
    method: str
    path: str
    summary: str
    request: type[BaseModel] | None
    answer: type[BaseModel]
    example: Any = None

    @property
    def example_text(self) -> str:
        """The example as it would be sent."""
        return json.dumps(self.example, indent=2)


OPERATIONS = (
    Operation(
        "predict",
        "POST",
        "/v1/predict",
        "Predict the stays sent, with what the census knows of the same people; on disk before it is answered",
        PredictRequest,
        PredictAnswer,
        {
            "at": "2026-01-06T08:00:00+00:00",
            "admissions": [{"admission_id": "A1001", **STAY}],
            "events": [EVENT],
        },
    ),
    Operation(
        "admission",
        "PUT",
        "/v1/admissions/{admission_id}",
        "Tell of an admission, or of a correction to it",
        AdmissionFact,
        KeptAnswer,
        {"recorded_at": "2026-01-05T14:31:00+00:00", **STAY},
    ),
    Operation(
        "cancelAdmission",
        "POST",
        "/v1/admissions/{admission_id}/cancel",
        "Tell that an admission was a mistake",
        Cancellation,
        KeptAnswer,
        {"recorded_at": "2026-01-05T15:00:00+00:00"},
    ),
    Operation(
        "discharge",
        "POST",
        "/v1/admissions/{admission_id}/discharge",
        "Tell of a discharge, or of a correction to it",
        DischargeFact,
        KeptAnswer,
        {
            "discharged_at": "2026-01-09T16:05:00+00:00",
            "discharge_method": "1",
            "discharge_destination": "19",
            "recorded_at": "2026-01-09T18:40:00+00:00",
        },
    ),
    Operation(
        "cancelDischarge",
        "POST",
        "/v1/admissions/{admission_id}/discharge/cancel",
        "Tell that a discharge was a mistake: the person is in a bed again",
        Cancellation,
        KeptAnswer,
        {"recorded_at": "2026-01-09T19:00:00+00:00"},
    ),
    Operation(
        "events",
        "POST",
        "/v1/events",
        "Tell of events; one that voids another has the same stay, name and time, and text `cancelled`",
        EventsRequest,
        KeptAnswer,
        {"events": [EVENT]},
    ),
    Operation(
        "plannedDate",
        "POST",
        "/v1/planned-dates",
        "Tell of the planned date of discharge that a person has set",
        PlannedDateRequest,
        KeptAnswer,
        {
            "admission_id": "A1001",
            "planned_discharge_on": "2026-01-09",
            "set_at": "2026-01-06T10:00:00+00:00",
        },
    ),
    Operation(
        "predictions", "GET", "/v1/predictions", "Read what the board of a ward shows now", None, WardAnswer
    ),
)


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of what ward systems and infrastructure call."""
    models: list[Any] = [(one.request, "validation") for one in OPERATIONS if one.request]
    models += [(one.answer, "serialization") for one in OPERATIONS]
    _, definitions = models_json_schema(
        list(dict.fromkeys(models)),
        ref_template=REFERENCE,
    )
    schemas = definitions["$defs"]
    _explain(schemas["AdmissionRow"], ADMISSION_COLUMNS)
    _explain(schemas["AdmissionFact"], ADMISSION_COLUMNS)
    _explain(schemas["EventRow"], EVENT_COLUMNS)
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Homeward",
            "version": "1",
            "description": "When each inpatient is likely to be ready, to leave, and to be back.",
        },
        "security": [{"token": []}],
        "paths": {
            **paths,
            "/v1/openapi.json": {"get": _plain("This document", "application/json")},
            "/livez": {"get": _open("The process runs")},
            "/readyz": {"get": _open("The release is loaded and verified, and the store can be written")},
            "/metrics": {"get": _plain("Counts and times of requests, for Prometheus", "text/plain")},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas, "Problem": PROBLEM_SCHEMA},
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    statuses = WITH_BODY if one.request else WITHOUT_BODY
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "parameters": _parameters(one),
        "responses": {
            "200": {"description": "Done", "content": _json(one.answer)},
            **{str(status): _problem(status) for status in statuses},
        },
    }
    if one.request is None:
        return told
    content = {"application/json": {"schema": _reference(one.request.__name__), "example": one.example}}
    return {**told, "requestBody": {"required": True, "content": content}}


def _parameters(one: Operation) -> list[dict[str, Any]]:
    found = []
    if "{admission_id}" in one.path:
        text = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": r"^[^/\x00-\x1f\x7f]+$"}
        found.append(
            {"name": "admission_id", "in": "path", "required": True, "schema": text, "example": "A1001"}
        )
    if one.request is not None:
        meaning = "The request is carried out once, and its repeats get the same answer, for a day"
        key = {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "description": meaning, "schema": key})
    else:
        found.append(
            {"name": "ward", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1}}
        )
        found.append({"name": "site", "in": "query", "schema": {"type": "string"}})
    return found


def _problem(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": PROBLEMS[status],
        "content": {MEDIA_TYPE: {"schema": _reference("Problem")}},
    }
    if status in (429, 503):
        seconds = {
            "schema": {"type": "integer", "minimum": 0},
            "description": "Seconds until it may be tried again",
        }
        return {**told, "headers": {"Retry-After": seconds}}
    return told


def _explain(schema: dict[str, Any], columns: tuple[Column, ...]) -> None:
    for column in columns:
        if column.name in schema["properties"]:
            schema["properties"][column.name]["description"] = column.meaning


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(model.__name__)}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=name)}


def _plain(text: str, media_type: str) -> dict[str, Any]:
    responses = {
        "200": {"description": text, "content": {media_type: {}}},
        **{str(status): _problem(status) for status in (401, 429)},
    }
    return {"summary": text, "responses": responses}


def _open(text: str) -> dict[str, Any]:
    responses = {"200": {"description": text}, "503": {"description": "Not so"}}
    return {"summary": text, "security": [], "responses": responses}
