"""Tokens of ward systems: signed by the system, for us alone, for five minutes, for one request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from features.errors import HomewardError
from serving.systems import System, Systems

ALGORITHMS = (
    "ES384",
    "RS384",
)  # https://build.fhir.org/ig/HL7/smart-app-launch/client-confidential-asymmetric.html
LONGEST_LIFE = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(seconds=30)
LONGEST_TOKEN, LONGEST_JTI = 8_192, 256
TYPES = ("JWT", "at+jwt", None)
UNSIGNED = "the token is not signed by a ward system that is known here, with ES384 or RS384 and its `kid`"


class TokenFault(HomewardError):
    """A token that opens nothing, and why; its maker is told only once its signature is good."""


@dataclass(frozen=True)
class Shown:
    """What a good token says: whose it is, its own name and when it ends."""

    system: System
    jti: str
    ends_at: datetime


def checked(token: str, systems: Systems, audience: str, at: datetime, wait: bool = True) -> Shown:
    """Return what a token says at a moment; raises TokenFault for one that does not hold.

    Whether it was shown before is for `Spent` to tell.  Raises Problem if the keys cannot be had now, and
    NotAtHand if they must be waited for by who may not `wait`.
    """
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise TokenFault(UNSIGNED)
    signers: list[System] = []

    def keys(shown: Any) -> KeySet:
        signers.append(_signer(shown.payload, systems))
        return signers[0].keys(wait)

    try:
        read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise TokenFault(UNSIGNED) from error
    if read.header.get("typ") not in TYPES or "kid" not in read.header:
        raise TokenFault(UNSIGNED)
    return _held(signers[0], read.claims, audience, at)


def _signer(payload: bytes, systems: Systems) -> System:
    """Return the ward system that a token says has signed it, of which nothing is proven yet."""
    claims = json.loads(payload)
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    system = systems.named(issuer) if isinstance(issuer, str) else None
    if system is None:
        raise TokenFault(UNSIGNED)
    return system


def _held(system: System, claims: Mapping[str, Any], audience: str, at: datetime) -> Shown:
    """Return what claims say; raises TokenFault naming the claim that does not hold."""
    if claims.get("sub", system.name) != system.name:
        raise TokenFault("sub must be what iss is")
    if claims.get("aud") not in (audience, [audience]):
        raise TokenFault("aud must be the audience of this service, exactly, and no other")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise TokenFault(f"jti must be a text of 1 to {LONGEST_JTI} characters, a new one for each request")
    begins, ends = _instant(claims, "iat"), _instant(claims, "exp")
    if "nbf" in claims:
        begins = max(begins, _instant(claims, "nbf"))
    if ends <= at:
        raise TokenFault("exp has passed")
    if begins > at + CLOCKS_DIFFER:
        raise TokenFault("iat lies ahead of the clock of this service")
    if ends - _instant(claims, "iat") > LONGEST_LIFE:
        raise TokenFault("exp must be at most 5 minutes after iat")
    return Shown(system, jti, ends)


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    seconds = claims.get(name)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TokenFault(f"{name} must be seconds since 1970")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise TokenFault(f"{name} must be seconds since 1970") from None
