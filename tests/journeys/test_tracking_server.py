"""A trust's tracking server that asks for a user: refused without one, and a release goes through it."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from models.release import load
from models.sealed import sealed
from serving.children import free_port
from tests.training.guarded import PASSWORD, USER, tracking_server
from tests.training.small import ran, small_hospital_in, well

PROMOTE = ("promote", "challenger", "--by", "Ann Lee", "--without-gate", "the first release of a test")


def in_one_sentence(ended: CompletedProcess[str]) -> str:
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    return ended.stderr.strip().splitlines()[-1]


def test_a_release_is_kept_on_a_server_that_asks_for_a_password_and_found_from_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small_hospital_in(tmp_path, admissions=500)
    fit = ("fit", *source, "--plan", str(tmp_path / "plan.json"), "--json", str(tmp_path / "fit.json"))
    with tracking_server(tmp_path) as address:
        server = {"MLFLOW_TRACKING_URI": address}
        wrong = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": "not this one"}
        for user, said in (({}, "a request without a user"), (wrong, "this user and password")):
            sentence = in_one_sentence(ran(tmp_path / "home", *fit, **server, **user))
            assert f"the tracking server {address} refuses {said}" in sentence
            assert "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in sentence
            assert "not this one" not in sentence
        assert not (tmp_path / "home").exists()
        assert not (tmp_path / "fit.json").exists()

        right = {**server, "MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
        well(ran(tmp_path / "home", *fit, **right))
        made = json.loads((tmp_path / "fit.json").read_text())
        assert not (tmp_path / "home/mlflow.db").exists(), "all runs are the server's"
        well(ran(tmp_path / "other", *PROMOTE, **right))
        for folder in ("releases", "bentoml/models/homeward"):
            assert sealed(tmp_path / "other" / folder / made["release"]).digest == made["digest"]
        assert load(tmp_path / "other/releases" / made["release"]).release == made["release"]
        refused = ran(tmp_path / "third", *PROMOTE, **server, **wrong)
        assert "refuses this user and password" in in_one_sentence(refused)

        import mlflow

        for name, value in right.items():
            monkeypatch.setenv(name, value)
        model = mlflow.pyfunc.load_model("models:/homeward@champion")
        assert model.predict(model.input_example)["release"].tolist() == [made["release"]]


def test_a_server_that_is_not_there_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    server = {"MLFLOW_TRACKING_URI": f"http://ann:secret@{address}", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    sentence = in_one_sentence(ran(tmp_path / "home", "fit", "--source", "simulated", **server))
    assert f"the tracking server http://{address}, which MLFLOW_TRACKING_URI names, cannot be used" in sentence
    assert "secret" not in sentence
    assert not (tmp_path / "home").exists()
