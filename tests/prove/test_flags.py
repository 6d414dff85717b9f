"""Each feature of a release missing, unknown, impossible and stale."""

from pathlib import Path

import flags
import pytest

from models.predictor import Predictor


def test_what_is_missing_unknown_impossible_or_stale_is_flagged_every_time(
    small_release: Predictor, tmp_path: Path
) -> None:
    found = flags.flagged(small_release, tmp_path)
    print(f"{found.cases} cases; absent and not expected: {', '.join(found.absent_and_not_expected)}")
    assert found.cases > 40
    assert (found.unflagged, found.falsely) == ([], [])


def test_what_a_release_does_not_flag_is_found(
    small_release: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.gaps.STALE_DAYS", 99)
    found = flags.flagged(small_release, tmp_path, kinds=("stale",))
    assert "news2 stale" in found.unflagged
