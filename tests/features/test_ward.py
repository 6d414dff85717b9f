"""Wards of the simulated hospital fill: who waits, who lies on another ward, and who is brought home when."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.sources.simulation.arrival import ELECTIVE, EMERGENCY
from features.sources.simulation.bed import BedPlan, Ward, bed_plan, home_of, own_role, roles
from features.sources.simulation.clock import MINUTES_A_DAY, Clock, clock_until
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Rows, illnesses
from features.sources.simulation.placement import placed
from features.sources.simulation.ward import first_specialty, in_nation, ward_events

DAYS, A_DAY, SITES = 260, 72, 2  # about 150 inpatients a site
NOON = 720
FIRST_MOVE, LAST_MOVE = 8 * 60 + 5, 8 * 60 + 25
STILL_IN = -1
ILLNESS = {name: number for number, name in enumerate(illnesses())}


def lives_of(admitted, ended, illness, *, kind=EMERGENCY, age=60, site=0) -> Lives:
    """Return lives whose stays have what may decide about beds, and nothing that is hidden."""
    count = len(admitted)
    columns = {"admitted": admitted, "ended": ended, "illness": illness, "kind": kind, "age": age}
    stays = {name: np.array(np.broadcast_to(values, count)) for name, values in columns.items()}
    stays |= {name: np.arange(count) for name in ("stay", "person")}
    return Lives({"site": np.array(np.broadcast_to(site, count))}, stays, {}, np.zeros((1, 1)), np.zeros(1), 0)


@pytest.fixture(scope="module")
def lives() -> Lives:
    """Return people of every illness: a third leave on the day they come, some stay for weeks."""
    rng = np.random.default_rng(1)
    count = DAYS * A_DAY
    planned = rng.random(count) < 0.1
    elective = [number for number, entry in enumerate(illnesses().values()) if entry["ward"] == "elective"]
    others = [number for number in range(len(illnesses())) if number not in elective]
    admitted = np.sort(rng.integers(0, DAYS * MINUTES_A_DAY, count))
    hours = np.where(rng.random(count) < 0.3, rng.uniform(0.5, 10, count), 24 * rng.lognormal(1.3, 1.0, count))
    return lives_of(
        admitted,
        admitted + (hours * 60).astype(np.int64),
        np.where(planned, rng.choice(elective, count), rng.choice(others, count)),
        kind=np.where(planned, ELECTIVE, EMERGENCY),
        age=rng.integers(18, 100, count),
        site=rng.integers(0, SITES, count),
    )


def small(*wards: tuple[str, int]) -> BedPlan:
    """Return a site with a few beds."""
    return BedPlan(tuple(Ward(f"W{n:02d}", 0, role, beds) for n, (role, beds) in enumerate(wards, start=1)))


def places_of(lives: Lives, plan: BedPlan, days: int = 20, seed: int = 1) -> pd.DataFrame:
    """Return a row for each place, by stay and time, with the ward's name and when the stay left it."""
    rows = pd.DataFrame(placed(lives, plan, days * MINUTES_A_DAY, np.random.default_rng(seed)))
    rows = rows.sort_values(["stay", "at"], ignore_index=True)
    ended = pd.Series(lives.stays["ended"]).replace(STILL_IN, 10**9)
    left = rows.groupby("stay")["at"].shift(-1).fillna(rows["stay"].map(ended)).astype("int64")
    return rows.assign(name=np.array(plan.names())[rows["ward"]], left=left)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return clock_until(pd.Timestamp("2026-11-02 08:00", tz="Europe/London"), DAYS, "ENG", "Europe/London", {})


@pytest.fixture(scope="module")
def plan(lives, clock) -> BedPlan:
    return bed_plan(lives, clock)


@pytest.fixture(scope="module")
def places(lives, plan) -> pd.DataFrame:
    return places_of(lives, plan, DAYS)


@pytest.fixture(scope="module")
def events(lives, clock) -> dict[str, pd.DataFrame]:
    """Return ward, bed and specialty events, by stay and time, with when the stay left each."""
    first = first_specialty(lives.stays, "ENG", np.random.default_rng(1))
    tables = {}
    for rows in ward_events(lives, clock, "ENG", first, np.random.default_rng(2)):
        table = pd.DataFrame(rows).sort_values(["stay", "happened"], ignore_index=True)
        ended = pd.Series(lives.stays["ended"][table["stay"]], table.index)
        left = table.groupby("stay")["happened"].shift(-1).fillna(ended)
        tables[table["name"].iloc[0]] = table.assign(left=left)
    return tables


class TestBeds:
    def test_a_hospital_without_patients_has_no_events(self, clock):
        none = np.zeros(0, dtype=np.int64)
        nobody = lives_of(none, none, none)
        first = first_specialty(nobody.stays, "ENG", np.random.default_rng(1))
        written = ward_events(nobody, clock, "ENG", first, np.random.default_rng(1))
        assert [len(rows["stay"]) for rows in written] == [0, 0, 0]

    def test_nobody_shares_a_bed_at_any_instant(self, events):
        beds = events["bed"].sort_values(["text", "happened"])
        freed = beds.groupby("text")["left"].shift()
        assert not (beds["happened"] < freed).any()

    def test_no_bed_is_used_that_the_plan_does_not_have_but_in_the_two_areas(self, events, plan):
        planned = {f"{ward.name}-B{bed:02d}" for ward in plan.wards for bed in range(1, ward.beds + 1)}
        other = sorted(set(events["bed"]["text"]) - planned)
        assert {bed.split("-")[0] for bed in other} <= {"ED1", "ED2", "ESC1", "ESC2"}
        assert planned <= set(events["bed"]["text"])  # the wards do fill

    def test_the_census_of_a_ward_never_exceeds_its_beds(self, events, plan):
        ward = events["ward"]
        steps = pd.concat(
            [
                ward[["text", "happened"]].assign(by=1),
                ward[["text", "left"]].set_axis(["text", "happened"], axis=1).assign(by=-1),
            ]
        ).sort_values(["happened", "by"])
        most = steps.groupby("text")["by"].cumsum().groupby(steps["text"]).max()
        for one in plan.wards:
            assert most[one.name] <= one.beds

    def test_a_bed_belongs_to_the_ward_of_the_same_minute(self, events):
        both = events["ward"].merge(events["bed"], on=["stay", "happened"], validate="one_to_one")
        assert len(both) == len(events["ward"])
        assert (both["text_y"].str.split("-").str[0] == both["text_x"]).all()

    def test_everybody_has_a_place_from_the_first_minute_to_the_last(self, lives, clock, places):
        first = places.groupby("stay")["at"].min()
        assert (first == lives.stays["admitted"][first.index] + 1).all()
        in_bed = (lives.stays["ended"] > lives.stays["admitted"] + 1) & (lives.stays["admitted"] < clock.until)
        assert set(first.index) == set(np.flatnonzero(in_bed))
        assert (places["at"] < places["left"]).all()

    def test_who_has_left_within_a_minute_has_no_bed(self):
        rows = places_of(lives_of([10, 10], [11, 12], 0), small(("medicine", 2)))
        assert rows["stay"].tolist() == [1]

    def test_the_next_patient_finds_a_bed_made(self):
        rows = places_of(lives_of([0, 0], [100, 300], 0), small(("medicine", 1)))
        assert rows[rows["stay"] == 1][["name", "at"]].values.tolist() == [["ED1", 1], ["W01", 110]]


class TestMoves:
    def test_after_the_day_of_arrival_people_move_from_five_past_eight_to_twenty_five_past(self, lives, places):
        later = places[places["stay"].duplicated()]
        day_after = later["at"] // MINUTES_A_DAY > lives.stays["admitted"][later["stay"]] // MINUTES_A_DAY
        minute = later.loc[day_after, "at"] % MINUTES_A_DAY
        assert minute.between(FIRST_MOVE, LAST_MOVE).all()
        assert day_after.sum() > 1000

    def test_outliers_are_a_few_in_a_hundred_when_the_hospital_is_93_percent_full(self, lives, plan, places):
        noons = np.arange(60, DAYS) * MINUTES_A_DAY + NOON
        role = pd.Series({ward.name: ward.role for ward in plan.wards})
        having = tuple(set(role))
        own = pd.Series(own_role(lives.stays)[places["stay"]]).map(lambda one: home_of(one, having))
        needed = pd.Series(np.array(roles())[places["role"]]).map(lambda one: home_of(one, having))
        on = places["name"].map(role)
        outlying = on.notna() & (on != own) & (on != needed) & (on != "acute")
        counts = {
            name: _census(places[rows], noons)
            for name, rows in {"all": places["at"] >= 0, "outlying": outlying, "in no ward": on.isna()}.items()
        }
        beds = sum(ward.beds for ward in plan.wards)
        print({name: round(count / beds, 3) for name, count in counts.items()})
        assert 0.90 < counts["all"] / beds < 0.96
        assert 0.02 < counts["outlying"] / counts["all"] < 0.12
        assert 0.002 < counts["in no ward"] / counts["all"] < 0.06

    def test_an_outlier_is_brought_home_on_a_later_morning_when_there_is_a_bed(self):
        ended = np.array([NOON + 2 * MINUTES_A_DAY, 15 * MINUTES_A_DAY])
        lives = lives_of([0, 300], ended, ILLNESS["hip_fracture"])
        rows = places_of(lives, small(("trauma", 1), ("medicine", 1)))
        outlier = rows[rows["stay"] == 1]
        assert outlier["name"].tolist() == ["ED1", "W02", "W01"]
        assert outlier["at"].iloc[-1] > ended[0]

    def test_who_came_in_the_evening_waits_for_the_morning_and_then_lies_wherever_there_is_a_bed(self):
        evening = 23 * 60 + 55
        lives = lives_of([0, evening], [9 * MINUTES_A_DAY] * 2, ILLNESS["hip_fracture"])
        rows = places_of(lives, small(("trauma", 1), ("medicine", 1)))
        late = rows[rows["stay"] == 1]
        assert late["name"].tolist() == ["ED1", "W02"]
        assert FIRST_MOVE <= late["at"].iloc[1] - MINUTES_A_DAY <= LAST_MOVE

    def test_when_the_site_is_full_nobody_is_lost(self):
        lives = lives_of(np.arange(0, 300, 60), [9 * MINUTES_A_DAY] * 5, ILLNESS["hip_fracture"])
        rows = places_of(lives, small(("trauma", 1), ("medicine", 1)))
        last = rows.groupby("stay")["name"].last().tolist()
        assert sorted(last) == ["ESC1", "ESC1", "ESC1", "W01", "W02"]
        in_escalation = rows[rows["name"] == "ESC1"]
        assert not in_escalation.duplicated("bed").any()

    def test_nobody_is_moved_from_a_ward_to_a_place_that_is_none(self, places):
        before = places.groupby("stay")["name"].shift().fillna("")
        no_ward = ~places["name"].str.startswith("W")
        assert not (no_ward & before.str.startswith("W")).any()
        assert (no_ward & before.str.startswith("ED")).any()  # to escalation, when the site is full

    def test_who_comes_by_appointment_never_waits_in_the_emergency_department(self, lives, places):
        planned = lives.stays["kind"][places["stay"]] == ELECTIVE
        waits = places["name"].str.startswith("ED")
        assert not waits[planned].any()
        assert 0.05 < places.loc[waits, "stay"].nunique() / (~planned).sum() < 0.4

    def test_medical_emergencies_move_on_from_the_acute_ward_mostly_on_the_first_morning(self):
        admitted = np.arange(40) * 30
        lives = lives_of(admitted, [9 * MINUTES_A_DAY] * 40, ILLNESS["copd_or_asthma"])
        rows = places_of(lives, small(("acute", 40), ("respiratory", 40)))
        through = rows[rows["stay"].duplicated(keep=False)]
        first_morning = through[(through["name"] == "W02") & (through["at"] < 2 * MINUTES_A_DAY)]
        assert (rows.groupby("stay")["name"].first() == "W01").mean() > 0.7
        assert 0.5 < len(first_morning) / through["stay"].nunique() < 0.95

    @pytest.mark.parametrize(("age", "some"), [(74, False), (85, True)])
    def test_some_older_people_come_under_elderly_care_after_some_days(self, age, some):
        lives = lives_of(np.arange(60) * 10, [20 * MINUTES_A_DAY] * 60, ILLNESS["copd_or_asthma"], age=age)
        rows = places_of(lives, small(("acute", 60), ("respiratory", 60), ("elderly", 60)))
        elderly = rows[rows["name"] == "W03"]
        assert (len(elderly) > 10) is some
        assert (elderly["at"] >= 3 * MINUTES_A_DAY).all()


class TestCauses:
    CUT = 150 * MINUTES_A_DAY + NOON

    def test_when_a_stay_will_end_never_changes_a_place_before(self, lives, plan):
        rng = np.random.default_rng(5)
        stays, after = lives.stays, lives.stays["ended"] > self.CUT
        other = np.where(after, self.CUT + 1 + rng.integers(0, 9 * MINUTES_A_DAY, len(after)), stays["ended"])
        other = np.where(after & (rng.random(len(after)) < 0.2), STILL_IN, other)
        other = np.where(other == STILL_IN, other, np.maximum(other, stays["admitted"] + 5))
        changed = replace(lives, stays={**stays, "ended": other})
        once, again = (
            placed(one, plan, DAYS * MINUTES_A_DAY, np.random.default_rng(4)) for one in (lives, changed)
        )
        before = [int(np.searchsorted(rows["at"], self.CUT, side="right")) for rows in (once, again)]
        assert before[0] == before[1] > 10_000
        for name in once:
            np.testing.assert_array_equal(once[name][: before[0]], again[name][: before[0]])
        assert not all(np.array_equal(once[name], again[name]) for name in once)

    def test_one_site_does_not_touch_another(self, lives, plan):
        here = lives.people["site"] == 0
        ended = np.where(here, lives.stays["ended"], lives.stays["admitted"] + 3000)
        changed = replace(lives, stays={**lives.stays, "ended": ended})
        for name in ("at", "ward", "bed"):
            once, again = (_of_site(one, plan)[name] for one in (lives, changed))
            np.testing.assert_array_equal(once, again)

    def test_the_same_stream_gives_the_same_places_and_another_others(self, lives, plan):
        once, again, other = (placed(lives, plan, 30_000, np.random.default_rng(seed)) for seed in (1, 1, 2))
        assert all(np.array_equal(once[name], again[name]) for name in once)
        assert len(once["at"]) != len(other["at"]) or not np.array_equal(once["ward"], other["ward"])


class TestTheRecord:
    def test_every_move_is_recorded_within_90_minutes_and_after_12_on_average(self, events):
        for name in ("ward", "bed"):
            lag = events[name]["recorded"] - events[name]["happened"]
            assert lag.min() >= 1
            assert lag.max() <= 90
            assert lag.mean() == pytest.approx(12, abs=0.5)
        lag = events["specialty"]["recorded"] - events["specialty"]["happened"]
        assert lag.max() <= 90

    def test_the_specialty_is_written_when_it_changes_and_only_then(self, events):
        specialty = events["specialty"]
        before = specialty.groupby("stay")["text"].shift()
        assert not (specialty["text"] == before).any()
        assert 0.1 < before.notna().mean() < 0.5

    def test_a_stay_begins_under_the_specialty_of_its_admission(self, lives, events):
        first = first_specialty(lives.stays, "ENG", np.random.default_rng(1))
        begun = events["specialty"].drop_duplicates("stay")
        assert (begun["text"] == first[begun["stay"]]).all()

    def test_scotland_writes_its_own_specialties(self, lives, clock):
        first = first_specialty(lives.stays, "SCT", np.random.default_rng(1))
        specialty = ward_events(lives, clock, "SCT", first, np.random.default_rng(2))[2]
        assert set(specialty["text"]) <= set(in_nation(np.array(["300", "326", "430", *_specialties()]), "SCT"))
        assert not set(specialty["text"]) & {"300", "326", "430"}


def _specialties() -> list[str]:
    return [entry["specialty"] for entry in illnesses().values()]


def _census(places: pd.DataFrame, moments: np.ndarray) -> float:
    come, gone = np.sort(places["at"].to_numpy()), np.sort(places["left"].to_numpy())
    return float((np.searchsorted(come, moments, "right") - np.searchsorted(gone, moments, "right")).mean())


def _of_site(lives: Lives, plan: BedPlan) -> Rows:
    rows = placed(lives, plan, 60 * MINUTES_A_DAY, np.random.default_rng(4))
    here = lives.people["site"][rows["stay"]] == 0
    return {name: column[here] for name, column in rows.items()}
