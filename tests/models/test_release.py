import json
import shutil
from pathlib import Path

import pytest

from features.errors import ReleaseFault
from features.tables import Hospital
from models import release
from models.sealed import digest, listing


@pytest.fixture
def copy(small_release_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(small_release_folder, tmp_path / "release")


def test_loading_a_release_twice_gives_the_same_answers(
    small_release_folder: Path, small_hospital: Hospital
) -> None:
    one, other = release.load(small_release_folder), release.load(small_release_folder)
    at = small_hospital.observed_until
    assert [answer.as_json() for answer in one.answer(small_hospital, at)] == [
        answer.as_json() for answer in other.answer(small_hospital, at)
    ]


def test_a_release_holds_nothing_that_can_run(small_release_folder: Path) -> None:
    assert {path.suffix for path in small_release_folder.iterdir()} <= {".txt", ".json", ".md"}


@pytest.mark.parametrize("name", ["leave.txt", "home.txt", "readmission.txt", "release.json", "reference.json"])
def test_one_flipped_bit_is_refused_before_anything_is_parsed(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ReleaseFault, match=f"{name} was altered"):
        release.load(copy)


def test_a_truncated_missing_or_added_file_is_refused(copy: Path) -> None:
    (copy / "leave.txt").write_bytes((copy / "leave.txt").read_bytes()[:1000])
    (copy / "home.txt").unlink()
    (copy / "extra.pkl").write_bytes(b"\x80")
    with pytest.raises(
        ReleaseFault, match=r"home\.txt is missing.*leave\.txt was altered.*extra\.pkl is not part"
    ):
        release.load(copy)


def test_a_release_that_answers_differently_is_refused(copy: Path) -> None:
    golden = json.loads((copy / "golden.json").read_text())
    golden["answers"][0]["home_within_30_days"] = 0.123
    golden["answers"][0]["discharge"]["home_within_30_days"] = 0.123
    rewritten(copy / "golden.json", golden)
    with pytest.raises(ReleaseFault, match="golden rows"):
        release.load(copy)


def test_a_release_of_an_earlier_version_is_refused_with_what_to_do(copy: Path) -> None:
    content = json.loads((copy / "release.json").read_text())
    rewritten(copy / "release.json", {**content, "format": 2})
    with pytest.raises(ReleaseFault, match="has format 2, this version reads 4: fit it again"):
        release.load(copy)


def rewritten(file: Path, content: object) -> None:
    """Write a file of a release anew, with the digest that fits."""
    file.write_text(json.dumps(content))
    digests = json.loads(file.with_name("digests.json").read_text())
    digests[file.name] = digest(file.read_bytes())
    file.with_name("digests.json").write_bytes(listing(digests))


def test_a_folder_without_digests_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(ReleaseFault, match="not a release"):
        release.load(tmp_path)
