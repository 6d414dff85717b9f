"""The lines T1 in their small form."""

import pytest
from inputs import Inputs
from line import Found
from look_ahead import PLACES, lines

from features.sources.simulation.estimate import Estimate
from features.sources.simulation.levers import LEAKS

T1A, T1B, T1C = lines()


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return Inputs(lambda _: None, admissions=1500, others=600)


@pytest.mark.parametrize("line", [T1A, T1C], ids=lambda line: line.id)
def test_no_value_differs_and_no_clean_hospital_is_suspected(inputs, line):
    found = line.measure(inputs)
    print(f"{line.measures}: {line.told(found.figure)}, {line.target}; {found.note}")
    assert line.verdict(found) == "pass"


def test_every_planted_leak_is_looked_for_and_one_that_is_missed_fails_the_line():
    assert set(PLACES) == set(LEAKS)
    assert T1B.verdict(Found(Estimate(len(LEAKS)))) == "pass"
    assert T1B.verdict(Found(Estimate(len(LEAKS) - 1))) == "fail"
