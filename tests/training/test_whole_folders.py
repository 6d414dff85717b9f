"""What is written appears whole or not at all, also where the process that writes is killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from training.store import UNFINISHED, writing

ROOT = Path(__file__).parents[2]
HALF = """
import sys
from pathlib import Path
from training.store import writing
with writing(Path(sys.argv[1])) as made:
    (made / "half").mkdir()
    (made / "half" / "leave.txt").write_text("half a tree")
    print(made, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path: Path):
    """Return a process that has written half of a folder and waits, and its folder."""
    line = [sys.executable, "-c", HALF, str(tmp_path)]
    process = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process, Path(process.stdout.readline().strip())
    process.kill()
    process.communicate(timeout=20)


def test_what_a_killed_process_left_is_gone_the_next_time(tmp_path: Path, writer) -> None:
    process, left = writer
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    assert (left / "half" / "leave.txt").is_file()
    with writing(tmp_path) as made:
        assert list(tmp_path.glob(f"{UNFINISHED}*")) == [made]
    assert list(tmp_path.glob(f"{UNFINISHED}*")) == []


def test_the_folder_of_a_process_that_still_writes_is_left_alone(tmp_path: Path, writer) -> None:
    process, others = writer
    with writing(tmp_path) as made:
        assert made != others
    assert (others / "half" / "leave.txt").is_file()
    process.communicate("done", timeout=20)
    assert not others.exists()


def test_what_is_moved_out_stays_and_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), writing(tmp_path) as made:
        (made / "missing" / "leave.txt").write_text("half a tree")
    with writing(tmp_path) as made:
        (made / "whole").mkdir()
        (made / "whole").rename(tmp_path / "release")
    assert [each.name for each in tmp_path.iterdir() if each.is_dir()] == ["release"]
