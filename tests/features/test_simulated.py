"""The simulated hospital keeps the contract, hangs together, and looks like published ones from outside."""

import json

import numpy as np
import pandas as pd
import pytest

from features.errors import DataFault
from features.hospital import NATIONS
from features.sources import simulated
from features.sources.simulation import UNTIL, simulate
from features.sources.simulation.summary import ready_at, summary
from features.tables import Hospital, check
from features.working_days import calendar

ADMISSIONS = 10_000
DAY = pd.Timedelta(days=1)

# Published ranges (NHS England 2022-26, NHS Digital, HSJ, Health Foundation) widened by sampling error.
RANGES = {
    "elective_share": (0.08, 0.13),
    "zero_day_share": (0.29, 0.38),
    "emergency_nights_first_quartile": (0, 1),
    "emergency_nights_median": (1, 3),
    "emergency_nights_third_quartile": (5, 8),
    "emergency_over_14_nights": (0.08, 0.13),
    "overnight_emergency_median": (3, 5),
    "overnight_emergency_mean": (7.3, 10.0),
    "bed_days_in_stays_of_7_nights": (0.70, 0.83),
    "elective_nights_mean": (4.0, 6.5),
    "weekend_to_weekday_discharges": (0.52, 0.70),
    "bank_holiday_to_weekday_discharges": (0.30, 0.85),
    "discharges_before_noon": (0.14, 0.21),
    "died": (0.018, 0.036),
    "emergency_overnight_died": (0.033, 0.055),
    "transferred_out": (0.02, 0.045),
    "discharge_recorded_an_hour_late": (0.2, 0.35),
    "delayed": (0.11, 0.16),
    "delay_mean": (4.8, 7.2),
    "delay_median": (2, 4),
    "delayed_7_days": (0.025, 0.05),
    "delay_bed_day_share": (0.07, 0.125),
    "pathway_P0": (0.82, 0.88),
    "pathway_P1": (0.08, 0.125),
    "pathway_P2": (0.018, 0.045),
    "pathway_P3": (0.009, 0.03),
    "criteria_recorded": (0.93, 1.0),
    "in_bed_21_days": (0.15, 0.29),
    "readmitted_after_emergency": (0.12, 0.165),
    "readmitted_after_elective": (0.02, 0.08),
    "readmitted_within_48_hours_of_those": (0.15, 0.25),
    "planned_within_48_hours": (0.65, 0.85),
    "left_on_planned_day": (0.34, 0.52),
    "left_before_planned_day": (0.05, 0.26),
    "left_after_planned_day": (0.33, 0.50),
}


@pytest.fixture(scope="module")
def hospital() -> Hospital:
    return simulate(ADMISSIONS)


@pytest.fixture(scope="module")
def marginals(hospital) -> dict[str, float]:
    return summary(hospital)


@pytest.fixture(scope="module")
def stays(hospital) -> pd.DataFrame:
    """Return admissions with whether each ended at home by plan: alive, not transferred, not walked out."""
    group, stays = hospital.facts.group, hospital.admissions
    home = stays["discharge_method"].eq("1") & ~stays["discharge_destination"].isin(
        group("discharge_destination", "hospital")
    )
    overnight = stays["discharged_at"].dt.normalize() > stays["admitted_at"].dt.normalize()
    return stays.assign(home=home, overnight=overnight).set_index("admission_id")


def named(hospital: Hospital, name: str) -> pd.DataFrame:
    return hospital.events[hospital.events["name"] == name]


def tables_equal(one: Hospital, other: Hospital) -> bool:
    return one.admissions.equals(other.admissions) and one.events.equals(other.events)


class TestTheMachine:
    def test_the_same_seed_gives_the_same_tables_and_another_seed_others(self):
        once, again, other = (simulate(400, seed=seed, days=120) for seed in (7, 7, 8))
        assert tables_equal(once, again)
        assert not tables_equal(once, other)

    @pytest.mark.parametrize("admissions", [60, 1500])
    @pytest.mark.parametrize("days", [90, 730])
    def test_about_as_many_admissions_come_out_as_were_asked_for(self, admissions, days):
        chance = 4 * (1.6 * admissions) ** 0.5  # people come by chance, and some come back
        assert len(simulate(admissions, days=days).admissions) == pytest.approx(admissions, abs=chance)

    @pytest.mark.parametrize("nation", NATIONS)
    def test_each_nation_keeps_the_contract_with_its_own_codes(self, nation):
        hospital = simulate(1200, seed=3, nation=nation, sites=2, days=365)
        assert hospital.facts.nation == nation
        assert hospital.admissions["site"].nunique() == 2
        again = check(hospital.admissions, hospital.events, hospital.facts, source="again")
        assert again.notes == ()
        assert tables_equal(again, hospital)
        died = hospital.admissions["discharge_method"].isin(hospital.facts.group("discharge_method", "died"))
        assert 0.005 < died.mean() < 0.06

    def test_an_unknown_nation_and_a_moment_without_a_zone_are_refused(self):
        with pytest.raises(ValueError, match="nation must be one of ENG, WLS, SCT, NIR, found 'FRA'"):
            simulate(10, nation="FRA")
        with pytest.raises(ValueError, match="until must carry a time zone"):
            simulate(10, until=pd.Timestamp("2026-11-02 08:00"))

    def test_a_folder_is_read_back_as_the_simulated_hospital_it_holds(self, tmp_path):
        made = simulate(80, seed=2, days=60)
        made.admissions.to_csv(tmp_path / "admissions.csv", index=False)
        made.events.to_csv(tmp_path / "events.csv", index=False)
        (tmp_path / "simulation.json").write_text(json.dumps({"admissions": 80, "seed": 2, "days": 60}))
        read = simulated.read(tmp_path)
        assert read.source == "simulated"
        assert "admissions 80, seed 2, days 60" in read.notes[0]
        assert tables_equal(read, made)

    def test_a_broken_parameter_file_is_one_clear_fault(self, tmp_path):
        (tmp_path / "simulation.json").write_text("{")
        with pytest.raises(DataFault, match=r"simulation\.json: must be JSON"):
            simulated.simulation_parameters(tmp_path)


class TestTime:
    def test_nothing_recorded_after_the_end_is_known(self, hospital):
        assert hospital.observed_until <= UNTIL
        assert (hospital.admissions["admission_recorded_at"] <= UNTIL).all()

    def test_people_are_in_bed_at_the_end_and_nothing_is_known_of_their_leaving(self, hospital):
        here = hospital.admissions[hospital.admissions["discharged_at"].isna()]
        assert 30 < len(here) < 200
        assert (
            here[["discharge_recorded_at", "discharge_method", "discharge_destination"]].isna().all(axis=None)
        )

    def test_facts_are_recorded_after_they_happened(self, hospital):
        assert (hospital.events["recorded_at"] >= hospital.events["happened_at"]).all()
        lag = hospital.events["recorded_at"] - hospital.events["happened_at"]
        bedside = lag[hospital.events["name"] == "news2"]
        assert bedside.median() < pd.Timedelta(minutes=20)
        assert (bedside > pd.Timedelta(hours=2)).mean() > 0.01

    def test_what_happens_in_a_stay_happens_between_its_start_and_its_end(self, hospital, stays):
        inside = hospital.events[~hospital.events["name"].isin(["coded_diagnosis", "patient_died"])]
        stay = stays.loc[inside["admission_id"]]
        happened = inside["happened_at"].to_numpy()
        assert (happened >= stay["admitted_at"].to_numpy()).all()
        assert not (happened > stay["discharged_at"].to_numpy()).any()

    def test_codes_come_days_to_weeks_after_discharge(self, hospital, stays):
        coded = named(hospital, "coded_diagnosis")
        lag = coded["recorded_at"].to_numpy() - stays.loc[coded["admission_id"], "discharged_at"].to_numpy()
        assert (pd.Series(lag) > DAY / 4).all()
        assert pd.Timedelta(days=8) < pd.Series(lag).median() < pd.Timedelta(days=21)
        first = coded[coded["number"] == 1]
        assert first["admission_id"].is_unique
        assert not coded.duplicated(["admission_id", "happened_at"]).any()  # no code corrects another


class TestCoherence:
    def test_nobody_is_in_two_stays_at_once(self, hospital):
        stays = hospital.admissions.sort_values(["patient_id", "admitted_at"])
        ends = stays["discharged_at"].fillna(UNTIL + DAY).groupby(stays["patient_id"]).shift()
        assert not (stays["admitted_at"] < ends).any()

    def test_nobody_shares_a_bed(self, hospital, stays):
        beds = named(hospital, "bed").sort_values(["admission_id", "happened_at"])
        left = stays["discharged_at"].loc[beds["admission_id"]].set_axis(beds.index)
        moved = beds.groupby("admission_id")["happened_at"].shift(-1)
        beds = beds.assign(until=moved.fillna(left)).dropna(subset="until").sort_values(["text", "happened_at"])
        freed = beds.groupby("text")["until"].shift()
        assert not (beds["happened_at"] < freed).any()

    def test_some_people_come_back_often(self, hospital):
        counts = hospital.admissions["patient_id"].value_counts()
        assert counts.max() >= 8
        assert 0.6 < (counts == 1).mean() < 0.9

    def test_the_dead_do_not_return(self, hospital):
        died = named(hospital, "patient_died").merge(hospital.admissions, on="admission_id")
        died = died.set_index("patient_id")["happened_at"]
        assert died.index.is_unique
        later = hospital.admissions[hospital.admissions["patient_id"].isin(died.index)]
        assert (later["admitted_at"].to_numpy() < died.loc[later["patient_id"]].to_numpy()).all()

    def test_deaths_carry_their_codes_and_an_event(self, hospital, stays):
        died = stays[stays["discharge_method"] == "4"]
        assert (died["discharge_destination"] == "79").all()
        assert (stays.loc[stays["discharge_destination"] == "79", "discharge_method"] == "4").all()
        told = set(named(hospital, "patient_died")["admission_id"])
        assert died.index.isin(told).mean() > 0.98  # the last may not be recorded yet

    def test_people_are_ready_before_they_go_home(self, hospital, stays):
        ready = ready_at(hospital.events).reindex(stays.index)
        home = stays["home"] & stays["overnight"]
        assert ready[home].notna().mean() > 0.93
        assert (ready[home].dropna() < stays.loc[ready[home].dropna().index, "discharged_at"]).all()

    def test_delays_begin_only_when_a_person_is_ready(self, hospital):
        criteria = named(hospital, "criteria_to_reside")[["admission_id", "happened_at", "number"]]
        began = named(hospital, "delay_began")[["admission_id", "happened_at"]]
        latest = pd.merge_asof(
            began.sort_values("happened_at"),
            criteria.sort_values("happened_at").rename(columns={"number": "meets"}),
            on="happened_at",
            by="admission_id",
        )
        assert (latest["meets"] == 0).mean() > 0.95  # in 3 % that morning's criteria were not written

    def test_every_delay_of_a_finished_stay_ends_and_has_an_owner(self, hospital, stays):
        counts = hospital.events.groupby(["admission_id", "name"], observed=True).size().unstack(fill_value=0)
        finished = stays.index[stays["discharge_recorded_at"] < UNTIL - 7 * DAY]
        counts = counts.reindex(finished, fill_value=0)
        assert (counts["delay_began"] == counts["delay_ended"]).all()
        assert (counts["delay_attributed"] - counts["delay_began"]).abs().mean() < 0.02

    def test_corrections_and_voids_follow_what_they_correct(self, hospital):
        news2 = named(hospital, "news2").sort_values("recorded_at")
        again = news2[news2.duplicated(["admission_id", "happened_at"])]
        assert 0.001 < len(again) / len(news2) < 0.02
        assert (again["text"] == "cancelled").sum() > 20

    def test_electives_come_on_working_days_only(self, hospital):
        electives = hospital.admissions["admission_method"].isin(
            hospital.facts.group("admission_method", "elective")
        )
        days = hospital.admissions.loc[electives, "admitted_at"].dt.tz_localize(None).dt.normalize()
        assert calendar(days, "ENG")["working_day"].all()

    def test_bank_holidays_are_quieter(self, marginals):
        assert marginals["bank_holiday_to_weekday_discharges"] < 0.85

    def test_the_frail_and_the_sick_stay_longer(self, hospital, stays):
        nights = (stays["discharged_at"] - stays["admitted_at"]) / DAY
        first = named(hospital, "news2").sort_values("happened_at").groupby("admission_id")["number"].first()
        frailty = named(hospital, "clinical_frailty_scale").groupby("admission_id")["number"].last()
        assert nights[first.index[first >= 5]].mean() > 1.4 * nights[first.index[first <= 1]].mean()
        assert nights[frailty.index[frailty >= 6]].mean() > 1.3 * nights[frailty.index[frailty <= 3]].mean()


@pytest.mark.parametrize("name", RANGES)
def test_marginals_are_near_the_published_ones(marginals, name):
    low, high = RANGES[name]
    print(f"{name}: {marginals[name]:.3f}, published about {low} to {high}")
    assert low <= marginals[name] <= high


def test_the_christmas_and_deprivation_figures_exist(marginals):
    for name in ("christmas_dip", "readmitted_poorest_less_richest_fifth", "beds_in_use_mean"):
        assert np.isfinite(marginals[name])
