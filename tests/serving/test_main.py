import os
import subprocess
import sys

import pytest


def serving(home, *command, **settings):
    environment = {**os.environ, "HOMEWARD_HOME": str(home), "OMP_NUM_THREADS": "1", **settings}
    line = [sys.executable, "-m", "serving", *command]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a ward system and without a release, made once: a new process imports for seconds."""
    folder = tmp_path_factory.mktemp("home")
    assert serving(folder, "key", "add", "pas").returncode == 0
    return folder


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"HOMEWARD_PORT": "x"}, "HOMEWARD_PORT must be a whole number from 1 to 65,535"),
        ({"HOMEWARD_PROVIDER_FILE": __file__}, "must be a JSON file"),
        ({"HOMEWARD_RELEASE": "homeward:none"}, "there is no release homeward:none"),
    ],
)
def test_what_start_lacks_is_one_sentence_and_exit_code_2(home, settings, sentence):
    ended = serving(home, "start", **{"HOMEWARD_PORT": "39871", **settings})
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_link_leads_to_the_services_address(tmp_path):
    ended = serving(tmp_path, "link", HOMEWARD_PORT="3456")
    assert ended.stdout.startswith("http://127.0.0.1:3456/sign-in?code=")
    assert len(list((tmp_path / "sign-in-links").iterdir())) == 1
