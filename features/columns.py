"""The contract of the two tables, column by column, for the checks and for a trust's analyst."""

from dataclasses import dataclass
from typing import Literal

ColumnKind = Literal["id", "instant", "code", "integer", "number", "text"]


@dataclass(frozen=True)
class Column:
    """One column of the contract; `known` is the clock class of the day it can first be known."""

    name: str
    kind: ColumnKind
    meaning: str
    example: str
    known: str
    required: bool = False
    low: float = float("-inf")
    high: float = float("inf")

    @property
    def may_be_empty(self) -> bool:
        """Whether a row may lack the value: every stay has an end, but not yet."""
        return not self.required or self.name == "discharged_at"

    @property
    def unique(self) -> bool:
        """Whether no two rows of the table may hold the same value."""
        return self.name == "admission_id" and self.known == "P"


ADMISSION_COLUMNS = (
    Column(
        "admission_id", "id", "The hospital provider spell; unique in the table", "A1001", "P", required=True
    ),
    Column("patient_id", "id", "A pseudonym, the same for all stays of a person", "P77", "P", required=True),
    Column("site", "code", "The hospital site (ODS site code or the trust's own)", "SITE1", "P"),
    Column("admitted_at", "instant", "Start of the stay", "2026-01-05T14:20:00+00:00", "P", required=True),
    Column(
        "admission_recorded_at",
        "instant",
        "When the system knew of the admission; without the column, at once",
        "2026-01-05T14:31:00+00:00",
        "P",
    ),
    Column(
        "discharged_at",
        "instant",
        "End of the stay; empty while the person is still in a bed",
        "2026-01-09T16:05:00+00:00",
        "X",
        required=True,
    ),
    Column(
        "discharge_recorded_at",
        "instant",
        "When the system knew of the discharge; without the column, at once",
        "2026-01-09T18:40:00+00:00",
        "X",
    ),
    Column("discharge_method", "code", "How the stay ended (died, on advice, self-discharge)", "1", "X"),
    Column("discharge_destination", "code", "Where the person went", "19", "X"),
    Column("admission_method", "code", "Elective, emergency, maternity, transfer", "21", "P", required=True),
    Column("admission_source", "code", "Where the person came from", "19", "P"),
    Column(
        "patient_classification",
        "code",
        "Ordinary, day case, regular attender; settled by the outcome, so never a feature",
        "1",
        "X",
    ),
    Column("intended_management", "code", "Whether a night in hospital was intended", "1", "P"),
    Column("treatment_function", "code", "The first specialty of the stay, as first recorded", "300", "P"),
    Column("age", "integer", "Whole years at admission", "81", "P", required=True, low=0, high=120),
    Column("sex", "code", "Person stated gender", "2", "P", required=True),
    Column("ethnic_category", "code", "Used to check fairness, never as a feature", "A", "P"),
    Column(
        "deprivation_decile",
        "integer",
        "1 = most deprived tenth; edition of the nation",
        "3",
        "P",
        low=1,
        high=10,
    ),
    Column("usual_residence", "code", "Where the person usually lives, as of admission", "HOME", "P"),
    Column("provisional_diagnosis", "code", "ICD-10 as known on admission, never the coded one", "J18.9", "P"),
)

EVENT_COLUMNS = (
    Column("admission_id", "id", "A stay of the admissions table", "A1001", "", required=True),
    Column("happened_at", "instant", "When it was true", "2026-01-06T09:00:00+00:00", "", required=True),
    Column(
        "recorded_at",
        "instant",
        "When the ward's system knew it; a feature at a moment uses only rows recorded by then",
        "2026-01-06T09:12:00+00:00",
        "",
        required=True,
    ),
    Column("name", "text", "One of the names below, or of your own hospital.toml", "news2", "", required=True),
    Column("number", "number", "The value of a number or a flag (1 or 0)", "3", ""),
    Column("text", "text", "The value of a code or a date; `cancelled` voids the earlier row", "", ""),
)

KNOWN_ONLY_AFTERWARDS = tuple(column.name for column in ADMISSION_COLUMNS if column.known == "X")
CANCELLED = "cancelled"
