"""What the service answers when it cannot do what was asked: problem details (RFC 9457).

A problem names the field and the fix and never repeats a value that was given: answers are logged by
other systems, and a value may be a person's.
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from features.errors import HomewardError

MEDIA_TYPE = "application/problem+json"
DOCUMENTED_AT = "/v1/docs#problems"
MOST_FAULTS_ANSWERED = 100
CHALLENGE = 'Bearer realm="homeward"'
ELSEWHERE = {"Connection": "close"}  # a new connection goes to whichever process takes it first: an idle one


class Problem(HomewardError):
    """A request that is answered with a 4xx or 5xx status.

    `errors` holds one {"pointer", "detail"} for each fault, the pointer being a JSON pointer (RFC 6901)
    into the request body, or empty where a fault concerns the whole.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, Any]:
        """Return the members of the problem, in the order of the RFC."""
        shown = [dict(error) for error in self.errors[:MOST_FAULTS_ANSWERED]]
        return {
            "type": DOCUMENTED_AT,
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            **({"errors": shown} if shown else {}),
        }

    def response(self) -> JSONResponse:
        """Return the problem as an HTTP answer."""
        return JSONResponse(self.as_json(), int(self.status), self.headers, MEDIA_TYPE)


def not_json(detail: str) -> Problem:
    """Return the problem of a body that cannot be read at all."""
    return Problem(HTTPStatus.BAD_REQUEST, detail)


def not_signed_in() -> Problem:
    """Return the problem of a request without a token or a session."""
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "a person signs in at /sign-in; a ward system sends a signed token as `Authorization: Bearer ...`",
        headers={"WWW-Authenticate": CHALLENGE},
    )


def bad_token(why: str = "send a signed token as `Authorization: Bearer ...`") -> Problem:
    """Return the problem of a token that opens nothing; what is wrong with it is told to who has signed it."""
    return Problem(
        HTTPStatus.UNAUTHORIZED, why, headers={"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}
    )


def not_your_site(pointers: Sequence[str] = ("",)) -> Problem:
    """Return the problem of stays of a site that is not the caller's, each by its pointer into the body."""
    fix = "site must be one of those that are yours"
    errors = [{"pointer": pointer, "detail": fix} for pointer in pointers]
    return Problem(HTTPStatus.FORBIDDEN, "a stay is of a site that is not yours", errors)


def keys_unavailable() -> Problem:
    """Return the problem of a ward system whose keys cannot be fetched from where it publishes them."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the keys of this ward system cannot be fetched from its jwks_uri now; try again",
        headers={"Retry-After": "2"},
    )


def not_for_you(roles: Sequence[str]) -> Problem:
    """Return the problem of somebody who is signed in with another role than an address is for."""
    return Problem(HTTPStatus.FORBIDDEN, f"this address is for: {', '.join(roles)}")


def from_elsewhere() -> Problem:
    """Return the problem of a change, under a person's session, that no page of ours asked for."""
    return Problem(HTTPStatus.FORBIDDEN, "a change must be asked for on a page of this service")


def not_that_method(methods: str) -> Problem:
    """Return the problem of a method that an address does not take."""
    return Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"this address takes {methods}", headers={"Allow": methods})


def too_large(limit_bytes: int) -> Problem:
    """Return the problem of a body over the limit."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body must be at most {limit_bytes:,} bytes; send a ward at a time, or less history",
        headers={"Connection": "close"},
    )


def wrong_media_type() -> Problem:
    """Return the problem of a body that is not plain JSON."""
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body as application/json, without a Content-Encoding"
    )


def not_kept(errors: Sequence[Mapping[str, str]]) -> Problem:
    """Return the problem of a body that does not keep the contract."""
    detail = "the request does not keep the contract; see errors, and /v1/docs for every field"
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors)


def body_too_slow(seconds: float) -> Problem:
    """Return the problem of a body that trickles in: it must not hold a place for ever."""
    return Problem(
        HTTPStatus.REQUEST_TIMEOUT,
        f"the body must arrive whole within {seconds:g} seconds",
        headers={"Connection": "close"},
    )


def body_broke_off() -> Problem:
    """Return the problem of a caller who left before the body was whole; nobody reads it but our log."""
    return Problem(HTTPStatus.BAD_REQUEST, "the body broke off", headers={"Connection": "close"})


def over_quota(per_minute: int, seconds: float) -> Problem:
    """Return the problem of a caller who asks more often than agreed, with the seconds until it may again."""
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"a caller may ask {per_minute:,} times a minute; try again after Retry-After seconds",
        headers={"Retry-After": str(math.ceil(seconds))},
    )


def unavailable() -> Problem:
    """Return the problem of a service that cannot answer now, whatever part of it found out."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the service cannot answer now; try again",
        headers={"Retry-After": "10"},
    )


def busy() -> Problem:
    """Return the problem of more work than the service takes on at once."""
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too many requests at once; try again",
        headers={"Retry-After": "2", **ELSEWHERE},
    )


def too_slow(seconds: float) -> Problem:
    """Return the problem of work that did not end in time."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"no answer within {seconds:g} seconds; try again, with fewer admissions at once",
        headers={"Retry-After": "10"},
    )


def key_taken() -> Problem:
    """Return the problem of an Idempotency-Key that was used for another request."""
    return Problem(
        HTTPStatus.CONFLICT, "this Idempotency-Key was used for another request; use a new key for each"
    )


def still_answering() -> Problem:
    """Return the problem of a repeat whose first request is still being answered."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the first request under this Idempotency-Key is still being answered; try again with the same key",
        headers={"Retry-After": "5"},
    )


def not_logged() -> Problem:
    """Return the problem of a store that cannot be used: what is not on disk is not answered."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the log of predictions cannot be used, so no prediction is given; try again",
        headers={"Retry-After": "10"},
    )


def unexpected() -> Problem:
    """Return the problem of a fault of ours, of which nothing is told but that it happened."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the service failed; its log says where")
