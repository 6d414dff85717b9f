"""BentoML's model store, from which the service reads a promoted release as plain files."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from features.errors import HomewardError
from models.sealed import seal_file, sealed

NAME = "homeward"
UNFINISHED = ".writing-"  # how folders begin in which something is being written
HELD = ".held"  # the file in them that a living writer holds locked
RELEASE_NAME = re.compile(r"[a-z0-9]([-._a-z0-9]{0,61}[a-z0-9])?")  # what a BentoML tag may hold


def store_folder(home: Path) -> Path:
    """Return the folder of BentoML's model store: under `BENTOML_HOME`, or `bentoml/` under the home."""
    return Path(os.environ.get("BENTOML_HOME") or home / "bentoml").expanduser().resolve() / "models"


def latest(home: Path) -> str | None:
    """Return the release that the service reads, None where none was ever promoted."""
    try:
        return (store_folder(home) / NAME / "latest").read_text("utf-8").strip()
    except OSError:
        return None


def private(folder: Path) -> Path:
    """Make a folder, with those above it that are missing, which no other user can read; returns it.

    One that is there stays as it is: `python -m serving doctor` tells where others can read a home.
    """
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextmanager
def writing(place: Path) -> Iterator[Path]:
    """Hold a new hidden folder inside `place` to write in, which goes afterwards: what is whole is moved out.

    Folders that a killed process left there are removed; those of a process that still writes are not.
    """
    with (private(place) / HELD).open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for left in place.glob(f"{UNFINISHED}*"):
            _remove_unless_held(left)
        made = Path(tempfile.mkdtemp(dir=place, prefix=UNFINISHED))
        held = _hold(made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        held.close()


def _remove_unless_held(folder: Path) -> None:
    try:
        _hold(folder).close()
    except BlockingIOError:
        return
    shutil.rmtree(folder, ignore_errors=True)


def _hold(folder: Path) -> IO[str]:
    """Return the locked file by which somebody writes into the folder; raises BlockingIOError if one does."""
    file = (folder / HELD).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file


def put(folder: Path, release: str, store: Path) -> Path:
    """Put the files of a release into the store as `homeward:<release>` and return their folder there.

    `homeward:latest` is then this release, though others may have been made later.  Its digest is written
    beside the folder first, so that the service never takes other files for it.  The same files may be
    there already; raises HomewardError if others are, and ReleaseFault for a release that was altered.
    """
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
    import bentoml
    from bentoml._internal.models import ModelStore  # the public way reads BENTOML_HOME once a process

    tag, place = f"{NAME}:{release}", store / NAME / release
    seal, digest = sealed(folder).digest, files_digest(folder)
    if place.is_dir() and files_digest(place) != digest:
        raise HomewardError(
            f"BentoML's store holds other files as {tag}; remove them with `bentoml models delete {tag}`"
        )
    _write(seal_file(place), seal)
    if not place.is_dir():
        held = ModelStore(store)
        with bentoml.models.create(tag, metadata={"digest": digest}, _model_store=held) as model:
            shutil.copytree(folder, model.path, dirs_exist_ok=True)
    sealed(place)
    _write(store / NAME / "latest", release)
    return place


def _write(file: Path, text: str) -> None:
    """Write a file at once: who reads it meanwhile finds the old text or the new."""
    private(file.parent)
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(file)


def files_digest(folder: Path) -> str:
    """Return one SHA-256 of the names and contents of all files of a release, wherever the folder lies.

    BentoML adds a YAML file of its own to a model's folder, which is no part of a release.
    """
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    digests = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(files.items())
        if not name.endswith(".yaml")
    }
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()


def release_name(folder: Path) -> str:
    """Return the name in a release's `release.json`; raises HomewardError if there is none usable."""
    try:
        name = str(json.loads((folder / "release.json").read_text("utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HomewardError(f"{folder} is not a release: it must hold a release.json with a name") from error
    if not RELEASE_NAME.fullmatch(name):
        raise HomewardError(
            f"a release's name must be 1 to 63 of a-z, 0-9, dot, dash and underscore; found {name!r}"
        )
    return name
