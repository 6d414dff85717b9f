"""The service as it is by default, heard by an audit hook in each of its processes."""

import ast
import ipaddress
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from serving.children import Children
from serving.demo import Demo, let_in, on_free_port, sign_in_link, started
from serving.service import now
from serving.settings import Settings
from tests.serving.builders import question, stay, ward_question
from training.store import put

HOOK = """
import os, sys

HEARD = {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname",
         "pickle.find_class"}
FILE = os.open(os.environ["HEARD_IN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def heard(event, args):
    if event in HEARD or event == "here":
        told = [one for one in args if isinstance(one, (str, bytes, int, tuple))]  # not the socket itself
        os.write(FILE, (repr((event, told, os.getpid())) + "\\n").encode())


sys.addaudithook(heard)
heard("here", sys.orig_argv)
"""
Heard = list[tuple[str, list[object], int]]  # event, arguments, process
PROCESSES = ("-m bentoml serve", "_bentoml_impl.worker.service", "serving.rehearsal")


def heard_of_a_service(release: Path, home: Path, hook: Path) -> Heard:
    """Return all that was heard while the service started, was asked, took another release, and stopped."""
    (hook / "sitecustomize.py").write_text(HOOK)
    settings = Settings.read({"HOMEWARD_HOME": str(home)})
    let_in(settings)
    models = home / "bentoml" / "models"
    put(release, "good", models)
    demo = Demo(on_free_port(settings), 0, lambda _: None)
    environment = demo.settings.environment(os.environ)
    environment |= {"PYTHONPATH": str(hook), "HEARD_IN": str(hook / "heard")}
    row = {name: value for name, value in stay().items() if name != "admission_id"}
    with Children(environment) as children, closing(started(demo, children)) as client:
        asked = [client.post("/v1/predict", json=question()) for _ in range(4)]
        asked += [
            client.put("/v1/admissions/A1", json={"recorded_at": now().isoformat(), **row}),
            client.post("/v1/events", json={"events": ward_question()["events"]}),
            client.get("/metrics"),
            client.get("/sign-in", auth=None),
            client.get(sign_in_link(demo.settings, now()), follow_redirects=True, auth=None),
        ]
        assert [answer.status_code for answer in asked] == [200] * len(asked)
        put(release, "again", models)
    return read(hook / "heard")


def read(file: Path) -> Heard:
    """Return what was heard into a file."""
    return [ast.literal_eval(line) for line in file.read_text().splitlines()]


def without_the_hook(heard: Heard) -> list[str]:
    """Return which of the processes of a service were not heard."""
    commands = [" ".join(map(str, told)) for event, told, _ in heard if event == "here"]
    return [one for one in PROCESSES if not any(one in command for command in commands)]


def listened(heard: Heard) -> list[object]:
    """Return the addresses, beyond this machine, on which something listened."""
    return [one for one in _addresses(heard, "socket.bind") if not _ours(one)]


def connected(heard: Heard) -> list[object]:
    """Return the addresses of other machines that were connected or sent to, and names that were looked up."""
    names = {str(one) for one in _addresses(heard, "socket.getaddrinfo", "socket.gethostbyname")}
    there = [one for one in _addresses(heard, "socket.connect", "socket.sendto") if not _ours(one)]
    return [*there, *sorted(names - {"localhost", "127.0.0.1", "::1"})]


def unpickled(heard: Heard) -> list[object]:
    """Return what was unpickled."""
    return [told for event, told, _ in heard if event == "pickle.find_class"]


def _addresses(heard: Heard, *events: str) -> Iterator[object]:
    return (told[0] for event, told, _ in heard if event in events and told)


def _ours(address: object) -> bool:
    """Tell whether an address is this machine alone: loopback, or a socket in the file system."""
    if isinstance(address, tuple) and isinstance(address[0], str):
        host = address[0]
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return isinstance(address, str | bytes)
