"""The whole way on one machine: a simulated hospital, its models, a release, the service, a full board."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pandas as pd

from serving.access import Role
from serving.children import ChildFault, Children, free_port, last_lines
from serving.links import new_link_code
from serving.settings import Settings
from serving.signing import Signed, register

READY_WITHIN_SECONDS = 180
MLFLOW_PORT = 5000
SYSTEM = "demo"
TRAINING = (sys.executable, "-m", "training")
SERVING = (sys.executable, "-m", "serving")
Question = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """What a demonstration needs to know; without `until` its hospital ends at a moment of its own."""

    settings: Settings
    admissions: int
    say: Say
    until: datetime | None = None

    @property
    def folder(self) -> Path:
        """Where the simulated hospital and the figures of the fit lie."""
        return self.settings.home / "simulated"

    @property
    def url(self) -> str:
        """Address of the service."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http://{host}:{self.settings.port}"


def prepared(demo: Demo, children: Children) -> None:
    """Simulate a hospital, fit and promote a release, make a ward system's key; what is there is kept."""
    hospital, figures = demo.folder / "hospital", demo.folder / "fit.json"
    for folder in (demo.settings.home, demo.folder):  # what is made on the way to a folder gets no mode
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (hospital / "simulation.json").is_file():
        demo.say(f"1/5 the simulated hospital is there; delete {demo.folder} to begin afresh")
    else:
        demo.say(f"1/5 a hospital of {demo.admissions:,} simulated admissions")
        size = ["--admissions", str(demo.admissions)]
        last = ["--until", demo.until.isoformat()] if demo.until else []
        children.run([*TRAINING, "simulate", *size, *last, "--out", str(hospital)])
    if figures.is_file():
        demo.say("2/5 the models are there")
    else:
        demo.say("2/5 fitting the models")
        fit = [*TRAINING, "fit", "--source", "simulated", "--path", str(hospital)]
        children.run([*fit, "--json", str(figures)])
    release = json.loads(figures.read_text("utf-8"))["release"]
    demo.say(f"3/5 promoting release {release}")
    why = "a demonstration: its patients are simulated, and no months follow to judge by"
    children.run([*TRAINING, "promote", str(release), "--by", "the demonstration", "--without-gate", why])
    let_in(demo.settings)


def let_in(settings: Settings) -> None:
    """Let the demonstration's ward system in by a key that is made here; one that is there is kept."""
    if not (settings.systems / f"{SYSTEM}.json").exists():
        register(settings, SYSTEM, jwks=None, sites=None)


def started(demo: Demo, children: Children) -> httpx.Client:
    """Start the service and return a ward system's client of it, once it is ready."""
    demo.say(f"5/5 starting the service on {demo.url}")
    log = demo.settings.home / "logs" / "service.log"
    service = children.start([*SERVING, "start"], log)
    # A proxy of the environment has no business between us and our own machine.
    client = httpx.Client(base_url=demo.url, auth=Signed(demo.settings, SYSTEM), timeout=60, trust_env=False)
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while service.poll() is None and time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == httpx.codes.OK:
                return client
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.3)
    raise ChildFault(f"the service did not get ready; the end of {log}:\n{last_lines(log)}")


def filled(demo: Demo, children: Children, at: datetime) -> Question:
    """Fill the census with the simulated hospital and predict its last two board rounds.

    Returns a question about one of its inpatients, which is kept for people to paste too.
    """
    from features.snapshot import snapshot
    from features.sources import read
    from features.sources.simulated import arguments_of
    from serving.ingest import OPERATION, ingest, sent
    from serving.loop import last_board_hour
    from serving.progress import counting
    from serving.store.facts import Receipt
    from serving.store.store import opened

    demo.say("4/5 filling the census and predicting every ward")
    hospital = read("simulated", demo.folder / "hospital")
    store = opened(demo.settings)
    with counting("facts", 2 * len(hospital.admissions) + len(hospital.events)) as seen:
        for new in ingest(hospital, store, Receipt(at, "the demonstration", OPERATION)):
            seen(new)
    store.close()
    ended = arguments_of(demo.folder / "hospital").until  # a small hospital may have had no news since
    moment = last_board_hour(hospital.facts, ended.to_pydatetime())
    inpatients = snapshot(hospital, pd.Timestamp(moment))
    if inpatients.empty:
        raise ChildFault(f"nobody is in a bed at {moment.isoformat()}: ask for more --admissions")
    for days in (1, 0):  # so that the board can say what has moved since a day ago
        children.run([*SERVING, "score", "--at", (moment - timedelta(days)).isoformat()])
    inpatient = inpatients.iloc[0]["admission_id"]
    [row] = sent(hospital.admissions[hospital.admissions["admission_id"] == inpatient])
    question = {"at": moment.isoformat(), "admissions": [row], "for": [inpatient]}
    _example(demo).write_text(json.dumps(question), "utf-8")
    return question


def asked(client: httpx.Client, question: Question) -> dict[str, Any]:
    """Return the service's prediction of one inpatient; raises ChildFault if it gives none."""
    answer = client.post("/v1/predict", json=question)
    if answer.status_code != httpx.codes.OK:
        raise ChildFault(f"the service answered {answer.status_code}: {answer.text}")
    [prediction] = answer.json()["predictions"]
    return dict(prediction)


def sign_in_link(settings: Settings, at: datetime, role: Role = "coordinator") -> str:
    """Return a new address that signs one person in with a role, once, within the hour."""
    demo = Demo(settings, 0, lambda _: None)
    return f"{demo.url}/sign-in?{urlencode({'code': new_link_code(settings.links, at, role)})}"


def board_opens(demo: Demo, at: datetime) -> None:
    """Sign in by a link as a person does and open the board; raises ChildFault if it does not open."""
    with httpx.Client(base_url=demo.url, timeout=60, trust_env=False) as person:
        person.get(sign_in_link(demo.settings, at))
        status = person.get("/board").status_code
    if status != httpx.codes.OK:
        raise ChildFault(f"the board answered {status} to a person who had signed in")


def mlflow_page(demo: Demo, children: Children) -> str:
    """Start MLflow's page on the demonstration's runs and return its address."""
    port = free_port(MLFLOW_PORT)
    runs = f"sqlite:///{demo.settings.home / 'mlflow.db'}"
    command = [sys.executable, "-m", "mlflow", "ui", "--workers", "1", "--backend-store-uri", runs]
    children.start(
        [*command, "--host", "127.0.0.1", "--port", str(port)], demo.settings.home / "logs/mlflow.log"
    )
    return f"http://127.0.0.1:{port}/#/models"


def on_free_port(settings: Settings) -> Settings:
    """Return the settings with a port that is free now."""
    return replace(settings, port=free_port())


def curl_line(demo: Demo) -> str:
    """Return a command that asks for one inpatient's prediction, ready to paste."""
    return (
        f"curl -s {demo.url}/v1/predict -H 'Content-Type: application/json' "
        f'-H "Authorization: Bearer $({token_line(demo.settings)})" -d @{_example(demo)}'
    )


def token_line(settings: Settings) -> str:
    """Return the command that prints a token of the demonstration's ward system."""
    return f"HOMEWARD_HOME={settings.home} {sys.executable} -m serving token"


def _example(demo: Demo) -> Path:
    return demo.folder / "question.json"
