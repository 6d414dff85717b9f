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
from serving.children import free_port, is_free
from serving.demo import let_in
from serving.keys import KeyFile
from serving.settings import Settings
from serving.store.store import Store
from training.store import put

START_SECONDS = 120
More = Mapping[str, str]


@dataclass(frozen=True)
class StartFault:
    """A fault, part of the sentence that must tell it, and how it is made; the stack ends what it holds."""

    words: str
    sentence: str
    make: Callable[[Path, ExitStack], More]


def good_home(home: Path, release: Path) -> Path:
    """Return a home from which the service would start."""
    let_in(Settings.read({"HOMEWARD_HOME": str(home)}))
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


def _private_key_given_away(home: Path, _: ExitStack) -> More:
    key = json.loads((home / "system-keys" / "demo.json").read_text())
    (home / "systems" / "demo.json").write_text(json.dumps({"keys": [key]}))
    return {}


def _broken_provider(home: Path, _: ExitStack) -> More:
    (home / "provider.json").write_text("{}")
    return {}


def _no_release(home: Path, _: ExitStack) -> More:
    return {"HOMEWARD_RELEASE": "homeward:none"}


def _latest_leads_nowhere(home: Path, _: ExitStack) -> More:
    shutil.rmtree(_release(home))
    return {}


def _altered(home: Path, _: ExitStack) -> More:
    with (_release(home) / "leave.txt").open("a") as file:
        file.write("\n")
    return {}


def _other_digest(home: Path, _: ExitStack) -> More:
    seal_file(_release(home)).write_text("0" * 64)
    return {}


def _unreadable(home: Path, _: ExitStack) -> More:
    (_release(home) / LISTING).unlink()
    (_release(home) / LISTING).mkdir()
    return {}


def _truncated_booster(home: Path, _: ExitStack) -> More:
    content = (_release(home) / "leave.txt").read_bytes()
    _sealed_again(_release(home), "leave.txt", content[: len(content) // 3])
    return {}


def _wrong_format(home: Path, _: ExitStack) -> More:
    content = json.loads((_release(home) / "release.json").read_text())
    _sealed_again(_release(home), "release.json", json.dumps({**content, "format": 2}).encode())
    return {}


def _golden_rows_differ(home: Path, _: ExitStack) -> More:
    golden = json.loads((_release(home) / "golden.json").read_text())
    golden["answers"][0]["home_within_30_days"] = 0.123
    _sealed_again(_release(home), "golden.json", json.dumps(golden).encode())
    return {}


def _taken_port(home: Path, stack: ExitStack) -> More:
    taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return {"HOMEWARD_PORT": str(taken.getsockname()[1])}


def _unwritable_home(home: Path, _: ExitStack) -> More:
    return {"HOMEWARD_HOME": str(home / "systems" / "demo.json" / "home")}


def _no_database_folder(home: Path, _: ExitStack) -> More:
    return {"HOMEWARD_DATABASE_URL": f"sqlite:///{home / 'systems' / 'demo.json' / 'homeward.db'}"}


def _bad_setting(home: Path, _: ExitStack) -> More:
    return {"HOMEWARD_PORT": "ninety"}


def _another_key(home: Path, _: ExitStack) -> More:
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
    StartFault("a private key in the wrong place", "holds a private key", _private_key_given_away),
    StartFault("broken provider", "issuer must be a text", _broken_provider),
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
