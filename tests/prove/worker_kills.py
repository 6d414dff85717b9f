"""A real service whose worker is killed in mid-request, again and again, while it is asked on and on."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil
from promotions import SETTINGS, Answer, Service, until

from serving.children import Children
from serving.demo import Demo, let_in, on_free_port, started
from serving.settings import Settings
from training.store import put

PER_SECOND = 5
WORKER = "_bentoml_impl.worker.service"  # part of the command of the process that answers
BEGUN = "Service homeward initialized"  # a worker's line in the log
PATIENCE_SECONDS = 60
LOOK_SECONDS = 0.03
STEADY_ANSWERS = 10  # in a row before the next kill


@dataclass(frozen=True)
class Kill:
    """One kill: requests on their way when it came, what then got no answer or a 429, seconds to a good answer.

    The seconds are to the first good answer to a question that was asked after the kill.
    """

    in_flight: int
    unanswered: int
    refused: int
    seconds: float


class Counted(Service):
    """A service and somebody who knows how many answers are still to come."""

    def __init__(self, demo: Demo, client: object) -> None:
        super().__init__(demo, client, PER_SECOND)
        self.asking = self.begun = 0
        self.workers = demo.settings.workers

    def workers_begun(self) -> int:
        """Return how many workers ever came so far as to answer."""
        return (self.home / "logs" / "service.log").read_text("utf-8").count(BEGUN)

    async def _ask(self, client: aiohttp.ClientSession, due: float) -> None:
        self.asking += 1
        self.begun += 1
        try:
            await super()._ask(client, due)
        finally:
            self.asking -= 1


def worker_kills(release: Path, home: Path, kills: int, say: Callable[[str], None]) -> list[Kill]:
    """Start a service on a release, and kill its worker so many times while a request is being answered."""
    let_in(Settings.read({"HOMEWARD_HOME": str(home)}))
    put(release, "good", home / "bentoml" / "models")
    demo = Demo(on_free_port(Settings.read({"HOMEWARD_HOME": str(home), **SETTINGS})), 0, say)
    found: list[Kill] = []
    with (
        Children(demo.settings.environment(os.environ)) as children,
        closing(started(demo, children)) as client,
    ):
        service = Counted(demo, client)
        with service.asked():
            for number in range(kills):
                _until(lambda done=number: service.workers_begun() >= service.workers + done)
                found.append(_killed(service, children))
    return found


def workers_of(children: Children) -> list[psutil.Process]:
    """Return the processes that answer, of the service that was started first."""
    family = psutil.Process(children._running[0].pid).children(recursive=True)
    return [one for one in family if any(WORKER in word for word in _command(one))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # it has just ended, or nobody has waited for it yet
        return []


def _busiest(workers: list[psutil.Process]) -> psutil.Process:
    """Return the worker that is answering now."""
    before = [sum(one.cpu_times()[:2]) for one in workers]
    time.sleep(LOOK_SECONDS)
    spent = [sum(one.cpu_times()[:2]) - then for one, then in zip(workers, before, strict=True)]
    return workers[spent.index(max(spent))]


def _killed(service: Counted, children: Children) -> Kill:
    """Kill a worker that is answering, wait until answers are steady again, and count what failed."""
    _until(lambda: _good(service.day.answers[-STEADY_ANSWERS:]) == STEADY_ANSWERS)
    _until(lambda: service.asking > 0)
    worker = _busiest(workers_of(children))
    before, begun, in_flight, at = len(service.day.answers), service.begun, service.asking, time.monotonic()
    worker.kill()
    worker.wait(PATIENCE_SECONDS)
    in_flight += service.begun - begun  # it may have taken some on while it died
    _until(lambda: _good(service.day.answers[before + in_flight :]) >= STEADY_ANSWERS)
    after = service.day.answers[before:]
    later = [one.at for one in after if one.status == 200 and one.at - one.seconds > at]
    refused = sum(one.status == 429 for one in after)
    return Kill(in_flight, len(after) - _good(after) - refused, refused, min(later) - at)


def _good(answers: list[Answer]) -> int:
    return sum(one.status == 200 for one in answers)


def _until(holds: Callable[[], bool]) -> None:
    until(holds, PATIENCE_SECONDS, every=0.005)
