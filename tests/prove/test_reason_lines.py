"""The lines of reasons, net benefit and steadiness in their small form."""

import numpy as np
import pytest
import reason_lines
from inputs import Inputs
from line import Line

from training.plan import TrainingPlan


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    small = Inputs(lambda _: None, admissions=3000, others=2000)
    small.plan = TrainingPlan(most_rows=9000, date_rounds=30, risk_rounds=60)
    return small


# With so few admissions these may fail: what the full form is for.
NEEDS_MANY = ("T10a", "T11c", "T11e", "T12a", "T12b", "T12d")


@pytest.mark.parametrize("line", reason_lines.lines(), ids=lambda line: line.id)
def test_every_line_is_measured_and_those_that_need_no_size_pass(
    inputs: Inputs, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reason_lines, "EXPLAINED", 200)
    found = line.measure(inputs)
    print(f"{line.id} {line.measures}: {line.told(found.figure)}, {line.target}; {found.note}")
    assert np.isfinite(found.figure.value)
    assert line.id in NEEDS_MANY or line.verdict(found) == "pass"
