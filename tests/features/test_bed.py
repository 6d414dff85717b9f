"""How many wards and beds a simulated site gets for the people who come to it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.sources.simulation.arrival import EMERGENCY
from features.sources.simulation.bed import BedPlan, bed_plan, home_of, roles, ward_numbers
from features.sources.simulation.clock import MINUTES_A_DAY, Clock, clock_until
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import illnesses

DAYS, SITES = 90, 2
ILLNESS = {name: number for number, name in enumerate(illnesses())}


def lives_of(admitted, ended, illness, site=0) -> Lives:
    """Return lives of people aged 60, all emergencies."""
    columns = {"admitted": admitted, "ended": ended, "illness": illness, "kind": EMERGENCY, "age": 60}
    stays = {name: np.array(np.broadcast_to(values, len(admitted))) for name, values in columns.items()}
    stays |= {name: np.arange(len(admitted)) for name in ("stay", "person")}
    return Lives(
        {"site": np.array(np.broadcast_to(site, len(admitted)))}, stays, {}, np.zeros((1, 1)), np.zeros(1), 0
    )


def ten_days_each(stays: int, illness, site=0) -> Lives:
    """Return stays of ten days that begin at any time; one in ten has not ended."""
    rng = np.random.default_rng(3)
    admitted = np.sort(rng.integers(0, DAYS * MINUTES_A_DAY, stays))
    ended = admitted + 10 * MINUTES_A_DAY
    return lives_of(admitted, np.where(ended < DAYS * MINUTES_A_DAY, ended, -1), illness, site)


def of_every_illness(stays: int) -> Lives:
    rng = np.random.default_rng(4)
    return ten_days_each(stays, rng.integers(0, len(ILLNESS), stays), rng.integers(0, SITES, stays))


@pytest.fixture(scope="module")
def clock() -> Clock:
    return clock_until(pd.Timestamp("2026-11-02 08:00", tz="Europe/London"), DAYS, "ENG", "Europe/London", {})


@pytest.mark.parametrize("stays", [3000, 6000, 9000])
def test_wards_are_of_an_ordinary_size_and_have_names_of_their_own(clock, stays):
    wards = bed_plan(of_every_illness(stays), clock).wards
    assert [ward.name for ward in wards] == [f"W{number:02d}" for number in range(1, len(wards) + 1)]
    assert all(20 <= ward.beds <= 32 for ward in wards)


def test_a_site_has_92_5_inpatients_for_each_100_beds_once_it_has_filled(clock):
    lives = of_every_illness(6000)
    plan, moments = bed_plan(lives, clock), np.arange(45 * MINUTES_A_DAY, clock.until, 60)  # half of 90 days
    ended = np.where(lives.stays["ended"] < 0, clock.until + 1, lives.stays["ended"])
    for site in range(SITES):
        here = lives.people["site"] == site
        come, gone = np.sort(lives.stays["admitted"][here]), np.sort(ended[here])
        mean = (np.searchsorted(come, moments) - np.searchsorted(gone, moments)).mean()
        assert mean / plan.beds(site) == pytest.approx(0.925, abs=0.005)


def test_notes_say_beds_and_wards_of_each_site(clock):
    plan = bed_plan(of_every_illness(3000), clock)
    assert plan.notes()[1] == f"SITE2 has {plan.beds(1)} beds in {len(plan.of_site(1))} wards"
    assert sum(plan.beds(site) for site in range(SITES)) == sum(ward.beds for ward in plan.wards)


def test_roles_have_beds_by_what_people_need(clock):
    illness = np.where(np.arange(1100) % 4, ILLNESS["hip_fracture"], ILLNESS["bowel_blocked"])
    wards = bed_plan(ten_days_each(1100, illness), clock).wards
    beds = pd.Series([ward.beds for ward in wards]).groupby([ward.role for ward in wards]).sum()
    assert set(beds.index) == {"trauma", "surgery"}
    assert beds["trauma"] / beds["surgery"] == pytest.approx(3, abs=0.3)


@pytest.mark.parametrize(("stays", "most_beds", "most_wards"), [(1, 1, 1), (60, 12, 1), (400, 60, 2)])
def test_a_small_site_has_few_wards_and_they_take_everybody(clock, stays, most_beds, most_wards):
    plan = bed_plan(ten_days_each(stays, np.arange(stays) % len(ILLNESS)), clock)
    assert 1 <= plan.beds(0) <= most_beds
    assert 1 <= len(plan.wards) <= most_wards
    having = tuple(ward.role for ward in plan.wards)
    assert {home_of(role, having) for role in roles()} == set(having)


def test_a_site_where_nobody_stays_has_no_wards(clock):
    lives = lives_of([10, 20], [5000, 9000], 0, site=[0, 2])
    assert [ward.site for ward in bed_plan(lives, clock).wards] == [0, 2]
    nobody = np.zeros(0, dtype=np.int64)
    assert bed_plan(lives_of(nobody, nobody, nobody), clock) == BedPlan(())


def test_the_site_of_a_stay_comes_before_that_of_its_person(clock):
    lives = lives_of([10, 20], [5000, 9000], 0, site=[0, 0])
    elsewhere = replace(lives, stays={**lives.stays, "site": np.array([0, 1])})
    assert [ward.site for ward in bed_plan(elsewhere, clock).wards] == [0, 1]


def test_every_role_knows_all_others_and_every_illness_has_a_role():
    for role, others in ward_numbers()["near"].items():
        assert sorted((role, *others)) == sorted(roles())
    assert {entry["ward"] for entry in illnesses().values()} <= set(roles())
    assert set(ward_numbers()["moves"]["surgical"]) <= set(roles())
