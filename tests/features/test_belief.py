"""How likely each record is by hidden class, and a forecast's morning, tried on the simulator itself."""

import numpy as np
import pytest

from features.sources.simulation import Arguments
from features.sources.simulation.arrival import first_scores
from features.sources.simulation.belief import believed
from features.sources.simulation.bloods import TELLING, samples
from features.sources.simulation.charting import scored
from features.sources.simulation.course import DIED, SELF_DISCHARGED, TRANSFERRED, one_day
from features.sources.simulation.kernel import (
    FIT,
    IN_TIME,
    LATE_SET,
    MISSED_SET,
    MOBILITY_LEVELS,
    UNASSESSED,
    news2_band,
)
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Floats, Rows, kept, stacked
from features.sources.simulation.tendency import BANDS, morning_steps
from features.sources.simulation.world import World, lived_world

COPIES = 60_000
FROM, TO = 3, 2  # hidden classes: the iller one also has the records of the other
LARGEST_ERROR = 4.5  # standard errors; one in 1,500 of these tests has one of 50 as far by chance


@pytest.fixture(scope="module")
def world() -> World:
    return lived_world(Arguments(1500, seed=5, days=200))


def history(world: World, **wanted: object) -> tuple[Rows, Rows]:
    """Return the stay and the days of the illest person whose log has the wanted values, up to that day.

    Blood is taken of many on the day after.
    """
    days = kept(world.lives.days, np.lexsort([world.lives.days["day"], world.lives.days["stay"]]))
    fits = (days["way_out"] < 0) & np.isin(days["day"], (3, 5))
    for name, value in wanted.items():
        fits &= days[name] == value
    fits &= world.lives.stays["age"][days["stay"]] >= 75
    row = int(np.argmax(np.where(fits, days["news2"], -1)))
    assert fits[row]
    rows = np.flatnonzero((days["stay"] == days["stay"][row]) & (days["day"] <= days["day"][row]))
    return kept(world.lives.stays, days["stay"][rows[:1]]), kept(days, rows)


def lived_on(
    stay: Rows, days: Rows, severity: int, world: World, rng: np.random.Generator
) -> tuple[Rows, Lives]:
    """Return the log of one more day of many copies of a person of a class, and their lives up to it."""
    stays = {**kept(stay, np.zeros(COPIES, np.int64)), "stay": np.arange(COPIES)}
    stays |= {"severity": np.full(COPIES, severity)}
    past = [{**kept(days, np.full(COPIES, row)), "stay": np.arange(COPIES)} for row in range(len(days["day"]))]
    if past:
        state = {name: past[-1][name].astype(np.int64) for name in ("news2", "mobility", "status")}
        bools = {name: past[-1][name] for name in ("delirium", "ready")}
        life = {"end_of_life": past[-1]["end_of_life"] | past[-1]["plan_begins"]}
        here = {**stays, **state, **bools, **life, "day": past[-1]["day"].astype(np.int64) + 1}
        here |= {name: past[-1][name].astype(np.int64) for name in ("pathway", "reason")}
    else:
        nobody = {name: np.full(COPIES, -1) for name in ("pathway", "reason", "alone", "working")}
        start = {
            "status": np.full(COPIES, UNASSESSED),
            "ready": np.zeros(COPIES, bool),
            "day": nobody["reason"] + 1,
        }
        here = {**stays, **nobody, **start, "end_of_life": np.zeros(COPIES, bool)}
        here |= first_scores(stays, stays["severity"], rng)
    here |= {name: np.full(COPIES, -1) for name in ("planned", "ended", "way_out", "end_recorded")}
    _, log = one_day(here, np.zeros(COPIES), world.clock, rng)
    return log, Lives({}, stays, stacked([*past, log]), np.zeros((1, 1)), np.ones(1), 0)


def told(log: Rows, blood: Rows, day: int) -> dict[str, Floats]:
    """Return what is on record of the day, as numbers of each copy."""
    out, count = log["way_out"], len(log["stay"])
    found = {
        "missed": log["how"] == MISSED_SET,
        "late": log["how"] == LATE_SET,
        "news2": log["news2_charted"],
        "news2 high": log["news2_charted"] >= 5,
        "mobility": log["mobility_charted"],
        "tested": log["four_at"] >= 0,
        "delirium": log["four_at"] >= 4,
        **{f"way out {way}": out == way for way in (DIED, TRANSFERRED, SELF_DISCHARGED)},
        "ready": log["ready"],
        "worse": log["worse"],
        "care plan": log["plan_begins"],
    }
    today = kept(blood, blood["day"] == day)
    for name in TELLING:
        value = np.zeros(count)
        value[today["stay"]] = np.nan_to_num(np.log(today[name]), nan=0.0)
        found[f"log {name}"] = value
    found["blood taken"] = np.isin(np.arange(count), today["stay"])
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


class TestRecords:
    """Records drawn in one class and weighed by the ratio of their chances look like those of another class."""

    @pytest.mark.parametrize(
        "wanted",
        [
            {"ready": False, "delirium": True},
            {"ready": False, "delirium": False, "status": UNASSESSED},
            {"ready": True, "status": FIT},
            None,
        ],
        ids=["delirious", "unassessed", "ready", "arriving"],
    )
    def test_records_of_one_class_weighed_by_their_chances_are_those_of_another(self, world, wanted):
        stay, days = history(world, **(wanted or {"ready": False}))
        days = days if wanted else kept(days, np.zeros(0, np.int64))
        day, rng = len(days["day"]), np.random.default_rng(9)
        log, lives = lived_on(stay, days, FROM, world, rng)
        blood = samples(lives, rng)
        found = believed(lives, blood, world.clock)
        last = found.row(np.arange(COPIES), np.full(COPIES, day))
        own = (found.scores + found.round)[last] + found.bloods.reshape(COPIES, day + 1, -1).sum(axis=1)
        weight = np.exp(own[:, TO] - own[:, FROM])
        other, other_lives = lived_on(stay, days, TO, world, rng)
        aimed, drawn = told(other, samples(other_lives, rng), day), told(log, blood, day)
        errors = {"weights": (weight.mean() - 1) / (weight.std() / np.sqrt(COPIES))}
        common = {name for name in drawn if min(np.count_nonzero(part[name]) for part in (drawn, aimed)) > 20}
        assert len(common) > 6
        for name in common:
            values = drawn[name]
            weighed, wanted_ones = values * weight, aimed[name]
            spread = np.sqrt((weighed.var() + wanted_ones.var()) / COPIES)
            errors[name] = (weighed.mean() - wanted_ones.mean()) / max(spread, 1e-12)
        far = {name: float(error) for name, error in errors.items() if abs(error) > LARGEST_ERROR}
        assert far == {}
        unweighed = [
            abs(drawn[name].mean() - aimed[name].mean()) / max(drawn[name].std(), 1e-12) * np.sqrt(COPIES / 2)
            for name in common
        ]
        assert max(unweighed) > 20  # without the weights they differ


class TestMornings:
    @pytest.mark.parametrize("day", [1, 4, 40])
    @pytest.mark.parametrize("status", [UNASSESSED, FIT + 1, FIT + 2])
    @pytest.mark.parametrize("delirium", [False, True])
    def test_a_morning_of_the_forecast_is_a_morning_of_the_simulator(self, day, status, delirium):
        copies, severity = 60_000, 2
        start = {"news2": 5, "mobility": 3, "status": status, "severity": severity, "day": day}
        rows = {name: np.full(copies, value) for name, value in start.items()}
        flags = {"delirium": delirium, "tested": False, "care_home": False}
        rows |= {name: np.full(copies, value) for name, value in flags.items()}
        rows |= {"charted": np.full(copies, IN_TIME), "charted_at": np.zeros(copies, np.int64)}
        minutes = {name: np.zeros(copies, np.int64) for name in ("midnight", "bedside_at")}
        now, _ = scored(rows, minutes, np.random.default_rng(day + 10 * status + delirium))
        state = (news2_band(now["news2"]) * MOBILITY_LEVELS + now["mobility"]) * 2 + now["delirium"]
        share = np.bincount(state, minlength=BANDS * MOBILITY_LEVELS * 2) / copies
        usual = max(status - FIT, 0)
        chance = morning_steps(min(day, 30), usual, 2)[severity][:, (2 * MOBILITY_LEVELS + 3) * 2 + delirium]
        assert chance.sum() == pytest.approx(1)
        assert np.abs(share - chance).max() < LARGEST_ERROR * np.sqrt(0.25 / copies)
        common = chance > 20 / copies
        errors = (share - chance)[common] / np.sqrt(chance * (1 - chance) / copies)[common]
        assert np.abs(errors).max() < LARGEST_ERROR
        assert (share[chance == 0] == 0).all()
