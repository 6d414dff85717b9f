import os
import socket
import sys
import time

import psutil
import pytest

from serving.children import ChildFault, Children, free_port

STAYS = "import time; print('up', flush=True); time.sleep(600)"
# As BentoML's workers do: a session of its own, so that its parent's group does not reach it.
WITH_OFFSPRING = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {STAYS!r}], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_nothing_outlives_the_context(tmp_path):
    log = tmp_path / "log"
    with Children(os.environ) as children:
        child = children.start([sys.executable, "-c", WITH_OFFSPRING], log)
        while "\n" not in log.read_text():
            time.sleep(0.02)
        offspring = int(log.read_text().split()[0])
        assert psutil.pid_exists(offspring)
    assert child.poll() is not None
    assert not psutil.pid_exists(offspring) or psutil.Process(offspring).status() == psutil.STATUS_ZOMBIE


def test_an_error_in_the_context_stops_the_children_too(tmp_path):
    started = []

    def failing():
        with Children(os.environ) as children:
            started.append(children.start([sys.executable, "-c", STAYS], tmp_path / "log"))
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert started[0].poll() is not None


def test_a_command_that_fails_is_one_sentence():
    with Children(os.environ) as children, pytest.raises(ChildFault, match="exit code 3"):
        children.run([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_port_that_is_taken_is_not_free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port
