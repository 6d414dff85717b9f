"""From the bytes of a body to a request, or to a problem with every fault of it."""

import difflib
from collections.abc import Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS
from serving.errors import not_json, not_kept
from serving.schema import DAY, IDENTIFIER, INSTANT, LONGEST_TEXT

Request = TypeVar("Request", bound=BaseModel)
EXAMPLES = {c.name: c.example for c in (*ADMISSION_COLUMNS, *EVENT_COLUMNS) if c.example}
MUST = {
    "missing": "must be given",
    "string_too_short": "must not be empty",
    "string_too_long": f"must be at most {LONGEST_TEXT} characters",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
}


def read_body(body: bytes, kind: type[Request]) -> Request:
    """Return the request in a body; raises Problem, 400 for what is not JSON and 422 with every other fault."""
    try:
        request = kind.model_validate_json(body)
        # Asked last: an empty list after faults would be a second, false one.
        empty = [
            name
            for name, field in kind.model_fields.items()
            if _must_hold_some(field) and not getattr(request, name)
        ]
        if empty:
            raise not_kept(
                [{"pointer": f"/{name}", "detail": f"{name} must hold at least one row"} for name in empty]
            )
        return request
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=True, include_input=False)
    if faults[0]["type"] == "json_invalid":
        raise not_json("the body must be JSON (RFC 8259), in UTF-8")
    told = (_sentence(kind, fault["type"], fault["loc"], fault.get("ctx", {})) for fault in faults)
    # Fields that are not in the contract are not named, so that several of them read the same.
    raise not_kept(list({(each["pointer"], each["detail"]): each for each in told}.values()))


def _must_hold_some(field: FieldInfo) -> bool:
    return isinstance(field.json_schema_extra, dict) and "minItems" in field.json_schema_extra


def _sentence(
    request: type[BaseModel], kind: str, place: Sequence[int | str], context: dict[str, Any]
) -> dict[str, str]:
    """Return one fault in our words; what was given, an unknown field's name included, is not in it."""
    field = str(place[-1]) if place else "the body"
    if kind == "extra_forbidden":
        known = _known_fields(request, place)
        near = difflib.get_close_matches(field, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(known)}"
        return {"pointer": _pointer(place[:-1]), "detail": f"a field is not in the contract; {hint}"}
    return {"pointer": _pointer(place), "detail": f"{_spoken(field)} {_must(kind, field, context)}"}


def _known_fields(request: type[BaseModel], place: Sequence[int | str]) -> tuple[str, ...]:
    """Return the fields of the object that a place lies in: a row of a list, or the body itself."""
    if len(place) > 1:
        request = get_args(request.model_fields[str(place[0])].annotation)[0]
    return tuple(field.alias or name for name, field in request.model_fields.items())


def _must(kind: str, field: str, context: dict[str, Any]) -> str:
    if kind == "string_pattern_mismatch" and context["pattern"] == INSTANT:
        example = EXAMPLES.get(field, "2026-01-06T08:00:00+00:00")
        return f"must be an ISO 8601 instant with a time zone, such as {example}"
    if kind == "string_pattern_mismatch" and context["pattern"] == DAY:
        return "must be a date such as 2026-01-09"
    if kind == "string_pattern_mismatch" and context["pattern"] == IDENTIFIER:
        return "must hold no control characters, and no blanks at its ends"
    if kind == "string_pattern_mismatch":
        return "must hold no control characters"
    if kind in ("greater_than_equal", "less_than_equal"):
        low_or_high = "at least" if "ge" in context else "at most"
        return f"must be {low_or_high} {context.get('ge', context.get('le'))}"
    return MUST.get(kind, "does not keep the contract")


def _spoken(field: str) -> str:
    return "the entry" if field.isdigit() else field


def _pointer(place: Sequence[int | str]) -> str:
    return "".join(f"/{part}" for part in place)
