"""The command: what it prints, and that a fault is one message, exit code 2 and nothing written."""

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "features", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=False)


def test_faults_give_exit_code_2_and_one_message_and_write_nothing(stays, extract, tmp_path):
    folder = extract(stays({"age": "210"}))
    before = sorted(tmp_path.rglob("*"))
    done = run("check", "--source", "extract", "--path", folder, "--json", tmp_path / "found.json")
    assert done.returncode == 2
    assert done.stderr == f"{folder}: admissions row 2: age must be from 0 to 120, found 210\n"
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unknown_source_gives_exit_code_2_and_no_traceback():
    done = run("check", "--source", "mimic3", "--path", ".")
    assert done.returncode == 2
    assert done.stderr.startswith("source must be one of extract")
    assert "Traceback" not in done.stderr


def test_findings_that_cannot_be_written_are_told_before_reading(stays, extract, tmp_path):
    done = run("check", "--source", "extract", "--path", extract(stays()), "--json", tmp_path / "no" / "f.json")
    assert done.returncode == 2
    assert "cannot be written: there is no such folder" in done.stderr


def test_good_data_are_summed_up_on_the_screen_and_as_json(stays, events, extract, tmp_path):
    folder = extract(stays({}, {"admission_id": "A2", "discharged_at": ""}), events({}, {"name": "falls"}))
    done = run("check", "--source", "extract", "--path", folder, "--json", tmp_path / "found.json")
    assert done.returncode == 0
    assert "2 admissions of 1 patients, 1 still in hospital" in done.stdout
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert found["events"] == {"news2": 1}
    assert "event name falls is in no hospital.toml: 1 rows not used" in found["notes"]


def test_the_contract_is_printed():
    page = CHECKOUT / "features" / "CONTRACT.md"
    assert run("contract").stdout == page.read_text("utf-8")


def test_help_does_not_wait_for_pandas():
    code = "import features.__main__, sys; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=False).returncode == 0
