"""Runs and releases in a real MLflow under a temporary home, and the way to BentoML's store."""

import json
import shutil
from pathlib import Path

import bentoml
import pytest
from bentoml._internal.models import ModelStore

from features.errors import HomewardError
from models.sealed import LISTING, digest, listing, seal_file, sealed
from training.registry import find, promote, register_release
from training.runs import log_figures, log_folder, start_run
from training.store import files_digest, store_folder


def client_of(home: Path):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{home}/mlflow.db")


def release_folder(place: Path, name: str = "a1b2c3", trees: str = "tree") -> Path:
    folder = place / f"made-{name}-{trees}"
    folder.mkdir()
    features = [{"name": "age", "kind": "number"}, {"name": "sex", "kind": "code"}]
    golden = {"at": "2026-11-02T08:00:00+00:00", "rows": {"index": ["golden-0"], "age": [81.0], "sex": ["2"]}}
    texts = {
        "release.json": json.dumps({"name": name, "features": features}),
        "leave.txt": trees,
        "card.md": "# Card\n",
        "reference.json": "{}",
        "golden.json": json.dumps(golden),
    }
    for file, text in texts.items():
        (folder / file).write_text(text)
    digests = {path.name: digest(path.read_bytes()) for path in folder.iterdir()}
    (folder / LISTING).write_bytes(listing(digests))
    return folder


def registered(home: Path, folder: Path) -> int:
    with start_run(home, "fit", {"seed": 1}, {}) as run:
        return register_release(home, folder, run)


def files_of(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.suffix != ".yaml"}


# Runs


def test_a_run_keeps_its_whole_plan_figures_and_files(home, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").write_text("<p>")
    plan = {"seed": 1, "dates": {"trees": 100}}
    with start_run(home, "fit on simulated", plan, {"source": "simulated"}) as run:
        log_figures(run, {"readmission": {"auroc": 0.68, "board": {"auroc": 0.6, "slope": None}}, "rows": 9})
        log_folder(run, tmp_path / "report")
    kept = client_of(home).get_run(run.run_id)
    assert kept.info.status == "FINISHED"
    assert kept.info.run_name == "fit on simulated"
    assert kept.data.tags["source"] == "simulated"
    assert kept.data.params == {"seed": "1", "dates.trees": "100"}
    assert kept.data.metrics == {"readmission.auroc": 0.68, "readmission.board.auroc": 0.6, "rows": 9}
    files = home / "mlartifacts" / run.run_id / "artifacts"
    assert json.loads((files / "plan.json").read_text()) == plan
    assert (files / "report.html").read_text() == "<p>"


def test_a_run_that_breaks_is_kept_as_failed(home):
    with pytest.raises(RuntimeError, match="out of memory"), start_run(home, "fit", {}, {}) as run:
        raise RuntimeError("out of memory")
    assert client_of(home).get_run(run.run_id).info.status == "FAILED"


def test_long_and_many_parameters_and_odd_names_are_kept(home):
    plan = {
        "columns": ["a column"] * 2_000,
        "x" * 300: 1,
        "x" * 299 + "y": 2,
        "share > 10 %": 0.1,
        **{f"knob_{number}": number for number in range(150)},
    }
    with start_run(home, "fit", plan, {}) as run:
        log_figures(run, {f"figure {number}": number / 7 for number in range(1_100)})
        log_figures(run, {"not a number": float("nan"), "endless": float("inf"), "text": "none"})
    kept = client_of(home).get_run(run.run_id).data
    assert len(kept.params) == 154
    assert {kept.params[name] for name in kept.params if name.startswith("xxx")} == {"1", "2"}
    assert kept.params["columns"].startswith("['a column'")
    assert len(kept.metrics) == 1_100
    whole = json.loads((home / "mlartifacts" / run.run_id / "artifacts" / "plan.json").read_text())
    assert len(whole["columns"]) == 2_000


# Releases


def test_a_release_is_registered_as_the_challenger_without_a_pickle(home, tmp_path):
    version = registered(home, release_folder(tmp_path))
    client = client_of(home)
    kept = client.get_model_version_by_alias("homeward", "challenger")
    assert (version, int(kept.version), kept.tags["release"]) == (1, 1, "a1b2c3")
    model = Path(kept.source)
    names = {path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()}
    assert {"MLmodel", "pyfunc.py", "requirements.txt", "artifacts/release/release.json"} <= names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    requirements = (model / "requirements.txt").read_text()
    assert "lightgbm==" in requirements
    assert "homeward" not in requirements  # whatever goes by that name elsewhere is not this


def test_registering_the_same_files_again_makes_no_new_version(home, tmp_path):
    folder = release_folder(tmp_path)
    assert registered(home, folder) == registered(home, folder) == 1
    assert registered(home, release_folder(tmp_path, trees="another tree")) == 2
    assert files_of(find(home, "a1b2c3"))["leave.txt"] == "another tree"


@pytest.mark.parametrize("content", [None, "{}", "[1]", "not json", '{"name": "../up"}', '{"name": "Große"}'])
def test_what_is_no_release_is_not_registered(home, tmp_path, content):
    if content is not None:
        (tmp_path / "release.json").write_text(content)
    with pytest.raises(HomewardError, match=r"not a release|name must be"):
        registered(home, tmp_path)


def test_a_release_is_found_by_name_alias_and_folder(home, tmp_path):
    folder = release_folder(tmp_path)
    registered(home, folder)
    found = find(home, "a1b2c3")
    assert found == home / "releases" / "a1b2c3"
    assert files_of(found) == files_of(folder)
    assert find(home, "challenger") == found
    assert find(home, str(folder)) == folder


def test_a_copy_that_was_altered_is_fetched_again(home, tmp_path):
    registered(home, release_folder(tmp_path))
    (find(home, "a1b2c3") / "leave.txt").write_text("something else")
    assert files_of(find(home, "a1b2c3"))["leave.txt"] == "tree"


def test_a_release_whose_files_were_altered_or_lost_is_refused(home, tmp_path):
    registered(home, release_folder(tmp_path))
    kept = Path(client_of(home).get_model_version("homeward", "1").source)
    (kept / "artifacts" / "release" / "leave.txt").write_text("something else")
    with pytest.raises(HomewardError, match="a1b2c3 were altered"):
        find(home, "a1b2c3")
    shutil.rmtree(kept)
    with pytest.raises(HomewardError, match="a1b2c3 are gone"):
        find(home, "a1b2c3")


def test_an_unknown_release_names_those_that_are_known(home, tmp_path):
    with pytest.raises(HomewardError, match="no release 'x1'; none is registered yet"):
        find(home, "x1")
    with pytest.raises(HomewardError, match="none is registered yet"):
        find(tmp_path / "never used", "x1")
    assert not (tmp_path / "never used").exists()
    registered(home, release_folder(tmp_path))
    for wanted in (find, promote):
        with pytest.raises(HomewardError, match="'x1'; known are a1b2c3, challenger"):
            wanted(home, "x1")
        with pytest.raises(HomewardError, match="no release is the champion yet"):
            wanted(home, "champion")


def test_a_home_that_was_moved_still_has_its_releases_and_takes_new_runs(home, tmp_path):
    folder = release_folder(tmp_path)
    registered(home, folder)
    moved = home.rename(tmp_path / "moved")
    assert files_of(find(moved, "a1b2c3")) == files_of(folder)
    assert registered(moved, release_folder(tmp_path, "b2c3d4")) == 2
    assert files_of(find(moved, "b2c3d4"))["card.md"] == "# Card\n"
    assert not home.exists()


# Promotion


def test_promotion_moves_the_alias_and_puts_plain_files_into_the_store(home, tmp_path):
    folder = release_folder(tmp_path)
    registered(home, folder)
    path = promote(home, "challenger")
    assert path == home / "bentoml" / "models" / "homeward" / "a1b2c3"
    assert files_of(path) == files_of(folder)
    champion = client_of(home).get_model_version_by_alias("homeward", "champion")
    assert champion.tags["release"] == "a1b2c3"
    held = bentoml.models.get("homeward:latest", _model_store=ModelStore(store_folder(home)))
    assert Path(held.path) == path
    assert promote(home, "a1b2c3") == path  # again is fine


def test_going_back_to_an_older_release_makes_it_the_latest(home, tmp_path):
    for name in ("first", "second"):
        registered(home, release_folder(tmp_path, name))
        promote(home, name)
    older = promote(home, "first")
    held = bentoml.models.get("homeward:latest", _model_store=ModelStore(store_folder(home)))
    assert Path(held.path) == older
    assert client_of(home).get_model_version_by_alias("homeward", "champion").tags["release"] == "first"


def test_the_digest_of_a_promoted_release_is_written_beside_it(home, tmp_path):
    folder = release_folder(tmp_path)
    registered(home, folder)
    path = promote(home, "a1b2c3")
    assert seal_file(path).read_text() == sealed(folder).digest
    consistent = {**sealed(path).digests, "leave.txt": digest(b"another tree")}
    (path / "leave.txt").write_text("another tree")
    (path / LISTING).write_bytes(listing(consistent))
    with pytest.raises(HomewardError, match="not the digest that was recorded"):
        sealed(path)


def test_other_files_under_the_same_name_are_never_overwritten_nor_promoted(home, tmp_path):
    registered(home, release_folder(tmp_path))
    path = promote(home, "a1b2c3")
    registered(home, release_folder(tmp_path, trees="another tree"))
    with pytest.raises(HomewardError, match="holds other files as homeward:a1b2c3"):
        promote(home, "a1b2c3")
    assert files_of(path)["leave.txt"] == "tree"
    assert int(client_of(home).get_model_version_by_alias("homeward", "champion").version) == 1


def test_the_store_lies_where_bentoml_home_says(home, tmp_path, monkeypatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "elsewhere"))
    registered(home, release_folder(tmp_path))
    assert promote(home, "a1b2c3") == tmp_path / "elsewhere" / "models" / "homeward" / "a1b2c3"


def test_the_digest_is_of_names_and_contents_wherever_the_folder_lies(tmp_path):
    one = release_folder(tmp_path)
    other = shutil.copytree(one, tmp_path / "copy")
    assert files_digest(one) == files_digest(other)
    (other / "model.yaml").write_text("of BentoML")
    assert files_digest(one) == files_digest(other)
    (other / "leave.txt").rename(other / "home.txt")
    assert files_digest(one) != files_digest(other)
