"""What a ward system sends, field by field; the same models make the OpenAPI document."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model

LONGEST_TEXT = 256
# RFC 3339, in the years 1900 to 2199: no clock of a ward shows another, and far ones overflow.
_DAY = r"(19|20|21)\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)"
INSTANT = rf"^{_DAY}T{_TIME}$"
DAY = rf"^{_DAY}$"
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
# Tables are read without the blanks at the ends of a text, so identifiers must not differ in these alone.
# Engines differ in whether \s holds the last two.
_VISIBLE = r"[^\x00-\x1f\x7f\s\x85\ufeff]"
IDENTIFIER = rf"^{_VISIBLE}([^\x00-\x1f\x7f]*{_VISIBLE})?$"

Instant = Annotated[str, StringConstraints(pattern=INSTANT), Field(json_schema_extra={"format": "date-time"})]
Id = Annotated[str, StringConstraints(pattern=IDENTIFIER, min_length=1, max_length=LONGEST_TEXT)]
Text = Annotated[str, StringConstraints(pattern=PRINTABLE, max_length=LONGEST_TEXT)]


def _whole(number: object) -> object:
    """Return 81.0 as 81: to JSON Schema, and to some languages, the two are one number."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Age = Annotated[int, Field(ge=0, le=120), BeforeValidator(_whole)]
Tenth = Annotated[int, Field(ge=1, le=10), BeforeValidator(_whole)]


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
    age: Age
    sex: Text
    ethnic_category: Text | None = None
    deprivation_decile: Tenth | None = None
    usual_residence: Text | None = None
    provisional_diagnosis: Text | None = None


class EventRow(_Strict):
    """One fact about a stay, as in the `events` table."""

    admission_id: Id
    happened_at: Instant
    recorded_at: Instant
    name: Id
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


RECORDED = "When the ward's system recorded this; what was recorded last is true, in whatever order it comes"
OF_THE_DISCHARGE = {"discharged_at", "discharge_recorded_at", "discharge_method", "discharge_destination"}

AdmissionFact = create_model(
    "AdmissionFact",
    __base__=_Strict,
    __doc__="One stay as the ward's system now has it, without its discharge, which is told apart.",
    recorded_at=(Instant, Field(description=RECORDED)),
    **{
        name: (field.annotation, field)
        for name, field in AdmissionRow.model_fields.items()
        if name not in OF_THE_DISCHARGE | {"admission_id"}
    },  # type: ignore[call-overload]  # its signature knows no fields that are computed
)


class IdentityFact(_Strict):
    """Who is behind a stay, for the eyes of coordinators of its site; no model sees it."""

    recorded_at: Instant = Field(description=RECORDED)
    name: Annotated[Text, StringConstraints(min_length=1)] = Field(description="As the ward calls them")
    hospital_number: Text | None = Field(default=None, description="As it is on their wristband")
    born_on: Annotated[str, StringConstraints(pattern=DAY)] | None = Field(
        default=None, description="Date of birth", json_schema_extra={"format": "date"}
    )


class DischargeFact(_Strict):
    """How a stay ended."""

    discharged_at: Instant = Field(description="When the person left the bed")
    recorded_at: Instant = Field(description=RECORDED)
    discharge_method: Text | None = Field(default=None, description="How the stay ended (died, on advice)")
    discharge_destination: Text | None = Field(default=None, description="Where the person went")


class Cancellation(_Strict):
    """That an admission, or a discharge, was recorded by mistake."""

    recorded_at: Instant = Field(
        description="When the mistake was recorded; what is recorded later stands again"
    )


class EventsRequest(_Strict):
    """Events of any stays, those of an admission that is still to come too."""

    events: tuple[EventRow, ...] = Field(
        description="Rows of the events table", json_schema_extra={"minItems": 1}
    )


class PlannedDateRequest(_Strict):
    """A planned date of discharge that a person has set; it stands, whatever is suggested beside it."""

    admission_id: Id
    planned_discharge_on: Annotated[str, StringConstraints(pattern=DAY)] = Field(
        description="The date", json_schema_extra={"format": "date"}
    )
    set_at: Instant = Field(description="When the person set it")
    recorded_at: Instant | None = Field(default=None, description="When it was recorded; `set_at` if left out")
