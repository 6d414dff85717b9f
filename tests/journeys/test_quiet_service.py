"""The service as it is by default, heard by an audit hook in each of its processes.

It listens on loopback alone, connects to no other machine, looks up no name and unpickles nothing.
"""

import ast
import ipaddress
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

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


@pytest.fixture(scope="module")
def heard(small_release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """All that was heard while the service started, was asked, took another release, and stopped."""
    home, hook = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("hook")
    (hook / "sitecustomize.py").write_text(HOOK)
    let_in(Settings.read({"HOMEWARD_HOME": str(home)}))
    models = home / "bentoml" / "models"
    put(small_release_folder, "good", models)
    demo = Demo(on_free_port(Settings.read({"HOMEWARD_HOME": str(home)})), 0, print)
    environment = demo.settings.environment(os.environ)
    environment |= {
        "PYTHONPATH": str(hook),
        "HEARD_IN": str(hook / "heard"),
    }
    with Children(environment) as children, closing(started(demo, children)) as client:
        for _ in range(4):
            assert client.post("/v1/predict", json=question()).status_code == 200
        assert (
            client.put("/v1/admissions/A1", json={"recorded_at": now().isoformat(), **_row()}).status_code
            == 200
        )
        assert client.post("/v1/events", json={"events": ward_question()["events"]}).status_code == 200
        assert client.get("/metrics").status_code == 200
        link = sign_in_link(demo.settings, now())
        assert client.get(link, follow_redirects=True, auth=None).status_code == 200
        put(small_release_folder, "again", models)
    return [ast.literal_eval(line) for line in (hook / "heard").read_text().splitlines()]


def _row() -> dict[str, object]:
    return {name: value for name, value in stay().items() if name != "admission_id"}


def addresses(heard: Heard, *events: str) -> Iterator[object]:
    return (told[0] for event, told, _ in heard if event in events and told)


def ours(address: object) -> bool:
    """Tell whether an address is this machine alone: loopback, or a socket in the file system."""
    if isinstance(address, tuple) and isinstance(address[0], str):
        host = address[0]
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return isinstance(address, str | bytes)


def test_the_hook_was_in_every_process(heard: Heard) -> None:
    commands = [" ".join(map(str, told)) for event, told, _ in heard if event == "here"]
    for command in ("-m bentoml serve", "_bentoml_impl.worker.service", "serving.rehearsal"):
        assert any(command in one for one in commands), commands
    assert len(list(addresses(heard, "socket.bind"))) > 0


def test_the_hook_hears_what_must_not_be(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    unheard_of = (
        "import pickle, socket; pickle.loads(b'cbuiltins\\nlen\\n.'); "
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"  # sends nothing
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "HEARD_IN": str(tmp_path / "heard")}
    subprocess.run([sys.executable, "-c", unheard_of], env=environment, check=False)
    told = [ast.literal_eval(line) for line in (tmp_path / "heard").read_text().splitlines()]
    assert "pickle.find_class" in {event for event, *_ in told}
    assert not all(ours(one) for one in addresses(told, "socket.connect"))


def test_it_listens_on_loopback_alone(heard: Heard) -> None:
    assert [one for one in addresses(heard, "socket.bind") if not ours(one)] == []


def test_it_connects_to_no_other_machine(heard: Heard) -> None:
    assert [one for one in addresses(heard, "socket.connect", "socket.sendto") if not ours(one)] == []


def test_it_looks_up_no_name(heard: Heard) -> None:
    names = {str(one) for one in addresses(heard, "socket.getaddrinfo", "socket.gethostbyname")}
    assert names <= {"localhost", "127.0.0.1", "::1"}


def test_it_unpickles_nothing(heard: Heard) -> None:
    assert [told for event, told, _ in heard if event == "pickle.find_class"] == []
