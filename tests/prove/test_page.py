"""What the README and PROOF.md say of the lines is what the ledger holds."""

from pathlib import Path

import page
import pytest
from ledger import NEVER, entries
from line import Found, Line
from registry import CHAPTERS, LINES

from features.sources.simulation.estimate import Estimate


def line(name: str) -> Line:
    return Line(name, f"measures {name}", "0 to 1", lambda _: Found(Estimate(0.5)), 0, 1)


def entry(name: str, verdict: str) -> dict[str, str]:
    own = {"id": name, "measures": "a thing", "target": "0 to 1", "shown": "0.5", "verdict": verdict}
    return {**own, "commit": "16ee78a4e0d2", "date": "2026-11-25", "note": ""}


def test_a_sum_names_the_lines_that_failed() -> None:
    found = {name: entry(name, verdict) for name, verdict in (("G1", "pass"), ("G2", "fail"), ("G3", "error"))}
    assert page.sums(found).splitlines()[2] == f"| G (3) | {CHAPTERS['G']} | 1 | 0 | 2: G2, G3 | 0 |"


def test_a_line_never_measured_says_so(tmp_path: Path) -> None:
    found = entries(tmp_path / "proof.json", [line("G1")])
    assert f"| G1 | measures G1 | 0 to 1 | - | {NEVER} |  |  |" in page.page(found)
    assert page.sums(found).splitlines()[2].endswith("| 0 | 0 | 0 | 1 |")


def test_a_line_measured_with_files_changed_says_so() -> None:
    dirty = {**entry("G1", "pass"), "commit": "16ee78a4e0d2+dirty"}
    assert "| 16ee78a4+dirty |" in page.page({"G1": dirty})


def test_the_table_takes_the_place_of_the_old_one_and_nothing_else() -> None:
    readme = f"before\n{page.BEGIN}\nold\n{page.END}\nafter"
    assert page.with_table(readme, "new") == f"before\n{page.BEGIN}\nnew\n{page.END}\nafter"


def test_a_readme_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold"):
        page.with_table("no place", "new")


def test_every_line_is_on_the_page_with_its_target_and_its_letter_has_a_question() -> None:
    written = page.PAGE.read_text("utf-8")
    for one in LINES:
        assert f"| {one.id} | {one.measures} | {one.target} |" in written, f"{one.id}: run `make proven`"
        assert one.id[0] in CHAPTERS


def test_the_readme_sums_what_the_page_says() -> None:
    rows = [row.split(" | ") for row in page.PAGE.read_text("utf-8").splitlines() if row.startswith("| ")]
    found = {row[0][2:]: entry(row[0][2:], row[4]) for row in rows[1:]}
    assert page.sums(found) in page.README.read_text("utf-8")


def test_a_ledger_of_another_making_is_one_sentence_and_changes_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    (tmp_path / "proof.json").write_text("[]", "utf-8")
    before = page.PAGE.read_text("utf-8")
    assert page.main() == 2
    assert "must be as `make prove` wrote it" in capsys.readouterr().err
    assert page.PAGE.read_text("utf-8") == before
