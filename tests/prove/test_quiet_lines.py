"""The lines R20 in small: the soak of some seconds, and what would fail it; the rest is in the journeys."""

from pathlib import Path

import quiet_lines
from quiet_lines import Soaked


def test_a_soak_of_some_seconds_is_measured(small_release_folder: Path, tmp_path: Path) -> None:
    found = quiet_lines.soak(small_release_folder, tmp_path / "home", 6, lambda _: None)
    assert found.failed == 0
    assert found.answered > 10
    assert len(found.mebibytes) >= 5
    assert min(found.mebibytes) > 50


def test_what_grows_is_found() -> None:
    steady, growing = Soaked((100.0,) * 60, 9, 0), Soaked(tuple(100.0 + look for look in range(60)), 9, 0)
    assert steady.growth == 1
    assert growing.growth > 1.05
