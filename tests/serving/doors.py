"""Every route with everybody who may come to it, and tokens of every bad kind."""

import base64
import hmac
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.routing import Route

from serving import accounts
from serving.access import DOORS, PEOPLE, ROLES, Role
from serving.parts import Parts
from serving.routes import application
from serving.sessions import SESSION_COOKIE
from tests.serving.builders import KEY, NOW, SYSTEM, Clock, bearer, known, nobody

STRANGERS_KEY = ECKey.generate_key("P-384", {"kid": "pas-1"})
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
BENTOML = ("/healthz", "/schema.json", "/docs.json", "/nowhere")
OPEN = (
    "/livez",
    "/readyz",
    "/sign-in",
    "/sign-in/board.css",
    "/sign-in/icon.svg",
    "/sign-in/provider",
    "/sign-in/return",
)
PASSWORD = "correct horse battery"
DECISIONS = tuple(f"/patients/{{person}}/{what}" for what in ("planned-date", "delay", "undo", "mine"))
FORMS = (
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("POST", "/find"),
    *(("POST", path) for path in DECISIONS),
)
FILLED = {"{ward:path}": "Ward 7", "{file}": "board.css", "{admission_id}": "A1", "{person}": "0123456789"}
Show = Callable[[Parts], dict[str, str]]


@dataclass(frozen=True)
class Door:
    """A route as it can be asked: its method, a path, and the template that its roles stand under."""

    method: str
    path: str
    template: str


def doors(of: Parts) -> list[Door]:
    """Return every route with each of its methods, and paths that are BentoML's or nobody's."""
    own = [
        Door(method, _filled(route.path), route.path.replace(":path", ""))
        for route in application(of).routes
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
        if method != "HEAD"
    ]
    return [*own, *(Door("GET", path, path) for path in BENTOML)]


def closed(of: Parts) -> list[Door]:
    """Return the doors that ask who comes."""
    return [door for door in doors(of) if door.template not in OPEN]


def _filled(template: str) -> str:
    for name, value in FILLED.items():
        template = template.replace(name, value)
    return template


def asked(of: Parts, door: Door, shown: dict[str, str]) -> int:
    """Ask at a door and return the status."""
    body = {"json": {}} if door.method in ("POST", "PUT") else {}
    return nobody(of).request(door.method, door.path, {**OWN_PAGE, **shown}, **body).status_code


def signed_in(of: Parts, role: Role = "coordinator") -> dict[str, str]:
    """Return the cookie of somebody who came by a link."""
    cookie = of.guard.callers.sessions.begin("by a link", "link", role, of.guard.clock())
    return {"Cookie": f"{SESSION_COOKIE}={cookie}"}


def by_account(
    of: Parts, name: str = "ann", role: Role = "coordinator", sites: Iterable[str] | None = None
) -> dict[str, str]:
    """Make somebody's account, and return the cookie of one who signed in with it."""
    at = of.guard.clock()
    accounts.add(of.store, name, PASSWORD, role, sites, at, "a test")
    tried = accounts.sign_in(of.store, name, PASSWORD, at)
    assert tried.account is not None
    cookie = of.guard.callers.sessions.begin(name, "account", str(tried.account.number), at)
    return {"Cookie": f"{SESSION_COOKIE}={cookie}"}


def showing(role: Role) -> Show:
    """Return what somebody of a role shows, anew for each request."""
    return bearer if role not in PEOPLE else lambda of: signed_in(of, role)


def not_as_declared(of: Parts) -> list[str]:
    """Return each role at each door where the answer is not what the table declares."""
    found = []
    for role in ROLES:
        for door in doors(of):
            status = asked(of, door, showing(role)(of))
            may = role in DOORS.get(door.template, {"ward system"})
            if (door.method, door.template) in FORMS and may:
                continue  # 403 too, without the token of a form
            if (status == 401 and door.template not in OPEN) or (status == 403) == may:
                found.append(f"{role}, {door.method} {door.template}: {status}")
    return found


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good token; those that are None are left out."""
    begins = int(NOW.timestamp())
    good = {
        "iss": SYSTEM,
        "sub": SYSTEM,
        "aud": "homeward",
        "iat": begins,
        "exp": begins + 300,
        "jti": base64.urlsafe_b64encode(repr(sorted(changes)).encode()).decode()[:60] + "=",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(said: dict[str, Any], key: Any = KEY, **header: Any) -> str:
    """Return a token with some claims."""
    whole = {"alg": "ES384", "kid": "pas-1", **header}
    kept = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(kept, said, key, algorithms=["ES384", "RS384", "HS256", "HS384", "ES256", "RS256"])


def _unsigned(said: dict[str, Any], algorithm: str) -> str:
    parts = ({"alg": algorithm, "typ": "JWT", "kid": "pas-1"}, said)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, ""])


def _other_payload(token: str) -> str:
    header, _, seal = token.split(".")
    said = base64.urlsafe_b64encode(json.dumps(claims(jti="other")).encode()).rstrip(b"=").decode()
    return f"{header}.{said}.{seal}"


def _sealed_with_the_public_key(said: dict[str, Any]) -> str:
    """Return a token under HS256 whose secret is a key that everybody may know."""
    content = _unsigned(said, "HS256").removesuffix(".")
    seal = hmac.new(KEY.as_pem(private=False), content.encode(), "sha256").digest()
    return f"{content}.{base64.urlsafe_b64encode(seal).rstrip(b'=').decode()}"


def _of_bytes(payload: bytes) -> str:
    return jws.serialize_compact({"alg": "ES384", "kid": "pas-1"}, payload, KEY, ["ES384"])


def bad_tokens() -> dict[str, str]:
    """Return a token of each kind that must open nothing, by what is wrong with it."""
    at = int(NOW.timestamp())
    good = signed(claims(jti="good"))
    return {
        "empty": "",
        "words": "the ward system's token",
        "of the first version": "the-right-token-of-the-ward-system-0123",
        "not ASCII": "é",
        "two parts": good.rpartition(".")[0],
        "three dots": "...",
        "huge": good + "A" * 10_000,
        "expired": signed(claims(iat=at - 400, exp=at - 100)),
        "expires now": signed(claims(exp=at)),
        "of tomorrow": signed(claims(iat=at + 86_400, exp=at + 86_700)),
        "not before later": signed(claims(nbf=at + 200)),
        "lives too long": signed(claims(exp=at + 301)),
        "without an end": signed(claims(exp=None)),
        "without a beginning": signed(claims(iat=None)),
        "an end in words": signed(claims(exp="tomorrow")),
        "an end that is true": signed(claims(exp=True)),
        "an end beyond every clock": signed(claims(exp=1e300)),
        "wrong audience": signed(claims(aud="another")),
        "audience in capitals": signed(claims(aud="Homeward")),
        "two audiences": signed(claims(aud=["homeward", "another"])),
        "without audience": signed(claims(aud=None)),
        "without jti": signed(claims(jti=None)),
        "a jti that is a number": signed(claims(jti=7)),
        "an empty jti": signed(claims(jti="")),
        "another subject": signed(claims(sub="another")),
        "without issuer": signed(claims(iss=None)),
        "an unknown issuer": signed(claims(iss="nobody")),
        "an issuer that is a path": signed(claims(iss="../systems/pas")),
        "an issuer that is a list": signed(claims(iss=["pas"])),
        "another system's name": signed(claims(iss="rival", sub="rival", jti="r"), STRANGERS_KEY),
        "an unknown key": signed(claims(jti="s"), STRANGERS_KEY),
        "an unknown kid": signed(claims(jti="k"), kid="other"),
        "without kid": signed(claims(jti="n"), kid=None),
        "a key of its own": signed(
            claims(jti="j"), STRANGERS_KEY, kid="mine", jwk=STRANGERS_KEY.as_dict(private=False)
        ),
        "keys at an address of its own": signed(claims(jti="u"), STRANGERS_KEY, jku="http://127.0.0.1/keys"),
        "another payload": _other_payload(good),
        "a signature cut short": good[:-4],
        "alg none": _unsigned(claims(jti="0"), "none"),
        "alg None": _unsigned(claims(jti="1"), "None"),
        "HS256 with the public key": _sealed_with_the_public_key(claims(jti="h")),
        "HS384 with a guess": signed(claims(jti="g"), OctKey.import_key("secret" * 8), alg="HS384"),
        "ES256": signed(claims(jti="e"), ECKey.generate_key("P-256"), alg="ES256"),
        "RS256": signed(claims(jti="2"), RSAKey.generate_key(2048), alg="RS256"),
        "RS384 of an unknown key": signed(claims(jti="3"), RSAKey.generate_key(2048), alg="RS384"),
        "an unknown critical header": _critical(),
        "no object": _of_bytes(b"[]"),
        "no JSON": _of_bytes(b"{"),
        "nesting without end": _of_bytes(b"[" * 5_000),
    }


def _critical() -> str:
    """Return a token with a header that must be understood and cannot be."""
    header = {"alg": "ES384", "kid": "pas-1", "crit": ["own"], "own": 1}
    said = [_encoded(header), _encoded(claims())]
    return ".".join([*said, signed(claims(jti="c")).rpartition(".")[2]])


def _encoded(said: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def replayed(of: Parts) -> Iterator[tuple[Door, int]]:
    """Show one good token once, then at every closed door."""
    shown = bearer(of)
    assert asked(of, Door("GET", "/v1/docs", "/v1/docs"), shown) == 200
    for door in closed(of):
        yield door, asked(of, door, shown)


def revoked(of: Parts) -> Iterator[tuple[Door, int]]:
    """Take a ward system's keys away, and show a new token of it at every closed door."""
    known(of.settings.systems, "gone")
    assert asked(of, Door("GET", "/v1/docs", "/v1/docs"), bearer(of, "gone")) == 200
    (of.settings.systems / "gone.json").unlink()
    for door in closed(of):
        yield door, asked(of, door, bearer(of, "gone"))


def opened_by_bad_tokens(of: Parts) -> tuple[int, list[str]]:
    """Return how many bad tokens were shown at closed doors, and each that was answered otherwise than 401."""
    tried, found = 0, []
    known(of.settings.systems, "rival")
    shown: dict[str, dict[str, str]] = {"nothing": {}, "Basic": {"Authorization": "Basic cGFzOnBhcw=="}}
    tokens = {kind: token for kind, token in bad_tokens().items() if token.isascii()}
    shown |= {kind: {"Authorization": f"Bearer {token}"} for kind, token in tokens.items()}
    for kind, header in shown.items():
        for door in closed(of):
            tried += 1
            if (status := asked(of, door, header)) != 401:
                found.append(f"{kind}: {door.method} {door.template}: {status}")
    for kind, answers in (("replayed", replayed(of)), ("revoked", revoked(of))):
        for door, status in answers:
            tried += 1
            if status != 401:
                found.append(f"{kind}: {door.method} {door.template}: {status}")
    return tried, found


def later(of: Parts, **more: float) -> datetime:
    """Set the clock of a service forward and return what it says."""
    clock = of.guard.clock
    assert isinstance(clock, Clock)
    clock.now += timedelta(**more)
    return clock.now
