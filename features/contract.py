"""The contract of an extract as Markdown, for the analyst who makes one; `CONTRACT.md` is its output."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template

from features.columns import ADMISSION_COLUMNS, EVENT_COLUMNS, Column
from features.hospital import NATIONS, CodeList, EventName, code_lists, shipped_facts

VERSION = 1
CLOCK_CLASSES = {
    "P": "before or at admission",
    "H4": "within 4 hours of admission",
    "D1": "within the first day",
    "S": "at any time of the stay, and it may change: what counts is the last value recorded by a moment",
    "X": "at discharge",
    "C": "after discharge, when the stay has been coded (days to weeks)",
}
TYPES = {
    "id": "text",
    "instant": "instant",
    "code": "code",
    "integer": "whole number",
    "number": "number",
    "text": "text",
}
VALUES = {
    "number": "`number`",
    "flag": "`number`: 1 or 0",
    "code": "`text`",
    "date": "`text`: a date such as 2026-01-09",
    "spell": "`text`: why (may be empty); begins here",
}
RECORDED = {  # when the example stay's facts of each class happened, and were recorded
    "P": ("2026-01-05T14:20:00+00:00", "2026-01-05T14:31:00+00:00"),
    "H4": ("2026-01-05T15:10:00+00:00", "2026-01-05T16:02:00+00:00"),
    "D1": ("2026-01-06T09:00:00+00:00", "2026-01-06T09:40:00+00:00"),
    "S": ("2026-01-07T10:30:00+00:00", "2026-01-07T10:45:00+00:00"),
    "X": ("2026-01-09T16:05:00+00:00", "2026-01-09T18:40:00+00:00"),
    "C": ("2026-01-09T16:05:00+00:00", "2026-01-28T12:00:00+00:00"),
}
EXAMPLES = {  # number and text of the example row of each shipped event name
    "ward": ("", "Ward 7"),
    "bed": ("", "7-B3"),
    "specialty": ("", "430"),
    "news2": ("3", ""),
    "clinical_frailty_scale": ("6", ""),
    "4at": ("1", ""),
    "mobility": ("2", ""),
    "lives_alone": ("1", ""),
    "care_package": ("2", ""),
    "learning_disability": ("1", ""),
    "autism": ("0", ""),
    "criteria_to_reside": ("0", ""),
    "pathway": ("", "P1"),
    "delay_began": ("", "E1"),
    "delay_ended": ("", "E1"),
    "delay_attributed": ("", "SOCIAL_CARE"),
    "leave_began": ("", ""),
    "leave_ended": ("", ""),
    "planned_discharge_on": ("", "2026-01-09"),
    "coded_diagnosis": ("1", "J18.9"),
    "patient_died": ("1", ""),
    "end_of_life": ("1", ""),
    "haemoglobin": ("118", ""),
    "sodium": ("136", ""),
    "potassium": ("4.2", ""),
    "urea": ("7.1", ""),
    "creatinine": ("84", ""),
    "c_reactive_protein": ("48", ""),
    "white_cells": ("11.3", ""),
    "albumin": ("36", ""),
    "lactate": ("1.4", ""),
}


def contract() -> str:
    """Return the contract as Markdown, made of the columns, the shipped `hospital.toml` and the code lists."""
    prose = Template(Path(__file__).with_name("contract.md.template").read_text("utf-8"))
    events = shipped_facts().events
    return prose.substitute(
        version=VERSION,
        clock_classes=_table(("class", "known"), CLOCK_CLASSES.items()),
        admission_columns=_columns(ADMISSION_COLUMNS),
        admission_example=_csv(ADMISSION_COLUMNS, [[column.example for column in ADMISSION_COLUMNS]]),
        required_columns=", ".join(f"`{column.name}`" for column in ADMISSION_COLUMNS if column.required),
        codes="\n\n".join(_codes(column) for column in ADMISSION_COLUMNS if column.kind == "code"),
        event_columns=_columns(EVENT_COLUMNS),
        event_names=_table(
            ("name", "meaning", "value", "unit or codes", "range", "known", "for models"),
            (_event(event) for event in events.values()),
        ),
        event_examples=_csv(EVENT_COLUMNS, [event_example(event) for event in events.values()]),
    )


def event_example(event: EventName) -> list[str]:
    """Return the example row of an event name, in the order of the events columns."""
    number, text = EXAMPLES[event.name]
    return ["A1001", *RECORDED[event.known], event.name, number, text]


def _columns(columns: Sequence[Column]) -> str:
    header = ("column", "required", "type", "range", "known", "meaning", "example")
    return _table(
        header,
        (
            (
                f"`{column.name}`",
                "yes" if column.required else "",
                TYPES[column.kind],
                _range(column.low, column.high),
                column.known,
                column.meaning,
                f"`{column.example}`" if column.example else "",
            )
            for column in columns
        ),
    )


def _codes(column: Column) -> str:
    lists = [
        (nation, code_lists()[nation, column.name])
        for nation in NATIONS
        if (nation, column.name) in code_lists()
    ]
    if not lists:
        return f"**{column.name}**: your own codes, the same in every extract."
    elsewhere = "" if len(lists) > 1 else " (all nations)"
    return "\n".join(
        [f"**{column.name}**", ""] + [f"- {nation}{elsewhere}: {_code_list(known)}" for nation, known in lists]
    )


def _code_list(known: CodeList) -> str:
    codes = ", ".join(known.codes) if known.codes else f"pattern `{known.pattern}`"
    groups = "; ".join(f"{name} {', '.join(group)}" for name, group in known.groups.items() if group)
    return f"{known.system}: {codes}." + (f" Read as groups: {groups}." if groups else "")


def _event(event: EventName) -> Sequence[str]:
    codes = ", ".join(event.codes) if event.codes else event.unit
    ends = f"ends with `{event.ends}`" if event.ends else ""
    return (
        f"`{event.name}`",
        event.words,
        VALUES[event.kind],
        codes or ends,
        _range(event.low, event.high),
        event.known,
        "yes" if event.feature else "no",
    )


def _range(low: float, high: float) -> str:
    return "" if math.isinf(low) and math.isinf(high) else f"{low:g} to {high:g}"


def _csv(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    header = ",".join(column.name for column in columns)
    return "\n".join(["```csv", header, *(",".join(row) for row in rows), "```"])


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
