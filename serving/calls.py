"""What a ward system can call: each operation with an example that the service takes as it stands."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from serving.answers import KeptAnswer, PredictAnswer, WardAnswer
from serving.schema import (
    AdmissionFact,
    Cancellation,
    DischargeFact,
    EventsRequest,
    IdentityFact,
    PlannedDateRequest,
    PredictRequest,
)

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


IN_A_WARD = {
    "admission_id": "A1001",
    "name": "ward",
    "text": "W01",
    "happened_at": "2026-01-05T16:00:00+00:00",
    "recorded_at": "2026-01-05T16:10:00+00:00",
}
RULES_OF_EVENTS = (
    "`number` must be given for an event whose value is a number, and be 1 or 0 for a flag; `text` must be a "
    "date (2026-01-09), or one of the codes, for an event that has such. Other names than "
    "those of this hospital, which /v1/docs lists, are kept, and noted as not used"
)
RULES_OF_PREDICT = (
    "`admission_id` must be unique among `admissions`; `discharged_at` must not be before `admitted_at`, nor a "
    "`_recorded_at` before what it records; each event must be of a stay in `admissions`. At least one stay "
    "must be open or named in `for`; those named must be in `admissions`, and have begun and be recorded by "
    "`at`, which must be within the years of the bank-holiday table. " + RULES_OF_EVENTS
)


@dataclass(frozen=True)
class Operation:
    """One thing that a ward system can ask.

    `example` is a body that the service takes as it stands, `rules` what must hold between fields, which a
    schema cannot say.
    """

    name: str
    method: str
    path: str
    summary: str
    request: type[BaseModel] | None
    answer: type[BaseModel]
    example: Any = None
    rules: str = ""

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
        RULES_OF_PREDICT,
    ),
    Operation(
        "admission",
        "PUT",
        "/v1/admissions/{admission_id}",
        "Tell of an admission, or of a correction to it",
        AdmissionFact,
        KeptAnswer,
        {"recorded_at": "2026-01-05T14:31:00+00:00", **STAY},
        "`admission_recorded_at` must not be before `admitted_at`",
    ),
    Operation(
        "identity",
        "PUT",
        "/v1/admissions/{admission_id}/identity",
        "Tell who is behind a stay: encrypted under a key of its own, shown on boards to coordinators of its "
        "site, each look audited, and erased a week after the discharge",
        IdentityFact,
        KeptAnswer,
        {
            "recorded_at": "2026-01-05T14:31:00+00:00",
            "name": "EXAMPLE, Alex",
            "hospital_number": "H0000000",
            "born_on": "1944-05-17",
        },
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
        {"events": [IN_A_WARD, EVENT]},
        RULES_OF_EVENTS,
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
        "predictions",
        "GET",
        "/v1/predictions",
        "Read what the board of a ward shows now; with `site` where wards of several sites share names",
        None,
        WardAnswer,
    ),
)
