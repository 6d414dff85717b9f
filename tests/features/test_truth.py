"""The truth about a simulated hospital rests on what was on record by the moment, and on nothing else."""

from collections import Counter
from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.sources.simulation import Arguments
from features.sources.simulation.belief import believed
from features.sources.simulation.bloods import samples
from features.sources.simulation.course import HOME
from features.sources.simulation.kernel import LATE_SET, MISSED_SET, UNASSESSED
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import Array, Rows, illnesses, kept
from features.sources.simulation.tendency import SHAPE, STATE, state_odds
from features.sources.simulation.truth import Known, Truth
from features.sources.simulation.world import World, lived_world

ARGUMENTS = Arguments(3000, seed=11, days=300)
AHEAD = 15
A_DAY, BOARD = 1440, 480  # minutes


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(ARGUMENTS)


@pytest.fixture(scope="module")
def world() -> World:
    return lived_world(ARGUMENTS)


@pytest.fixture(scope="module")
def blood(world) -> Rows:
    return samples(world.lives, world.streams[6])


@pytest.fixture(scope="module")
def rounds(truth) -> Rows:
    """Return the 08:00 rounds of everybody in a bed, one row each: stay, day and minute."""
    days, stays = truth.belief.days, truth.world.lives.stays
    at = (stays["first_day"][days["stay"]] + days["day"]) * A_DAY + BOARD
    seen = (stays["registered"][days["stay"]] <= at) & (at <= truth.world.clock.until)
    return kept({"stay": days["stay"], "day": days["day"].astype(np.int64), "at": at}, seen)


def one_a_stay(rounds: Rows, wanted: Array | None = None) -> Rows:
    """Return one round of each stay, chosen by chance among those wanted."""
    rows = np.random.default_rng(4).permutation(len(rounds["stay"]))
    rows = rows if wanted is None else rows[wanted[rows]]
    return kept(rounds, rows[np.unique(rounds["stay"][rows], return_index=True)[1]])


def moments(truth: Truth, stay: Array, at: Array, moment: str = "board") -> pd.DataFrame:
    ids = truth.stay_of.index.to_numpy()[stay]
    return pd.DataFrame({"admission_id": ids, "at": truth.world.clock.instants(at), "moment": moment})


def about(truth: Truth, lives: Lives, blood: Rows) -> Truth:
    """Return the truth about other lives in the same hospital."""
    other = copy(truth)
    other.world = replace(truth.world, lives=lives)
    other.belief = believed(lives, blood, truth.world.clock)
    return other


def assert_same(one: Known, other: Known) -> None:
    for name in ("home", "ready", "returns"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=0, atol=1e-9, err_msg=name)


def before_the_round(lives: Lives, until: Array) -> Lives:
    """Return lives as they were on record at the 08:00 board of a day of each stay, all else blanked out."""
    days = lives.days
    before = np.flatnonzero(days["day"] <= until[days["stay"]])
    days = kept(days, before[np.lexsort([days["day"][before], days["stay"][before]])])
    today = days["day"] == until[days["stay"]]
    earlier = kept(days, np.maximum(np.arange(len(today)) - 1, 0))
    unseen = today & (days["day"] == 0)
    late = today & (days["how"] == LATE_SET) & (days["day"] > 0)
    blanks = {
        **dict.fromkeys(("worse", "plan_begins", "delay_began", "delay_ended", "criteria", "assessed"), False),
        **dict.fromkeys(("planned", "evening_at", "way_out"), -1),
        "ready": days["ready_before"],
        "reason": days["reason_before"],
        **{name: np.where(unseen, -1, earlier[name]) for name in ("pathway", "working")},
        "status": np.where(unseen, UNASSESSED, earlier["status"]),
        "mobility": days["mobility_charted"],
    }
    blanked = {
        name: np.where(today, value, days[name]).astype(days[name].dtype) for name, value in blanks.items()
    }
    scores = {
        "how": np.where(late, MISSED_SET, days["how"]).astype(np.int8),
        "news2_charted": np.where(late, -1, days["news2_charted"]).astype(np.int8),
    }
    stays, count = lives.stays, len(until)
    unasked = np.zeros(count, dtype=bool)
    unasked[days["stay"][today]] = blanked["status"][today] == UNASSESSED
    unknown = dict.fromkeys(
        ("ended", "end_recorded", "way_out", "pathway", "reason", "planned"), np.full(count, -1)
    )
    stays = {
        **stays,
        **unknown,
        "day": until,
        "severity": np.zeros(count, dtype=np.int64),
        "end_of_life": np.zeros(count, dtype=bool),
        "frailty": np.zeros(count, dtype=np.int64),
        **{name: np.where(unasked, -1, stays[name]) for name in ("alone", "working")},
    }
    return replace(lives, people={}, stays=stays, days={**days, **blanked, **scores})


class TestWhatIsKnown:
    def test_what_comes_after_a_board_round_and_what_is_hidden_change_nothing(
        self, truth, world, blood, rounds
    ):
        chosen = one_a_stay(rounds)
        until, board = np.zeros((2, len(truth.stay_of)), dtype=np.int64)
        until[chosen["stay"]], board[chosen["stay"]] = chosen["day"], chosen["at"]
        told = kept(blood, (blood["day"] <= until[blood["stay"]]) & (blood["recorded"] <= board[blood["stay"]]))
        assert len(told["stay"]) < 0.8 * len(blood["stay"])
        asked = moments(truth, chosen["stay"], chosen["at"])
        other = about(truth, before_the_round(world.lives, until), told)
        assert (other.world.lives.stays["severity"] == 0).all()
        assert_same(other.at(asked, days_ahead=AHEAD), truth.at(asked, days_ahead=AHEAD))

    def test_who_left_unnoticed_and_who_lies_in_bed_unwritten_look_the_same(self, truth, world, blood, rounds):
        perhaps = truth.listed(rounds["stay"], rounds["at"]).gone > 0
        chosen = one_a_stay(rounds, perhaps)
        stay, day = chosen["stay"], chosen["day"]
        assert len(stay) > 40
        until = np.full(len(truth.stay_of), 10_000)
        until[stay] = day
        days = kept(world.lives.days, world.lives.days["day"] < until[world.lives.days["stay"]])
        leaves = days["day"] == until[days["stay"]] - 1
        unready = leaves & ~days["ready_before"]
        days = {
            **days,
            "way_out": np.where(leaves, HOME, days["way_out"]),
            "ready": days["ready"] | unready,
            "pathway": np.where(unready, 0, days["pathway"]),
        }
        ends = {
            "day": day - 1,
            "way_out": HOME,
            "ended": chosen["at"] - 1000,
            "end_recorded": chosen["at"] + 120,
        }
        stays = {name: column.copy() for name, column in world.lives.stays.items()}
        for name, value in ends.items():
            stays[name][stay] = value
        left = about(
            truth,
            replace(world.lives, stays=stays, days=days),
            kept(blood, blood["day"] < until[blood["stay"]]),
        )
        asked = moments(truth, stay, chosen["at"])
        assert_same(left.at(asked, days_ahead=AHEAD), truth.at(asked, days_ahead=AHEAD))

    def test_people_who_left_and_are_still_listed_are_mostly_known_to_be_gone(self, truth):
        stays = truth.world.lives.stays
        at = (stays["ended"] // A_DAY + 1) * A_DAY + BOARD
        left = np.flatnonzero((stays["ended"] >= 0) & (stays["end_recorded"] > at) & (stays["ended"] < at))
        found = truth.listed(left, at[left])
        assert len(left) > 20
        assert (found.gone > 0).all()
        assert np.mean(found.gone) > 0.7
        known = truth.at(moments(truth, left, at[left]), days_ahead=AHEAD)
        assert (known.home[:, 0] >= found.gone).all()

    def test_as_many_have_left_among_the_listed_as_the_chances_add_up_to(self, truth, rounds):
        stays = truth.world.lives.stays
        in_bed = truth.listed(rounds["stay"], rounds["at"]).gone
        at = (stays["ended"] // A_DAY + 1) * A_DAY + BOARD
        left = np.flatnonzero((stays["ended"] >= 0) & (stays["end_recorded"] > at) & (stays["ended"] < at))
        chances = np.concatenate([in_bed, truth.listed(left, at[left]).gone])
        error = np.sqrt((chances * (1 - chances)).sum())
        assert abs(len(left) - chances.sum()) < 4 * error
        assert error < 0.3 * len(left)

    def test_the_pathway_that_acts_on_returns_is_on_record_when_the_discharge_is(self, truth, small_hospital):
        lives = truth.world.lives.stays
        home = (lives["way_out"] == HOME) & (lives["day"] > 0)
        events = small_hospital.events[small_hospital.events["name"] == "pathway"]
        ends = small_hospital.admissions.set_index("admission_id")["discharge_recorded_at"]
        told = events["recorded_at"].to_numpy() <= ends.loc[events["admission_id"]].to_numpy()
        last = events[told].sort_values("happened_at").groupby("admission_id")["text"].last()
        ids = truth.stay_of.index[home].intersection(ends.index[ends.notna()])
        true = "P" + pd.Series(lives["pathway"], index=truth.stay_of.index).loc[ids].astype("str")
        assert len(ids) > 1000
        # Of who is ready on the day of arrival it need not be written: that is always without help.
        assert (last.reindex(ids).fillna("P0") == true).all()

    def test_a_chance_of_the_way_out_never_depends_on_the_scores_of_the_day(self):
        for name in ("died_ready", "worse", "leaves_when_ready", "leaves_later", "returns"):
            assert state_odds(name).shape[2:5] == (1, 1, 1), name
        assert state_odds("self_discharged").shape == (1, 1, 1, 1, 1, 1)
        assert state_odds("ready").shape == (SHAPE[0], 2, *SHAPE[2:], 1), STATE

    def test_a_working_diagnosis_tells_the_illness(self):
        codes = Counter(code for illness in illnesses().values() for code in illness["codes"])
        assert [code for code, times in codes.items() if times > 1] == []


class TestChances:
    @pytest.fixture(scope="class")
    def asked(self, truth, rounds) -> pd.DataFrame:
        stays = truth.world.lives.stays
        some = kept(one_a_stay(rounds), slice(0, 300))
        left = np.flatnonzero((stays["ended"] >= 0) & np.isin(stays["way_out"], (0, 3)))[:100]
        parts = [
            moments(truth, np.arange(150), stays["registered"][:150], "admission"),
            moments(truth, some["stay"], some["at"]),
            moments(truth, left, stays["end_recorded"][left], "discharge"),
        ]
        return pd.concat(parts, ignore_index=True)

    @pytest.fixture(scope="class")
    def known(self, truth, asked) -> Known:
        return truth.at(asked, days_ahead=AHEAD)

    def test_they_are_chances_and_nobody_goes_home_without_having_been_ready(self, known, asked, truth):
        in_bed = (asked["moment"] != "discharge").to_numpy()
        for chances in (known.home, known.ready):
            assert (chances >= 0).all()
            assert (chances.sum(axis=1) <= 1 + 1e-12).all()
        assert ((known.returns > 0) & (known.returns < 1)).all()
        assert (known.home[~in_bed] == 0).all()
        stay, at = truth.stay_of[asked["admission_id"]].to_numpy(), truth.minutes(asked["at"])
        waiting = truth.listed(stay[in_bed], at[in_bed]).ready
        home, ready = (chances[in_bed][~waiting].cumsum(axis=1) for chances in (known.home, known.ready))
        assert (ready >= home - 1e-12).all()

    def test_rows_do_not_depend_on_each_other_nor_on_their_order(self, known, asked, truth):
        order = np.random.default_rng(1).permutation(len(asked))
        turned = truth.at(asked.iloc[order], days_ahead=AHEAD)
        assert_same(turned, Known(known.home[order], known.ready[order], known.returns[order]))
        for row in (0, 200, len(asked) - 1):
            alone = truth.at(asked.iloc[[row]], days_ahead=AHEAD)
            assert_same(alone, Known(known.home[[row]], known.ready[[row]], known.returns[[row]]))

    def test_a_longer_view_ahead_changes_no_nearer_day(self, known, asked, truth):
        longer = truth.at(asked.head(200), days_ahead=AHEAD + 10)
        np.testing.assert_allclose(longer.home[:, :AHEAD], known.home[:200], rtol=0, atol=1e-12)

    def test_knowing_the_hidden_class_changes_the_chances_and_says_so_only_when_asked(
        self, known, asked, truth
    ):
        ceiling = truth.at(asked, days_ahead=AHEAD, ceiling=True)
        assert np.abs(ceiling.home - known.home).max() > 0.1
        assert np.abs(ceiling.returns - known.returns).max() > 0.01
        assert_same(truth.at(asked, days_ahead=AHEAD), known)

    def test_no_moments_have_no_chances(self, truth, asked):
        nothing = truth.at(asked.head(0), days_ahead=AHEAD)
        assert nothing.home.shape == (0, AHEAD)
        assert nothing.returns.shape == (0,)


class TestBadMoments:
    @pytest.fixture(scope="class")
    def good(self, truth, rounds) -> pd.DataFrame:
        later = rounds["day"] > 1
        return moments(truth, rounds["stay"][later][:3], rounds["at"][later][:3])

    def test_a_moment_of_another_kind_is_refused(self, truth, good):
        with pytest.raises(ValueError, match="moment must be one of admission, board, discharge, found any"):
            truth.at(good.assign(moment=["board", "any", "board"]))

    def test_admissions_of_another_hospital_are_refused(self, truth, good):
        with pytest.raises(ValueError, match="moments must be of this hospital's admissions, 2 are not"):
            truth.at(good.assign(admission_id=[good["admission_id"].iloc[0], "B1", "B2"]))

    @pytest.mark.parametrize("later", [pd.Timedelta(hours=1), pd.Timedelta(days=-400), pd.Timedelta(days=400)])
    def test_another_hour_and_somebody_who_is_not_listed_are_refused(self, truth, good, later):
        with pytest.raises(ValueError, match="an 08:00 board round in between; 3 are not"):
            truth.at(good.assign(at=good["at"] + later))

    @pytest.mark.parametrize("moment", ["admission", "discharge"])
    def test_an_admission_or_a_discharge_at_another_instant_is_refused(self, truth, good, moment):
        with pytest.raises(ValueError, match="3 are not"):
            truth.at(good.assign(moment=moment))
