"""Which folder the named release is, by a tag of BentoML's store or by path, and what tells that it changed."""

import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from features.errors import ReleaseFault
from models.sealed import seal_file, small_text

VERSION = r"[a-z0-9][-._a-z0-9]{0,62}"
TAG = re.compile(rf"({VERSION})(?::({VERSION}))?")
LATEST = "latest"
MOST_FILES = 100  # of a folder that are looked at each second; a release has ten

Stamp = tuple[tuple[str, int, int, int, int], ...]  # name, inode, size, changed at, status changed at


@dataclass(frozen=True)
class Named:
    """The release that a setting names: a tag such as `homeward:latest`, or a folder."""

    name: str
    store: Path  # BentoML's model store

    def folder(self) -> Path:
        """Return the folder that the name leads to now; raises ReleaseFault where there is none.

        BentoML itself would take another release where `latest` names one that is gone.
        """
        try:
            found = Path(self.name).resolve() if Path(self.name).is_dir() else self._in_store()
            there = found is not None and found.is_dir()
        except OSError as error:
            raise ReleaseFault(f"release {self.name} cannot be found: {type(error).__name__}") from error
        if found is None or not there:
            raise ReleaseFault(
                f"there is no release {self.name}; make one with `python -m training fit` and `promote`, or "
                "name a folder in HOMEWARD_RELEASE"
            )
        return found

    def stamp(self) -> Stamp:
        """Return what changes whenever the name leads elsewhere or a file of the release changes."""
        try:
            folder = self.folder()
            with os.scandir(folder) as entries:
                inside = [entry.path for entry in islice(entries, MOST_FILES)]
        except (ReleaseFault, OSError):
            return _stamps(self._pointers())
        return _stamps([*self._pointers(), str(folder), str(seal_file(folder)), *sorted(inside)])

    def _in_store(self) -> Path | None:
        tag = TAG.fullmatch(self.name)
        if tag is None:
            return None
        name, version = tag[1], tag[2] or LATEST
        if version == LATEST:
            try:
                version = small_text(self.store / name / LATEST)
            except FileNotFoundError:
                return None
        return self.store / name / version if re.fullmatch(VERSION, version) else None

    def _pointers(self) -> list[str]:
        """Return the files that say where the name leads, so that promoting again is trying again."""
        tag = TAG.fullmatch(self.name)
        return [str(self.store / tag[1] / LATEST)] if tag and tag[2] in (None, LATEST) else [self.name]


def _stamps(paths: list[str]) -> Stamp:
    stamps = []
    for path in paths:
        try:
            found = os.lstat(path)
        except OSError:
            continue  # what is missing now has another stamp when it is there
        stamps.append((path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
    return tuple(stamps)
