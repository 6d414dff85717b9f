"""One way to write a value down, so that the same value always has the same digest."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

# Made once: `json.dumps` makes one each time, which takes longer than a row.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> bytes:
    """Return a value as JSON with sorted keys and nothing between them.

    >>> canonical({"b": 1.5, "a": "é"})
    b'{"a":"\\xc3\\xa9","b":1.5}'
    """
    return _ENCODER.encode(value).encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_of_all(digests: Iterable[str]) -> str:
    """Return one digest for a list of digests, in their order."""
    return digest("\n".join(digests).encode())


def digest_of_row(values: Iterable[Any]) -> str:
    """Return the digest of a row's values as they lie in a table.

    Where one of them is encrypted nobody can guess it, since a nonce is in it.
    """
    said = [
        value.timestamp()
        if isinstance(value, datetime)
        else digest(value)
        if isinstance(value, bytes)
        else value
        for value in values
    ]
    return digest(canonical(said))
