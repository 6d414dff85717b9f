"""What a ward system sends and gets back, field by field; the same models make the OpenAPI document."""

import difflib
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS
from models.prediction import WarningKind
from serving.errors import not_json, not_kept

LONGEST_TEXT = 256
INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$"
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Instant = Annotated[str, StringConstraints(pattern=INSTANT), Field(json_schema_extra={"format": "date-time"})]
Id = Annotated[str, StringConstraints(pattern=PRINTABLE, min_length=1, max_length=LONGEST_TEXT)]
Text = Annotated[str, StringConstraints(pattern=PRINTABLE, max_length=LONGEST_TEXT)]


class _Strict(BaseModel):
    """JSON types as they are written: no text for a number, no unknown field, no NaN, no value in an error."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True, frozen=True
    )


class AdmissionRow(_Strict):
    """One stay, as in the `admissions` table."""

    admission_id: Id
    patient_id: Id
    site: Text | None = None
    admitted_at: Instant
    admission_recorded_at: Instant | None = None
    discharged_at: Instant | None = None
    discharge_recorded_at: Instant | None = None
    discharge_method: Text | None = None
    discharge_destination: Text | None = None
    admission_method: Text
    admission_source: Text | None = None
    patient_classification: Text | None = None
    intended_management: Text | None = None
    treatment_function: Text | None = None
    age: int = Field(ge=0, le=120)
    sex: Text
    ethnic_category: Text | None = None
    deprivation_decile: int | None = Field(default=None, ge=1, le=10)
    usual_residence: Text | None = None
    provisional_diagnosis: Text | None = None


class EventRow(_Strict):
    """One fact about a stay, as in the `events` table."""

    admission_id: Id
    happened_at: Instant
    recorded_at: Instant
    name: Annotated[str, StringConstraints(pattern=PRINTABLE, min_length=1, max_length=LONGEST_TEXT)]
    number: float | None = None
    text: Text | None = None


class PredictRequest(_Strict):
    """Whom to predict and what is known: stays without `discharged_at`, and those named in `for`."""

    at: Instant | None = Field(default=None, description="The moment; now where it is left out")
    named: tuple[Id, ...] = Field(
        default=(), alias="for", description="Stays to predict although their discharge is already known"
    )
    admissions: tuple[AdmissionRow, ...] = Field(
        description="The stays to predict, and the earlier stays of the same people",
        json_schema_extra={
            "minItems": 1
        },  # checked last: an empty list after faults would be a second, false one
    )
    events: tuple[EventRow, ...] = Field(default=(), description="What is known of any of these stays")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DateAnswer(_Answer):
    """When something is likely to happen: the median day, an 80 % range and P(by the end of a day)."""

    likely: date
    earliest: date
    latest: date
    by: dict[date, float]


class DischargeAnswer(DateAnswer):
    """When the person is likely to leave, if they go home."""

    home_within_30_days: float | None


class ReadmissionAnswer(_Answer):
    """P(emergency admission on days 0 to 29 after this stay's eventual live discharge)."""

    risk: float
    band: Literal["low", "medium", "high"]
    same_issue: float | None
    definition: str


class DayReason(_Answer):
    """A reason and its share in expected bed days of the next 28."""

    feature: str
    text: str
    days: float


class RiskReason(_Answer):
    """A reason and its share in points of risk (0 to 100)."""

    feature: str
    text: str
    points: float


class ReasonsAnswer(_Answer):
    """The reasons of the three answers, largest first as the release orders them."""

    ready: list[DayReason]
    discharge: list[DayReason]
    readmission: list[RiskReason]


class WarningAnswer(_Answer):
    """Something about the input that a person should know; `scope` means that no prediction is given."""

    field: str
    kind: WarningKind
    text: str


class PredictionAnswer(_Answer):
    """The answer for one inpatient; a part that cannot be given is null and a warning says why."""

    admission_id: str
    at: str
    release: str
    ready: DateAnswer | None
    ready_since: date | None
    discharge: DischargeAnswer | None
    expected_delay_days: float | None
    readmission: ReadmissionAnswer | None
    reasons: ReasonsAnswer
    warnings: list[WarningAnswer]


class PredictAnswer(_Answer):
    """One prediction for each stay asked for, in the order of the request, and notes about the whole."""

    predictions: list[PredictionAnswer]
    notes: list[str] = Field(description="Sentences: names not used, values set aside, stays not in a bed")


EXAMPLES = {c.name: c.example for c in (*ADMISSION_COLUMNS, *EVENT_COLUMNS) if c.example}
KNOWN_FIELDS = {
    "admissions": tuple(AdmissionRow.model_fields),
    "events": tuple(EventRow.model_fields),
    "": tuple(field.alias or name for name, field in PredictRequest.model_fields.items()),
}
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


def read_request(body: bytes) -> PredictRequest:
    """Return the request in a body; raises Problem, 400 for what is not JSON and 422 with every other fault."""
    try:
        request = PredictRequest.model_validate_json(body)
        if not request.admissions:
            raise not_kept([{"pointer": "/admissions", "detail": "admissions must hold at least one row"}])
        return request
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=True, include_input=False)
    if faults[0]["type"] == "json_invalid":
        raise not_json("the body must be JSON (RFC 8259), in UTF-8")
    raise not_kept([_sentence(fault["type"], fault["loc"], fault.get("ctx", {})) for fault in faults])


def _sentence(kind: str, place: Sequence[int | str], context: dict[str, Any]) -> dict[str, str]:
    """Return one fault in our words; what was given, an unknown field's name included, is not in it."""
    table, field = (str(place[0]) if len(place) > 1 else ""), str(place[-1]) if place else "the body"
    if kind == "extra_forbidden":
        known = KNOWN_FIELDS.get(table, ())
        near = difflib.get_close_matches(field, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(known)}"
        return {"pointer": _pointer(place[:-1]), "detail": f"a field is not in the contract; {hint}"}
    return {"pointer": _pointer(place), "detail": f"{_spoken(field)} {_must(kind, field, context)}"}


def _must(kind: str, field: str, context: dict[str, Any]) -> str:
    if kind == "string_pattern_mismatch" and context["pattern"] == INSTANT:
        example = EXAMPLES.get(field, "2026-01-06T08:00:00+00:00")
        return f"must be an ISO 8601 instant with a time zone, such as {example}"
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
