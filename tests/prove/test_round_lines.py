"""The lines of a round in their small form."""

import pytest
from speed import benchmark

from features.tables import Hospital
from models.predictor import Predictor
from serving.wards import Board


def test_a_round_is_measured_step_by_step_and_its_boards_are_whole(
    small_release: Predictor, small_hospital: Hospital
) -> None:
    found = benchmark("round").measured(small_release, small_hospital, 100)
    assert found["inpatients"] >= 100
    assert found["steps"]["whole"] > 0
    assert {"reading", "features", "reasons", "whole"} <= found["steps"].keys()
    assert found["mixed"] == 0


def test_a_board_of_two_rounds_is_found(
    small_release: Predictor, small_hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = benchmark("round")
    whole = module.boards

    def mingled(*asked: object) -> list[Board]:
        first, second, *others = whole(*asked)
        both = Board(first.ward, first.site, first.round, (*first.predictions, *second.predictions), 0)
        return [both, second, *others]

    monkeypatch.setattr(module, "boards", mingled)
    assert module.measured(small_release, small_hospital, 60)["mixed"] == 1
