"""The contract with ward systems as an OpenAPI document, made from what the code checks."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS, Column
from features.hospital import CodeList, Facts
from serving.calls import OPERATIONS, Operation
from serving.errors import MEDIA_TYPE
from serving.schema import IDENTIFIER, LONGEST_TEXT

REFERENCE = "#/components/schemas/{model}"
PROBLEMS = {
    400: "The body is not JSON",
    401: "No token, one that does not hold, or one that was shown before",
    403: "Signed in, but the address is for other roles, which are named",
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
WITH_BODY = (400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503)
WITHOUT_BODY = (401, 403, 404, 422, 429, 500, 503)
OF_AN_ADDRESS = (404, 405)  # where a part of the address is the caller's, it may name another address
SECONDS = {"description": "Seconds until it may be tried again", "schema": {"type": "integer", "minimum": 0}}
SCHEME = {"description": "How to show the token", "schema": {"type": "string"}}
METHODS = {"description": "The methods that the address takes", "schema": {"type": "string"}}
HEADERS = {
    401: {"WWW-Authenticate": SCHEME},
    405: {"Allow": METHODS},
    429: {"Retry-After": SECONDS},
    503: {"Retry-After": SECONDS},
}
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


def openapi(facts: Facts) -> dict[str, Any]:
    """Return the OpenAPI document of what ward systems and infrastructure call, with a hospital's codes."""
    models: list[Any] = [(one.request, "validation") for one in OPERATIONS if one.request]
    models += [(one.answer, "serialization") for one in OPERATIONS]
    _, definitions = models_json_schema(
        list(dict.fromkeys(models)),
        ref_template=REFERENCE,
    )
    schemas = definitions["$defs"]
    for name in ("AdmissionRow", "AdmissionFact", "DischargeFact"):
        _explain(schemas[name], ADMISSION_COLUMNS, facts)
    _explain(schemas["EventRow"], EVENT_COLUMNS, facts)
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
            "/v1/docs": {"get": _plain("The contract as a page for people", "text/html")},
            "/livez": {"get": _open("The process runs", ())},
            "/readyz": {
                "get": _open("The release is loaded and verified, and the store can be written", (503,))
            },
            "/metrics": {"get": _plain("Counts and times of requests, for Prometheus", "text/plain")},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {**schemas, "Problem": PROBLEM_SCHEMA},
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    statuses = set(WITH_BODY if one.request else WITHOUT_BODY)
    statuses |= set(OF_AN_ADDRESS if "{" in one.path else ())
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        **({"description": one.rules} if one.rules else {}),
        "parameters": _parameters(one),
        "responses": {
            "200": {"description": "Done", "content": _json(one.answer)},
            **{str(status): _problem(status) for status in sorted(statuses)},
        },
    }
    if one.request is None:
        return told
    content = {"application/json": {"schema": _reference(one.request.__name__), "example": one.example}}
    return {**told, "requestBody": {"required": True, "content": content}}


def _parameters(one: Operation) -> list[dict[str, Any]]:
    found = []
    if "{admission_id}" in one.path:
        pattern = IDENTIFIER.replace(r"\x7f", r"\x7f/")  # a slash would lead to another address
        text = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": pattern}
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
    return {**told, "headers": _required(HEADERS[status])} if status in HEADERS else told


def _required(headers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {"required": True, **header} for name, header in headers.items()}


def _explain(schema: dict[str, Any], columns: Sequence[Column], facts: Facts) -> None:
    """Say of each field what it means, and which codes the nation's list has for it."""
    for column in columns:
        if (field := schema["properties"].get(column.name)) is None:
            continue
        field.setdefault("description", column.meaning)
        if known := facts.codes(column.name):
            _limit(field, known)


def _limit(field: dict[str, Any], known: CodeList) -> None:
    """Limit a text to a list of codes; where it may be left out, an empty text is as good as none."""
    field["description"] += f" ({known.system})"
    for text in field.get("anyOf", [field]):
        if text.get("type") != "string":
            continue
        optional = "anyOf" in field
        if known.codes:
            text["enum"] = [*known.codes, *([""] if optional else [])]
        else:
            text["pattern"] = f"^({known.pattern}){'?' if optional else ''}$"


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(model.__name__)}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=name)}


def _plain(text: str, media_type: str) -> dict[str, Any]:
    told = {"200": {"description": text, "content": {media_type: {}}}}
    return {"summary": text, "responses": {**told, **{str(one): _problem(one) for one in (401, 403, 429, 503)}}}


def _open(text: str, statuses: Sequence[int]) -> dict[str, Any]:
    told = {"200": {"description": text, "content": {"text/plain": {}}}}
    responses = {**told, **{str(one): _problem(one) for one in statuses}}
    return {"summary": text, "security": [], "responses": responses}
