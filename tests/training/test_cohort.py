import numpy as np
import pandas as pd
import pytest

from features.tables import Hospital
from training.cohort import Prepared, prepared
from training.plan import TrainingPlan
from training.split import folds, parts, patient_draws


@pytest.fixture(scope="module")
def rows(small_hospital: Hospital) -> Prepared:
    return prepared(small_hospital, TrainingPlan(), print)


def test_no_patient_and_no_month_is_on_two_sides(rows: Prepared) -> None:
    side = parts(rows.rows, "comparable", TrainingPlan())
    people = rows.rows.groupby(side)["patient_id"].agg(set)
    assert not people["fit"] & people["test"]
    assert not people["fit"] & people["calibrate"]
    assert not people["calibrate"] & people["test"]
    last, first = rows.rows["at"].groupby(side).max(), rows.rows["at"].groupby(side).min()
    assert first["calibrate"] - last["fit"] >= pd.Timedelta(days=29)
    assert first["test"] - last["calibrate"] >= pd.Timedelta(days=29)


def test_without_a_calendar_patients_alone_are_split(rows: Prepared) -> None:
    side = parts(rows.rows, "none", TrainingPlan())
    assert (side != "").all()
    people = side.groupby(rows.rows["patient_id"]).first()
    shares = people.value_counts(normalize=True)
    assert shares["fit"] == pytest.approx(0.70, abs=0.05)


def test_a_patient_stays_on_one_side_however_the_data_grow() -> None:
    few, many = pd.Series(["P1", "P2"]), pd.Series(["P9", "P1", "P2", "P1"])
    assert patient_draws(few)[0] == patient_draws(many)[1] == patient_draws(many)[3]
    assert folds(many, 5)[1] == folds(many, 5)[3]


def test_every_inpatient_day_has_its_board_round(rows: Prepared, small_hospital: Hospital) -> None:
    board = rows.rows[rows.rows["moment"] == "board"]
    assert (board["at"].dt.hour == 8).all()
    stays = small_hospital.admissions.set_index("admission_id").loc[board["admission_id"]]
    at = board["at"].to_numpy()
    assert (stays["admission_recorded_at"].to_numpy() <= at).all()
    assert not (stays["discharge_recorded_at"].to_numpy() <= at).any()
    assert not board.duplicated(["admission_id", "at"]).any()


def test_thinned_rows_weigh_what_they_stand_for(rows: Prepared, small_hospital: Hospital) -> None:
    plan = TrainingPlan(most_moments=9000)
    thin, whole = prepared(small_hospital, plan, print).rows, rows.rows
    for learnt_from in (True, False):
        some, every = (
            board[(patient_draws(board["patient_id"]) < plan.fit_share) == learnt_from]
            for board in (thin[thin["moment"] == "board"], whole[whole["moment"] == "board"])
        )
        assert (len(some) < 0.7 * len(every)) if learnt_from else (len(some) == len(every))
        assert some["weight"].sum() == pytest.approx(len(every), rel=0.05)


def test_each_stay_weighs_one_at_each_kind_of_moment(rows: Prepared) -> None:
    known = rows.rows[rows.for_readmission()]
    weight = known.groupby(["admission_id", "moment"])["readmission_weight"].sum()
    assert (weight == 1).all()


def test_discharge_rows_never_count_their_own_stay_as_an_earlier_one(rows: Prepared) -> None:
    first = rows.rows["admission_id"].isin(
        rows.hospital.admissions.sort_values("admitted_at").drop_duplicates("patient_id")["admission_id"]
    )
    alone = rows.table[first & (rows.rows["moment"] == "discharge")]
    assert (alone["earlier_stays"] == 0).all()
    assert (alone["stays_year"] == 0).all()
    assert np.isnan(alone["last_stay_days"]).all()
