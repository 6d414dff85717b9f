"""The contract with ward systems as a page for people, made from what the code checks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import NoneType
from typing import get_args, get_origin

from pydantic import BaseModel

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS, Column
from features.hospital import EventName, Facts
from serving.answers import PredictionAnswer
from serving.calls import OPERATIONS, Operation
from serving.openapi import PROBLEMS

# As a stay goes: who came, what became known, what is suggested, who left, what was a mistake.
ORDER = (
    *("admission", "identity", "events", "plannedDate", "predictions", "discharge"),
    *("cancelAdmission", "cancelDischarge", "predict"),
)
IN_ORDER = tuple(sorted(OPERATIONS, key=lambda one: ORDER.index(one.name)))


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
    answers: tuple[FieldLine, ...] = field(metadata={"help": "Fields of a prediction"})
    operations: tuple[Operation, ...] = field(metadata={"help": "What a ward system can ask"})
    body_limit_bytes: int = field(metadata={"help": "Largest request body"})
    audience: str = field(metadata={"help": "What tokens must name as `aud`"})


def docs_page(facts: Facts, body_limit_bytes: int, audience: str) -> DocsPage:
    """Return the page of the contract as it holds for the hospital of a release."""
    return DocsPage(
        admissions=tuple(_line(column) for column in ADMISSION_COLUMNS),
        events=tuple(_line(column) for column in EVENT_COLUMNS),
        names=tuple(facts.events.values()),
        problems=tuple(PROBLEMS.items()),
        answers=tuple(_answered(PredictionAnswer)),
        operations=IN_ORDER,
        body_limit_bytes=body_limit_bytes,
        audience=audience,
    )


def _answered(model: type[BaseModel], place: str = "") -> Iterator[FieldLine]:
    """Yield the fields of an answer, those of its parts after each, as in `discharge.likely`."""
    for name, told in model.model_fields.items():
        parts = [part for part in (told.annotation, *get_args(told.annotation)) if isinstance(part, type)]
        inner = next((part for part in parts if issubclass(part, BaseModel)), None)
        rows = "[]" if get_origin(told.annotation) is list else ""
        may_be_null = "may be null" if NoneType in parts else ""
        yield FieldLine(place + name + rows, may_be_null, told.description or "", "")
        if inner is not None:
            yield from _answered(inner, f"{place}{name}{rows}.")


def _line(column: Column) -> FieldLine:
    needed = "must be there" if column.required and column.name != "discharged_at" else ""
    return FieldLine(column.name, needed, column.meaning, column.example)
