"""Whatever is wrong with the next release, the last good one goes on answering, and somebody is told once."""

import logging
import os
import shutil

import pytest

from features.errors import ReleaseFault
from models.sealed import seal_file, sealed
from serving.rehearsal import Rehearsed
from tests.serving.releases import REFUSED, altered


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
