"""The throw-away process: it stands between a damaged file and the process that answers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from features.errors import ReleaseFault
from models.sealed import sealed
from serving.rehearsal import Rehearsal, Rehearsed
from tests.serving.releases import altered

ENGLAND = Rehearsed("ENG", "Europe/London")


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


@pytest.fixture
def rehearsal():
    trial = Rehearsal()
    yield trial
    trial.close()


def tried(rehearsal, folder):
    return rehearsal(folder, sealed(folder).digest)


def test_a_good_release_says_for_whom_it_was_made(rehearsal, small_release_folder, children):
    assert tried(rehearsal, small_release_folder) == ENGLAND
    (helper,) = children()
    assert helper.children() == []  # it would take a part of the next order for itself
    assert tried(rehearsal, small_release_folder) == ENGLAND
    rehearsal.close()
    assert children() == []


def test_the_helper_can_begin_before_the_first_trial(rehearsal, small_release_folder, children):
    rehearsal.prepare()
    (helper,) = children()
    assert tried(rehearsal, small_release_folder) == ENGLAND
    assert children() == [helper]


def test_a_truncated_booster_with_fitting_digests_dies_there_and_the_next_is_tried(
    rehearsal, small_release_folder, copy, children
):
    content = (copy / "leave.txt").read_bytes()
    altered(copy, leave_txt=content[: len(content) // 3])
    with pytest.raises(ReleaseFault, match=r"killed the process|cannot be loaded|exit code") as fault:
        tried(rehearsal, copy)
    assert "\n" not in str(fault.value)
    (helper,) = children()
    assert tried(rehearsal, small_release_folder) == ENGLAND
    assert children() == [helper]


def test_what_libraries_write_of_a_damaged_file_goes_nowhere(copy, capfd):
    content = (copy / "leave.txt").read_bytes()
    altered(copy, leave_txt=content[: len(content) // 3])
    rehearsal = Rehearsal()
    try:
        with pytest.raises(ReleaseFault):
            tried(rehearsal, copy)
    finally:
        rehearsal.close()
    assert capfd.readouterr() == ("", "")


def test_the_helper_is_one_thread_so_that_a_fork_of_it_is_whole(rehearsal, small_release_folder, children):
    tried(rehearsal, small_release_folder)
    (helper,) = children()
    names = [path.read_text().strip() for path in Path(f"/proc/{helper.pid}/task").glob("*/comm")]
    names = [name for name in names if name != "jemalloc_bg_thd"]  # Arrow's allocator minds forks itself
    assert len(names) == 1


def test_other_bytes_than_were_checked_are_not_loaded(rehearsal, small_release_folder):
    with pytest.raises(ReleaseFault, match="not the digest that was recorded"):
        rehearsal(small_release_folder, "0" * 64)


def test_one_that_hangs_is_ended_in_time(small_release_folder, children):
    began = time.monotonic()
    with pytest.raises(ReleaseFault, match=r"was not loaded within 0\.2 s"):
        tried(Rehearsal(seconds=0.2), small_release_folder)
    assert time.monotonic() - began < 5
    assert children() == []


def test_a_process_that_is_killed_is_a_fault_of_that_trial_alone(rehearsal, small_release_folder, children):
    tried(rehearsal, small_release_folder)
    (helper,) = children()
    os.kill(helper.pid, signal.SIGSTOP)  # the trial waits
    killer = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {helper.pid}"])
    with pytest.raises(ReleaseFault, match="broke off"):
        tried(rehearsal, small_release_folder)
    killer.wait()
    assert tried(rehearsal, small_release_folder) == ENGLAND


def test_it_ends_with_the_process_that_started_it(small_release_folder):
    helper = subprocess.Popen(
        [sys.executable, "-m", "serving.rehearsal"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    order = json.dumps([str(small_release_folder), sealed(small_release_folder).digest])
    helper.stdin.write(f"{order}\n".encode())
    helper.stdin.close()  # as the end of this process would
    assert helper.wait(60) == 0
    helper.stdout.close()
