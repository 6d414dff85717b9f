"""The ward system's side: keys that are made here, and a token for each request."""

import json
import secrets
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, import_key

from serving.json_file import read_object
from serving.secret_file import SecretFault, write_secret
from serving.settings import Settings
from serving.systems import CURVE, NAME, SystemFault, address, key_set
from serving.tokens import LONGEST_LIFE


def register(settings: Settings, name: str, jwks: str | None, sites: Iterable[str] | None) -> Path:
    """Let a ward system in by its published or given public keys, or by a pair that is made here.

    Returns the file to keep: the system's own with its public keys, or that of the new private key.  Raises
    SystemFault or SecretFault for what cannot be, and then nothing has changed.
    """
    if not NAME.fullmatch(name):
        raise SystemFault("a ward system's name must be 1 to 40 of a-z, 0-9 and hyphen")
    if (settings.systems / f"{name}.json").exists():
        raise SystemFault(
            f"there is a ward system {name} already; `python -m serving key remove {name}` ends it"
        )
    own = settings.system_keys / f"{name}.json"
    said: dict[str, Any]
    if jwks is None:
        key = ECKey.generate_key(CURVE, {"kid": f"{name}-{secrets.token_hex(4)}", "use": "sig", "alg": "ES384"})
        if not write_secret(own, json.dumps(key.as_dict(private=True))):
            raise SecretFault(f"{own} is there already; move it away to make a new key")
        said = {"keys": [key.as_dict(private=False)]}
    elif jwks.startswith(("http:", "https:")):
        said = {"jwks_uri": address(jwks)}
    else:
        said = _public(Path(jwks))
    whole = said if sites is None else {**said, "sites": sorted(sites)}
    write_secret(settings.systems / f"{name}.json", json.dumps(whole, indent=2))
    return own if jwks is None else settings.systems / f"{name}.json"


def remove(settings: Settings, name: str) -> None:
    """Shut a ward system out, and drop the key that was made here; raises SystemFault without one."""
    if not NAME.fullmatch(name) or not (settings.systems / f"{name}.json").exists():
        raise SystemFault(f"there is no ward system {name}")
    (settings.systems / f"{name}.json").unlink()
    (settings.system_keys / f"{name}.json").unlink(missing_ok=True)


def private_key(settings: Settings, name: str) -> ECKey:
    """Return the private key that was made here for a ward system; raises SecretFault if there is none."""
    file = settings.system_keys / f"{name}.json"
    try:
        key = import_key(json.loads(file.read_text("ascii")))
    except (OSError, ValueError, JoseError) as error:
        raise SecretFault(
            f"no private key of {name} can be read from {file} ({type(error).__name__}); "
            f"`python -m serving key add {name}` makes one"
        ) from error
    if not isinstance(key, ECKey):
        raise SecretFault(f"{file} must hold a {CURVE} key")
    return key


def new_token(key: ECKey, name: str, audience: str, at: datetime) -> str:
    """Return a token of a ward system, for one request within five minutes."""
    begins = int(at.timestamp())
    claims = {
        "iss": name,
        "sub": name,
        "aud": audience,
        "iat": begins,
        "exp": begins + int(LONGEST_LIFE.total_seconds()),
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode({"alg": "ES384", "kid": key.kid}, claims, key, algorithms=["ES384"])


class Signed(httpx.Auth):
    """Signs each request of an httpx client as a ward system."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._key, self._name, self._audience = private_key(settings, name), name, settings.audience

    def token(self) -> str:
        """Return a new token."""
        return new_token(self._key, self._name, self._audience, datetime.now(UTC))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put a new token on a request."""
        request.headers["Authorization"] = f"Bearer {self.token()}"
        yield request


def _public(file: Path) -> dict[str, Any]:
    said = read_object(file, SystemFault, must_be="a JWK Set")
    whole = said if "keys" in said else {"keys": [said]}
    key_set(whole, str(file))
    return {"keys": whole["keys"]}
