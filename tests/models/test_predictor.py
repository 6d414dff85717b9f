from dataclasses import replace
from operator import attrgetter

import numpy as np
import pandas as pd
import pytest

from features.errors import ReleaseFault
from features.snapshot import as_known, snapshot
from features.table import feature_table
from features.tables import Hospital
from models.encoding import Encoder
from models.predictor import Predictor


@pytest.fixture(scope="module")
def at(small_hospital: Hospital) -> pd.Timestamp:
    return small_hospital.observed_until - pd.Timedelta(days=3)


def test_dates_ranges_and_probabilities_never_contradict(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    answers = [answer for answer in small_release.answer(small_hospital, at) if answer.in_scope]
    assert len(answers) > 20
    for answer in answers:
        discharge = answer.discharge
        assert discharge is not None
        assert at.date() <= discharge.earliest <= discharge.likely <= discharge.latest
        chances = list(discharge.by.values())
        assert chances == sorted(chances)
        assert (answer.ready is None) == (answer.ready_since is not None)
        assert answer.expected_delay_days is not None
        assert answer.expected_delay_days >= 0
        if answer.ready:
            assert all(answer.ready.by[day] >= discharge.by[day] - 1e-12 for day in discharge.by)


def test_the_future_never_changes_an_answer(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    whole = small_release.answer(small_hospital, at)
    cut = small_release.answer(as_known(small_hospital, at), at)
    key = attrgetter("admission_id")
    assert [one.as_json() for one in sorted(whole, key=key)] == [one.as_json() for one in sorted(cut, key=key)]


def test_columns_are_found_by_name_and_never_by_position(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    table = feature_table(snapshot(small_hospital, at), small_hospital, at)
    turned = table[table.columns[::-1]]
    assert [one.as_json() for one in small_release.predict(table, at)] == [
        one.as_json() for one in small_release.predict(turned, at)
    ]


def test_unknown_codes_and_missing_values_are_flagged_and_are_not_the_same(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    table = feature_table(snapshot(small_hospital, at), small_hospital, at).head(2)
    odd, none = (pd.Series(code, index=table.index, dtype="category") for code in ("999", None))
    unknown = small_release.predict(table.assign(treatment_function=odd), at)
    missing = small_release.predict(table.assign(treatment_function=none), at)
    kinds = [
        {warning.kind for warning in answers[0].warnings if warning.field == "treatment_function"}
        for answers in (unknown, missing)
    ]
    assert kinds == [{"unknown"}, {"missing"}]


def test_an_infinite_number_is_taken_as_missing(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    table = feature_table(snapshot(small_hospital, at), small_hospital, at).head(3)
    infinite = small_release.predict(table.assign(news2=np.inf), at)
    absent = small_release.predict(table.assign(news2=np.nan), at)
    assert [one.discharge for one in infinite] == [one.discharge for one in absent]


def test_rare_categories_stay_out_of_a_release() -> None:
    from features.catalogue import Feature

    patients = pd.Series([f"P{number}" for number in range(25)])
    wards = pd.Series(["W1"] * 20 + ["W2"] * 5, dtype="category")
    encoder = Encoder.of(
        pd.DataFrame({"ward": wards}), (Feature("ward", "Ward", "ward", "H4", "code"),), patients
    )
    assert encoder.categories["ward"] == ("W1",)
    codes = encoder.matrix(pd.DataFrame({"ward": pd.Series(["W1", "W2", None, "W9"], dtype="category")}))[:, 0]
    np.testing.assert_array_equal(codes, np.array([0, 1, np.nan, 1], dtype=np.float32))


def test_a_child_gets_no_prediction_and_the_reason(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    admissions = small_hospital.admissions
    child = snapshot(small_hospital, at).index[0]
    younger = admissions["age"].mask(admissions["admission_id"] == child, 12)
    hospital = replace(small_hospital, admissions=admissions.assign(age=younger))
    (answer,) = [one for one in small_release.answer(hospital, at) if one.admission_id == child]
    assert not answer.in_scope
    assert answer.discharge is None
    assert answer.readmission is None
    assert "under 18" in answer.warnings[0].text


def test_ready_since_is_the_local_day_of_the_record(
    small_release: Predictor, small_hospital: Hospital, at: pd.Timestamp
) -> None:
    table = feature_table(snapshot(small_hospital, at), small_hospital, at).head(1)
    ready = table.assign(criteria_to_reside=0.0, criteria_to_reside_hours=at.hour + at.minute / 60 + 0.5 + 24)
    (answer,) = small_release.predict(ready, at)
    assert answer.ready_since == (at.tz_localize(None).normalize() - pd.Timedelta(days=2)).date()
    assert answer.ready is None


def test_a_release_is_refused_for_another_kind_of_data(
    small_release: Predictor, small_hospital: Hospital
) -> None:
    small_release.suits(small_hospital)
    with pytest.raises(ReleaseFault, match="dates comparable"):
        small_release.suits(replace(small_hospital, dates="none"))
    scottish = replace(small_hospital.facts, nation="SCT")
    with pytest.raises(ReleaseFault, match="nation ENG"):
        small_release.suits(replace(small_hospital, facts=scottish))
