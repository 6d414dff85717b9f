"""What training makes in a home is for the user who runs it."""

from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import ReleaseFault
from training.home import kept
from training.store import private


def others(folder):
    return folder.stat().st_mode & 0o077


def test_a_home_that_is_made_cannot_be_read_by_others(tmp_path):
    made = private(tmp_path / "home" / "releases")
    assert made == tmp_path / "home" / "releases"
    assert (others(made), others(made.parent)) == (0, 0)


def test_a_home_that_is_there_stays_as_it_is(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    private(home)
    assert others(home) == 0o055


def test_a_release_that_was_altered_is_told_when_the_same_is_kept_again(
    small_release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    about = {"source": "simulated", "admissions": 3000}
    first = kept(small_release, about)
    assert kept(small_release, about) == replace(first, again=True)
    assert kept(small_release, {**about, "admissions": 3001}).digest != first.digest
    (first.folder / "card.md").write_text("A much better release\n")
    with pytest.raises(ReleaseFault, match=r"card\.md was altered"):
        kept(small_release, about)
