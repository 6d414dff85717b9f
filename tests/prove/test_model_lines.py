"""The lines of the models in their small form, and measures told from ones that are wrong."""

from dataclasses import replace

import numpy as np
import pytest
from inputs import Inputs
from line import Line
from model_lines import lines

from models.distribution import HORIZON_DAYS, Curves
from training.coherence import wrong_rows

TOO_SMALL = {
    *("T3a", "T3a2", "T3b", "T3b2", "T4a", "T4a2", "T4b", "T4b2", "T4c"),
    *("T5a", "T5b", "T5c", "T6a", "T6b"),
}
"""Lines that a hospital of 3,000 is too small to reach: they are measured all the same."""


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    small = Inputs(lambda _: None, admissions=3000, others=3000, sizes=(3000, 3000), forecasts=3000)
    small.plan = replace(
        small.plan, date_rounds=20, risk_rounds=60, most_moments=9000, calibration_folds=2, smallest_leaf=600
    )
    return small


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line.id}-{line.measures}")
def test_no_line_of_the_models_fails_at_3000_admissions(inputs: Inputs, line: Line) -> None:
    found = line.measure(inputs)
    print(f"{line.id} {line.measures}: {line.told(found.figure)}, {line.target}; {found.note}")
    assert np.isfinite(found.figure.value)
    assert line.id in TOO_SMALL or line.verdict(found) in ("pass", "cannot tell")


def curves(**changed: np.ndarray) -> Curves:
    home = np.linspace(0, 0.9, HORIZON_DAYS)[None]
    found = {"in_bed": 1 - home, "home_by": home, "ready_by": home + 0.05, **changed}
    return Curves(**found)


def test_right_curves_have_nothing_wrong() -> None:
    assert not wrong_rows(curves()).any()


@pytest.mark.parametrize(
    "changed",
    [
        {"home_by": np.linspace(0.9, 0, HORIZON_DAYS)[None]},
        {"ready_by": np.linspace(0, 0.4, HORIZON_DAYS)[None]},
        {"in_bed": np.linspace(0.5, 1.0, HORIZON_DAYS)[None]},
        {"ready_by": np.linspace(0, 1.2, HORIZON_DAYS)[None]},
    ],
    ids=["falls", "crosses", "rises", "above one"],
)
def test_each_kind_of_contradiction_is_seen(changed: dict[str, np.ndarray]) -> None:
    assert wrong_rows(curves(**changed)).all()
