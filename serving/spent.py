"""Tokens that were shown: a file each, so that every process of this machine sees that it was, at once.

A file costs a twentieth of a transaction, which every request would wait for.
"""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from serving.store.database import StoreFault
from serving.store.digest import digest

MINUTE = "%Y%m%dT%H%M"


class Spent:
    """The tokens that were shown and have not ended yet, in a folder for each minute in which some end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tidied = ""

    def spend(self, system: str, jti: str, ends_at: datetime, at: datetime) -> bool:
        """Note that a token is shown; tells whether it is the first time.

        Raises StoreFault if that cannot be noted.
        """
        minute = self._folder / ends_at.strftime(MINUTE)
        try:
            self._tidy(at)
            minute.mkdir(parents=True, exist_ok=True, mode=0o700)
            (minute / digest(f"{system} {jti}".encode())).touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            return False
        except OSError as error:
            raise StoreFault(f"a token cannot be noted as spent: {type(error).__name__}") from error
        return True

    def _tidy(self, at: datetime) -> None:
        """Take the folders of tokens away that have ended by themselves, once a minute."""
        over = (at - timedelta(minutes=1)).strftime(MINUTE)
        if over == self._tidied or not self._folder.is_dir():
            return
        self._tidied = over
        for minute in self._folder.iterdir():
            if minute.name < over:
                shutil.rmtree(minute, ignore_errors=True)
