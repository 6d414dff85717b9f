"""Files that only this user may read: secrets, keys, links."""

import os
import secrets
from pathlib import Path

from features.errors import HomewardError

SHORTEST_SECRET = 32


class SecretFault(HomewardError):
    """A file with a secret is missing, or cannot be trusted."""


def read_secret(file: Path) -> str:
    """Return the secret of a file; raises SecretFault if it cannot be read or is too short to be one."""
    try:
        secret = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFault(f"{file} cannot be read: {type(error).__name__}") from error
    if len(secret) < SHORTEST_SECRET:
        raise SecretFault(f"the secret in {file} must have at least {SHORTEST_SECRET} characters")
    return secret


def write_secret(file: Path, text: str) -> bool:
    """Write a new file for this user's eyes alone; tells whether it did, and leaves one that is there."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as out:
        out.write(text + "\n")
    return True


def new_secret() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)
