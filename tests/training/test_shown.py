"""Whose dates were looked at: the file of it, and calibration of the two sides apart."""

import numpy as np
import pandas as pd
import pytest

from features.errors import HomewardError
from features.tables import Hospital
from models.predictor import Predictor
from training.drift import apart
from training.watch.rows import told
from training.watch.shown import read_shown, was_shown
from training.watch.weeks import weeks_of

LEARNT_UNTIL = pd.Timestamp("2026-08-01", tz="Europe/London")
RIGHT = "admission_id,shown_at\nA1,2026-01-06T11:00:00+00:00\nA2,\n"


@pytest.fixture
def shown(tmp_path):
    def written(text):
        (tmp_path / "shown.csv").write_text(text)
        return read_shown(tmp_path / "shown.csv")

    return written


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must be what `python -m serving shown` writes"),
        ("stay,at\nA1,\n", "its columns must be admission_id, shown_at"),
        (RIGHT + "A3,yesterday\n", "shown_at must be an instant with its zone in 1 rows"),
        (RIGHT + "A3,2026-01-06T11:00:00\n", "shown_at must be an instant with its zone in 1 rows"),
        (RIGHT + "A1,\n", "admission_id must be there once, and is there again in 1 rows"),
    ],
)
def test_a_file_that_is_something_else_is_a_sentence(shown, text, sentence):
    with pytest.raises(HomewardError, match=sentence.replace("(", "\\(")):
        shown(text)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(HomewardError, match="cannot be read"):
        read_shown(tmp_path / "none.csv")


def test_a_row_is_shown_from_the_day_of_the_first_look(shown):
    at = pd.Series(pd.to_datetime(["2026-01-05T08:00", "2026-01-06T08:00", "2026-01-07T08:00"])).dt.tz_localize(
        "UTC"
    )
    since = shown(RIGHT)
    assert was_shown(pd.Series(["A1"] * 3), at, since).tolist() == [0, 1, 1]
    assert was_shown(pd.Series(["A2"] * 3), at, since).tolist() == [0, 0, 0]
    assert np.isnan(was_shown(pd.Series(["unknown"] * 3), at, since)).all()


def test_the_two_sides_are_apart_and_make_up_the_whole(small_hospital: Hospital, small_release: Predictor):
    weeks = weeks_of(small_hospital, LEARNT_UNTIL, count=6)
    stays = small_hospital.admissions
    half = stays["admission_id"].iloc[::2]
    seen = pd.Series(pd.NaT, index=stays["admission_id"], dtype="datetime64[us, UTC]")
    seen.loc[half] = stays.set_index("admission_id")["admitted_at"].loc[half].dt.tz_convert("UTC")
    new = told(small_release, small_hospital, weeks, weeks.places, seen)
    found = apart(new)
    assert found is not None
    board = int((~np.isnan(new.rows["board"].expected["home_by_24h"])).sum())
    sides = [found[side]["home_by_24h"]["n"] for side in ("shown", "not_shown")]
    assert sum(sides) == board
    assert min(sides) > 0
    assert 0.3 < found["not_shown_share"] < 0.7
    assert found["said"][0].startswith("Nobody had looked at the dates of ")
    assert apart(told(small_release, small_hospital, weeks, weeks.places)) is None
