"""The contract with ward systems, as an OpenAPI document and as a page, both made from what the code checks."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS, Column
from features.hospital import EventName, Facts
from serving.errors import MEDIA_TYPE
from serving.schema import PredictAnswer, PredictRequest

REFERENCE = "#/components/schemas/{model}"
PROBLEMS = (
    (400, "The body is not JSON"),
    (401, "No token, or a wrong one"),
    (408, "The body did not arrive in time"),
    (413, "The body is over the limit"),
    (415, "The body is not application/json, or is compressed"),
    (422, "The body does not keep the contract; `errors` names every fault and its fix"),
    (429, "Too many requests, at once or for the caller's quota; try again after `Retry-After` seconds"),
    (500, "A fault of the service"),
    (
        503,
        "No answer in time, or the log of predictions cannot be written; try again after `Retry-After` seconds",
    ),
)
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


@dataclass(frozen=True)
class FieldLine:
    """One field of the contract, for the page."""

    name: str
    needed: str
    meaning: str
    example: str


@dataclass(frozen=True)
class DocsPage:
    """The context of `docs.html`."""

    admissions: tuple[FieldLine, ...] = field(metadata={"help": "Fields of a stay"})
    events: tuple[FieldLine, ...] = field(metadata={"help": "Fields of an event"})
    names: tuple[EventName, ...] = field(metadata={"help": "Event names that this hospital uses"})
    problems: tuple[tuple[int, str], ...] = field(metadata={"help": "Statuses of problem answers"})
    body_limit_bytes: int = field(metadata={"help": "Largest request body"})


def docs_page(facts: Facts, body_limit_bytes: int) -> DocsPage:
    """Return the page of the contract as it holds for the hospital of a release."""
    return DocsPage(
        admissions=tuple(_line(column) for column in ADMISSION_COLUMNS),
        events=tuple(_line(column) for column in EVENT_COLUMNS),
        names=tuple(facts.events.values()),
        problems=PROBLEMS,
        body_limit_bytes=body_limit_bytes,
    )


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of what ward systems and infrastructure call."""
    _, definitions = models_json_schema(
        [(PredictRequest, "validation"), (PredictAnswer, "serialization")], ref_template=REFERENCE
    )
    schemas = definitions["$defs"]
    _explain(schemas["AdmissionRow"], ADMISSION_COLUMNS)
    _explain(schemas["EventRow"], EVENT_COLUMNS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Homeward",
            "version": "1",
            "description": "When each inpatient is likely to be ready, to leave, and to be back.",
        },
        "security": [{"token": []}],
        "paths": {
            "/v1/predict": {"post": _predict()},
            "/v1/openapi.json": {"get": _plain("This document", "application/json")},
            "/livez": {"get": _open("The process runs")},
            "/readyz": {"get": _open("The release is loaded and verified, and the log can be written")},
            "/metrics": {"get": _plain("Counts and times of requests, for Prometheus", "text/plain")},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas, "Problem": PROBLEM_SCHEMA},
        },
    }


def _line(column: Column) -> FieldLine:
    needed = "must be there" if column.required and column.name != "discharged_at" else ""
    return FieldLine(column.name, needed, column.meaning, column.example)


def _explain(schema: dict[str, Any], columns: tuple[Column, ...]) -> None:
    for column in columns:
        schema["properties"][column.name]["description"] = column.meaning


def _predict() -> dict[str, Any]:
    problem = {MEDIA_TYPE: {"schema": _reference("Problem")}}
    return {
        "operationId": "predict",
        "summary": "Predict the inpatients of a moment; every answer is on disk before it leaves",
        "requestBody": {"required": True, "content": _json(PredictRequest)},
        "responses": {
            "200": {"description": "One prediction for each stay asked for", "content": _json(PredictAnswer)},
            **{str(status): {"description": text, "content": problem} for status, text in PROBLEMS},
        },
    }


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(model.__name__)}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=name)}


def _plain(text: str, media_type: str) -> dict[str, Any]:
    return {"summary": text, "responses": {"200": {"description": text, "content": {media_type: {}}}}}


def _open(text: str) -> dict[str, Any]:
    responses = {"200": {"description": text}, "503": {"description": "Not so"}}
    return {"summary": text, "security": [], "responses": responses}
