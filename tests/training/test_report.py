"""The page and the table of an evaluation."""

import copy
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from training.metrics import calibration_bins, date_figures, readmission_figures
from training.report import DATE_FIGURES, RISK_FIGURES, evaluation_tables, table_text, write_report

RISK = {
    "auroc": 0.68312,
    "auprc": 0.2319,
    "brier": 0.09634,
    "ece": 0.00312,
    "slope": 0.98,
    "observed_over_expected": 1.02,
    "n": 10_512,
    "events": 1_194,
}
DATES = {
    "mae_days": 2.345,
    "signed_error_days": -0.21,
    "within_1_day": 0.4554,
    "crps": 1.9187,
    "coverage_80": 0.8012,
    "width_80": 6.31,
    "home_by_24h_auroc": 0.8765,
    "home_by_24h_auprc": None,
    "n": 25_000,
}
FIGURES = {
    "release": "2026-11-21-a1b2c3",
    "source": "simulated",
    "rows": 25_000,
    "readmission": {**RISK, "board": {**RISK, "auroc": 0.671}},
    "same_issue": None,
    "ready": None,
    "discharge": {**DATES, "admission": {**DATES, "mae_days": 4.1}},
    "baselines": {
        "lace": {
            "readmission": {**RISK, "auroc": 0.6123},
            "same_issue": None,
            "ready": None,
            "discharge": None,
        },
        "planned_date": {
            "readmission": None,
            "same_issue": None,
            "ready": None,
            "discharge": {name: 3.777 if name == "mae_days" else None for name in DATES},
        },
    },
}


class Page(HTMLParser):
    """What a browser would fetch, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in {"src", "href", "action", "data"}]
        if tag not in {"meta", "img", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page(folder, **changes) -> str:
    given = {"title": "Evaluation", "notes": [], **changes}
    return write_report(given.pop("figures", FIGURES), folder / "made", **given).read_text("utf-8")


def test_the_page_shows_models_beside_baselines(tmp_path):
    text = page(tmp_path)
    for shown in ("0.683", "0.612", "0.671", "2.35", "45.5 %", "80.1 %", "3.78", "25,000", "2026-11-21-a1b2c3"):
        assert shown in text
    for name in ("Homeward", "LACE", "The ward&#39;s planned date"):
        assert f'<th scope="row">{name}</th>' in text


def test_the_page_asks_no_other_machine_for_anything(tmp_path):
    bins = calibration_bins(np.linspace(0.01, 0.9, 50), np.arange(50) % 2)
    text = page(tmp_path, calibration={"at discharge": bins})
    assert not re.search(r"https?://|@import|url\(|<script|<link", text)
    addresses = Page(text).addresses
    assert len(addresses) == 1
    assert addresses[0].startswith("data:image/png;base64,")


def test_every_element_of_the_page_is_closed(tmp_path):
    assert Page(page(tmp_path, tables={"By days so far": [{"days_so_far": 0, **DATES}]})).open == []


@pytest.mark.parametrize("place", ["title", "notes", "release", "source", "baseline", "table", "calibration"])
def test_names_are_escaped(tmp_path, place):
    bad = "<script>alert('$1')</script>"
    figures = copy.deepcopy(FIGURES)
    changes: dict[str, object] = {"figures": figures}
    if place in {"release", "source"}:
        figures[place] = bad
    elif place == "baseline":
        figures["baselines"] = {bad: figures["baselines"]["lace"]}
    elif place == "table":
        changes["tables"] = {bad: [{bad: bad, "more": 1}]}
    elif place == "calibration":
        changes["calibration"] = {bad: calibration_bins([0.1, 0.2], [0, 1])}
    else:
        changes[place] = bad if place == "title" else [bad]
    text = page(tmp_path, **changes)
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_what_is_left_out_is_said_with_its_reason(tmp_path):
    text = page(tmp_path, notes=["HOSPITAL cannot be computed: these rows have no sodium"])
    for sentence in (
        "Back for the same issue: no figures; the notes say why.",
        "Ready to leave: no figures; the notes say why.",
        "HOSPITAL cannot be computed: these rows have no sodium",
    ):
        assert sentence in text
        assert "Leaving: no figures" not in text


def test_tables_by_days_so_far_have_the_headings_of_the_figures(tmp_path):
    rows = [{"days_so_far": day, **DATES, "mae_days": 1 + day / 100} for day in range(22)]
    text = page(tmp_path, tables={"Leaving, by days so far": rows})
    assert "<caption>Leaving, by days so far</caption>" in text
    assert '<th scope="row">21</th><td>1.21</td>' in text
    assert '<th scope="col">Days so far</th><th scope="col">Days off</th>' in text


def test_intervals_stand_beside_their_figures(tmp_path):
    text = page(
        tmp_path,
        intervals={"readmission.auroc": (0.671, 0.694), "baselines.lace.readmission.auroc": (0.6, 0.62)},
    )
    assert "0.683 (0.671 to 0.694)" in text
    assert "0.612 (0.600 to 0.620)" in text
    assert "95 % intervals" in text
    assert "95 % intervals" not in page(tmp_path)


def test_rows_may_be_counted_by_moment(tmp_path):
    text = page(tmp_path, figures={**FIGURES, "rows": {"board": 25_000, "discharge": 10_512}})
    assert "board 25,000, discharge 10,512" in text


def test_empty_tables_and_bins_make_a_page(tmp_path):
    assert "<caption>By ward</caption>" in page(tmp_path, tables={"By ward": []}, calibration={"all": []})


def test_the_terminal_shows_the_same_table(tmp_path):
    text = table_text(FIGURES)
    for shown in (
        "release 2026-11-21-a1b2c3, source simulated, rows 25,000",
        "Homeward  ",
        "LACE",
        "0.683",
        "0.612",
        "45.5 %",
        "3.78",
        "10,512",
        "–",
    ):
        assert shown in text
    assert "Ready to leave: no figures; the notes say why." in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 120


def test_a_name_in_brackets_is_not_markup():
    assert "[red]x[/red]" in table_text({**FIGURES, "release": "[red]x[/red]"})


def test_only_sections_with_figures_become_tables():
    titles = [table.title for table in evaluation_tables(FIGURES)]
    assert titles == [
        "Back as an emergency within 30 days, at discharge",
        "Back as an emergency within 30 days, on the board",
        "Leaving, on the board",
        "Leaving, at admission",
    ]
    nothing = {**FIGURES, "readmission": None, "discharge": None, "baselines": {}}
    assert list(evaluation_tables(nothing)) == []


def test_every_figure_has_a_heading_and_a_meaning():
    assert {figure.name for figure in RISK_FIGURES} == set(readmission_figures([], []))
    assert {figure.name for figure in DATE_FIGURES} == set(date_figures(np.zeros((0, 61)), [], [], [], []))
