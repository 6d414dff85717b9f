"""Files that say who may come in: JSON objects, read again when they have changed."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from features.errors import HomewardError

LONGEST_FILE = 1024 * 1024
Read = TypeVar("Read")


class Watched(Generic[Read]):
    """What a file says, read again when it has changed."""

    def __init__(self, file: Path, read: Callable[[Path], Read]) -> None:
        self._file, self._read = file, read
        self._last: tuple[object, Read] | None = None
        self._lock = threading.Lock()

    def now(self) -> Read | None:
        """Return what the file says now, None where there is none; raises what reading it raises."""
        try:
            found = self._file.stat()
        except OSError:
            return None
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        with self._lock:
            if self._last is None or self._last[0] != stamp:
                self._last = (stamp, self._read(self._file))
            return self._last[1]


def read_object(
    file: Path, fault: type[HomewardError], called: str = "", must_be: str = "a JSON file"
) -> dict[str, Any]:
    """Return the JSON object of a file; raises `fault` if there is none, or a file without end.

    The fault names the file by its path, unless it is `called` otherwise, and says what it `must_be`.
    """
    try:
        if file.stat().st_size > LONGEST_FILE:
            raise ValueError
        said = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise fault(f"{called or file} must be {must_be}: {type(error).__name__}") from None
    if not isinstance(said, dict):
        raise fault(f"{called or file} must hold a JSON object")
    return said


def are_sites(said: object) -> bool:
    """Tell whether something names sites: a list of texts, or None for all of them."""
    return said is None or (isinstance(said, list) and all(isinstance(one, str) for one in said))
