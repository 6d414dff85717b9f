"""What a ward system gets back, field by field; the same models make the OpenAPI document."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from models.prediction import WarningKind


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

    id: str = Field(description="Names this prediction in the log: `python -m serving replay` takes it")
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


class KeptAnswer(_Answer):
    """What a request added to the census; a fact that was kept before changes nothing."""

    kept: int = Field(description="Facts that are new")
    already_known: int = Field(description="Facts that had been kept before")
    notes: list[str] = Field(description="Sentences: names that are not used, instants ahead of the clock")


class RoundAnswer(_Answer):
    """A round: wards predicted together, at one moment and by one release."""

    kind: str
    at: datetime
    due_at: datetime
    made_at: datetime
    late: bool = Field(description="It was missed at its hour and caught up")
    release: str


class WardAnswer(_Answer):
    """What a ward's board shows: its newest round, without those who have left it since."""

    round: RoundAnswer
    predictions: list[PredictionAnswer]
