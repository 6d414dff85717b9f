"""The contract with ward systems as a page for people, made from what the code checks."""

from dataclasses import dataclass, field

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS, Column
from features.hospital import EventName, Facts
from serving.openapi import OPERATIONS, PROBLEMS, Operation


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
    operations: tuple[Operation, ...] = field(metadata={"help": "What a ward system can ask"})
    body_limit_bytes: int = field(metadata={"help": "Largest request body"})


def docs_page(facts: Facts, body_limit_bytes: int) -> DocsPage:
    """Return the page of the contract as it holds for the hospital of a release."""
    return DocsPage(
        admissions=tuple(_line(column) for column in ADMISSION_COLUMNS),
        events=tuple(_line(column) for column in EVENT_COLUMNS),
        names=tuple(facts.events.values()),
        problems=tuple(PROBLEMS.items()),
        operations=OPERATIONS,
        body_limit_bytes=body_limit_bytes,
    )


def _line(column: Column) -> FieldLine:
    needed = "must be there" if column.required and column.name != "discharged_at" else ""
    return FieldLine(column.name, needed, column.meaning, column.example)
