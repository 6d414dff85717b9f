"""One way to write a value down, so that the same value always has the same digest."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any


def canonical(value: Any) -> bytes:
    """Return a value as JSON with sorted keys and nothing between them.

    >>> canonical({"b": 1.5, "a": "é"})
    b'{"a":"\\xc3\\xa9","b":1.5}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_of_all(digests: Iterable[str]) -> str:
    """Return one digest for a list of digests, in their order."""
    return digest("\n".join(digests).encode())
