"""A night's work in a real MLflow: it predicts, watches and fits again, and the champion stays."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from features.sources import extract
from features.sources.simulation.levers import pull
from models import release
from tests.training.small import ran, small_hospital_in, well
from training.promotions import names
from training.registry import promote, register_release
from training.runs import start_run

UNTIL = "2026-11-02T08:00:00+00:00"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with a small hospital and a quick plan."""
    folder = tmp_path_factory.mktemp("nights")
    small_hospital_in(folder, admissions=700)
    return folder


@pytest.fixture
def source(place):
    return "--source", "simulated", "--path", str(place / "hospital-11")


@pytest.fixture
def champion(home, tmp_path, small_release_folder):
    """Return a function that makes a champion, which says until when it learnt."""
    golden = json.loads((small_release_folder / "golden.json").read_text())
    predictor = release.load(small_release_folder)

    def made(learnt_until, source="simulated"):
        about = {"source": source, "learnt_until": learnt_until, "admissions": 900}
        folder, table = tmp_path / "made" / "first", release._golden_table(golden["rows"])
        at = pd.Timestamp(golden["at"])
        release.save(replace(predictor, release="first"), folder, table, at, about, "first")
        with start_run(home, "fit", {}, {}) as run:
            register_release(home, folder, run)
        promote(home, "first")
        return home

    return made


def night(home, name="night.json"):
    [folder] = (home / "nightly").iterdir()
    return json.loads((folder / name).read_text())


def test_before_the_first_whole_week_it_predicts_and_says_that_there_is_nothing_to_watch(champion, source):
    home = champion(UNTIL)
    said = well(ran(home, "nightly", *source))
    assert "nothing to watch yet: the extract must hold the whole week from 9 November 2026" in said
    assert "no reason to fit again" in said
    found = night(home)
    assert (found["watched"], found["challenger"], found["fit_again"]["fit"]) == (None, None, False)
    predictions = pd.read_parquet(next((home / "nightly").glob("*/predictions.parquet")))
    assert len(predictions) == found["predicted"] > 0


def test_a_fit_that_is_due_makes_a_challenger_and_no_champion(champion, source, place, tmp_path):
    home = champion("2026-08-01T08:00:00+01:00")
    ended = ran(
        home, "nightly", *source, "--plan", str(place / "plan.json"), "--json", str(tmp_path / "out.json")
    )
    assert ended.returncode == 1, ended.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["watched"]["weeks"] >= 12
    assert found["fit_again"]["because"][0].startswith("the champion learnt until 1 August 2026, 93 days")
    assert names(home) == {"champion": "first", "challenger": found["challenger"]}
    assert f"{found['challenger']} is the challenger now; nobody has promoted it" in ended.stdout
    assert (home / "watch" / "latest.json").is_file()

    again = ran(home, "nightly", *source)
    assert "but a challenger that learnt until 2 November 2026 waits for the gate" in again.stdout
    assert names(home)["challenger"] == found["challenger"]


def test_a_feed_that_stopped_is_told_by_exit_codes_and_fits_nothing(champion, small_hospital, tmp_path):
    home = champion("2026-09-28T08:00:00+01:00", "extract")
    stopped = pd.Timestamp("2026-10-12", tz="Europe/London")
    extract.write(pull(small_hospital, "missing_feed", from_=stopped), tmp_path / "hospital")
    source = ("--source", "extract", "--path", str(tmp_path / "hospital"))
    watched = ran(home, "drift", *source, "--weeks", "1")
    assert watched.returncode == 1, watched.stderr
    assert "Records of news2: 0.0 a day" in watched.stdout
    ended = ran(home, "nightly", *source)
    assert ended.returncode == 1, ended.stderr
    assert "Records of news2: 0.0 a day" in ended.stdout
    assert "no reason to fit again" in ended.stdout
    assert night(home)["challenger"] is None


def test_a_home_without_a_champion_is_told(home, source):
    ended = ran(home, "nightly", *source)
    assert ended.returncode == 2
    assert "no release is the champion yet" in ended.stderr


def test_two_nights_do_not_run_together(champion, source):
    import fcntl

    home = champion(UNTIL)
    with (home / "nightly.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ended = ran(home, "nightly", *source)
    assert ended.returncode == 2
    assert "another night's work is still going on" in ended.stderr


def test_rules_that_are_none_are_told_at_once(home, source, tmp_path):
    (tmp_path / "rules.json").write_text('{"oldest_day": 3}')
    ended = ran(home, "nightly", *source, "--rules", str(tmp_path / "rules.json"))
    assert ended.returncode == 2
    assert "oldest_day is no knob; did you mean oldest_days?" in ended.stderr
