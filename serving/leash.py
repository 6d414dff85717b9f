"""Helper processes that end with the one that started them, and stand back for the ward's answers."""

import contextlib
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def leash() -> Iterator[int]:
    """Give the reading end of a pipe that closes when this process ends, however it ends: a helper's input."""
    reads, writes = os.pipe()
    try:
        yield reads
    finally:
        os.close(reads)
        os.close(writes)


def end_with_parent() -> None:
    """End this helper as soon as its leash is let go."""
    threading.Thread(target=_watch, name="leash", daemon=True).start()


def stand_back(niceness: int) -> None:
    """Let everybody else go first, be the first to die where memory is short, leave no core file."""
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def _watch() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)
