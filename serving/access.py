"""Who may open which door: the ward system by its token, a person by a session of one role, from a link."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

from features.errors import HomewardError

Role = Literal["ward system", "coordinator", "data scientist", "safety officer"]
Who = Role | Literal["anyone"]
SESSION_COOKIE = "homeward_session"
SESSION_LASTS = timedelta(hours=12)  # one shift
LINK_LASTS = timedelta(hours=1)
SHORTEST_TOKEN = 32
ENDED = datetime.min.replace(tzinfo=UTC)
ROLES: tuple[Role, ...] = get_args(Role)
SIGNED_IN: frozenset[Who] = frozenset(ROLES)
EVERYBODY: frozenset[Who] = SIGNED_IN | {"anyone"}
SYSTEMS: frozenset[Who] = frozenset({"ward system"})
PEOPLE: frozenset[Who] = SIGNED_IN - SYSTEMS
BOARDS: frozenset[Who] = frozenset({"ward system", "coordinator", "safety officer"})  # who may see patients
COUNTERS: frozenset[Who] = frozenset({"ward system", "data scientist", "safety officer"})

# Every route of ours and BentoML's.  A path that is not here is open to the ward system only, so that a
# forgotten route is closed and strangers cannot learn which paths exist.
DOORS: Mapping[str, frozenset[Who]] = {
    "/livez": EVERYBODY,
    "/readyz": EVERYBODY,
    "/sign-in": EVERYBODY,  # brings its own single-use code
    "/sign-out": PEOPLE,
    "/": SIGNED_IN,
    "/board": BOARDS,
    "/board/{ward}": BOARDS,
    "/static/{file}": SIGNED_IN,
    "/v1/docs": SIGNED_IN,
    "/v1/openapi.json": SIGNED_IN,
    "/v1/predict": SYSTEMS,
    "/v1/admissions/{admission_id}": SYSTEMS,
    "/v1/admissions/{admission_id}/cancel": SYSTEMS,
    "/v1/admissions/{admission_id}/discharge": SYSTEMS,
    "/v1/admissions/{admission_id}/discharge/cancel": SYSTEMS,
    "/v1/events": SYSTEMS,
    "/v1/planned-dates": SYSTEMS,
    "/v1/predictions": SYSTEMS,
    "/metrics": COUNTERS,
    "/healthz": SYSTEMS,
    "/schema.json": SYSTEMS,
}
ONE_STEP, MANY_STEPS = "[^/]+", ".+"  # a ward's name may hold a slash
_PATTERNS = [
    (re.compile(re.sub(r"\\{\w+\\}", MANY_STEPS if "ward" in door else ONE_STEP, re.escape(door))), door)
    for door in DOORS
]


class AccessFault(HomewardError):
    """The token file is missing or cannot be trusted."""


def door(path: str) -> str:
    """Return the template of a path, which is what logs and metrics may name, or "other".

    >>> door("/board/Ward 7"), door("/v1/admissions/A1001/cancel"), door("/v1/stays")
    ('/board/{ward}', '/v1/admissions/{admission_id}/cancel', 'other')
    """
    return next((template for pattern, template in _PATTERNS if pattern.fullmatch(path)), "other")


def allowed(template: str) -> frozenset[Who]:
    """Return who may open a door; only the ward system where none is known."""
    return DOORS.get(template, SYSTEMS)


def read_token(file: Path) -> str:
    """Return the ward system's token; raises AccessFault with what to do where there is none."""
    try:
        token = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AccessFault(
            f"no token can be read from {file}; make one with `python -m serving token`"
        ) from error
    if len(token) < SHORTEST_TOKEN:
        raise AccessFault(f"the token in {file} must have at least {SHORTEST_TOKEN} characters")
    return token


def write_token(file: Path) -> None:
    """Write a new random token that only this user can read; leaves a file that is there alone."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as out:
        out.write(secrets.token_urlsafe(32) + "\n")


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


def role_named(name: str) -> Role | None:
    """Return the role of a name, in which a hyphen may stand for the blank; None if there is none."""
    return next((role for role in ROLES if role == name.replace("-", " ")), None)


@dataclass(frozen=True)
class Keys:
    """What a caller must show: derived from the token, so that a new token ends every session too."""

    token: str

    @property
    def system(self) -> str:
        """The name under which the ward system's questions are logged: a digest, never the token."""
        return f"ward system {_digest(self.token)[:8]}"

    def opens(self, shown: str) -> bool:
        """Tell whether a shown token is the right one, in a time that does not depend on it."""
        return hmac.compare_digest(_digest(shown), _digest(self.token))

    def session(self, at: datetime, role: Role = "coordinator") -> str:
        """Return the value of a new session cookie: when it ends, the role, a nonce, and our seal on them."""
        ends = int((at + SESSION_LASTS).timestamp())
        body = f"{ends}.{role.replace(' ', '-')}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._seal(body)}"

    def session_role(self, cookie: str, at: datetime) -> Role | None:
        """Return the role of a cookie that is one of ours and has not ended, and None for any other."""
        body, _, seal = cookie.rpartition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(body).encode()):
            return None
        ends, _, rest = body.partition(".")
        return role_named(rest.partition(".")[0]) if at.timestamp() < int(ends) else None

    def _seal(self, body: str) -> str:
        return hmac.new(self.token.encode(), f"session {body}".encode(), hashlib.sha256).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
