"""Tokens that were shown: a file each, so that every process of this machine sees that it was, at once.

A file costs a twentieth of a transaction, which every request would wait for.
"""

import os
import shutil
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from serving.store.database import StoreFault
from serving.store.digest import digest

MINUTE = "%Y%m%dT%H%M"
ONCE = os.O_CREAT | os.O_EXCL | os.O_WRONLY


class Spent:
    """The tokens that were shown and have not ended yet, in a folder for each minute in which some end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tidied = ""

    def spend(self, system: str, jti: str, ends_at: datetime, at: datetime) -> bool:
        """Note that a token is shown; tells whether it is the first time.

        Raises StoreFault if that cannot be noted.
        """
        self._tidy(at)
        file = self._folder / ends_at.strftime(MINUTE) / digest(f"{system} {jti}".encode())
        try:
            try:
                _make(file)
            except FileNotFoundError:
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                _make(file)
        except FileExistsError:
            return False
        except OSError as error:
            raise StoreFault(f"a token cannot be noted as spent: {type(error).__name__}") from error
        return True

    def _tidy(self, at: datetime) -> None:
        """Take the folders of tokens away that have ended by themselves, once a minute.

        Beside the requests, which would wait for the tenth of a second that thousands of files take.
        """
        over = (at - timedelta(minutes=1)).strftime(MINUTE)
        if over != self._tidied:
            self._tidied = over
            threading.Thread(target=_take_away, args=(self._folder, over), daemon=True).start()


def _make(file: Path) -> None:
    os.close(os.open(file, ONCE, 0o600))


def _take_away(folder: Path, over: str) -> None:
    with suppress(OSError):  # there is none yet, or another process was first
        for minute in folder.iterdir():
            if minute.name < over:
                shutil.rmtree(minute, ignore_errors=True)
