"""A first mapping is written of guesses, over nothing, whatever the files hold."""

import json
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import DataFault
from features.sources.first_mapping import first_mapping, write_first_mapping
from tests.small_folder import SPELLS


class TestFirstMapping:
    def test_it_is_never_written_over_one(self, folder):
        made = folder("# mine\n")
        with pytest.raises(DataFault, match="is there already and is not overwritten"):
            write_first_mapping(made)
        assert (made / "extract.toml").read_text() == "# mine\n"

    def test_an_empty_folder_is_a_sentence(self, tmp_path):
        with pytest.raises(DataFault, match="must hold your hospital's own files"):
            write_first_mapping(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_cannot_be_read_is_a_comment(self, folder):
        made = folder(**{"broken.csv": b"", "broken.parquet": b"PAR1"})
        assert '# "broken.csv" cannot be read: is empty' in first_mapping(made)
        assert '# "broken.parquet" cannot be read: is not a Parquet file' in first_mapping(made)

    @given(
        names=st.lists(
            st.text(st.characters(blacklist_categories=("Cs",)), max_size=30), min_size=1, max_size=6
        ),
        values=st.lists(
            st.text(st.characters(blacklist_categories=("Cs",)), max_size=12), min_size=6, max_size=6
        ),
    )
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_header_gives_a_mapping_that_is_toml(self, names, values, tmp_path_factory):
        folder = tmp_path_factory.mktemp("any")
        columns = ["Spell", "Pat No", "Admission Date", "Gender", "MainSpec", *names]
        quoted = [
            ['"' + text.replace('"', '""') + '"' for text in row]
            for row in (columns, (values * 9)[: len(columns)])
        ]
        (folder / "a.csv").write_text("\n".join(",".join(row) for row in quoted) + "\n", "utf-8")
        text = first_mapping(folder)
        assert tomllib.loads(text).get("files") or "cannot be read" in text


def test_faults_and_warnings_can_be_had_as_json(folder, command, tmp_path):
    made = folder(**{"spells.csv": SPELLS.replace(",67,", ",167,"), "more.csv": "a\n1\n"})
    ended = command("check", "--source", "extract", "--path", made, "--json", tmp_path / "found.json")
    assert ended.returncode == 2
    assert json.loads((tmp_path / "found.json").read_text("utf-8")) == {
        "source": "extract",
        "faults": ["admissions row spells.csv:3: age must be from 0 to 120, found 167"],
        "warnings": ["the mapping does not name the files more.csv"],
    }
    assert "found 167\nand beside them 1 warnings:\n  - the mapping does not name" in ended.stderr
