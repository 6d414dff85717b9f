"""When a night fits again: each rule alone, and what stands against it."""

from pathlib import Path

import pandas as pd
import pytest

from training.retrain import Learnt, RetrainRules, decided

UNTIL = pd.Timestamp("2026-11-02T08:00", tz="Europe/London")
DAYS = pd.date_range("2026-06-01", periods=150, freq="D", tz="Europe/London")
NEW = pd.DataFrame({"admission_recorded_at": DAYS})


def days_before(days):
    return UNTIL - pd.Timedelta(days=days)


def alarm(part="calibration", since="2026-10-12", words="home by 24 h"):
    return {"part": part, "since": since, "words": words}


def decision(champion_days=30, challenger_days=None, standing=(), learnt=1_000, **rules):
    challenger = None if challenger_days is None else Learnt(learnt, days_before(challenger_days))
    champion = Learnt(learnt, days_before(champion_days))
    return decided(champion, challenger, NEW, UNTIL, standing, RetrainRules(**rules))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"champion_days": 91}, "the champion learnt until 3 August 2026, 91 days before the data end"),
        ({"standing": [alarm()]}, "home by 24 h has been in alarm for 21 days"),
        ({"standing": [alarm("flow", words="leaving a day")]}, "leaving a day has been in alarm for 21 days"),
    ],
)
def test_a_reason_is_enough(given, words):
    found = decision(**given)
    assert found.because == (words,)
    assert found.fit


@pytest.mark.parametrize(
    "given",
    [
        {"champion_days": 90},
        {"standing": [alarm(since="2026-10-26")]},
        {"standing": [alarm("inputs"), alarm("feeds")]},  # mended where they come from, not by a fit
        {"champion_days": 50, "oldest_days": 51},
    ],
)
def test_without_a_reason_nothing_is_fitted(given):
    found = decision(**given)
    assert found.because == ()
    assert not found.fit


def test_a_challenger_of_late_is_not_followed_by_another():
    found = decision(champion_days=120, challenger_days=27)
    assert found.but == ("a challenger that learnt until 6 October 2026 waits for the gate",)
    assert not found.fit
    assert decision(champion_days=120, challenger_days=28).fit


def test_few_new_admissions_teach_nothing():
    found = decision(standing=[alarm()], learnt=20_000)
    assert found.but == ("only 25 admissions are new beside the 20,000 that it learnt from",)
    assert not found.fit


def test_every_limit_is_in_the_readme_with_its_default():
    text = (Path(__file__).parents[2] / "training" / "README.md").read_text("utf-8")
    for name, value in RetrainRules().as_json().items():
        assert f"| `{name}` | {value} |" in text
