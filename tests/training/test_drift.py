"""The watch is quiet where nothing changes, says what changed, and waits for labels."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pandas as pd
import pytest

from features.errors import HomewardError, ReleaseFault
from features.snapshot import as_known
from features.sources.simulation import Arguments
from features.sources.simulation.levers import pull
from features.tables import Hospital
from models.predictor import Predictor
from training.drift import Usual, Watched, judged_week, watched
from training.retrain import FITTING_HELPS
from training.simulate import write_simulated
from training.watch.measure import is_there
from training.watch.rows import RIPE_AFTER_DAYS, Told, told
from training.watch.weeks import Weeks, weeks_of
from training.watch.words import findings

LEARNT_UNTIL = pd.Timestamp("2026-08-01", tz="Europe/London")
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Small:
    """The small hospital, watched after 1 August with a reference of sixteen weeks before."""

    weeks: Weeks
    usual: Usual
    new: Told


@pytest.fixture(scope="module")
def small(small_hospital: Hospital, small_release: Predictor) -> Small:
    weeks = weeks_of(small_hospital, LEARNT_UNTIL)
    reference = told(small_release, small_hospital, weeks, range(weeks.reference))
    return Small(
        weeks, Usual.of(small_release, reference), told(small_release, small_hospital, weeks, weeks.places)
    )


def alarms(small: Small, week: Told, place: int) -> dict[str, float]:
    _, found = judged_week(small.usual, week, small.weeks, place)
    return {one["name"]: one["distance"] for one in found if one["state"] == "alarm"}


def shifted(small: Small, predictor: Predictor, hospital: Hospital, place: int) -> dict[str, float]:
    return alarms(small, told(predictor, hospital, small.weeks, range(place, place + 1)), place)


def test_weeks_in_which_nothing_changes_hardly_ever_alarm(small: Small) -> None:
    loud = [place for place in small.weeks.places if alarms(small, small.new.week(place), place)]
    assert len(small.weeks.places) == 13
    assert len(loud) <= 2  # of 13, where 1 in 20 is promised: three would be one hospital of a hundred


@pytest.mark.parametrize(
    ("lever", "event", "measure"),
    [
        ("missing_feed", "news2", "feed:news2"),
        ("missing_feed", "criteria_to_reside", "feed:criteria_to_reside"),
        ("unit_change", "c_reactive_protein", "c_reactive_protein"),
        ("coding_freeze", None, "feed:coded_diagnosis"),
    ],
)
def test_a_planted_shift_is_found_in_its_first_week_by_its_name(
    small: Small,
    small_hospital: Hospital,
    small_release: Predictor,
    lever: str,
    event: str | None,
    measure: str,
) -> None:
    place = next(each for each in small.weeks.places if not alarms(small, small.new.week(each), each))
    since = small.weeks.monday(place).tz_localize("Europe/London")
    hospital = pull(small_hospital, lever, from_=since, **({"event": event} if event else {}))
    found = shifted(small, small_release, hospital, place)
    assert measure in {name.removesuffix("_first") for name in found}


def test_a_hospital_cut_at_a_date_has_no_label_or_figure_that_the_whole_denies(
    small: Small, small_hospital: Hospital, small_release: Predictor
) -> None:
    known = as_known(small_hospital, small.weeks.monday(small.weeks.places[9]).tz_localize("Europe/London"))
    weeks = weeks_of(known, LEARNT_UNTIL)
    cut = told(small_release, known, weeks, weeks.places)
    labels = 0
    for place in weeks.places:
        for moment, rows in cut.week(place).rows.items():
            for name, seen in rows.seen.items():
                mature = ~np.isnan(seen)
                labels += mature.sum()
                assert np.array_equal(seen[mature], small.new.week(place).rows[moment].seen[name][mature])
        whole = small.new.part(weeks.places)
        ours, theirs = (judged_week(small.usual, each, weeks, place)[0] for each in (cut, whole))
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one.statistic, other.statistic, atol=1e-12)
    assert labels > 10_000


def test_labels_are_told_only_once_they_are_mature(small: Small) -> None:
    until = (small.weeks.until - small.weeks.first).days
    for rows in small.new.rows.values():
        for name, seen in rows.seen.items():
            told_on = rows.day[~np.isnan(seen)]
            assert told_on.max(initial=0) + RIPE_AFTER_DAYS[name] + small.weeks.late_days < until
            assert np.isnan(rows.expected[name]).tolist() == np.isnan(seen).tolist()


def test_who_is_still_in_counts_as_not_home(small: Small, small_hospital: Hospital) -> None:
    board = small.new.rows["board"]
    assert np.nanmin(board.seen["home_by_24h"]) == 0
    known = ~np.isnan(board.seen["home_by_24h"])
    assert known[board.day < board.day.max() - 5].all()


def test_an_alarm_says_what_how_much_since_when_and_what_to_look_at(
    small_hospital: Hospital, small_release: Predictor
) -> None:
    weeks = weeks_of(small_hospital, LEARNT_UNTIL, count=3)
    since = weeks.monday(weeks.places[1]).tz_localize("Europe/London")
    found = watched(small_release, pull(small_hospital, "missing_feed", from_=since), weeks, lambda _: None)
    said = next(one for one in found.alarms if one.startswith("Records of news2"))
    assert "0.0 a day; usual: " in said
    assert f"since {weeks.said(weeks.places[1])}" in said
    assert "look at whether the feed still comes" in said
    assert_json_holds_everything(found)


def assert_json_holds_everything(found: Watched) -> None:
    latest = json.loads(json.dumps(found.latest(), allow_nan=False))
    names = {one["name"] for one in latest["measures"]}
    assert names == {one["name"] for one in found.by_week[found.weeks.places[0]]}
    assert {one["part"] for one in latest["measures"]} == {
        *("inputs", "feeds", "predictions", "calibration", "coverage", "flow")
    }
    readmission = next(one for one in latest["measures"] if one["name"] == "readmission")
    assert readmission["state"] == "not mature"
    assert found.pooled["readmission"]["verdict"] == "cannot tell"
    whole = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert len(whole["weeks"]) == 3


def test_a_week_without_anybody_is_no_fault_and_alarms(small: Small, small_hospital: Hospital) -> None:
    place = small.weeks.places[0]
    empty = Told(
        {moment: rows.between(0, 0) for moment, rows in small.new.rows.items()},
        small.new.week(place).events * 0,
        small.new.week(place).emergencies * 0,
    )
    assert "admissions" in alarms(small, empty, place)


def test_emergencies_are_expected_by_four_weeks_that_ended_before(
    small: Small, small_hospital: Hospital
) -> None:
    stays = small_hospital.admissions
    codes = small_hospital.facts.group("admission_method", "emergency")
    came = stays.loc[stays["admission_method"].isin(codes), "admission_recorded_at"].dt.tz_localize(None)
    days = small.new.emergencies
    assert len(days) == 7 * len(small.weeks.places)
    for day in (days.index[0], days.index[40]):
        date = small.weeks.first + int(day) * DAY
        assert days.loc[day, "seen"] == came.between(date, date + DAY, inclusive="left").sum()
        for name, ended in (("expected", 6), ("expected_in_four", 27)):
            before = came.between(date - (28 + ended) * DAY, date - ended * DAY, inclusive="left").sum()
            assert days.loc[day, name] == pytest.approx(before / 28)


def test_a_week_of_many_emergencies_alarms(small: Small) -> None:
    place = next(each for each in small.weeks.places if not alarms(small, small.new.week(each), each))
    week = small.new.week(place)
    crowded = replace(week, emergencies=week.emergencies.assign(seen=2 * week.emergencies["seen"]))
    assert set(alarms(small, crowded, place)) == {"emergencies"}
    _, found = judged_week(small.usual, crowded, small.weeks, place)
    emergencies = next(one for one in found if one["name"] == "emergencies")
    assert emergencies["part"] not in FITTING_HELPS, "whom to expect is not what a release learns"


def test_how_the_hospital_as_a_whole_does_alarms_by_itself_however_much_else_is_watched(small: Small) -> None:
    (judged, _), _ = judged_week(small.usual, small.new, small.weeks, small.weeks.places[0])
    measures = small.usual.week.panel.measures
    key = np.array([one.is_key for one in measures])
    names = {one.name for one in measures if one.is_key}
    assert {"leaving", "leaving:weekend", "home_by_24h", "range", "emergencies"} <= names
    assert not any("ward:" in name for name in names)
    (keys,), (others,) = np.unique(judged.threshold[key]), np.unique(judged.threshold[~key])
    assert keys < others


def test_where_too_few_say_what_is_seldom_nothing_is_told(small: Small) -> None:
    (judged, _), _ = judged_week(small.usual, small.new, small.weeks, small.weeks.places[0])
    unknown = replace(judged, threshold=np.full(len(judged.threshold), np.inf))
    found = findings(small.usual.week, unknown, {})
    assert {(one["state"], one["distance"], one["threshold"]) for one in found} == {("cannot tell", None, None)}
    assert json.dumps(found, allow_nan=False)


class TestFourWeeks:
    def test_they_wait_until_four_are_over_and_then_add_these_up(self, small: Small) -> None:
        places = small.weeks.places
        _, early = judged_week(small.usual, small.new, small.weeks, places[2])
        _, whole = judged_week(small.usual, small.new, small.weeks, places[3])
        waits, judged = (
            next(one for one in found if one["name"] == "emergencies:four_weeks") for found in (early, whole)
        )
        assert waits["state"] == "not mature"
        assert waits["now"] == f"four weeks are over on {small.weeks.monday(places[4]):%-d %B %Y}"
        assert judged["state"] == "quiet"
        four = small.new.emergencies.loc[7 * places[0] : 7 * places[4] - 1]
        assert judged["seen"] == four["seen"].sum()
        assert judged["expected"] == pytest.approx(four["expected_in_four"].sum(), abs=0.001)

    def test_a_change_too_small_for_a_week_shows_in_four(self, small: Small) -> None:
        places = small.weeks.places
        lower = small.new.rows["board"]
        seen = lower.seen["leaving"].copy()
        left = np.flatnonzero((seen == 1) & (lower.day < 7 * places[4]))
        seen[left[::3]] = 0  # a third of those who left have not
        rows = {**small.new.rows, "board": replace(lower, seen={**lower.seen, "leaving": seen})}
        changed = replace(small.new, rows=rows)
        assert "leaving" not in alarms(small, changed, places[3])
        assert "leaving:four_weeks" in alarms(small, changed, places[3])

    def test_who_waits_for_a_care_home_is_watched_apart(self, small: Small) -> None:
        board = small.new.rows["board"]
        waits = is_there(board, "delayed:P3")
        assert 0 < waits.sum() < is_there(board, "delayed:P1").sum() + is_there(board, "delayed:P3").sum()
        expected = (board.table["pathway"] == "P3") & board.table["delay_began"].notna()
        assert waits.tolist() == expected.tolist()


class TestWeeks:
    def test_an_extract_that_ends_before_the_release_learnt_until_is_refused(
        self, small_hospital: Hospital
    ) -> None:
        with pytest.raises(HomewardError, match="must hold the whole week from "):
            weeks_of(small_hospital, small_hospital.observed_until + 40 * DAY)

    def test_an_extract_that_begins_with_what_is_new_is_refused(self, small_hospital: Hospital) -> None:
        begun = small_hospital.admissions["admitted_at"].min()
        with pytest.raises(HomewardError, match="read one that reaches further back"):
            weeks_of(small_hospital, begun + 100 * DAY)

    def test_dates_that_do_not_compare_are_refused(self, small_hospital: Hospital) -> None:
        with pytest.raises(HomewardError, match="only weeks of a calendar"):
            weeks_of(replace(small_hospital, dates="per_patient"), LEARNT_UNTIL)

    def test_another_nation_is_refused(self, small: Small, small_release: Predictor) -> None:
        other = Hospital(pd.DataFrame(), pd.DataFrame(), replace(small_release.facts, nation="SCT"), "extract")
        with pytest.raises(ReleaseFault, match="made for nation ENG"):
            watched(small_release, other, small.weeks, lambda _: None)


Run = Callable[..., CompletedProcess[str]]


class TestCommand:
    @pytest.fixture(scope="class")
    def folder(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("watched") / "hospital"
        write_simulated(Arguments(3000, seed=11, days=300), folder, lambda _: None)
        return folder

    @pytest.fixture
    def drift(self, training: Run, folder: Path, small_release_folder: Path) -> Run:
        of = ("--path", str(folder), "--release", str(small_release_folder))
        return lambda *words, source="simulated": training("drift", "--source", source, *of, *words)

    def test_it_keeps_what_the_service_shows_and_says_by_its_code_whether_an_alarm_stands(
        self, drift: Run, tmp_path: Path
    ) -> None:
        file = tmp_path / "found.json"
        ended = drift("--since", "2026-08-01", "--weeks", "2", "--json", str(file))
        latest = json.loads((tmp_path / "home" / "watch" / "latest.json").read_text("utf-8"))
        assert ended.returncode == int(bool(latest["alarms"]))
        assert ended.stdout.splitlines() == latest["alarms"]
        assert len(list((tmp_path / "home" / "watch" / "history").glob("*.json"))) == 2
        assert json.loads(file.read_text("utf-8"))["reference"]["weeks"] == 16

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ([], "give --since"),
            (["--since", "yesterday-ish"], "--since must be a moment"),
            (["--since", "2027-01-01"], "must hold the whole week from"),
            (["--since", "2026-08-01", "--json", "/nowhere/found.json"], "the folder of"),
        ],
    )
    def test_what_cannot_be_watched_is_said_in_words(self, drift: Run, words: list[str], said: str) -> None:
        ended = drift(*words)
        assert ended.returncode == 2
        assert said in ended.stderr

    def test_a_release_of_another_source_is_refused(self, drift: Run) -> None:
        ended = drift("--since", "2026-08-01", source="extract")
        assert ended.returncode == 2
        assert "was made from simulated, not from extract" in ended.stderr
