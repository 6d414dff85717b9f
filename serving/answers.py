"""What a ward system gets back, field by field; the same models make the OpenAPI document."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from models.prediction import WarningKind


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DateAnswer(_Answer):
    """When something is likely to happen: the median day, an 80 % range and P(by the end of a day)."""

    likely: date = Field(description="The median day, as the hospital's calendar has it")
    earliest: date = Field(description="First day of the range: the fewest days that hold 80 %")
    latest: date = Field(description="Last day of the range")
    by: dict[date, float] = Field(
        description="Probability, 0 to 1, that it has happened by the end of each day"
    )


class DischargeAnswer(DateAnswer):
    """When the person is likely to leave, if they go home."""

    home_within_30_days: float | None = Field(description="Probability, 0 to 1, of going home within 30 days")


class ReadmissionAnswer(_Answer):
    """P(emergency admission on days 0 to 29 after this stay's eventual live discharge)."""

    risk: float = Field(
        description="Probability, 0 to 1, of an emergency admission within 30 days of going home"
    )
    band: Literal["low", "medium", "high"] = Field(description="The risk in a word, by the release's bounds")
    same_issue: float | None = Field(description="Probability, 0 to 1, that it is for the same illness")
    definition: str = Field(description="Which definition of a readmission the risk keeps")


class DayReason(_Answer):
    """A reason and its share in expected bed days of the next 28."""

    feature: str = Field(description="What it is about")
    text: str = Field(description="A sentence for the ward")
    days: float = Field(description="Share of it in expected bed days of the next 28; above 0 is longer")


class RiskReason(_Answer):
    """A reason and its share in points of risk (0 to 100)."""

    feature: str = Field(description="What it is about")
    text: str = Field(description="A sentence for the ward")
    points: float = Field(description="Share of it in points of risk, 0 to 100; above 0 is more risk")


class ReasonsAnswer(_Answer):
    """The reasons of the three answers, largest first as the release orders them."""

    ready: list[DayReason] = Field(description="Why the ready date is what it is")
    discharge: list[DayReason] = Field(description="Why the leaving date is what it is")
    readmission: list[RiskReason] = Field(description="Why the risk is what it is")


class WarningAnswer(_Answer):
    """Something about the input that a person should know; with `scope` no prediction, or no date, is given."""

    field: str = Field(description="What it is about")
    kind: WarningKind = Field(
        description="`missing` not recorded, `unknown` never seen before, `impossible` out of range, "
        "`source` not in this hospital's records, `scope` no prediction for such a person, or no date"
    )
    text: str = Field(description="A sentence for the ward")


class PredictionAnswer(_Answer):
    """The answer for one inpatient; a part that cannot be given is null and a warning says why."""

    id: str = Field(description="Names this prediction in the log: `python -m serving replay` takes it")
    admission_id: str = Field(description="The stay")
    at: datetime = Field(description="The moment of the prediction; nothing recorded later was used")
    release: str = Field(description="Which models answered")
    ready: DateAnswer | None = Field(description="When the person is likely to be ready to go")
    ready_since: date | None = Field(description="The day since which they are recorded as ready, if they are")
    discharge: DischargeAnswer | None = Field(description="When they are likely to leave, if they go home")
    expected_delay_days: float | None = Field(description="Expected days between being ready and leaving")
    readmission: ReadmissionAnswer | None = Field(description="How likely they are to be back as an emergency")
    reasons: ReasonsAnswer = Field(description="Why, in sentences, as the release orders them")
    warnings: list[WarningAnswer] = Field(description="What a person should know of the input")


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

    kind: str = Field(description="What called for it: the board round, an arrival, news, a new release")
    at: datetime = Field(description="The moment of its predictions")
    due_at: datetime = Field(description="When it was due")
    made_at: datetime = Field(description="When it was made")
    late: bool = Field(description="It was missed at its hour and caught up")
    release: str = Field(description="Which models answered")


class WardAnswer(_Answer):
    """What a ward's board shows: its newest round, without those who have left it since."""

    round: RoundAnswer
    predictions: list[PredictionAnswer]
