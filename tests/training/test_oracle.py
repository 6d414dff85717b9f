"""The truth beside the models: on the same rows, of the same hospital, and better the more is known."""

from typing import Any

import pytest

from features.errors import DataFault
from features.sources.simulation import Arguments
from features.tables import Hospital
from models.predictor import Predictor
from training.cohort import Prepared, measurable
from training.detail import Detail
from training.oracle import KINDS, beside_the_truth, oracle_figures, told

ARGUMENTS = Arguments(3000, seed=11, days=300)  # the small hospital of conftest
FEW = 500


@pytest.fixture(scope="module")
def rows(small_hospital: Hospital) -> Prepared:
    return measurable(small_hospital, 1, print)


@pytest.fixture(scope="module")
def figures(small_release: Predictor, rows: Prepared) -> dict[str, Any]:
    return oracle_figures(small_release, rows, ARGUMENTS, most_forecasts=FEW)


def test_all_three_are_measured_on_the_same_rows(figures: dict[str, Any]) -> None:
    for moment, parts in figures["truth"].items():
        for answer, own in parts.items():
            counts = {figures[kind][moment][answer]["n"] for kind in KINDS}
            assert counts == {own["n"]}, (moment, answer)
            assert own["n"] >= 20, (moment, answer)


def test_who_knows_the_hidden_class_forecasts_days_better(figures: dict[str, Any]) -> None:
    truth, ceiling = (figures[kind]["admission"]["discharge"] for kind in KINDS[1:])
    assert ceiling["crps"] < truth["crps"]


def test_the_truth_ranks_people_above_chance(figures: dict[str, Any]) -> None:
    assert figures["truth"]["board"]["discharge"]["home_by_24h_auroc"] > 0.75
    assert figures["truth"]["discharge"]["readmission"]["auroc"] > 0.65


def test_the_share_is_of_what_lies_above_chance_and_of_days_the_ratio(figures: dict[str, Any]) -> None:
    compared = {(row["answer"], row["rows"], row["figure"]): row for row in figures["compared"]}
    risk = compared["readmission", "discharge", "auroc"]
    assert risk["share"] == pytest.approx((risk["models"] - 0.5) / (risk["truth"] - 0.5))
    days = compared["discharge", "board", "crps"]
    assert days["share"] == pytest.approx(days["models"] / days["truth"])


def test_people_read_the_comparison_as_a_table(figures: dict[str, Any]) -> None:
    table = told(figures)
    assert len(table) == len(figures["compared"]) > 10
    assert list(table[0]) == ["answer", "rows", "figure", *KINDS, "share"]
    assert table[0]["share"].endswith(" %")


def test_the_truth_of_another_hospital_is_refused(small_release: Predictor, rows: Prepared) -> None:
    with pytest.raises(DataFault, match="does not describe this hospital"):
        oracle_figures(small_release, rows, Arguments(3000, seed=12, days=300), most_forecasts=FEW)


def test_a_hospital_too_large_to_be_lived_again_at_once_gets_a_note(
    small_release: Predictor, rows: Prepared
) -> None:
    large = Arguments(100_001, sites=2)
    found, notes = beside_the_truth(small_release, rows, large, ({"rows": 1}, ["a note"], Detail()))
    assert found == {"rows": 1}
    assert notes == ["a note", "the truth is computed for at most 100,000 simulated admissions"]
