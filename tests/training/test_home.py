"""What training makes in a home is for the user who runs it."""

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
