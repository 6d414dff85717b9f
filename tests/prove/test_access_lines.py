"""The lines R15 and R16: every one is measured, and passes; R15 in full is in tests/serving/test_access.py."""

import access_lines
import pytest
from inputs import Inputs
from line import Line

from serving.access import Caller
from tests.serving import site_rows
from tests.serving.builders import parts


@pytest.mark.parametrize(
    "line", [one for one in access_lines.lines(beds=1) if one.id != "R15"], ids=lambda line: line.id
)
def test_a_line_is_measured_and_passes(line: Line) -> None:
    found = line.measure(Inputs())
    assert line.verdict(found) == "pass", found.note


def test_a_service_that_minds_no_site_is_found(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Caller, "sees", lambda *_: True)
    of = parts(tmp_path, HOMEWARD_REQUESTS_PER_MINUTE="1000000")
    site_rows.filled(of, beds=1)
    tried, told = site_rows.rows_of_others(of)
    of.close()
    assert tried > 100
    assert any("a coordinator of RXX01, GET /board: RXX02, RXX03" in one for one in told)
    assert any("a ward system of RXX01, GET /v1/predictions" in one for one in told)
