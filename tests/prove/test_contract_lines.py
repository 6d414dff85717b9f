"""The lines R12 in a small form: every one is measured, and passes."""

import contract_lines
import pytest
from inputs import Inputs

LINES = {line.id: line for line in contract_lines.lines(cases=1, examples=1)}


def test_bodies_of_any_bytes_are_borne(capsys: pytest.CaptureFixture[str]) -> None:
    line = LINES["R12c"]
    found = line.measure(Inputs())
    assert line.verdict(found) == "pass", found.note


def test_what_schemathesis_finds_fails_the_line() -> None:
    both = contract_lines.conforming.Found(faults=["a: b\nc"]).and_of(contract_lines.conforming.Found())
    both.statuses.update({200: 3, 500: 1})
    assert contract_lines._faults(both).figure.value == 1
    assert contract_lines._failed(both).figure.value == 1
