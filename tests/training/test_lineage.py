"""What a training hung on: the data, the code and the versions, by digests that any change changes."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.hospital import shipped_facts
from features.tables import Hospital, check
from training.lineage import checkout, code_digest, lineage, lineage_tags, tables_digest, window_tags
from training.plan import TrainingPlan


@pytest.fixture
def hospital(stays, events) -> Hospital:
    rows = stays({}, {"admission_id": "A2", "patient_id": "P2"})
    return check(rows, events(), shipped_facts(), source="extract")


def git(folder: Path, *words: str) -> str:
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    line = ["git", "-C", str(folder), *author, *words]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a checkout of one file of code and one that is none."""
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "fit.py").write_text("TREES = 100\n")
    (tmp_path / "README.md").write_text("How to fit\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path.resolve()


def test_any_value_of_any_table_changes_the_digest_of_the_data(hospital: Hospital) -> None:
    def with_value(table: str, column: str, value: object) -> Hospital:
        changed = getattr(hospital, table).copy()
        changed.loc[0, column] = value
        return replace(hospital, **{table: changed})

    others = [
        with_value("admissions", "age", 82.0),
        with_value("admissions", "discharged_at", pd.Timestamp("2026-01-10", tz="Europe/London")),
        with_value("events", "number", 4.0),
        with_value("events", "text", "said"),
        replace(hospital, admissions=hospital.admissions.rename(columns={"site": "place"})),
        replace(hospital, facts=replace(hospital.facts, board_round="09:00")),
        replace(hospital, admissions=hospital.admissions.iloc[::-1].reset_index(drop=True)),
    ]
    digests = {tables_digest(each) for each in [hospital, *others]}
    assert len(digests) == 1 + len(others)
    copied = replace(hospital, admissions=hospital.admissions.copy(), events=hospital.events.copy())
    assert tables_digest(copied) == tables_digest(hospital)


def test_a_checkout_has_its_commit_and_says_whether_the_code_differs(tree: Path) -> None:
    commit = git(tree, "rev-parse", "HEAD")
    assert checkout(tree) == {"commit": commit, "tree_dirty": False}
    (tree / "README.md").write_text("How to fit well\n")
    assert checkout(tree) == {"commit": commit, "tree_dirty": False}, "it changes no figure"
    (tree / "training" / "new.py").write_text("")
    assert checkout(tree) == {"commit": commit, "tree_dirty": True}


def test_outside_a_checkout_there_is_no_commit_and_the_tags_say_so(tree: Path, hospital: Hospital) -> None:
    packages = tree / "environment" / "packages"
    packages.mkdir(parents=True)
    assert checkout(packages) == {"commit": None, "tree_dirty": None}, (
        "the checkout around it is another project's"
    )
    known = {**lineage(hospital, TrainingPlan()), "commit": None, "tree_dirty": None, "lock_digest": None}
    tags = lineage_tags(known)
    assert tags["commit"] == "none: not run from a checkout"
    assert tags["lock_digest"] == "not known"
    assert not tags.keys() & {"tree_dirty", "mlflow.source.git.commit"}


def test_the_digest_of_the_code_is_that_of_names_and_contents(tree: Path) -> None:
    before = code_digest(tree)
    (tree / "README.md").write_text("How to fit well\n")
    assert code_digest(tree) == before
    (tree / "training" / "fit.py").rename(tree / "training" / "fitting.py")
    renamed = code_digest(tree)
    (tree / "training" / "fitting.py").write_text("TREES = 101\n")
    assert len({before, renamed, code_digest(tree)}) == 3


def test_a_rerun_needs_data_plan_code_lock_versions_seed_and_threads(hospital: Hospital) -> None:
    plan = TrainingPlan(seed=7, threads=2)
    known = lineage(hospital, plan)
    assert (known["seed"], known["threads"], known["plan"]) == (7, 2, plan.as_json())
    assert all(len(known[name]) == 64 for name in ("data_digest", "code_digest", "lock_digest"))
    assert known["installed"]["lightgbm"] is not None
    assert known["python"].startswith("3.")


def test_the_window_ends_before_labels_are_mature(hospital: Hospital) -> None:
    tags = window_tags(hospital, "learnt")
    assert (tags["learnt_from"], tags["learnt_until"]) == ("2026-01-05", "2026-01-09")
    assert tags["readmission_definition"] == "ENG-I02040-like/v1"
    assert tags["readmission_labels_until"] == "2025-12-10", "30 days before what was observed last"
    assert tags["same_issue_labels_until"] == "2025-10-11", "and 90 days for codes"
    shifted = window_tags(replace(hospital, dates="per_patient"), "learnt")
    assert not [name for name in shifted if name.endswith(("_from", "_until"))], "shifted dates mean nothing"
