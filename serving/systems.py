"""Ward systems: each is a file of its public keys, so that a file that is taken away shuts it out at once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from features.errors import HomewardError
from serving.json_file import Watched, are_sites, read_object
from serving.published import Published

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
CURVE = "P-384"  # that of ES384
LEAST_RSA_BITS = 2048


class SystemFault(HomewardError):
    """What names a ward system's keys cannot be used."""


@dataclass(frozen=True)
class System:
    """A ward system: its name, its keys, and the sites whose rows are its own (None: all).

    `keys` takes whether it may wait for them.
    """

    name: str
    keys: Callable[[bool], KeySet]
    sites: frozenset[str] | None


class Systems:
    """The ward systems of a folder, each file read again when it has changed."""

    def __init__(self, folder: Path, published: Callable[[str], Callable[[bool], KeySet]] = Published) -> None:
        """Read from a folder; `published` gives the keys at an address."""
        self._folder, self._published = folder, published
        self._files: dict[str, Watched[System]] = {}

    def named(self, name: str) -> System | None:
        """Return the ward system of a name, None without one; raises SystemFault if its file cannot be used."""
        if not NAME.fullmatch(name):
            return None
        file = self._files.get(name) or Watched(
            self._folder / f"{name}.json", lambda it: read_system(it, self._published)
        )
        found = file.now()
        if found is None:
            self._files.pop(name, None)
        else:
            self._files[name] = file
        return found

    def names(self) -> list[str]:
        """Return the names of all ward systems, in order."""
        return sorted(file.stem for file in self._folder.glob("*.json") if NAME.fullmatch(file.stem))


def read_system(file: Path, published: Callable[[str], Callable[[bool], KeySet]] = Published) -> System:
    """Return the ward system of a file; raises SystemFault with what it must be.

    The file is a JWK Set (RFC 7517), or has the address of one in `jwks_uri`; `sites` may name its sites.
    """
    said = read_object(file, SystemFault, called=file.name)
    sites = said.get("sites")
    if not are_sites(sites):
        raise SystemFault(f"{file.name}: sites must be a list of texts")
    kept = None if sites is None else frozenset(sites)
    if "jwks_uri" in said:
        return System(file.stem, published(address(said["jwks_uri"])), kept)
    keys = key_set(said, file.name)
    return System(file.stem, lambda _: keys, kept)


def address(url: object) -> str:
    """Return the address of a JWK Set; raises SystemFault unless it is https, or on this machine."""
    if not isinstance(url, str) or not near_or_https(url):
        raise SystemFault("jwks_uri must be an https address, such as https://pas.trust.example/jwks.json")
    return url


def near_or_https(url: str) -> bool:
    """Tell whether what an address answers can be believed: it is https, or on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    near = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or near)


def key_set(said: Mapping[str, Any], source: str) -> KeySet:
    """Return the public keys of a JWK Set; raises SystemFault if none can be used, or one is private."""
    try:
        found = KeySet.import_key_set({"keys": list(said["keys"])})
        usable = KeySet([key for key in found if _usable(key)])
        secret = any(key.is_private for key in found)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SystemFault(f"{source} must be a JWK Set with keys: {type(error).__name__}") from None
    if secret:
        raise SystemFault(
            f"{source} holds a private key: keep it to the ward system, and put the public one here"
        )
    if not usable.keys:
        raise SystemFault(f"{source} must hold a {CURVE} key, or an RSA key of {LEAST_RSA_BITS} bits or more")
    return usable


def _usable(key: object) -> bool:
    if isinstance(key, ECKey):
        return key.curve_name == CURVE
    return isinstance(key, RSAKey) and key.raw_value.key_size >= LEAST_RSA_BITS
