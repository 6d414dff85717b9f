"""By default the service listens on loopback alone, connects to no other machine, and unpickles nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.hearing import (
    HOOK,
    Heard,
    connected,
    heard_of_a_service,
    listened,
    read,
    unpickled,
    without_the_hook,
)


@pytest.fixture(scope="module")
def heard(small_release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    return heard_of_a_service(
        small_release_folder, tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("hook")
    )


def test_the_hook_was_in_every_process(heard: Heard) -> None:
    assert without_the_hook(heard) == []
    assert any(event == "socket.bind" for event, *_ in heard)


def test_the_hook_hears_what_must_not_be(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    unheard_of = (
        "import pickle, socket; pickle.loads(b'cbuiltins\\nlen\\n.'); "
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9)); "  # sends nothing
        "socket.socket().bind(('0.0.0.0', 0))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "HEARD_IN": str(tmp_path / "heard")}
    subprocess.run([sys.executable, "-c", unheard_of], env=environment, check=False)
    told = read(tmp_path / "heard")
    assert all(len(found(told)) == 1 for found in (listened, connected, unpickled))
    assert len(without_the_hook(told)) == 3


def test_it_listens_on_loopback_alone(heard: Heard) -> None:
    assert listened(heard) == []


def test_it_connects_to_no_other_machine_and_looks_up_no_name(heard: Heard) -> None:
    assert connected(heard) == []


def test_it_unpickles_nothing(heard: Heard) -> None:
    assert unpickled(heard) == []
