"""The reasons of a release hold: they add up, say what the numbers say, and point at what matters."""

from dataclasses import replace

import pandas as pd
import pytest
from reading import CAUSES, flesch_kincaid, smog
from reason_checks import (
    Asked,
    every_reason,
    furthest_from_the_sum,
    says_its_number,
    says_its_value,
    sentences,
    stand_ins,
    without_the_largest,
)

from features.snapshot import at_moments
from features.table import feature_table
from features.tables import Hospital
from models.prediction import Prediction, Reason
from models.predictor import Predictor
from training.moment import prediction_moments

ROWS = 250
Seen = tuple[pd.DataFrame, pd.Series, list[Prediction]]


@pytest.fixture(scope="module")
def pool(small_hospital: Hospital) -> tuple[pd.DataFrame, pd.Series]:
    moments = prediction_moments(small_hospital, seed=1)
    board = moments[moments["moment"] == "board"].sample(4 * ROWS, random_state=1).reset_index(drop=True)
    rows = at_moments(small_hospital, board)
    return feature_table(rows, small_hospital, rows["at"]), rows["at"]


@pytest.fixture(scope="module")
def seen(small_release: Predictor, pool: tuple[pd.DataFrame, pd.Series]) -> Seen:
    table, at = (part.head(ROWS) for part in pool)
    return table, at, small_release.predict(table, at)


def test_reasons_add_up_on_every_row(seen: Seen) -> None:
    assert furthest_from_the_sum(seen[2]) < 1e-6


def test_every_sentence_says_its_number_and_direction(seen: Seen) -> None:
    wrong = [
        reason
        for _, unit, found in every_reason(seen[2])
        for reason in found.reasons
        if not says_its_number(reason, unit)
    ]
    assert wrong == []


def test_every_sentence_says_the_value_of_the_feature_table(small_release: Predictor, seen: Seen) -> None:
    table, _, answers = seen
    values, features = table.to_dict("records"), small_release.encoder.features
    wrong = [
        reason.text
        for row, _, found in every_reason(answers)
        for reason in found.reasons
        if not says_its_value(reason, values[row], features, small_release.facts.nation)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("Age 81 years: about 2.1 days shorter than patients like this on average", 2.1),
        ("Age 81 years: about 1.2 days longer than patients like this on average", 2.1),
        ("Age 81 years: risk about 2.1 in 100 higher than patients like this on average", 2.1),
        ("Age 81 years: much the same as patients like this", 2.1),
        ("Age 81 years", 2.1),
    ],
)
def test_a_sentence_that_says_another_number_is_found_out(text: str, amount: float) -> None:
    assert not says_its_number(Reason("age", text, amount), "days")


@pytest.mark.parametrize("said", ["Age 82 years", "Age: not recorded", "Urea 81 mmol/L", "Age 81.2 years"])
def test_a_sentence_that_says_another_value_is_found_out(small_release: Predictor, said: str) -> None:
    tail = ": about 2.1 days longer than patients like this on average"
    features = small_release.encoder.features
    assert not says_its_value(Reason("age", said + tail, 2.1), {"age": 81.0, "urea": 81.0}, features, "ENG")
    assert says_its_value(Reason("age", "Age 81 years" + tail, 2.1), {"age": 81.0}, features, "ENG")


def test_no_sentence_names_a_cause(seen: Seen) -> None:
    assert [text for text in sentences(seen[2]) if CAUSES.search(text)] == []
    assert CAUSES.search("longer because of a fall")


def test_sentences_can_be_read_at_11_to_12(seen: Seen) -> None:
    texts = sentences(seen[2])
    print(f"grade {flesch_kincaid(texts):.2f}, SMOG {smog(texts):.2f}")
    assert 5 <= flesch_kincaid(texts) <= 7


@pytest.mark.parametrize("of", ["discharge", "readmission"])
def test_without_its_three_largest_reasons_an_answer_moves_further_than_without_three_others(
    small_release: Predictor, seen: Seen, pool: tuple[pd.DataFrame, pd.Series], of: str
) -> None:
    table, at, answers = seen
    asked = Asked(small_release, table, at, of)
    further = without_the_largest(asked, answers, stand_ins(asked, pool[0]))
    print(f"{of}: {further.mean():.3f} of {len(further)}")
    assert further.mean() >= 0.9


def test_reasons_of_another_patient_do_not_hold(
    small_release: Predictor, seen: Seen, pool: tuple[pd.DataFrame, pd.Series]
) -> None:
    table, at, answers = seen
    asked = Asked(small_release, table, at, "discharge")
    instead = stand_ins(asked, pool[0])
    least = [_turned(answer) for answer in answers]
    assert (
        without_the_largest(asked, least, instead).mean()
        < without_the_largest(asked, answers, instead).mean() - 0.3
    )


def _turned(answer: Prediction) -> Prediction:
    """Return the answer with its reasons from the least to the largest."""
    found = answer.discharge_reasons
    assert found is not None
    return replace(answer, discharge_reasons=replace(found, reasons=found.reasons[::-1]))
