"""The files of a release as bytes whose digests hold: read once, checked, and nothing in them parsed yet."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.errors import ReleaseFault

BOOSTERS = ("leave", "home", "ready", "readmission", "same_issue")
LISTING = "digests.json"
NEEDED = frozenset({"release.json", "reference.json", "golden.json", "card.md"})
MAY_HOLD = NEEDED | {f"{name}.txt" for name in BOOSTERS}
OF_BENTOML = "model.yaml"  # which BentoML's store adds to a folder
MOST_BYTES = 256 * 1024 * 1024  # all files of a release together; one of 200,000 admissions has about ten
MOST_LISTING_BYTES = 64 * 1024
MOST_TOLD = 10
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Sealed:
    """A release's bytes as they were checked; whoever parses these parses what was checked."""

    name: str
    digests: Mapping[str, str]
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def digest(self) -> str:
        """The digest of the whole release: SHA-256 of all digests."""
        return digest_of(self.digests)


class _Fault(Exception):
    """What is wrong with one file, in words that follow its name."""


def sealed(folder: Path, expected: str | None = None) -> Sealed:
    """Read every file of a release once and return the bytes, whose digests are those of `digests.json`.

    Nothing but `digests.json` is parsed, and that only as `save` writes it.  As it has no digest of its own,
    the whole must have the digest written beside the folder (`<folder>.sha256`, see `seal_file`) if there
    is one, and `expected` if it is given.  Links, folders and files that do not belong are refused.  Raises
    ReleaseFault with everything that is wrong.
    """
    try:
        with _opened(folder) as place:
            digests = _listed(folder.name, place)
            _expect(folder.name, digests, [*_written_beside(folder), *([expected] if expected else [])])
            return Sealed(folder.name, digests, _contents(folder.name, place, digests))
    except OSError as error:
        raise ReleaseFault(f"release {_shown(folder.name)} cannot be read: {type(error).__name__}") from error


def seal_file(folder: Path) -> Path:
    """Return the file beside a release's folder that holds the digest which the release must have.

    >>> seal_file(Path("models/homeward/a1b2c3")).as_posix()
    'models/homeward/a1b2c3.sha256'
    """
    return folder.with_name(f"{folder.name}.sha256")


def small_text(file: Path) -> str:
    """Return the text of a file of a few words; raises OSError, and never waits for a pipe."""
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, encoding="ascii", errors="replace") as opened:
        return opened.read(MOST_LISTING_BYTES).strip()


def digest_of(digests: Mapping[str, str]) -> str:
    """Return the digest of a whole release from those of its files."""
    return hashlib.sha256(json.dumps(dict(digests), sort_keys=True).encode()).hexdigest()


def listing(digests: Mapping[str, str]) -> bytes:
    """Return `digests.json` of these digests, to the byte."""
    return (json.dumps(dict(sorted(digests.items())), indent=1) + "\n").encode()


def digest(content: bytes) -> str:
    """Return the digest of one file."""
    return hashlib.sha256(content).hexdigest()


def parsed(content: bytes) -> Any:
    """Return what JSON bytes say; raises ValueError for what is no JSON, a key given twice, or too deep."""
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_each_key_once)
    except RecursionError as error:
        raise ValueError("JSON nested too deep") from error


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Hold the folder itself open, so that all files come from it whatever its name leads to meanwhile."""
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReleaseFault(f"{_shown(folder.name)} is not a release: it is no folder") from error
    try:
        yield place
    finally:
        os.close(place)


def _listed(name: str, place: int) -> dict[str, str]:
    try:
        content = _content(place, LISTING, MOST_LISTING_BYTES)
        digests = parsed(content)
    except FileNotFoundError as error:
        raise ReleaseFault(f"{_shown(name)} is not a release: it has no {LISTING}") from error
    except (_Fault, ValueError) as error:
        why = str(error) if isinstance(error, _Fault) else "cannot be read"
        raise ReleaseFault(f"{_shown(name)}: {LISTING} {why}") from error
    if not (_well_formed(digests) and content == listing(digests)):
        raise ReleaseFault(
            f"{_shown(name)}: {LISTING} is not as it was written, one known file and digest a line"
        )
    return {str(file): str(each) for file, each in digests.items()}


def _well_formed(digests: Any) -> bool:
    """Tell whether all names are those of a release's files, which hold no path, and all values digests."""
    return (
        isinstance(digests, dict)
        and NEEDED <= digests.keys() <= MAY_HOLD
        and all(isinstance(each, str) and DIGEST.fullmatch(each) for each in digests.values())
    )


def _written_beside(folder: Path) -> list[str]:
    file = seal_file(folder)
    try:
        text = small_text(file)
    except FileNotFoundError:
        return []
    if not DIGEST.fullmatch(text):
        raise ReleaseFault(f"{_shown(file.name)} must hold one SHA-256; promote the release again")
    return [text]


def _expect(name: str, digests: Mapping[str, str], expected: Collection[str]) -> None:
    if any(digest_of(digests) != each for each in expected):
        raise ReleaseFault(
            f"release {_shown(name)} cannot be trusted: it has not the digest that was recorded for it"
        )


def _contents(name: str, place: int, digests: Mapping[str, str]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    faults, left = [], MOST_BYTES
    for file, wanted in digests.items():
        try:
            contents[file] = _content(place, file, left)
            left -= len(contents[file])
            if digest(contents[file]) != wanted:
                faults.append(f"{file} was altered")
        except FileNotFoundError:
            faults.append(f"{file} is missing")
        except _Fault as fault:
            faults.append(f"{file} {fault}")
        except OSError as error:
            faults.append(f"{file} cannot be read ({type(error).__name__})")
    strangers = set(os.listdir(place)) - digests.keys() - {LISTING, OF_BENTOML}
    faults += [f"{_shown(stranger)} is not part of it" for stranger in sorted(strangers)]
    if faults:
        more = [f"and {len(faults) - MOST_TOLD:,} more faults"] if len(faults) > MOST_TOLD else []
        told = ", ".join(faults[:MOST_TOLD] + more)
        raise ReleaseFault(f"release {_shown(name)} cannot be trusted: {told}")
    return contents


def _content(place: int, name: str, most_bytes: int) -> bytes:
    """Return the bytes of a plain file; never follows a link nor waits for a pipe."""
    only_it = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if stat.S_ISLNK(os.stat(name, dir_fd=place, follow_symlinks=False).st_mode):
        raise _Fault("is a link, not a file")
    handle = os.open(name, os.O_RDONLY | only_it, dir_fd=place)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _Fault("is not a plain file")
        if found.st_size > most_bytes:
            raise _Fault("is too large")
        with open(handle, "rb", closefd=False) as file:
            return file.read(found.st_size + 1)  # one that grows meanwhile has another digest
    finally:
        os.close(handle)


def _shown(name: str) -> str:
    """Return the name of a file for a message: one line, whatever somebody called it.

    >>> _shown("a1b2c3"), _shown("two\\nlines")
    ('a1b2c3', 'two?lines')
    """
    return "".join(each if each.isprintable() else "?" for each in name)[:80]
