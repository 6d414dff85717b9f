"""A large simulated hospital is made a district at a time; a folder remembers the arguments that made it."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import features
from features.errors import DataFault
from features.sources import extract, simulated
from features.sources.simulation import UNTIL, Arguments, districts, hospitals, simulate, whole
from features.sources.simulation.district import together
from features.sources.simulation.truth import Truth
from features.sources.simulation.world import lived_world
from features.tables import Hospital

LARGE = Arguments(900, seed=5, sites=1, days=60)
MOST = 400  # admissions in a district of these tests


@pytest.fixture(scope="module")
def parts() -> list[Hospital]:
    return list(hospitals(districts(LARGE, MOST)))


@pytest.fixture(scope="module")
def large(parts: list[Hospital]) -> Hospital:
    return together(parts, districts(LARGE, MOST))


def texts(hospital: Hospital, name: str) -> set[str]:
    return set(hospital.events.loc[hospital.events["name"] == name, "text"])


def tables_equal(one: Hospital, other: Hospital) -> bool:
    return one.admissions.equals(other.admissions) and one.events.equals(other.events)


def digests(folder: Path) -> dict[str, str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): sha256(file.read_bytes()).hexdigest() for file in files}


class TestDistricts:
    def test_a_hospital_of_up_to_100_000_admissions_is_one_district(self):
        small = Arguments(100_000, sites=3)
        assert districts(small) == (small,)

    @pytest.mark.parametrize("sites", [1, 3, 4, 20])
    @pytest.mark.parametrize("admissions", [100_001, 250_000, 1_000_000])
    def test_admissions_and_sites_are_shared_out_evenly(self, admissions, sites):
        made = districts(Arguments(admissions, sites=sites))
        assert len(made) == np.ceil(admissions / 100_000)
        for shares, total in (
            ([part.admissions for part in made], admissions),
            ([part.sites for part in made], max(sites, len(made))),
        ):
            assert sum(shares) == total
            assert max(shares) - min(shares) <= 1
        assert max(part.admissions for part in made) <= 100_000

    @pytest.mark.parametrize("sites", [1, 7])
    def test_the_whole_has_the_sites_of_its_districts_and_the_same_districts(self, sites):
        parts = districts(Arguments(250_000, seed=3, sites=sites))
        assert whole(parts) == Arguments(250_000, seed=3, sites=max(sites, 3))
        assert districts(whole(parts)) == parts

    def test_each_is_the_same_whether_others_are_made_or_not(self, parts):
        (alone,) = hospitals(districts(LARGE, MOST)[1:2])
        assert tables_equal(alone, parts[1])

    def test_none_is_like_another(self, parts):
        first, second = (part.admissions["admitted_at"].head(100) for part in parts[:2])
        assert not first.isin(second).mean() > 0.2

    def test_more_than_100_000_admissions_have_no_world_of_their_own(self):
        with pytest.raises(ValueError, match="has a world for each of its `districts`"):
            lived_world(Arguments(100_001))


class TestTogether:
    def test_about_as_many_admissions_come_out_as_were_asked_for(self, large):
        assert len(large.admissions) == pytest.approx(LARGE.admissions, rel=0.15)

    def test_ids_are_unique_over_all(self, large):
        assert large.admissions["admission_id"].is_unique
        assert set(large.events["admission_id"]) <= set(large.admissions["admission_id"])

    @pytest.mark.parametrize("column", ["patient_id", "site"])
    def test_nobody_and_no_site_is_in_two_districts(self, parts, large, column):
        assert sum(part.admissions[column].nunique() for part in parts) == large.admissions[column].nunique()

    def test_sites_are_numbered_on(self, large):
        assert sorted(set(large.admissions["site"])) == ["SITE1", "SITE2", "SITE3"]

    @pytest.mark.parametrize("name", ["ward", "bed"])
    def test_no_ward_and_no_bed_is_in_two_districts(self, parts, large, name):
        assert sum(len(texts(part, name)) for part in parts) == len(texts(large, name))

    def test_a_pseudonym_says_nothing_about_when_its_person_came(self, parts):
        for part in parts:
            numbers = part.admissions["patient_id"].str[1:].astype(int).drop_duplicates()
            assert abs(np.corrcoef(numbers, np.arange(len(numbers)))[0, 1]) < 0.2

    def test_a_hospital_of_one_district_is_that_district(self):
        small = Arguments(80, days=30)
        assert tables_equal(simulate(80, days=30), next(hospitals((small,))))

    def test_notes_say_how_it_was_made_and_what_limits_its_beds(self, large):
        assert large.notes[0] == "simulated patients: 900 admissions, seed 5, ENG, 3 sites, 60 days"
        assert large.notes[1].startswith("made of 3 districts")
        assert [note[:9] for note in large.notes[2::2]] == ["SITE1 has", "SITE2 has", "SITE3 has"]
        assert "planned admissions were cancelled in district 3 for want of a bed" in large.notes[-1]

    def test_the_truth_of_a_district_knows_its_admissions(self, parts):
        part, stays = districts(LARGE, MOST)[2], parts[2].admissions
        truth = Truth(part)
        admitted = truth.world.lives.stays["admitted"][truth.stay_of.loc[stays["admission_id"]]]
        assert (admitted == truth.minutes(stays["admitted_at"])).all()


class TestWritten:
    @pytest.fixture
    def folder(self, parts, tmp_path) -> Path:
        extract.write_parts(iter(parts), tmp_path / "out")
        return tmp_path / "out"

    def test_it_reads_back_equal_to_the_same_hospital_in_memory(self, folder, large):
        assert tables_equal(features.read("simulated", folder), large)

    def test_the_same_arguments_give_the_same_bytes_and_others_do_not(self, folder, tmp_path):
        again, other = tmp_path / "again", tmp_path / "other"
        extract.write_parts(hospitals(districts(LARGE, MOST)), again)
        assert digests(again) == digests(folder)
        extract.write_parts(hospitals(districts(Arguments(900, seed=6, days=60), MOST)[:1]), other)
        for name in ("admissions/part-000.parquet", "events/part-000.parquet"):
            assert digests(other)[name] != digests(folder)[name]


class TestArguments:
    EVERYTHING = Arguments(
        500,
        seed=0,
        nation="SCT",
        sites=2,
        days=90,
        until=pd.Timestamp("2025-07-01 08:00", tz="Europe/London"),
        drifts={"winter_surge": pd.Timestamp("2025-05-01", tz="Europe/London")},
    )

    @pytest.fixture
    def read(self, tmp_path):
        def arguments(content: object) -> Arguments:
            (tmp_path / "simulation.json").write_text(json.dumps(content))
            return simulated.arguments_of(tmp_path)

        return arguments

    @pytest.mark.parametrize("arguments", [EVERYTHING, Arguments(20_000)])
    def test_a_folder_gives_back_all_arguments_that_made_it(self, read, arguments):
        found = read(simulated.parameters_of(arguments))
        assert found == Arguments(**{**vars(arguments), "drifts": arguments.drifts or {}})

    def test_a_file_of_four_keys_still_reads(self, read):
        found = read({"admissions": 300, "seed": 2, "nation": "WLS", "sites": 2})
        assert found == Arguments(300, seed=2, nation="WLS", sites=2, days=730, until=UNTIL)

    def test_without_a_folder_they_are_those_of_the_usual_hospital(self):
        assert simulated.arguments_of(None) == Arguments(20_000, seed=1)

    @pytest.mark.parametrize(
        ("changed", "fault"),
        [
            ({"admissions": "300"}, 'admissions must be a whole number, found "300"'),
            ({"admissions": True}, "admissions must be a whole number, found true"),
            ({"days": 30.5}, r"days must be a whole number, found 30\.5"),
            ({"seed": None}, "seed must be a whole number, found null"),
            ({"nation": 1}, "nation must be a text, found 1"),
            ({"nation": "FRA"}, "nation must be one of ENG, WLS, SCT, NIR, found 'FRA'"),
            ({"sites": 0}, "sites must be 1 or more, found 0"),
            ({"seed": -1}, "seed must be 0 or more, found -1"),
            ({"until": "now"}, 'until must be an instant such as .*, found "now"'),
            ({"until": "2026-11-02T08:00:00"}, "until must carry a time zone"),
            ({"drifts": ["winter_surge"]}, "drifts must be an object that names an instant .* for each drift"),
            ({"drifts": {"snow": "2026-01-01T00:00:00+00:00"}}, "a drift must be one of care_home_closure"),
            ({"seeds": 1}, "seeds is none of the keys admissions, seed, nation, sites, days, until, drifts"),
        ],
    )
    def test_what_is_no_argument_is_one_clear_fault(self, read, changed, fault):
        with pytest.raises(DataFault, match=rf"simulation\.json: {fault}") as told:
            read({"admissions": 300, **changed})
        assert len(told.value.faults) == 1

    def test_all_faults_are_told_at_once(self, read):
        with pytest.raises(DataFault) as told:
            read({"seeds": 1, "days": "x", "sites": []})
        assert len(told.value.faults) == 4
        assert "admissions is missing" in told.value.faults

    @pytest.mark.parametrize("content", [[1], "x", None])
    def test_a_file_that_holds_no_object_is_refused(self, read, content):
        with pytest.raises(DataFault, match="must hold one object"):
            read(content)

    def test_a_folder_without_the_file_has_no_arguments(self, tmp_path):
        with pytest.raises(DataFault, match=r"must hold a simulation\.json"):
            simulated.arguments_of(tmp_path)

    def test_a_folder_whose_file_is_wrong_is_not_read(self, parts, tmp_path):
        beside = {"simulation.json": '{"admissions": 300, "seeds": 1}'}
        extract.write(parts[0], tmp_path / "out", beside=beside)
        with pytest.raises(DataFault, match="seeds is none of the keys"):
            features.read("simulated", tmp_path / "out")
