"""A past prediction, made again with the release that made it, is the same to the bit."""

from dataclasses import replace

import pandas as pd
import pytest

from features.snapshot import snapshot
from serving.ingest import ingest, sent
from serving.known import as_rows
from serving.loop import last_board_hour
from serving.replay import ReplayFault, logged, replayed
from serving.rounds import predict_round
from serving.store.facts import Receipt
from serving.store.verify import verify
from tests.serving.builders import NOW, client, parts, standing


@pytest.fixture(scope="module")
def hospital(small_hospital, moment):
    """The part of the small hospital that is about its inpatients of the moment."""
    people = snapshot(small_hospital, moment)["patient_id"]
    stays = small_hospital.admissions[small_hospital.admissions["patient_id"].isin(people)]
    events = small_hospital.events[small_hospital.events["admission_id"].isin(stays["admission_id"])]
    return replace(
        small_hospital, admissions=stays.reset_index(drop=True), events=events.reset_index(drop=True)
    )


@pytest.fixture(scope="module")
def moment(small_hospital):
    return pd.Timestamp(last_board_hour(small_hospital.facts, small_hospital.observed_until.to_pydatetime()))


def filled(store, hospital):
    return sum(ingest(hospital, store, Receipt(NOW, "test", "ingest")))


@pytest.fixture
def of(tmp_path, store, hospital, small_release):
    of = parts(tmp_path, store=store, predictor=small_release)
    filled(store, hospital)
    return of


def test_a_hospital_goes_through_the_census_unchanged(of, hospital, moment, small_release):
    direct = {one.admission_id: one.as_json() for one in small_release.answer(hospital, moment)}
    rows = predict_round(of.store, of.releases.current(), moment.to_pydatetime(), NOW, "asked for")
    assert len(direct) > 10
    assert {row.admission_id: {**row.answer, "id": None} for row in rows} == {
        name: {**answer, "id": None} for name, answer in direct.items()
    }


def test_filling_again_adds_nothing(of, hospital):
    assert filled(of.store, hospital) == 0
    assert verify(of.store).faults == ()


def test_a_round_is_the_same_to_the_bit_whatever_came_since(of, moment, hospital):
    rows = predict_round(of.store, of.releases.current(), moment.to_pydatetime(), NOW, "asked for")
    late = (
        hospital.events[hospital.events["admission_id"] == rows[0].admission_id]
        .query("name == 'news2'")
        .tail(3)
    )
    told = as_rows(
        late.assign(number=7.0, recorded_at=moment - pd.Timedelta(minutes=1)).astype({"name": "str"})
    )
    assert client(of).post("/v1/events", {"events": told}).status_code == 200
    same = [replayed(of.store, logged(of.store, row.id), of.releases.current().predictor).same for row in rows]
    assert same == [True] * len(rows)


def test_an_answer_is_the_same_to_the_bit(of, moment, hospital):
    inpatients = snapshot(hospital, moment)["admission_id"]
    stays = hospital.admissions[hospital.admissions["admission_id"].isin(inpatients)]
    of.guard.clock.now = moment.to_pydatetime()
    question = {"at": moment.isoformat(), "admissions": sent(stays), "for": list(inpatients)}
    answer = client(of).predict(question)
    assert answer.status_code == 200, answer.text
    for one in answer.json()["predictions"]:
        again = replayed(of.store, logged(of.store, one["id"]), of.releases.current().predictor)
        assert again.same
        assert again.answer == one


def test_another_release_is_found_to_answer_otherwise(of, moment):
    row = predict_round(of.store, of.releases.current(), moment.to_pydatetime(), NOW, "asked for")[0]
    predictor = of.releases.current().predictor
    bare = replace(predictor, home_map=predictor.ready_map)
    other = standing(bare).current().predictor
    assert not replayed(of.store, logged(of.store, row.id), other).same


def test_an_id_that_is_none_is_one_sentence(of):
    with pytest.raises(ReplayFault, match="no prediction of that id"):
        logged(of.store, "0" * 32)
