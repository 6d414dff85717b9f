"""A home with a release, and a second release that answers otherwise."""

import pytest

from tests.serving.releases import Ward, second_release


@pytest.fixture(scope="session")
def second(small_release_folder, tmp_path_factory):
    return second_release(small_release_folder, tmp_path_factory.mktemp("made") / "second")


@pytest.fixture
def ward(tmp_path, small_release_folder):
    return Ward(tmp_path, small_release_folder)
