"""The release that answers: what is taken, what is refused, and that an answer never mixes two."""

import json
import logging
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from features.errors import ReleaseFault
from models.release import _golden_table
from models.sealed import seal_file, sealed
from serving.candidate import Named
from serving.last_good import FILE
from serving.rehearsal import Rehearsed
from tests.serving.releases import REFUSED, Ward, altered, second_release


@pytest.fixture(scope="module")
def second(small_release_folder, tmp_path_factory):
    return second_release(small_release_folder, tmp_path_factory.mktemp("made") / "second")


@pytest.fixture
def ward(tmp_path, small_release_folder):
    return Ward(tmp_path, small_release_folder)


def answers(release, folder):
    """Return the answers to the golden rows of a folder as JSON, to the last bit."""
    golden = json.loads((folder / "golden.json").read_text())
    table = _golden_table(golden["rows"])
    return json.dumps([one.as_json() for one in release.predict(table, pd.Timestamp(golden["at"]))])


class TestTaking:
    def test_the_named_release_answers_and_is_remembered(self, ward):
        current = ward.opened().current()
        assert current.digest == sealed(ward.first).digest
        kept = json.loads((ward.home / FILE).read_text())
        assert (kept["folder"], kept["digest"]) == ("bentoml/models/homeward/first", current.digest)
        assert current.digest in ward.metric("homeward_release_info")

    def test_a_promoted_release_is_taken_once_it_was_tried(self, ward, second):
        releases = ward.opened()
        ward.promote(second, "second")
        releases.look()
        assert releases.current().digest == sealed(second).digest
        assert ward.rehearsal.tried == ["first", "second"]
        assert 'release="second"' in ward.metric("homeward_release_info")
        assert "first" not in ward.metric("homeward_release_info")

    def test_nothing_is_read_again_while_nothing_changes(self, ward):
        releases = ward.opened()
        before = releases.current()
        for _ in range(3):
            releases.look()
        assert releases.current() is before
        assert ward.rehearsal.tried == ["first"]

    def test_a_rollback_answers_as_before_to_the_bit(self, ward, second):
        releases = ward.opened()
        before = answers(releases.current().predictor, ward.first)
        ward.promote(second, "second")
        releases.look()
        assert answers(releases.current().predictor, ward.first) != before
        ward.promote(ward.first, "first")
        releases.look()
        assert answers(releases.current().predictor, ward.first) == before

    def test_a_folder_may_be_named_and_a_link_may_lead_to_it(self, ward, second):
        link = ward.home / "current"
        link.symlink_to(ward.first)
        releases = ward.opened(str(link))
        link.unlink()
        link.symlink_to(second)
        releases.look()
        assert releases.current().digest == sealed(second).digest

    def test_the_watcher_takes_it_within_a_moment_and_ends_when_closed(self, ward, second):
        releases = ward.opened().watch(0.02)
        ward.promote(second, "second")
        until(lambda: releases.current().digest == sealed(second).digest)
        releases.close()
        until(lambda: all(thread.name != "releases" for thread in threading.enumerate()))

    def test_a_worker_that_starts_again_need_not_try_what_answered_here(self, ward):
        ward.opened()
        ward.opened()
        assert ward.rehearsal.tried == ["first"]

    def test_no_answer_mixes_two_releases_while_they_are_swapped(self, ward, second):
        releases = ward.opened()
        right = {
            sealed(each).digest: answers(release_of(ward, each), ward.first) for each in (ward.first, second)
        }
        ended = threading.Event()

        def ask():
            seen = set()
            while not ended.is_set():
                current = releases.current()
                seen.add((current.digest, answers(current.predictor, ward.first)))
            return seen

        with ThreadPoolExecutor(4) as callers:
            asked = [callers.submit(ask) for _ in range(4)]
            for turn in range(6):
                ward.promote(*((second, "second"), (ward.first, "first"))[turn % 2])
                releases.look()
            ended.set()
        seen = set().union(*(each.result() for each in asked))
        assert seen == set(right.items())


def until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def release_of(ward, folder):
    return ward.opened(str(folder)).current().predictor


def missing(ward, _):
    (ward.store / "homeward" / "latest").write_text("gone")


def altered_file(_, folder):
    (folder / "leave.txt").write_text("tree")


def truncated_file(_, folder):
    os.truncate(folder / "leave.txt", 1000)


def half_copied(_, folder):
    (folder / "golden.json").unlink()
    (folder / "reference.json").unlink()


def unreadable_file(_, folder):
    (folder / "release.json").unlink()
    (folder / "release.json").mkdir()


def a_pipe(_, folder):
    (folder / "release.json").unlink()
    os.mkfifo(folder / "release.json")


def no_folder(_, folder):
    shutil.rmtree(folder)
    folder.write_text("a file")


def altered_with_fitting_digests(_, folder):
    altered(folder, leave_txt=(folder / "leave.txt").read_bytes() + b"\n")


def unreadable_seal(_, folder):
    seal_file(folder).write_text("no digest")


def a_latest_that_leads_out(ward, _):
    (ward.store / "homeward" / "latest").write_text("../../../elsewhere")


def a_latest_that_is_a_folder(ward, _):
    (ward.store / "homeward" / "latest").unlink()
    (ward.store / "homeward" / "latest").mkdir()


def a_latest_that_is_a_pipe(ward, _):
    (ward.store / "homeward" / "latest").unlink()
    os.mkfifo(ward.store / "homeward" / "latest")


def a_seal_that_is_a_pipe(_, folder):
    seal_file(folder).unlink()
    os.mkfifo(seal_file(folder))


def that_dies_in_its_trial(ward, _):
    ward.rehearsal.fault = REFUSED


def of_another_nation(ward, _):
    ward.rehearsal.said = Rehearsed("SCT", "Europe/London")


def that_breaks_our_code(ward, _):
    ward.rehearsal.fault = ZeroDivisionError("a text that nobody may read")


def that_does_not_load_here(_, folder):
    altered(folder, golden_json=b"{}")
    seal_file(folder).unlink()


FAULTS = {
    missing: "there is no release homeward:latest",
    altered_file: "leave.txt was altered",
    truncated_file: "leave.txt was altered",
    half_copied: "golden.json is missing",
    unreadable_file: "release.json is not a plain file",
    a_pipe: "release.json is not a plain file",
    no_folder: "there is no release",
    altered_with_fitting_digests: "not the digest that was recorded",
    unreadable_seal: "must hold one SHA-256",
    a_latest_that_leads_out: "there is no release",
    a_latest_that_is_a_folder: "cannot be found: IsADirectoryError",
    a_latest_that_is_a_pipe: "there is no release",
    a_seal_that_is_a_pipe: "must hold one SHA-256",
    that_dies_in_its_trial: "it cannot be",
    of_another_nation: "was made for nation SCT",
    that_breaks_our_code: "could not be taken: ZeroDivisionError",
    that_does_not_load_here: "cannot be loaded: KeyError",
}
OF_A_START = [fault for fault in FAULTS if fault is not that_breaks_our_code]  # which it shows as it is
OF_A_FIRST_START = [fault for fault in OF_A_START if fault is not of_another_nation]


def each(faults):
    return pytest.mark.parametrize("fault", faults, ids=lambda fault: fault.__name__)


class TestRefusing:
    @each(FAULTS)
    def test_the_last_good_release_goes_on_and_it_is_told_once(self, ward, second, fault, caplog):
        caplog.set_level(logging.INFO, "serving")
        releases = ward.opened()
        before = releases.current()
        fault(ward, ward.promote(second, "second"))
        for _ in range(4):
            releases.look()
        assert releases.current() is before
        [told] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert FAULTS[fault] in told
        assert told.endswith("goes on answering")
        assert "nobody may read" not in caplog.text
        assert ward.metric("homeward_release_refused_total") == " 1.0"
        assert ward.metric("homeward_release_is_the_named_one") == " 0.0"

    @each(OF_A_START)
    def test_a_start_takes_the_last_good_one_and_says_so(self, ward, second, fault, caplog):
        ward.opened()
        fault(ward, ward.promote(second, "second"))
        assert ward.opened().current().digest == sealed(ward.first).digest
        assert FAULTS[fault] in caplog.text
        assert "the last good release, first, answers" in caplog.text
        assert ward.metric("homeward_release_is_the_named_one") == " 0.0"

    @each(OF_A_FIRST_START)
    def test_a_start_without_a_good_one_is_refused_in_one_sentence(self, ward, second, fault):
        fault(ward, ward.promote(second, "second"))
        with pytest.raises(ReleaseFault) as refused:
            ward.opened()
        assert FAULTS[fault] in str(refused.value)
        assert "\n" not in str(refused.value)


class TestMending:
    def test_a_release_that_was_mended_is_taken_when_it_stands_still(self, ward, second):
        releases = ward.opened()
        folder = ward.promote(second, "second")
        os.truncate(folder / "leave.txt", 1000)
        releases.look()
        shutil.copy(second / "leave.txt", folder)
        releases.look()
        assert releases.current().digest == sealed(ward.first).digest
        releases.look()
        assert releases.current().digest == sealed(second).digest
        assert ward.metric("homeward_release_is_the_named_one") == " 1.0"

    def test_promoting_it_again_is_trying_it_again(self, ward, second):
        releases = ward.opened()
        ward.promote(second, "second")
        ward.rehearsal.fault = REFUSED
        releases.look()
        ward.rehearsal.fault = None
        ward.promote(second, "second")
        releases.look()
        releases.look()
        assert releases.current().digest == sealed(second).digest

    def test_going_back_from_a_refused_one_is_well_again_without_loading(self, ward, second):
        releases = ward.opened()
        ward.rehearsal.fault = REFUSED
        ward.promote(second, "second")
        releases.look()
        ward.promote(ward.first, "first")
        for _ in range(2):
            releases.look()
        assert ward.metric("homeward_release_is_the_named_one") == " 1.0"
        assert ward.rehearsal.tried == ["first", "second"]

    def test_a_last_good_one_that_was_altered_is_not_taken_either(self, ward, second):
        ward.opened()
        altered_file(ward, ward.promote(second, "second"))
        altered_with_fitting_digests(ward, ward.store / "homeward" / "first")
        seal_file(ward.store / "homeward" / "first").unlink()
        with pytest.raises(ReleaseFault, match=r"leave.txt was altered; nor can the last good release be used"):
            ward.opened()

    @pytest.mark.parametrize("text", ["", "{}", "[1]", '{"folder": 1}', "\x00"])
    def test_a_memory_that_cannot_be_read_is_none(self, ward, text):
        (ward.home / FILE).write_text(text)
        assert ward.opened().current().digest == sealed(ward.first).digest

    def test_a_home_that_was_moved_still_has_its_last_good_release(self, ward, second, tmp_path_factory):
        ward.opened()
        altered_file(ward, ward.promote(second, "second"))
        moved = ward.home.rename(tmp_path_factory.mktemp("elsewhere") / "home")
        ward.home, ward.store = moved, moved / "bentoml" / "models"
        assert ward.opened().current().digest == sealed(ward.first).digest

    def test_a_memory_that_cannot_be_written_costs_a_line_and_not_the_release(self, ward, second, caplog):
        (ward.home / f".{FILE}.partial").mkdir()
        releases = ward.opened()
        ward.promote(second, "second")
        releases.look()
        assert releases.current().digest == sealed(second).digest
        assert f"{FILE} cannot be written: IsADirectoryError" in caplog.text


class TestNames:
    @pytest.mark.parametrize("name", ["homeward:latest", "homeward", "homeward:first"])
    def test_a_tag_leads_to_its_folder(self, ward, name):
        assert Named(name, ward.store).folder() == ward.store / "homeward" / "first"

    @pytest.mark.parametrize(
        "name", ["homeward:none", "other:latest", "homeward:..", "..:..", "/nowhere", "a/b", "homeward:fir"]
    )
    def test_what_leads_nowhere_is_one_sentence(self, ward, name):
        with pytest.raises(ReleaseFault, match=f"there is no release {name}"):
            Named(name, ward.store).folder()
