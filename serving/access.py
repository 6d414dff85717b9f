"""Who may open which door: the ward system by its token, a person by a session from a one-time link."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from features.errors import HomewardError

Who = Literal["anyone", "ward system", "person"]
SESSION_COOKIE = "homeward_session"
SESSION_LASTS = timedelta(hours=12)  # one shift
LINK_LASTS = timedelta(hours=1)
SHORTEST_TOKEN = 32
EVERYBODY: frozenset[Who] = frozenset({"anyone", "ward system", "person"})
SIGNED_IN: frozenset[Who] = frozenset({"ward system", "person"})
SYSTEMS: frozenset[Who] = frozenset({"ward system"})
PEOPLE: frozenset[Who] = frozenset({"person"})

# Every route of ours and BentoML's.  A path that is not here is open to the ward system only, so that a
# forgotten route is closed and strangers cannot learn which paths exist.
DOORS: Mapping[str, frozenset[Who]] = {
    "/livez": EVERYBODY,
    "/readyz": EVERYBODY,
    "/sign-in": EVERYBODY,  # brings its own single-use code
    "/sign-out": PEOPLE,
    "/": SIGNED_IN,
    "/board": SIGNED_IN,
    "/board/{ward}": SIGNED_IN,
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
    "/metrics": SYSTEMS,
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


def new_link_code(folder: Path, at: datetime) -> str:
    """Return the code of a new sign-in link; the folder keeps its digest and when it ends, never the code."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in folder.iterdir():
        if datetime.fromisoformat(file.read_text("ascii")) <= at:
            file.unlink(missing_ok=True)
    code = secrets.token_urlsafe(32)
    (folder / _digest(code)).write_text((at + LINK_LASTS).isoformat(), "ascii")
    return code


def use_link_code(folder: Path, code: str, at: datetime) -> bool:
    """Tell whether a code is good now, and use it up: removing its file succeeds for one caller only."""
    file = folder / _digest(code)
    try:
        ends_at = datetime.fromisoformat(file.read_text("ascii"))
        file.unlink()
    except (OSError, ValueError):
        return False
    return at < ends_at


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

    def session(self, at: datetime) -> str:
        """Return the value of a new session cookie: when it ends, a nonce, and our seal on both."""
        body = f"{int((at + SESSION_LASTS).timestamp())}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._seal(body)}"

    def session_holds(self, cookie: str, at: datetime) -> bool:
        """Tell whether a cookie is one of ours and has not ended."""
        body, _, seal = cookie.rpartition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(body).encode()):
            return False
        return at.timestamp() < int(body.partition(".")[0])

    def _seal(self, body: str) -> str:
        return hmac.new(self.token.encode(), f"session {body}".encode(), hashlib.sha256).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
