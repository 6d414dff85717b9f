"""The throw-away process: it stands between a damaged file and the process that answers."""

import os
import shutil
import subprocess
import sys
import time

import psutil
import pytest

from features.errors import ReleaseFault
from models.sealed import sealed
from serving.rehearsal import Rehearsed, rehearse
from tests.serving.releases import altered


@pytest.fixture
def copy(small_release_folder, tmp_path):
    return shutil.copytree(small_release_folder, tmp_path / "copy")


@pytest.fixture
def children():
    """Return a function that gives the processes of ours that were not there before."""
    before = set(psutil.Process().children())  # other tests keep helpers of their own
    return lambda: [
        each
        for each in psutil.Process().children()
        if each not in before and each.status() != psutil.STATUS_ZOMBIE
    ]


def test_a_good_release_says_for_whom_it_was_made(small_release_folder, children):
    digest = sealed(small_release_folder).digest
    assert rehearse(small_release_folder, digest) == Rehearsed("ENG", "Europe/London")
    assert children() == []


def test_a_truncated_booster_with_fitting_digests_dies_there_and_not_here(copy):
    content = (copy / "leave.txt").read_bytes()
    altered(copy, leave_txt=content[: len(content) // 3])
    with pytest.raises(ReleaseFault, match=r"killed the process|cannot be loaded|exit code") as fault:
        rehearse(copy, sealed(copy).digest)
    assert "\n" not in str(fault.value)


def test_other_bytes_than_were_checked_are_not_loaded(small_release_folder):
    with pytest.raises(ReleaseFault, match="not the digest that was recorded"):
        rehearse(small_release_folder, "0" * 64)


def test_one_that_hangs_is_ended_in_time(small_release_folder, children):
    began = time.monotonic()
    with pytest.raises(ReleaseFault, match=r"was not loaded within 0\.2 s"):
        rehearse(small_release_folder, sealed(small_release_folder).digest, seconds=0.2)
    assert time.monotonic() - began < 5
    assert children() == []


def test_it_ends_with_the_process_that_started_it(small_release_folder):
    reads, writes = os.pipe()
    command = [
        sys.executable,
        "-m",
        "serving.rehearsal",
        small_release_folder,
        sealed(small_release_folder).digest,
    ]
    child = subprocess.Popen(command, stdin=reads)
    os.close(reads)
    os.close(writes)  # as the end of this process would
    assert child.wait(60) == 1
