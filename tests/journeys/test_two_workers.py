"""Two workers of one service: one is killed and the other goes on, and what both counted is one count."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import psutil

from serving.children import Children
from serving.demo import SYSTEM, Demo, let_in, on_free_port, started
from serving.settings import Settings
from serving.signing import Signed
from tests.serving.builders import question
from tests.serving.releases import second_release
from training.store import put

WORKER = "_bentoml_impl.worker.service"
LOOKS = 120


def test_a_killed_worker_is_not_noticed_by_those_who_ask_the_other(
    small_release_folder: Path, tmp_path: Path
) -> None:
    let_in(Settings.read({"HOMEWARD_HOME": str(tmp_path)}))
    put(small_release_folder, "good", tmp_path / "bentoml" / "models")
    settings = Settings.read({"HOMEWARD_HOME": str(tmp_path)})
    demo = Demo(on_free_port(settings), 0, print)
    with (
        Children(demo.settings.environment(os.environ)) as children,
        closing(started(demo, children)) as client,
    ):
        first, second = both(children)
        assert client.post("/v1/predict", json=question()).status_code == 200
        until(lambda: answered(client) == 1)  # it is counted once it has left
        supervisor = psutil.Process(children._running[0].pid)
        supervisor.suspend()  # so that no third worker can come and answer
        try:
            first.kill()
            statuses = [asked(demo.settings) for _ in range(5)]
        finally:
            supervisor.resume()
        assert statuses == [200] * 5
        assert second.is_running()
        until(lambda: answered(client) == 6)
        assert "homeward_newest_fact_timestamp_seconds" not in client.get("/metrics").text  # none was ever told
        first.wait(30)
        again = both(children)
        assert second in again
        assert first not in again
        put(
            second_release(small_release_folder, tmp_path / "made" / "second"),
            "second",
            tmp_path / "bentoml" / "models",
        )
        until(lambda: told_by(client, 20) == {"second"})


def both(children: Children) -> list[psutil.Process]:
    """The workers, once there are two that answer or begin to."""
    for _ in range(LOOKS):
        family = psutil.Process(children._running[0].pid).children(recursive=True)
        workers = [one for one in family if WORKER in command_of(one)]
        if len(workers) == 2:
            return workers
        time.sleep(0.5)
    raise AssertionError("there were never two workers")


def command_of(process: psutil.Process) -> str:
    """The command of a process, empty for one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie is one too
        return ""


def told_by(client: httpx.Client, times: int) -> set[str]:
    """The releases of so many answers, by whichever worker."""
    answers = [client.post("/v1/predict", json=question()).json() for _ in range(times)]
    return {one["release"] for answer in answers for one in answer["predictions"]}


def until(holds: Callable[[], bool]) -> None:
    for _ in range(LOOKS):
        if holds():
            return
        time.sleep(0.5)
    raise AssertionError("the workers never came to that")


def asked(settings: Settings) -> int:
    """Ask on a connection of its own, so that it does not wait on one that the dead worker had."""
    url, signed = f"http://127.0.0.1:{settings.port}/v1/predict", Signed(settings, SYSTEM)
    return httpx.post(url, auth=signed, json=question(), timeout=60, trust_env=False).status_code


def answered(client: httpx.Client) -> float:
    """How many predictions all workers have counted, those of the dead one too."""
    lines = client.get("/metrics").text.splitlines()
    own = [
        one for one in lines if "homeward_requests_total{" in one and 'route="/v1/predict",status="200"' in one
    ]
    return sum(float(one.split()[-1]) for one in own)
