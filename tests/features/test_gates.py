"""The published ranges are well told, and no figure of 10,000 simulated admissions lies wholly outside one."""

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from features.sources.simulation import simulate
from features.sources.simulation.estimate import Estimate
from features.sources.simulation.gates import Gate, Judgement, curves, gates, judged
from features.sources.simulation.summary import measured
from models.release import about

ADMISSIONS = 10_000
HELD_TO = [gate for gate in gates() if gate.id and not gate.model]
Figures = dict[str, Estimate]


@pytest.fixture(scope="session")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Figures]:
    """Return a function from nation and sites to a hospital's figures; the first worker measures for all."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def of(nation: str, sites: int) -> Figures:
        file = shared / f"figures_{nation}_{sites}.json"
        with (shared / f"{file.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.exists():
                found = measured(simulate(ADMISSIONS, nation=nation, sites=sites))
                file.write_text(json.dumps({name: (one.value, one.interval) for name, one in found.items()}))
        held = json.loads(file.read_text())
        return {name: Estimate(value, edges and tuple(edges)) for name, (value, edges) in held.items()}

    return of


@pytest.mark.parametrize("gate", HELD_TO, ids=lambda gate: f"{gate.id}-{gate.name}")
def test_no_figure_of_10_000_admissions_lies_wholly_outside_its_range(figures, gate: Gate):
    found = Judgement(gate, figures(gate.nation, gate.sites)[gate.name])
    print(f"{gate.words}: {found.told}, published {gate.target} ({gate.source}): {found.verdict}")
    assert found.verdict in ("pass", "cannot tell"), f"{gate.words}: {found.told}, should be {gate.target}"


def test_models_do_not_find_the_small_hospital_too_easy(small_release_folder: Path):
    found = about(small_release_folder)["about"]["figures"]
    limits = {gate.name: gate.high for gate in gates()}
    readmission = found["out_of_fold"]["readmission"]["auroc"]
    tomorrow = found["discharge"]["home_by_24h_auroc"]
    print(f"readmission AUROC {readmission:.3f}, home by 24 h {tomorrow:.3f}")
    assert readmission <= limits["readmission_auroc_limit"]
    assert tomorrow <= limits["home_by_24h_auroc_limit"]


class TestTheFile:
    @pytest.mark.parametrize("gate", gates(), ids=lambda gate: f"{gate.nation}-{gate.name}")
    def test_every_entry_says_what_it_is(self, gate: Gate):
        assert gate.low <= gate.high
        assert gate.words
        assert gate.source
        assert gate.basis in ("published", "derived", "recalled", "assumed")
        assert gate.unit in ("%", "points", "nights", "days", "")
        assert gate.nation in ("ENG", "WLS", "SCT", "NIR")

    def test_numbers_are_unique_and_in_order(self):
        numbers = [gate.id for gate in gates() if gate.id]
        assert numbers == [f"G{number:02d}" for number in range(1, len(numbers) + 1)]

    def test_every_figure_that_needs_no_model_is_measured(self):
        known = measured(simulate(150, days=60))
        assert {gate.name for gate in gates() if not gate.model} <= set(known)

    def test_shares_of_a_curve_add_up(self):
        for name in ("arrival_hour", "discharge_hour", "delay_days", "age"):
            assert sum(curves()[name]["shares"]) == pytest.approx(1, abs=0.011), name
        assert sum(curves()["discharge_hour"]["shares"][:12]) == pytest.approx(0.176, abs=0.005)


class TestJudging:
    GATE = Gate("died", "Died", "%", "SHMI", "derived", low=0.02, high=0.03)

    @pytest.mark.parametrize(
        ("edges", "target"),
        [
            ({"low": 0.02, "high": 0.03}, "2 to 3 %"),
            ({"low": 0.05}, "at least 5 %"),
            ({"high": 0.8, "unit": ""}, "at most 0.8"),
            ({"low": 3, "high": 3, "unit": "days"}, "3 days"),
            ({"low": -0.07, "high": -0.04, "unit": "points"}, "-7 to -4 points"),
        ],
    )
    def test_a_range_is_told_in_its_unit(self, edges, target):
        assert Gate("x", "x", edges.pop("unit", "%"), "s", "derived", **edges).target == target

    def test_only_gates_of_the_nation_with_enough_sites_are_judged(self):
        english, scottish = simulate(150, days=60), simulate(150, days=60, nation="SCT", sites=2)
        names = [(one.gate.name, one.gate.nation) for one in judged(english)]
        assert ("readmitted_elsewhere_of_those", "ENG") not in names
        assert ("occupancy", "ENG") in names
        assert {one.gate.nation for one in judged(scottish)} == {"SCT"}

    def test_what_the_data_cannot_give_is_not_measured(self):
        hospital = simulate(150, days=60)
        without = replace(hospital, events=hospital.events[hospital.events["name"] != "bed"])
        found = {one.gate.name: one for one in judged(without)}
        assert found["occupancy"].verdict == "not measured"
        assert found["occupancy"].told == "-"

    def test_a_figure_is_told_with_its_interval(self):
        assert Judgement(self.GATE, Estimate(0.0273, (0.0255, 0.029))).told == "2.73 % (2.55 to 2.9)"
        assert Judgement(self.GATE, Estimate(0.0273)).told == "2.73 %"
