"""Keys that lie apart from the database: for pseudonyms, for what is stored, and for who somebody is."""

import hmac
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from serving.store.database import StoreFault, to_disk

Purpose = Literal["pseudonyms", "inputs", "identity"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
KEY_BYTES = 32
MOST_KEYS = 255  # the number of a key is one byte of what it encrypts
Place = tuple[str, int]  # the purpose of a key, and its number


class KeyFault(StoreFault):
    """The keys cannot be read, or are not those that the database was written with."""


@dataclass(frozen=True)
class Keyring:
    """The keys of each purpose, the oldest first; the number of a key is its place, from 1."""

    keys: Mapping[Purpose, tuple[bytes, ...]] = field(repr=False)

    def key(self, purpose: Purpose, number: int) -> bytes:
        """Return a key; raises KeyFault where there is none of that number."""
        own = self.keys[purpose]
        if not 1 <= number <= len(own):
            raise KeyFault(f"the keys file holds no key {number} for {purpose}; put back the one that does")
        return own[number - 1]

    def newest(self, purpose: Purpose) -> int:
        """Return the number of the newest key of a purpose."""
        return len(self.keys[purpose])

    def marks(self) -> dict[Place, str]:
        """Return what tells each key from every other and says nothing of it: a database keeps these."""
        return {
            (purpose, number): hmac.digest(key, f"mark {purpose} {number}".encode(), "sha256").hex()
            for purpose, own in self.keys.items()
            for number, key in enumerate(own, 1)
        }


class Keys(Protocol):
    """Where the keys come from."""

    def read(self) -> Keyring:
        """Return the keys; raises KeyFault if they cannot be read."""

    def made(self) -> Keyring:
        """Return the keys, made where there are none."""

    def added(self, purpose: Purpose) -> Keyring:
        """Return the keys with a new one of a purpose, once it is on disk."""


@dataclass(frozen=True)
class KeyFile:
    """Keys in a file for this user's eyes only.

    Whoever has the database without this file has no patient's number and no record; who loses the file
    has lost the database.
    """

    path: Path

    def read(self) -> Keyring:
        """Return the keys; raises KeyFault if the file cannot be read or is malformed."""
        try:
            return _parsed(json.loads(self.path.read_text("ascii")))
        except OSError as error:
            raise KeyFault(f"the keys file {self.path} cannot be read: {type(error).__name__}") from error
        except (ValueError, KeyError, TypeError):
            # What it holds must not be in a trace.
            raise KeyFault(
                f"the keys file {self.path} must be JSON with, for each of {', '.join(PURPOSES)}, a list of "
                f"id (1, 2, ...) and key ({2 * KEY_BYTES} hexadecimal digits)"
            ) from None

    def made(self) -> Keyring:
        """Return the keys, made where there are none; of two that make them at once one does.

        Raises KeyFault if the file can be neither read nor made.
        """
        if not self.path.exists():
            part = self._written({purpose: (_new_key(),) for purpose in PURPOSES})
            try:
                os.link(part, self.path)
            except FileExistsError:
                pass  # another was first, and its keys count
            except OSError as error:
                raise self._not_written(error) from error
            finally:
                part.unlink(missing_ok=True)
        return self.read()

    def added(self, purpose: Purpose) -> Keyring:
        """Return the keys with a new one of a purpose, once it is on disk.

        To be asked by one at a time.  Raises KeyFault if the file cannot be written, or is full.
        """
        keys = self.read().keys
        if len(keys[purpose]) >= MOST_KEYS:
            raise KeyFault(f"there are {MOST_KEYS} keys for {purpose}, which is all that there can be")
        part = self._written({**keys, purpose: (*keys[purpose], _new_key())})
        try:
            part.replace(self.path)
            to_disk(self.path.parent)
        except OSError as error:
            raise self._not_written(error) from error
        return self.read()

    def _written(self, keys: Mapping[Purpose, tuple[bytes, ...]]) -> Path:
        """Write keys into a file beside ours and return it, once it is on disk."""
        part = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(json.dumps(_written(keys), indent=2) + "\n")
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise self._not_written(error) from error
        return part

    def _not_written(self, error: OSError) -> KeyFault:
        return KeyFault(f"the keys file {self.path} cannot be written: {type(error).__name__}")


def _written(keys: Mapping[Purpose, tuple[bytes, ...]]) -> dict[str, Any]:
    return {
        purpose: [{"id": number, "key": key.hex()} for number, key in enumerate(own, 1)]
        for purpose, own in keys.items()
    }


def _parsed(content: Any) -> Keyring:
    """Return the keys of a file; raises ValueError, KeyError or TypeError if it is not as it must be."""
    if set(content) != set(PURPOSES):
        raise ValueError
    return Keyring({purpose: _keys(content[purpose]) for purpose in PURPOSES})


def _keys(rows: Any) -> tuple[bytes, ...]:
    keys = tuple(bytes.fromhex(row["key"]) for row in rows)
    numbered = [row["id"] for row in rows] == list(range(1, len(keys) + 1))
    if not numbered or not 1 <= len(keys) <= MOST_KEYS or {*map(len, keys)} != {KEY_BYTES}:
        raise ValueError
    return keys


def _new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)
