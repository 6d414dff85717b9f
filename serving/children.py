"""Child processes that never outlive us: each in a group of its own, stopped by its id."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil  # type: ignore[import-untyped]

from features.errors import HomewardError

GRACE_SECONDS = 20
LINES_SHOWN = 15
WATCH_SECONDS = 1


class ChildFault(HomewardError):
    """A command of ours ended badly."""


class Children:
    """A context in which commands run; on leaving it, all of them and theirs are gone.

    BentoML's workers are sessions of their own, so stopping a child's group would miss them: they are
    remembered by id while they still have a parent.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Children":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._running):
            _stop(child)

    def run(self, command: Sequence[str]) -> None:
        """Run a command to its end, its output on our standard error; raises ChildFault if it fails."""
        child = self._start(command, None)
        if child.wait() != 0:
            raise ChildFault(f"`{' '.join(command[1:])}` failed with exit code {child.returncode}; see above")
        self._running.remove(child)

    def start(self, command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
        """Start a command that stays, its output in a file."""
        log.parent.mkdir(parents=True, exist_ok=True)
        return self._start(command, log)

    def watch(self) -> None:
        """Wait as long as all of them run; raises ChildFault when one ends."""
        while all(child.poll() is None for child in self._running):
            time.sleep(WATCH_SECONDS)
        ended = next(child for child in self._running if child.poll() is not None)
        raise ChildFault(f"process {ended.pid} of the demonstration ended by itself; its log is in logs/")

    def _start(self, command: Sequence[str], log: Path | None) -> "subprocess.Popen[bytes]":
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(log.open("wb")) if log else 2
            child = subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._running.append(child)
        return child


def last_lines(log: Path) -> str:
    """Return the end of a log, for a person who must know why a child ended."""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-LINES_SHOWN:])


def is_free(host: str, port: int) -> bool:
    """Tell whether we could listen on an address now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True


def free_port(wanted: int = 0) -> int:
    """Return a port of this machine that is free now: the wanted one if it is."""
    if wanted and is_free("127.0.0.1", wanted):
        return wanted
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _stop(child: "subprocess.Popen[bytes]") -> None:
    """End a child and all its descendants: politely first, and by force what is left."""
    family = _family(child.pid)
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
    _, alive = psutil.wait_procs(family, timeout=2)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=2)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(2)


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return []
