import base64
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from features.sources.simulation import simulate
from features.sources.simulation.estimate import Estimate
from features.sources.simulation.gates import gates
from features.sources.simulation.summary import measured, with_kinds
from training.hospital_page import hospital_page, png
from training.hospital_plots import Plot, longer_stays, plots


@pytest.fixture(scope="module")
def page(small_hospital) -> str:
    return hospital_page(small_hospital)


@pytest.fixture(scope="module")
def drawn(small_hospital) -> dict[str, Plot]:
    return {plot.title: plot for plot in plots(small_hospital)}


class Links(HTMLParser):
    """Everything that a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href", "srcset", "data") and value]
        assert tag not in ("script", "iframe", "object", "embed", "link")


class TestThePage:
    def test_every_gate_of_the_nation_stands_with_its_figure_range_source_and_verdict(
        self, small_hospital, page
    ):
        figures = measured(small_hospital)
        shown = [gate for gate in gates() if not gate.model and gate.nation == "ENG" and gate.sites == 1]
        rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", unescape(page.split("</table>")[0]), re.DOTALL)
        assert len(rows) == len(shown) > 30
        for gate, row in zip(shown, rows, strict=True):
            verdict = figures[gate.name].verdict(gate.low, gate.high)
            for cell in (gate.words, gate.told(figures[gate.name]), gate.target, gate.source, verdict):
                assert cell in row

    def test_what_lies_outside_is_said_again_in_words(self, small_hospital):
        figures = {**measured(small_hospital), "occupancy": Estimate(0.5, (0.45, 0.55))}
        assert (
            "<li>Beds in use at midnight: 50 % (45 to 55), where 90 to 95 % would be usual.</li>"
            in hospital_page(small_hospital, figures)
        )

    def test_it_loads_nothing_and_runs_nothing(self, page):
        links = Links()
        links.feed(page)
        assert len(links.found) > 10
        assert all(link.startswith("data:image/png;base64,") for link in links.found)
        assert not re.search(r"url\(|@import|\bon\w+=", page)

    def test_its_pictures_are_pictures(self, page):
        pictures = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)"', page)
        assert len({alt for _, alt in pictures}) == len(pictures)
        assert all(base64.b64decode(data).startswith(b"\x89PNG") for data, _ in pictures)

    def test_the_same_hospital_gives_the_same_bytes(self):
        assert hospital_page(simulate(150, days=60)) == hospital_page(simulate(150, days=60))

    @pytest.mark.parametrize(
        "arguments", [{"admissions": 30, "days": 20}, {"admissions": 120, "nation": "SCT"}]
    )
    def test_a_hospital_of_a_few_stays_has_a_page(self, arguments):
        assert "Against what is published" in hospital_page(simulate(**arguments))

    def test_text_of_the_data_is_never_markup(self, small_hospital):
        hostile = replace(simulate(100, days=60), notes=("<script>alert(1)</script>",))
        assert "<script" not in hospital_page(hostile)


class TestThePictures:
    def test_every_one_that_a_whole_hospital_has_something_for_is_there(self, drawn):
        assert {plot.kind for plot in drawn.values()} == {"bars", "rows", "lines"}
        assert len(drawn) >= 13

    def test_places_values_and_published_ones_are_equally_many(self, drawn):
        for plot in drawn.values():
            assert {len(values) for values in plot.series.values()} == {len(plot.places)}
            if plot.published:
                assert len(plot.published[0]) == len(plot.places)

    @pytest.mark.parametrize(
        "title",
        ["Emergency arrivals by hour", "Discharges by hour", "Emergency admissions by age",
         "Left so many days after the date planned the day before"],
    )  # fmt: skip
    def test_shares_add_up(self, drawn, title):
        assert drawn[title].series["this hospital"].sum() == pytest.approx(1)

    def test_longer_stays_fall_from_those_of_a_night(self, small_hospital):
        stays = with_kinds(small_hospital)
        longer = longer_stays(stays).series["this hospital"]
        assert (np.diff(longer) <= 0).all()
        urgent = stays[stays["emergency"] & stays["left"]]
        assert longer[0] == pytest.approx((urgent["nights"] > 0).mean())

    def test_nobody_is_planned_in_at_a_weekend(self, drawn):
        assert drawn["Arrivals by weekday"].series["planned"][5:].tolist() == [0, 0]

    def test_a_source_without_events_has_the_pictures_of_its_admissions(self, small_hospital):
        bare = replace(small_hospital, events=small_hospital.events.iloc[:0])
        titles = {plot.title for plot in plots(bare)}
        assert "Emergency stays that last longer" in titles
        assert "NEWS2 of people still here" not in titles
        assert "Delays by reason" not in titles

    @pytest.mark.parametrize("kind", ["bars", "rows", "lines"])
    def test_any_kind_is_drawn(self, kind):
        places = pd.Index(["a", "b"]) if kind != "lines" else [1, 2]
        plot = Plot(
            "x", kind, places, {"one": np.array([0.1, np.nan])}, published=(np.array([0.2, 0.3]), "somebody")
        )
        assert png(plot).startswith(b"\x89PNG")


def test_simulate_writes_the_page_beside_the_tables_and_may_write_again(tmp_path, training):
    out = tmp_path / "hospital"
    for _ in range(2):
        ended = training("simulate", "--admissions", "150", "--out", str(out))
        assert ended.returncode == 0, ended.stderr
    assert "hospital.html" in (out / "source.toml").read_text()
    assert (out / "hospital.html").read_text().startswith("<!doctype html>")
    assert "hospital.html" in ended.stderr
