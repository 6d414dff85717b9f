import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import hardness
import ledger
import pytest
from inputs import Inputs
from line import Found, Line, chosen
from registry import LINES
from run import prove

from features.sources.simulation import gates, simulate
from features.sources.simulation.estimate import Estimate

COMMIT = "16ee78a4"


def command():
    """Return the module that `python tests/prove` runs."""
    spec = spec_from_file_location("prove_command", Path(__file__).with_name("__main__.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def line(name="X1", measure=lambda _: Found(Estimate(0.5)), **rest) -> Line:
    return Line(name, "a thing", "0 to 1", measure, **{"low": 0, "high": 1, **rest})


def broken(_):
    raise RuntimeError("the feed\nis missing")


def stopped(_):
    raise KeyboardInterrupt


def counted(times: list[str], name: str) -> Line:
    def measure(_):
        times.append(name)
        return Found(Estimate(0.5))

    return line(name, measure)


def proved(lines, file, commit=COMMIT, anew=(), wanted=None) -> list[ledger.Entry]:
    made = prove(
        lines,
        lines if wanted is None else wanted,
        file,
        Inputs(lambda _: None),
        commit=commit,
        today=lambda: "2026-11-22",
        anew=anew,
    )
    return list(made)


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "home" / "proof.json"


class TestTheRegistry:
    def test_every_line_has_its_own_id_words_and_a_target(self):
        assert len({each.id for each in LINES}) == len(LINES)
        assert all(each.measures and each.target and each.low <= each.high for each in LINES)

    def test_every_gate_with_a_number_is_a_line(self):
        assert [each.id for each in LINES if each.id.startswith("G")] == [
            gate.id for gate in gates.gates() if gate.id
        ]

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ([], ["T1", "T1a", "T10", "P2"]),
            (["T"], ["T1", "T1a", "T10"]),
            (["T1"], ["T1", "T1a"]),
            (["t10", "P"], ["T10", "P2"]),
        ],
    )
    def test_lines_are_chosen_by_id_or_by_what_ids_begin_with(self, words, found):
        lines = [line(name) for name in ("T1", "T1a", "T10", "P2")]
        assert [each.id for each in chosen(lines, words)] == found

    def test_a_word_that_names_nothing_is_told_with_those_that_do(self):
        with pytest.raises(ValueError, match="no line is called T3; there are T1, P2"):
            chosen([line("T1"), line("P2")], ["T1", "T3"])


class TestTheVerdict:
    @pytest.mark.parametrize(
        ("interval", "verdict"),
        [
            ((0.66, 0.74), "pass"),
            ((0.65, 0.75), "pass"),
            ((0.60, 0.74), "cannot tell"),
            ((0.60, 0.80), "cannot tell"),
            ((0.751, 0.80), "fail"),
            ((0.50, 0.649), "fail"),
            (None, "pass"),
        ],
    )
    def test_only_an_interval_wholly_outside_fails_and_only_one_wholly_inside_passes(self, interval, verdict):
        assert line(low=0.65, high=0.75).verdict(Found(Estimate(0.70, interval))) == verdict

    def test_a_figure_without_an_interval_is_judged_alone(self):
        assert line(high=0.8).verdict(Found(Estimate(0.8001))) == "fail"

    def test_a_figure_that_cannot_be_computed_is_not_measured(self, file):
        entry = proved([line(measure=lambda _: Found(Estimate(float("nan"))))], file)[0]
        assert (entry["verdict"], entry["figure"]) == ("not measured", None)
        assert entry["note"] == "the data cannot give this figure"


class TestKeeping:
    def test_each_line_is_in_the_file_before_the_next_begins(self, file):
        held = []

        def second(_):
            held.extend(json.loads(file.read_text())["lines"])
            return Found(Estimate(0.5, (0.4, 0.6)), "of two")

        entry = proved([line("X1"), line("X2", second)], file)[1]
        assert [(each["id"], each["verdict"]) for each in held] == [("X1", "pass"), ("X2", "not measured")]
        assert set(entry) == set(ledger.FIELDS)
        assert entry["interval"] == [0.4, 0.6]
        assert entry["shown"] == "0.5 (0.4 to 0.6)"
        assert (entry["commit"], entry["date"], entry["note"]) == (COMMIT, "2026-11-22", "of two")
        assert list(file.parent.iterdir()) == [file]

    @pytest.mark.parametrize(
        ("commits", "anew", "times"),
        [
            ((COMMIT, COMMIT), (), 1),
            ((COMMIT, COMMIT), ("X1",), 2),
            ((COMMIT, "another"), (), 2),
            ((f"{COMMIT}+dirty", f"{COMMIT}+dirty"), (), 2),
        ],
    )
    def test_a_line_that_stands_at_a_clean_commit_is_measured_again_only_by_name(
        self, file, commits, anew, times
    ):
        measured: list[str] = []
        for commit in commits:
            proved([counted(measured, "X1")], file, commit, anew)
        assert len(measured) == times

    def test_a_line_that_raised_is_tried_again(self, file):
        assert proved([line(measure=broken)], file)[0]["verdict"] == "error"
        assert proved([line()], file)[0]["verdict"] == "pass"

    def test_a_line_that_raises_says_why_in_one_sentence_and_the_others_go_on(self, file):
        entries = proved([line("X1", broken), line("X2")], file)
        assert [each["verdict"] for each in entries] == ["error", "pass"]
        assert entries[0]["note"] == "RuntimeError: the feed"

    def test_lines_not_asked_for_keep_what_they_had(self, file):
        lines = [line("X1"), line("X2")]
        proved(lines, file, wanted=lines[:1])
        proved(lines, file, "another", wanted=lines[1:])
        kept = ledger.entries(file, lines)
        assert [kept[name]["commit"] for name in ("X1", "X2")] == [COMMIT, "another"]


class TestTheCommand:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path, monkeypatch) -> Path:
        monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
        return tmp_path

    def test_it_prints_one_table_and_says_that_nothing_failed(self, capsys):
        lines = [line("X1"), line("X2", low=0.5, measure=lambda _: Found(Estimate(0.5, (0.4, 0.6)), "few"))]
        assert command().main([], lines) == 0
        shown = capsys.readouterr().out
        assert "X1    a thing   0 to 1  0.5               pass" in shown
        assert "X2    a thing   0 to 1  0.5 (0.4 to 0.6)  cannot tell" in shown
        assert "X2: few" in shown

    @pytest.mark.parametrize("bad", [line("X2", high=0.4), line("X2", broken)])
    def test_a_line_that_fails_or_raises_makes_it_fail(self, bad):
        assert command().main(["X1"], [line("X1"), bad]) == 0
        assert command().main(["x1,x2"], [line("X1"), bad]) == 1

    def test_stopping_keeps_what_is_done(self, home, capsys):
        assert command().main([], [line("X1"), line("X2", stopped), line("X3")]) == 130
        verdicts = [entry["verdict"] for entry in json.loads((home / "proof.json").read_text())["lines"]]
        assert verdicts == ["pass", "not measured", "not measured"]
        assert "stopped" in capsys.readouterr().err

    @pytest.mark.parametrize("content", ["{", "[]", '{"lines": [{}]}'])
    def test_a_file_of_another_making_is_left_alone_and_told(self, home, capsys, content):
        (home / "proof.json").write_text(content)
        assert command().main([], [line()]) == 2
        assert "must be as `make prove` wrote it" in capsys.readouterr().err.replace("\n", " ")
        assert (home / "proof.json").read_text() == content

    def test_it_runs_as_a_directory_and_refuses_a_line_that_is_not(self):
        ended = subprocess.run(
            [sys.executable, str(Path(__file__).parent), "G01,Q7"], capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == 2
        assert "no line is called Q7; there are G01" in ended.stderr
        assert ended.stdout == ""

    def test_a_commit_is_dirty_with_any_file_that_git_does_not_hold(self, tmp_path):
        def git(*words):
            own = ("-c", "user.name=a", "-c", "user.email=a@b")
            subprocess.run(["git", *own, *words], cwd=tmp_path, check=True, capture_output=True)

        commit = command().commit
        assert commit(tmp_path) == "unknown+dirty"
        git("init")
        (tmp_path / "a.txt").write_text("1")
        git("add", "a.txt")
        git("commit", "-m", "one")
        clean = commit(tmp_path)
        assert len(clean) == 40
        (tmp_path / "b.txt").write_text("2")
        assert commit(tmp_path) == f"{clean}+dirty"


class TestHowHardTheHospitalIs:
    """Each line that needs a model, on a hospital and a release so small that the figures mean little."""

    @pytest.fixture(scope="class")
    def inputs(self, small_release) -> Inputs:
        inputs = Inputs(lambda _: None, admissions=1500, others=1000)
        inputs.release = small_release
        return inputs

    @pytest.mark.parametrize("gate", [gate for gate in gates.gates() if gate.model], ids=lambda gate: gate.name)
    def test_every_line_gives_a_figure_that_could_be_one(self, inputs, gate):
        found = getattr(hardness, gate.name)(inputs)
        print(f"{gate.name} {gate.told(found.figure)}; {found.note}")
        low, high = {"nights": (0.5, 15), "points": (-0.3, 0.3), "": (0.35, 1.0)}[gate.unit]
        assert low < found.figure.value < high
        first, last = found.figure.interval or (found.figure.value, found.figure.value)
        assert first <= found.figure.value <= last
        assert (found.figure.interval is None) == gate.name.endswith("_limit")

    def test_inputs_are_made_once(self, inputs):
        assert inputs.hospital() is inputs.hospital()
        assert inputs.figures() is inputs.figures()
        assert inputs.others is inputs.others

    def test_groups_that_are_too_small_are_not_judged(self, small_release):
        inputs = Inputs(lambda _: None, others=120)
        inputs.release = small_release
        found = hardness.coverage_gap_of_a_group(inputs)
        assert found.figure.verdict(-1, 1) == "not measured"
        assert "no group has 200 patients" in found.note


def test_a_marginal_line_is_the_summary_of_its_hospital():
    inputs = Inputs(lambda _: None, admissions=300)
    noon = next(each for each in LINES if each.measures == "Discharges before noon")
    late = simulate(300, seed=1).admissions["discharged_at"].dropna()
    assert noon.measure(inputs).figure.value == pytest.approx((late.dt.hour < 12).mean())
