"""The lines of the service in their small form."""

import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import service_lines
from inputs import Inputs
from line import Line
from mutations import MUTATIONS, mutated
from promotions import Answer, Day
from start_faults import START_FAULTS, StartFault, good_home

from features.errors import HomewardError, ReleaseFault
from models.release import load
from models.sealed import sealed
from serving.settings import Settings
from serving.starting import check

IN_PROCESS = ("R5a", "R5b", "R7b")


@pytest.fixture(scope="module")
def inputs(small_release_folder: Path) -> Inputs:
    small = Inputs(lambda _: None)
    small.quick_release = load(small_release_folder)
    return small


@pytest.mark.parametrize(
    "line", [line for line in service_lines.lines() if line.id in IN_PROCESS], ids=lambda line: line.id
)
def test_every_line_without_a_service_passes_in_small(
    inputs: Inputs, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_lines, "MUTATIONS", 4 * len(MUTATIONS))
    found = line.measure(inputs)
    assert line.verdict(found) == "pass", found.note


def test_a_mutant_is_refused_at_once_in_one_line_and_leaves_no_file_open(
    small_release_folder: Path, tmp_path: Path
) -> None:
    began, before = time.monotonic(), len(os.listdir("/dev/fd"))
    for number in range(len(MUTATIONS)):
        folder, _ = mutated(small_release_folder, tmp_path, number)
        with pytest.raises(ReleaseFault) as fault:
            sealed(folder)
        assert str(fault.value).isprintable()
    assert len(os.listdir("/dev/fd")) == before
    assert time.monotonic() - began < 10


@pytest.fixture(scope="module")
def home(small_release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return good_home(tmp_path_factory.mktemp("good"), small_release_folder)


@pytest.mark.parametrize("fault", START_FAULTS, ids=lambda fault: fault.words)
def test_a_start_up_fault_is_one_sentence(home: Path, tmp_path: Path, fault: StartFault) -> None:
    copy = Path(shutil.copytree(home, tmp_path / "home"))
    with ExitStack() as stack:
        settings = {"HOMEWARD_HOME": str(copy), "HOMEWARD_PORT": "39877", **fault.make(copy, stack)}
        with pytest.raises(HomewardError) as told:
            check(Settings.read(settings))
    assert fault.sentence in str(told.value)
    assert str(told.value).isprintable()


def test_a_good_home_has_no_fault(home: Path) -> None:
    check(Settings.read({"HOMEWARD_HOME": str(home), "HOMEWARD_PORT": "39877"}))


def answer(body: bytes, *releases: str, status: int = 200) -> Answer:
    return Answer(0.0, 0.1, status, body, frozenset(releases))


class TestTheDay:
    def test_answers_of_one_release_that_differ_are_mixed(self) -> None:
        assert Day([answer(b"1", "a"), answer(b"2", "b"), answer(b"1", "a")]).mixed == 0
        assert Day([answer(b"1", "a"), answer(b"2", "a")]).mixed == 1

    def test_an_answer_of_two_releases_is_mixed(self) -> None:
        assert Day([answer(b"1", "a", "b")]).mixed == 1

    def test_a_release_logged_under_two_digests_is_mixed(self) -> None:
        assert Day(logged=[("a", "1"), ("b", "2"), ("a", "2")]).mixed == 1

    def test_everything_but_200_failed(self) -> None:
        assert Day([answer(b"1", "a"), answer(b"", status=503), answer(b"", status=0)]).failed == 2
