import numpy as np
import pytest

from features.catalogue import Feature, catalogue
from features.hospital import code_lists, shipped_facts
from features.tables import Hospital
from models.code_words import words_of
from models.wording import COMPARED, day_reasons, leading, point_reasons, value_words
from serving.board_row import COMPARED as STRIPPED

WITH_WORDS = (
    *("admission_method", "admission_source", "discharge_method", "discharge_destination"),
    *("sex", "intended_management", "usual_residence"),
)
ENUMERATED = [
    (nation, name) for (nation, name), own in code_lists().items() if name in WITH_WORDS and own.codes
]
NEWS2 = Feature("news2_change", "NEWS2 score: change in a day", "NEWS2", "H4", unit="points")
SINCE = Feature("news2_days_ago", "NEWS2 score: whole days since", "NEWS2", "H4", unit="days")
WARD = Feature("ward_hours", "Ward: hours unchanged", "ward and specialty", "H4", unit="hours")
METHOD = Feature("admission_method", "How they came in", "how they came in", "P", "code")
DELAY = Feature("delay_began", "Delay", "recorded delay", "S", "code")
MOBILITY = Feature("mobility", "Mobility level", "mobility", "S")
YEARS = Feature("age", "Age", "age", "P", unit="years")
BED_DAYS = Feature("bed_days_year", "Bed days in the last year", "earlier stays", "P", unit="days")


@pytest.mark.parametrize(
    ("feature", "value", "said"),
    [
        (NEWS2, 2.0, "NEWS2 score up 2 in a day"),
        (NEWS2, -1.5, "NEWS2 score down 1.5 in a day"),
        (NEWS2, 0.0, "NEWS2 score: no change in a day"),
        (NEWS2, np.nan, "NEWS2 score, change in a day: not recorded"),
        (SINCE, 0.0, "NEWS2 score taken in the last day"),
        (SINCE, 1.0, "NEWS2 score taken 1 day ago"),
        (SINCE, 3.0, "NEWS2 score taken 3 days ago"),
        (SINCE, np.nan, "NEWS2 score: not recorded"),
        (WARD, 24.2, "Ward the same for 24.2 hours"),
        (METHOD, "21", "How they came in: emergency, from A&E"),
        (METHOD, "77", "How they came in 77"),
        (METHOD, None, "How they came in: not recorded"),
        (DELAY, "HOME_CARE_CAPACITY", "Delay: home care capacity"),
        (MOBILITY, 2.0, "Mobility level 2 (helped by one)"),
        (MOBILITY, 2.5, "Mobility level 2.5"),
        (YEARS, 1.0, "Age 1 year"),
        (YEARS, np.inf, "Age: not recorded"),
        (BED_DAYS, 4.0, "Bed days in the last year 4"),
    ],
)
def test_a_value_is_said_in_plain_words(feature: Feature, value: object, said: str) -> None:
    assert value_words(feature, value) == said


def test_the_same_code_is_said_by_the_nation_whose_code_it_is() -> None:
    assert [value_words(METHOD, "25", nation).partition(": ")[2] for nation in ("ENG", "WLS", "NIR")] == [
        "emergency, from a mental health crisis team",
        "emergency, after a consultant came to the home",
        "emergency, from a mental health crisis team",
    ]


@pytest.mark.parametrize(("nation", "name"), ENUMERATED, ids=lambda part: str(part))
def test_every_listed_code_has_words_of_its_own(nation: str, name: str) -> None:
    said = [words_of(name, code, nation) for code in code_lists()[nation, name].codes]
    assert None not in said
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("code", "chapter"),
    [
        ("A00", "an infection"),
        ("B99", "an infection"),
        ("D48", "cancer or a growth"),
        ("D50", "blood"),
        ("H59", "eyes"),
        ("H60", "ears"),
        ("T98", "injury or poison"),
        ("W19", "an outside event"),
    ],
)
def test_a_diagnosis_is_said_by_its_chapter_with_its_code(code: str, chapter: str) -> None:
    assert words_of("diagnosis_group", code, "ENG") == f"{chapter} ({code})"
    assert words_of("diagnosis_group", "250", "ENG") is None


def test_every_feature_is_named_when_it_is_missing(small_hospital: Hospital) -> None:
    for feature in catalogue(small_hospital):
        assert value_words(feature, np.nan, shipped_facts().nation).endswith(": not recorded")


def test_a_reason_shows_the_largest_share_in_its_own_direction() -> None:
    parts = {"age": {"age": -1.06}, "earlier illness": {"charlson": -0.3, "had_copd": 0.2, "had_chf": 0.4}}
    told = {"age": "Age 40 years", "had_chf": "Earlier heart failure: yes"}
    sums = {theme: sum(part.values()) for theme, part in parts.items()}
    assert [reason.text for reason in day_reasons(sums, parts, told)] == [
        f"Age 40 years: about 1.1 days shorter than {COMPARED}",
        f"Earlier heart failure: yes: about 0.3 days longer than {COMPARED}",
    ]
    assert (
        point_reasons(sums, parts, told)[0].text == f"Age 40 years: risk about 1.1 in 100 lower than {COMPARED}"
    )
    assert leading({"one": 0.0, "other": 0.0}) in ("one", "other")


def test_what_the_board_says_once_is_what_the_sentences_end_with() -> None:
    assert f" than {COMPARED}" == STRIPPED
