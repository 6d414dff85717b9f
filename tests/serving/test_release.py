"""The release that answers: what is taken, what is refused, and that an answer never mixes two."""

import json
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
from tests.serving.releases import REFUSED, altered


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


def spoilt(folder):
    (folder / "leave.txt").write_text("tree")


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
        spoilt(ward.promote(second, "second"))
        altered(ward.store / "homeward" / "first", leave_txt=b"tree")
        seal_file(ward.store / "homeward" / "first").unlink()
        with pytest.raises(ReleaseFault, match=r"leave.txt was altered; nor can the last good release be used"):
            ward.opened()

    def test_the_same_fault_is_not_told_twice(self, ward):
        ward.opened()
        spoilt(ward.store / "homeward" / "first")
        with pytest.raises(ReleaseFault) as fault:
            ward.opened()
        assert str(fault.value).count("leave.txt was altered") == 1

    @pytest.mark.parametrize("text", ["", "{}", "[1]", '{"folder": 1}', "\x00"])
    def test_a_memory_that_cannot_be_read_is_none(self, ward, text):
        (ward.home / FILE).write_text(text)
        assert ward.opened().current().digest == sealed(ward.first).digest

    def test_a_home_that_was_moved_still_has_its_last_good_release(self, ward, second, tmp_path_factory):
        ward.opened()
        spoilt(ward.promote(second, "second"))
        moved = ward.home.rename(tmp_path_factory.mktemp("elsewhere") / "home")
        ward.home, ward.store = moved, moved / "bentoml" / "models"
        assert ward.opened().current().digest == sealed(ward.first).digest

    def test_a_memory_that_cannot_be_written_costs_a_line_and_not_the_release(self, ward, second, caplog):
        (ward.home / f".{FILE}.{os.getpid()}.partial").mkdir()
        releases = ward.opened()
        ward.promote(second, "second")
        releases.look()
        assert releases.current().digest == sealed(second).digest
        assert f"{FILE} cannot be written: IsADirectoryError" in caplog.text


def test_what_one_worker_has_tried_the_other_finds_remembered(ward, second):
    workers = [ward.opened(), ward.opened()]
    ward.rehearsal.tried.clear()
    ward.promote(second, "second")
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda worker: worker.look(), workers))
    assert {worker.current().digest for worker in workers} == {sealed(second).digest}
    assert ward.rehearsal.tried == ["second"]


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
