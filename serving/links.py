"""One-time sign-in links: an administrator prints one, a person opens it once within the hour."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from serving.access import PEOPLE, Role, role_named

LINK_LASTS = timedelta(hours=1)
ENDED = datetime.min.replace(tzinfo=UTC)


def new_link_code(folder: Path, at: datetime, role: Role = "coordinator") -> str:
    """Return the code of a new sign-in link.

    The folder keeps its digest, for which role it is and when it ends, never the code.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in folder.iterdir():
        if _link(file)[0] <= at:
            file.unlink(missing_ok=True)
    code = secrets.token_urlsafe(32)
    (folder / _digest(code)).write_text(f"{(at + LINK_LASTS).isoformat()} {role}", "ascii")
    return code


def use_link_code(folder: Path, code: str, at: datetime) -> Role | None:
    """Return the role that a code signs in to now, and use it up; None for one that is not good.

    Removing its file succeeds for one caller only.
    """
    file = folder / _digest(code)
    try:
        ends_at, role = _link(file)
        file.unlink()
    except OSError:
        return None
    return role if at < ends_at else None


def _link(file: Path) -> tuple[datetime, Role | None]:
    """Return when a link ends, and its role; one of an earlier version has ended."""
    ends_at, _, role = file.read_text("ascii").partition(" ")
    known = role_named(role)
    return datetime.fromisoformat(ends_at) if known in PEOPLE else ENDED, known


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
