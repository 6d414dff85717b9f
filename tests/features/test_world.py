"""What acts on a simulated hospital: its sites, drifts, full beds, and how late things are written down."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.sources.simulation import UNTIL, Arguments, simulate
from features.sources.simulation.arrival import ELECTIVE, EMERGENCY
from features.sources.simulation.clock import MINUTES_A_DAY
from features.sources.simulation.course import HOME
from features.sources.simulation.numbers import Array
from features.sources.simulation.world import World, lived_world
from features.tables import Hospital

HOURS_TO_THE_NEXT_BOARD = pd.Timedelta(hours=24 + 8)  # from midnight


@pytest.fixture(scope="module")
def stays(small_hospital) -> pd.DataFrame:
    return small_hospital.admissions.set_index("admission_id")


def of(hospital: Hospital, names: list[str]) -> pd.DataFrame:
    return hospital.events[hospital.events["name"].isin(names)]


def next_board(at: pd.Series) -> pd.Series:
    return at.dt.tz_localize(None).dt.normalize() + HOURS_TO_THE_NEXT_BOARD


class TestSites:
    """People of two sites that share a district."""

    @pytest.fixture(scope="class")
    def pair(self) -> Hospital:
        return simulate(10_000, seed=4, sites=2)

    @pytest.fixture(scope="class")
    def followed(self, pair) -> pd.DataFrame:
        """Return every stay that another of the person followed, with the next one's columns."""
        stays = pair.admissions.sort_values(["patient_id", "admitted_at"])
        after = stays.groupby("patient_id").shift(-1).add_prefix("next_")
        both = stays.join(after)
        both["hours"] = (both["next_admitted_at"] - both["discharged_at"]).dt.total_seconds() / 3600
        return both.dropna(subset="hours")

    def test_some_readmissions_are_at_the_other_site(self, pair, followed):
        facts = pair.facts
        emergency = followed["next_admission_method"].isin(facts.group("admission_method", "emergency"))
        moved = followed["discharge_destination"].isin(facts.group("discharge_destination", "hospital"))
        back = followed[emergency & ~moved & (followed["hours"] < 30 * 24)]
        assert 0.05 < (back["site"] != back["next_site"]).mean() < 0.09

    def test_people_transferred_between_sites_arrive_within_a_day(self, pair, followed):
        facts = pair.facts
        moved = followed["discharge_destination"].isin(facts.group("discharge_destination", "hospital"))
        transfer = followed["next_admission_method"].isin(facts.group("admission_method", "transfer"))
        between = followed[moved & transfer & (followed["hours"] < 24)]
        assert len(between) > 50
        assert (between["site"] != between["next_site"]).all()
        assert (between["next_admitted_at"] >= between["discharge_recorded_at"]).all()
        sent = pair.admissions["discharge_destination"].isin(facts.group("discharge_destination", "hospital"))
        assert 0.2 < len(between) / sent.sum() < 0.4


class TestDrifts:
    """The same people with and without a seven-day service, a winter surge and care homes that take nobody."""

    SURGE, CLOSURE, SEVEN_DAYS = (
        pd.Timestamp(day, tz="Europe/London") for day in ("2026-01-12", "2026-04-06", "2026-08-10")
    )

    @pytest.fixture(scope="class")
    def worlds(self) -> tuple[World, World]:
        drifts = {
            "winter_surge": self.SURGE,
            "care_home_closure": self.CLOSURE,
            "seven_day_service": self.SEVEN_DAYS,
        }
        arguments = Arguments(8000, seed=3, days=365)
        return lived_world(arguments), lived_world(replace(arguments, drifts=drifts))

    @staticmethod
    def day_of(world: World, at: pd.Timestamp) -> int:
        return (at.tz_localize(None) - world.clock.first_midnight).days

    def test_a_winter_surge_brings_more_and_iller_emergencies_for_ten_weeks(self, worlds):
        def came(world: World, first: int, last: int) -> Array:
            """Return the hidden classes of emergencies from a day until another."""
            stays = world.lives.stays
            here = (stays["kind"] == EMERGENCY) & (stays["first_day"] >= first) & (stays["first_day"] < last)
            return stays["severity"][here]

        begins = self.day_of(worlds[0], self.SURGE)
        usual, surge = (came(world, begins, begins + 70) for world in worlds)
        assert 1.05 < len(surge) / len(usual) < 1.3
        assert surge.mean() > usual.mean() + 0.1
        before = [came(world, 0, begins) for world in worlds]
        assert (before[0] == before[1]).all()

    def test_people_who_wait_for_a_care_home_wait_longer_while_those_take_nobody(self, worlds):
        def share(world: World, pathways: tuple[int, ...]) -> float:
            days, stays = world.lives.days, world.lives.stays
            today = stays["first_day"][days["stay"]] + days["day"]
            first = self.day_of(world, self.CLOSURE)
            waits = days["ready_before"] & ~days["worse"] & (today >= first) & (today < first + 120)
            waits &= np.isin(days["pathway"], pathways)
            return float((days["way_out"][waits] == HOME).mean())

        usual, closed = (share(world, (3,)) for world in worlds)
        assert closed < 0.6 * usual
        others = [share(world, (0, 1, 2)) for world in worlds]
        assert others[1] == pytest.approx(others[0], rel=0.25)

    def test_a_seven_day_service_lets_people_go_home_at_weekends(self, worlds):
        def ratio(world: World, first: int, last: int) -> float:
            stays = world.lives.stays
            day = stays["ended"] // MINUTES_A_DAY
            home = (stays["way_out"] == HOME) & (stays["day"] > 0) & (day >= first) & (day < last)
            weekend = (world.clock.first_midnight.dayofweek + day[home]) % 7 >= 5
            return float(weekend.mean() / 2 / ((1 - weekend.mean()) / 5))

        begins, end = (self.day_of(worlds[0], at) for at in (self.SEVEN_DAYS, UNTIL.normalize()))
        usual, seven = (ratio(world, begins, end) for world in worlds)
        assert usual < 0.7
        assert seven > 0.85
        assert ratio(worlds[1], 0, begins) < 0.7


class TestLoad:
    def test_a_full_site_cancels_planned_admissions(self):
        lives = lived_world(Arguments(3000, seed=11, days=300)).lives
        planned = (lives.stays["kind"] == ELECTIVE).sum()
        assert 0.005 < lives.cancelled / (planned + lives.cancelled) < 0.2
        assert lives.pressure.min() < -0.5
        assert lives.pressure.max() > 0.5

    def test_some_who_left_are_on_the_list_at_the_next_board(self, stays):
        left = stays[stays["discharge_recorded_at"].notna()]
        listed = left["discharge_recorded_at"].dt.tz_localize(None) > next_board(left["discharged_at"])
        assert 0.005 < listed.mean() < 0.04
        late = left.loc[listed, "discharge_recorded_at"].dt.hour
        assert late.between(9, 20).all()  # the clerk comes at nine


class TestRecords:
    def test_everybody_is_registered_on_the_day_of_arrival(self, small_hospital):
        came, known = (
            small_hospital.admissions[name].dt.date for name in ("admitted_at", "admission_recorded_at")
        )
        assert (came == known).all()

    def test_what_was_learnt_of_a_person_is_on_record_when_the_discharge_is(self, small_hospital, stays):
        names = ["clinical_frailty_scale", "lives_alone", "care_package", "pathway"]
        events = of(small_hospital, names)
        recorded = stays["discharge_recorded_at"].loc[events["admission_id"]].to_numpy()
        assert not (events["recorded_at"].to_numpy() > recorded).any()

    def test_what_a_board_round_decided_is_on_record_before_the_next(self, small_hospital):
        names = ["criteria_to_reside", "delay_began", "end_of_life", "clinical_frailty_scale", "lives_alone"]
        events = of(small_hospital, names)
        assert (events["recorded_at"].dt.tz_localize(None) < next_board(events["happened_at"])).all()
