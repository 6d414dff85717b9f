"""What can be wrong when the service starts, each made in a copy of a home that is well."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from models.sealed import LISTING, digest, listing, seal_file, sealed
from serving.access import write_token
from serving.children import free_port, is_free
from serving.keys import KeyFile
from serving.store.store import Store
from training.store import put

START_SECONDS = 120
Settings = Mapping[str, str]


@dataclass(frozen=True)
class StartFault:
    """A fault, part of the sentence that must tell it, and how it is made; the stack ends what it holds."""

    words: str
    sentence: str
    make: Callable[[Path, ExitStack], Settings]


def good_home(home: Path, release: Path) -> Path:
    """Return a home from which the service would start."""
    write_token(home / "token")
    put(release, "good", home / "bentoml" / "models")
    return home


def told(fault: StartFault, good: Path) -> bool:
    """Tell whether `python -m serving start` refuses with one sentence and exit code 2, and never listens."""
    with TemporaryDirectory(prefix="homeward-") as place, ExitStack() as stack:
        home = Path(shutil.copytree(good, Path(place) / "home"))
        ours = {"HOMEWARD_HOME": str(home), "HOMEWARD_PORT": str(free_port())}
        ours |= fault.make(home, stack)
        ended = subprocess.run(
            [sys.executable, "-m", "serving", "start"],
            env={**os.environ, **ours},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        told = ended.stderr.strip().splitlines()
        port = ours["HOMEWARD_PORT"]
        never_ready = not port.isdigit() or "port" in fault.words or is_free("127.0.0.1", int(port))
        return ended.returncode == 2 and len(told) == 1 and fault.sentence in told[0] and never_ready


def _no_token(home: Path, _: ExitStack) -> Settings:
    (home / "token").unlink()
    return {}


def _short_token(home: Path, _: ExitStack) -> Settings:
    (home / "token").write_text("short")
    return {}


def _no_release(home: Path, _: ExitStack) -> Settings:
    return {"HOMEWARD_RELEASE": "homeward:none"}


def _latest_leads_nowhere(home: Path, _: ExitStack) -> Settings:
    shutil.rmtree(_release(home))
    return {}


def _altered(home: Path, _: ExitStack) -> Settings:
    with (_release(home) / "leave.txt").open("a") as file:
        file.write("\n")
    return {}


def _other_digest(home: Path, _: ExitStack) -> Settings:
    seal_file(_release(home)).write_text("0" * 64)
    return {}


def _unreadable(home: Path, _: ExitStack) -> Settings:
    (_release(home) / LISTING).unlink()
    (_release(home) / LISTING).mkdir()
    return {}


def _truncated_booster(home: Path, _: ExitStack) -> Settings:
    content = (_release(home) / "leave.txt").read_bytes()
    _sealed_again(_release(home), "leave.txt", content[: len(content) // 3])
    return {}


def _wrong_format(home: Path, _: ExitStack) -> Settings:
    content = json.loads((_release(home) / "release.json").read_text())
    _sealed_again(_release(home), "release.json", json.dumps({**content, "format": 2}).encode())
    return {}


def _golden_rows_differ(home: Path, _: ExitStack) -> Settings:
    golden = json.loads((_release(home) / "golden.json").read_text())
    golden["answers"][0]["home_within_30_days"] = 0.123
    _sealed_again(_release(home), "golden.json", json.dumps(golden).encode())
    return {}


def _taken_port(home: Path, stack: ExitStack) -> Settings:
    taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return {"HOMEWARD_PORT": str(taken.getsockname()[1])}


def _unwritable_home(home: Path, _: ExitStack) -> Settings:
    return {"HOMEWARD_HOME": str(home / "token" / "home"), "HOMEWARD_TOKEN_FILE": str(home / "token")}


def _no_database_folder(home: Path, _: ExitStack) -> Settings:
    return {"HOMEWARD_DATABASE_URL": f"sqlite:///{home / 'token' / 'homeward.db'}"}


def _bad_setting(home: Path, _: ExitStack) -> Settings:
    return {"HOMEWARD_PORT": "ninety"}


def _another_key(home: Path, _: ExitStack) -> Settings:
    opened = Store(f"sqlite:///{home / 'homeward.db'}", b"k" * 32, KeyFile(home / "keys.json"))
    with closing(opened) as store, store.writing() as connection:
        store.audit(connection, datetime.now(UTC), {})
    return {}


def _other_keys(home: Path, _: ExitStack) -> Settings:
    KeyFile(home / "keys.json").made()
    Store(f"sqlite:///{home / 'homeward.db'}", b"k" * 32, KeyFile(home / "others.json")).close()
    return {}


def _release(home: Path) -> Path:
    return home / "bentoml" / "models" / "homeward" / "good"


def _sealed_again(folder: Path, name: str, content: bytes) -> None:
    """Change a file with all digests that fit, as one who fits a wrong release would."""
    digests = {**sealed(folder).digests, name: digest(content)}
    (folder / name).write_bytes(content)
    (folder / LISTING).write_bytes(listing(digests))
    seal_file(folder).unlink()
    seal_file(folder).write_text(sealed(folder).digest)


START_FAULTS = (
    StartFault("no token", "make one with `python -m serving token`", _no_token),
    StartFault("short token", "must have at least 32 characters", _short_token),
    StartFault("no release", "there is no release homeward:none", _no_release),
    StartFault("latest leads nowhere", "there is no release homeward:latest", _latest_leads_nowhere),
    StartFault("altered release", "leave.txt was altered", _altered),
    StartFault("other digest than recorded", "not the digest that was recorded", _other_digest),
    StartFault("unreadable release", "digests.json is not a plain file", _unreadable),
    StartFault("truncated booster", "release good", _truncated_booster),
    StartFault("wrong format", "has format 2, this version reads", _wrong_format),
    StartFault("golden rows differ", "answers its golden rows differently", _golden_rows_differ),
    StartFault("taken port", "is taken; choose another in HOMEWARD_PORT", _taken_port),
    StartFault("unwritable home", "HOMEWARD_HOME must be a folder that can be written to", _unwritable_home),
    StartFault("no database folder", "HOMEWARD_DATABASE_URL cannot be opened", _no_database_folder),
    StartFault("another audit key", "was sealed with another key", _another_key),
    StartFault("other keys", "was written with other keys", _other_keys),
    StartFault("bad setting", "HOMEWARD_PORT must be a whole number", _bad_setting),
)
