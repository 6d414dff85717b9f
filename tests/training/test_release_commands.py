"""Promote, go back and see how it stands, in a real MLflow: who asked, what was found, and what answers."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd
import pytest
import typer

from features.sources.simulation import UNTIL, Arguments
from models import release
from models.sealed import LISTING, digest, listing, sealed
from training import promotions, registry, runs
from training.gate import Verdict
from training.gate_plan import GatePlan
from training.release_commands import decide
from training.rules import DEFINITIONS, Finding
from training.simulate import write_simulated
from training.store import latest

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SMALL = {"draws": 100, "least_patients": 50, "least_discharges": 50, "least_readmissions": 0}


@pytest.fixture(autouse=True)
def own_home(home, monkeypatch):
    """Every command and function of a test works in the same home."""
    monkeypatch.setenv("HOMEWARD_HOME", str(home))


@pytest.fixture
def registered(home, tmp_path, small_release_folder, small_hospital) -> Callable[[str], str]:
    """Return a function that registers a real release under a name."""
    golden = json.loads((small_release_folder / "golden.json").read_text())
    predictor = release.load(small_release_folder)
    about = {"learnt_until": small_hospital.observed_until.isoformat(), "definitions": DEFINITIONS}

    def made(name: str) -> str:
        folder, table = tmp_path / "made" / name, release._golden_table(golden["rows"])
        release.save(replace(predictor, release=name), folder, table, pd.Timestamp(golden["at"]), about, name)
        with runs.start_run(home, "fit", {}, {}) as run:
            registry.register_release(home, folder, run)
        return name

    return made


def command(capsys, *words: str) -> CompletedProcess[str]:
    """Run a command in the home of the test."""
    from training.__main__ import main

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["training", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
    return CompletedProcess(words, int(left.value.code or 0), *capsys.readouterr())


def verdict(home: Path, name: str, *findings: Finding, **knobs: int) -> Verdict:
    champion = promotions.names(home).get(registry.CHAMPION)
    plan = GatePlan(**knobs)
    return Verdict(name, name * 3, champion, champion, {"digest": "rows"}, plan, None, findings)


def asked(home: Path, name: str, by: str, *findings: Finding, **knobs: int) -> int:
    """Return the exit code of a request, 0 where the release was promoted."""
    found = verdict(home, name, *findings, **knobs)
    promotions.keep_verdict(home, name, found.as_json(), NOW)
    try:
        decide(found, by, NOW, None)
    except typer.Exit as left:
        return left.exit_code
    return 0


# Two people


def test_a_second_different_person_completes_a_promotion(home, registered):
    registered("first")
    assert asked(home, "first", "Ann") == 3
    assert asked(home, "first", "ANN") == 3
    assert latest(home) is None
    assert [(one.release, one.by) for one in promotions.waiting(home)] == [("first", "Ann")]
    assert asked(home, "first", "Bo") == 0
    assert latest(home) == "first"
    assert promotions.names(home)[registry.CHAMPION] == "first"
    assert promotions.waiting(home) == []
    [one] = promotions.history(home)
    assert (one.kind, one.before, one.by) == ("promoted", None, ("Ann", "Bo"))


def test_other_evidence_begins_the_asking_anew(home, registered):
    registered("first")
    assert asked(home, "first", "Ann") == 3
    assert asked(home, "first", "Bo", draws=200) == 3
    assert asked(home, "first", "Ann", draws=200) == 0


def test_a_plan_may_say_that_one_person_is_enough(home, registered):
    registered("first")
    assert asked(home, "first", "Ann", people=1) == 0


def test_a_refused_release_moves_nothing_and_its_verdict_is_kept(home, registered):
    registered("first")
    leak, groups = Finding("leak", "broken", "AUROC 0.9"), Finding("groups", "broken", "women 1.4")
    assert asked(home, "first", "Ann", leak, groups) == 1
    assert promotions.waiting(home) == []
    assert latest(home) is None
    [kept] = promotions.verdicts(home)
    assert (kept["passed"], kept["broken"]) == (False, ["leak", "groups"])
    run = registry.version_of(home, "first").run_id
    whole = json.loads((home / "mlartifacts" / run / "artifacts" / kept["file"]).read_text())
    assert [each["said"] for each in whole["findings"]] == ["AUROC 0.9", "women 1.4"]


# By command


def test_without_the_gate_it_is_said_for_as_long_as_it_answers(home, registered, capsys):
    registered("first")
    ended = command(capsys, "promote", "first", "--by", "Ann", "--without-gate", "the board is down")
    assert (ended.returncode, latest(home)) == (0, "first")
    assert "promoted without the gate: the board is down" in ended.stdout
    assert "WITHOUT THE GATE: the board is down" in command(capsys, "status").stdout
    registered("second")
    assert asked(home, "second", "Ann", people=1) == 0
    assert "WITHOUT THE GATE:" not in command(capsys, "status").stdout


def test_what_does_not_load_is_refused_even_without_the_gate(home, registered, capsys):
    registered("first")
    for folder in (home / "mlartifacts").rglob("release"):
        (folder / "card.md").write_text("another")
    shutil.rmtree(home / "releases", ignore_errors=True)
    ended = command(capsys, "promote", "first", "--by", "Ann", "--without-gate", "urgent")
    assert ended.returncode == 1
    assert "by the rule files" in ended.stderr
    assert latest(home) is None


def test_going_back_takes_the_champion_before_and_then_the_one_before_that(home, registered, capsys):
    for name in ("first", "second", "third"):
        registered(name)
        assert asked(home, name, "Ann", people=1) == 0
    for name in ("second", "first"):
        ended = command(capsys, "rollback", "--by", "Bo", "--because", "dates a day late")
        assert (ended.returncode, latest(home)) == (0, name), ended.stderr
        assert promotions.names(home)[registry.CHAMPION] == name
    ended = command(capsys, "rollback", "--by", "Bo", "--because", "again")
    assert ended.returncode == 2
    assert "no champion to go back to" in ended.stderr
    assert promotions.history(home)[-1].because == "dates a day late"


def test_a_release_that_no_longer_answers_as_it_did_is_not_gone_back_to(home, registered, capsys):
    for name in ("first", "second"):
        registered(name)
        assert asked(home, name, "Ann", people=1) == 0
    kept = home / "releases" / "first"
    golden = kept / "golden.json"
    changed = re.sub(rb'"risk": 0\.\d+', b'"risk": 0.999', golden.read_bytes())
    (kept / LISTING).write_bytes(listing({**sealed(kept).digests, "golden.json": digest(changed)}))
    golden.write_bytes(changed)
    for folder in (home / "mlartifacts").rglob("release"):
        if json.loads((folder / "release.json").read_text())["name"] == "first":
            shutil.rmtree(folder)  # nor can it be fetched again
    ended = command(capsys, "rollback", "--by", "Bo", "--because", "dates a day late")
    assert (ended.returncode, latest(home)) == (2, "second")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("promote", "absent", "--by", "Ann"), "there is no release 'absent'"),
        (("promote", "first"), "--by must be your name"),
        (("promote", "first", "--by", "Ann"), "promote needs rows to judge by"),
        (("promote", "first", "--by", "A" * 61, "--without-gate", "x"), "in at most 60 letters"),
        (("promote", "first", "--by", "Ann", "--without-gate", " "), "--without-gate must say why"),
        (("promote", "first", "--by", "Ann", "--without-gate", "x", "--source", "extract"), "judges nothing"),
        (("promote", "first", "--by", "Ann", "--source", "nowhere"), "nowhere"),
        (("promote", "first", "--by", "Ann", "--source", "simulated", "--silent", "no.json"), "cannot be read"),
        (("promote", "first", "--by", "Ann", "--source", "simulated", "--plan", "no.json"), "cannot be read"),
        (("rollback", "--because", "late"), "--by must be your name"),
        (("rollback", "--by", "Ann"), "--because must say why"),
        (("rollback", "--by", "Ann", "--because", "late"), "no champion to go back to"),
        (("compare", "--source", "simulated"), "no release is the champion yet"),
        (("status", "--json", "no-such-folder/out.json"), "must exist"),
    ],
)
def test_what_a_person_can_mend_is_told_before_any_work(registered, capsys, words, sentence):
    registered("first")
    ended = command(capsys, *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr.replace("\n", " ")


def test_a_home_never_used_has_a_status(home, capsys):
    assert "champion     none" in command(capsys, "status").stdout


def test_the_whole_way_through_the_gate(home, registered, capsys, tmp_path):
    write_simulated(
        Arguments(700, seed=23, days=150, until=UNTIL + pd.Timedelta(days=151)),
        tmp_path / "next",
        lambda _: None,
    )
    (tmp_path / "plan.json").write_text(json.dumps(SMALL))
    judged = ("--source", "simulated", "--path", str(tmp_path / "next"), "--plan", str(tmp_path / "plan.json"))
    first = registered("first")
    ended = command(capsys, "promote", first, *judged, "--by", "Ann", "--json", str(tmp_path / "out.json"))
    told = json.loads((tmp_path / "out.json").read_text())
    assert (ended.returncode, told["outcome"], told["asked_by"]) == (3, "waits", ["Ann"]), ended.stderr
    assert "there is no champion to be compared with" in ended.stdout
    assert command(capsys, "promote", first, *judged, "--by", "Bo").returncode == 0
    ended = command(capsys, "promote", registered("second"), *judged, "--by", "Ann")
    assert ended.returncode == 1
    assert "silent, which asks: It answered unseen" in ended.stderr
    ended = command(capsys, "compare", *judged, "--json", str(tmp_path / "compared.json"))
    assert ended.returncode == 0, ended.stderr
    figures = json.loads((tmp_path / "compared.json").read_text())["figures"]
    assert figures["discharge.crps"]["difference"] == {"value": 0.0, "interval": [0.0, 0.0]}
    assert command(capsys, "status", "--json", str(tmp_path / "status.json")).returncode == 0
    state = json.loads((tmp_path / "status.json").read_text())
    assert (state["champion"], state["challenger"], len(state["verdicts"])) == ("first", "second", 2)
