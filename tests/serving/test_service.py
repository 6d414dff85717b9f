"""The service as BentoML runs it: its own application around ours, in this process."""

import asyncio
import logging
import re

import httpx
import pytest

from serving.service import WardService, served
from serving.store.store import Store
from tests.serving.builders import AT, CANARY, Bearing, BrokenPredictor, event, parts, question, stay
from tests.serving.conftest import KEY
from tests.serving.keys import FixedKeys

BENTOML_OWN = ("/", "/docs.json", "/schema.json", "/metrics", "/healthz", "/static_content/x", "/nowhere")
BEARING = Bearing()


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Return a function that starts the service, asks it a list of (method, path, options), and stops it."""
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bentoml"))
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "True")

    def asked(*requests, pause=0.0, **given):
        class Ward(WardService):
            def opened(self):
                return parts(tmp_path, **given)

        async def run():
            app = served(Ward).to_asgi()
            transport = httpx.ASGITransport(app)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as caller,
            ):
                answers = []
                for method, path, more in requests:
                    answers.append(await caller.request(method, path, **more))
                    await asyncio.sleep(pause)
                return answers

        return asyncio.run(run())

    return asked


def test_bentomls_own_pages_are_behind_the_gate(ask):
    answers = ask(*[("GET", path, {}) for path in BENTOML_OWN])
    assert [answer.status_code for answer in answers] == [401] * len(BENTOML_OWN)
    answers = ask(*[("GET", path, {"headers": {"Authorization": "Bearer wrong"}}) for path in BENTOML_OWN])
    assert [answer.status_code for answer in answers] == [401] * len(BENTOML_OWN)


def test_only_the_probes_are_open(ask):
    assert [answer.status_code for answer in ask(("GET", "/livez", {}), ("GET", "/readyz", {}))] == [200, 200]


def test_bentomls_index_and_documents_are_not_served(ask):
    home, docs = ask(("GET", "/", {"auth": BEARING}), ("GET", "/docs.json", {"auth": BEARING}))
    assert (home.status_code, home.headers["location"]) == (303, "/board")
    assert docs.status_code == 404


def test_the_way_from_an_admission_to_the_board(ask):
    row = {key: value for key, value in stay().items() if key != "admission_id"}
    ward = {**event("A1", "ward", "Ward 7"), "recorded_at": "2026-01-06T08:00:00Z"}
    board = {"auth": BEARING, "params": {"ward": "Ward 7"}}
    *told, answer = ask(
        ("POST", "/v1/events", {"auth": BEARING, "json": {"events": [ward]}}),
        ("PUT", "/v1/admissions/A1", {"auth": BEARING, "json": {"recorded_at": AT, **row}}),
        *[("GET", "/v1/predictions", board)] * 40,
        ("GET", "/board/Ward 7", {"auth": BEARING}),
        pause=0.1,
    )
    assert [one.status_code for one in told[:2]] == [200, 200]
    assert told[-1].json()["round"]["kind"] == "board round"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "P-A1" not in answer.text
    assert re.search(r"[0-9A-HJKMNP-TV-Z]{10}", answer.text)


def test_a_store_that_cannot_be_written_is_not_ready(ask, tmp_path):
    class Full(Store):
        def writable(self):
            return False

    [answer] = ask(("GET", "/readyz", {}), store=Full(f"sqlite:///{tmp_path / 'full.db'}", KEY, FixedKeys()))
    assert answer.status_code == 503


def test_a_fault_of_ours_reaches_no_log_of_bentomls(ask, caplog):
    caplog.set_level(logging.DEBUG)
    body = {"auth": BEARING, "json": question(stay(patient_id=CANARY))}
    [answer] = ask(("POST", "/v1/predict", body), predictor=BrokenPredictor())
    assert answer.status_code == 500
    assert CANARY not in answer.text + caplog.text


def test_the_module_imports_nothing_heavy():
    import subprocess
    import sys

    heavy = "{'pandas', 'lightgbm', 'sqlalchemy', 'mlflow', 'training'} & set(sys.modules)"
    code = f"import sys, serving.service, serving.__main__; print({heavy})"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
    )
