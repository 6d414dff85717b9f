"""What the lines R17 look with; the ways of the service in small are in tests/serving/test_canaries.py."""

from pathlib import Path

import canary_lines

from features.sources import extract
from features.sources.simulation import simulate


def test_a_canary_in_a_file_is_found_however_deep(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "deep").write_bytes(b"\x00CANARY-SPELL-1\xff")
    (tmp_path / "homeward.db-wal").write_bytes(b"CANARY-SPELL-1")
    (tmp_path / "clean").write_bytes(b"nothing")
    assert canary_lines.in_files([tmp_path]) == ["deep", "homeward.db-wal"]
    assert canary_lines.in_files([tmp_path], but="homeward.db") == ["deep"]


def test_every_identifier_of_the_hospital_is_a_canary_and_it_can_be_read(tmp_path: Path) -> None:
    extract.write(canary_lines._of_canaries(simulate(500, seed=3)), tmp_path / "hospital")
    read = extract.read(tmp_path / "hospital")
    for ids in (read.admissions["admission_id"], read.admissions["patient_id"], read.events["admission_id"]):
        assert ids.str.startswith("CANARY-").all()
