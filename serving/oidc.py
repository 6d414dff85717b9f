"""Signing in at the trust's OpenID Connect provider; authlib does the protocol, with PKCE, state and nonce."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from serving.errors import Problem
from serving.provider import Described

SCOPE = "openid profile"
SECONDS = 10.0
NAME = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,199}")
log = logging.getLogger(__name__)


async def to_provider(request: Request, provider: Described) -> Response:
    """Return the answer that leads a browser to the provider; raises Problem (503) if it cannot be reached."""
    try:
        answer: Response = await (await _client(provider)).authorize_redirect(request, provider.redirect_uri)
    except (AuthlibBaseError, httpx.HTTPError, ValueError) as error:
        raise _unreachable(error) from None
    return answer


async def from_provider(request: Request, provider: Described) -> Mapping[str, Any]:
    """Return what the provider says of who comes back from it.

    Raises Problem: 401 if they do not come from a sign-in that was begun in this browser, or were refused
    there; 503 if the provider cannot be reached.
    """
    client = await _client(provider)
    try:
        token = await client.authorize_access_token(request)
        claims: dict[str, Any] = dict(token.get("userinfo") or {})
        if claims and provider.groups_claim not in claims:
            told = await client.userinfo(token=token)
            claims |= dict(told) if told.get("sub") == claims.get("sub") else {}
    except httpx.HTTPError as error:
        raise _unreachable(error) from None
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
        log.warning("a sign-in at the provider did not hold: %s", type(error).__name__)
        claims = {}
    if not claims:
        raise Problem(HTTPStatus.UNAUTHORIZED, "the provider did not let you in, or the sign-in took too long")
    return claims


def name_of(claims: Mapping[str, Any], provider: Described) -> str:
    """Return the name of somebody of the provider, under which they are noted and can be removed."""
    name = claims.get(provider.name_claim)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Problem(HTTPStatus.FORBIDDEN, "the provider gives no name that can be noted; see `name_claim`")
    return f"oidc:{name}"


async def _client(provider: Described) -> Any:
    """Return a client of the provider as it describes itself now; raises Problem if it cannot be."""
    client = OAuth().register(
        name="provider",
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        server_metadata_url=f"{provider.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "timeout": SECONDS},
    )
    try:
        said = await client.load_server_metadata()
    except (AuthlibBaseError, httpx.HTTPError, ValueError) as error:
        raise _unreachable(error) from None
    if str(said.get("issuer", "")).rstrip("/") != provider.issuer:
        log.error("the provider's description names another issuer than the file of the provider")
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the provider is not the one that was named here")
    return client


def _unreachable(error: Exception) -> Problem:
    log.warning("the provider cannot be reached: %s", type(error).__name__)
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the provider of sign-ins cannot be reached; try again",
        headers={"Retry-After": "10"},
    )
