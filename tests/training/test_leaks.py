"""Planted leaks are found by what they leave behind, and a clean hospital raises no suspicion."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from features.hospital import shipped_facts
from features.snapshot import as_known
from features.sources.simulation import simulate
from features.sources.simulation.levers import LEAKS, pull
from features.tables import Hospital, check
from training.__main__ import app
from training.leaks import as_json, leaks, signs, summary
from training.look_ahead import WHO, cut_signs, differing_values, features_at, moments, rewritten
from training.sign import Sign

DAY = pd.Timedelta(days=1)
NAMES_IT = {  # what a suspicion must name
    "worst_news2_first": "events.news2",
    "codes_at_admission": "events.coded_diagnosis",
    "final_specialty_first": "admissions.treatment_function",
    "planned_date_overwritten": "events.planned_discharge_on",
    "admission_method_corrected": "features.admission_method",
    "residence_after_discharge": "admissions.usual_residence",
    "criteria_back_filled": "events.criteria_to_reside",
    "delay_back_dated": "events.delay_began",
    "last_ward_first": "events.ward",
    "nights_in_a_digit": "features.haemoglobin",
    "package_of_the_return": "features.care_package",
}


def suspected(found: list[Sign]) -> set[str]:
    return {sign.what for sign in found if sign.suspicious}


@pytest.mark.parametrize("name", LEAKS)
def test_each_planted_leak_is_found_in_one_extract_by_its_name(small_hospital: Hospital, name: str) -> None:
    found = leaks(pull(small_hospital, name))
    print(f"{name}:", *(sign.line() for sign in found), sep="\n  ")
    assert NAMES_IT[name] in suspected(found)
    assert len(found) <= 4


@pytest.mark.parametrize("name", LEAKS)
def test_each_planted_leak_is_found_by_an_earlier_extract_whatever_it_is_called(
    small_hospital: Hospital, name: str
) -> None:
    cut = as_known(small_hospital, small_hospital.observed_until - 60 * DAY)
    found = rewritten(pull(cut, name), pull(small_hospital, name))
    column = NAMES_IT[name].split(".")[1]
    assert column in {what.split(".")[-1] for what in suspected(list(found))}


@pytest.mark.parametrize(("admissions", "seed"), [(1000, 1), (3000, 2)])
def test_a_clean_hospital_raises_no_suspicion_beside_an_earlier_extract_of_it(
    admissions: int, seed: int
) -> None:
    hospital = simulate(admissions, seed=seed)
    found = signs(hospital, as_known(hospital, hospital.observed_until - 90 * DAY))
    print(summary(found))
    assert len(found) > 150
    assert suspected(found) == set()


class TestLookAhead:
    def test_no_feature_of_a_cut_hospital_differs_from_the_whole(self, small_hospital: Hospital) -> None:
        for at in moments(small_hospital, 6):
            differing, inpatients = differing_values(small_hospital, at)
            assert inpatients > 20
            assert differing.sum() == 0

    def test_a_table_that_reads_tomorrow_is_found_and_named(self, small_hospital: Hospital) -> None:
        def peeks(hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
            table = features_at(hospital, at)
            tomorrow = features_at(hospital, at + DAY).reindex(table.index)
            return table.assign(news2=tomorrow["news2"].fillna(table["news2"]))

        assert suspected(list(cut_signs(small_hospital, 3, peeks))) == {"features.news2"}

    def test_a_table_of_those_who_will_stay_is_found(self, small_hospital: Hospital) -> None:
        def survivors(hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
            left = hospital.admissions.set_index("admission_id")["discharged_at"]
            table = features_at(hospital, at)
            return table[~(left.reindex(table.index) <= at + DAY)]

        at = moments(small_hospital, 3)[1]
        assert differing_values(small_hospital, at, survivors)[0][WHO] > 0

    def test_a_feature_that_only_the_future_gives_differs_for_everybody(self, small_hospital: Hospital) -> None:
        def wide(hospital: Hospital, at: pd.Timestamp) -> pd.DataFrame:
            table = features_at(hospital, at)
            return table.assign(later=1.0) if hospital.observed_until > at + DAY else table

        differing, inpatients = differing_values(small_hospital, moments(small_hospital, 3)[1], wide)
        assert differing["later"] == inpatients
        assert differing.drop("later").sum() == 0


class TestTelling:
    def test_a_column_that_is_missing_for_those_who_leave_soon_is_found(self, small_hospital: Hospital) -> None:
        stays = small_hospital.admissions
        short = stays["discharged_at"] - stays["admitted_at"] < DAY / 2
        unrecorded = stays.assign(deprivation_decile=stays["deprivation_decile"].mask(short))
        found = leaks(replace(small_hospital, admissions=unrecorded))
        assert [sign.what for sign in found] == ["features.deprivation_decile"]
        assert "missing" in found[0].finding

    def test_random_digits_and_codes_tell_nothing(self, small_hospital: Hospital) -> None:
        stays = small_hospital.admissions
        noise = pd.util.hash_pandas_object(stays["admission_id"], index=False)
        codes = stays.assign(provisional_diagnosis="A" + (noise % 60 + 10).astype("int64").astype("str"))
        assert leaks(replace(small_hospital, admissions=codes)) == []


class TestPower:
    def test_a_few_patients_give_no_suspicion_and_are_said_to_be_too_few(
        self, small_hospital: Hospital
    ) -> None:
        leaky = pull(small_hospital, "planned_date_overwritten")
        few = leaky.admissions.head(20)
        events = leaky.events[leaky.events["admission_id"].isin(few["admission_id"])]
        found = signs(replace(leaky, admissions=few, events=events))
        planned = [sign for sign in found if sign.what == "events.planned_discharge_on"]
        assert [(sign.enough, sign.evidence, sign.suspicious) for sign in planned] == [(False, 1.0, False)]
        assert "with too few patients to say" in summary(found)

    def test_a_source_of_admissions_alone_is_looked_at_as_far_as_it_goes(
        self, stays: Callable[..., pd.DataFrame]
    ) -> None:
        hospital = check(stays(), None, shipped_facts(), source="test")
        assert leaks(hospital) == []
        assert leaks(replace(hospital, dates="none")) == []

    def test_a_limit_from_below_is_passed_from_above(self) -> None:
        waits = Sign("events.x", "waits", 0.001, 0.005, 400, "look", below=True)
        assert waits.suspicious
        assert not replace(waits, evidence=0.1).suspicious
        assert not replace(waits, patients=20).suspicious
        assert as_json([waits])["signs"][0]["suspicious"] is True


class TestCommand:
    def run(self, folder: Path, *more: str) -> tuple[int, list[str]]:
        done = CliRunner().invoke(app, ["leaks", "--source", "extract", "--path", str(folder), *more])
        return done.exit_code, [line for line in done.stdout.splitlines() if "To do: " in line]

    def test_it_prints_a_line_a_suspicion_and_exits_with_1(
        self, small_hospital: Hospital, extract: Callable[..., Path], tmp_path: Path
    ) -> None:
        leaky = pull(small_hospital, "codes_at_admission")
        code, lines = self.run(extract(leaky.admissions, leaky.events), "--json", str(tmp_path / "signs.json"))
        assert code == 1
        assert [line.split(":")[0] for line in lines] == ["events.coded_diagnosis"]
        written = json.loads((tmp_path / "signs.json").read_text("utf-8"))["signs"]
        assert [one["what"] for one in written if one["suspicious"]] == ["events.coded_diagnosis"]

    def test_a_clean_extract_exits_with_0(self, small_hospital: Hospital, extract: Callable[..., Path]) -> None:
        assert self.run(extract(small_hospital.admissions, small_hospital.events)) == (0, [])
