"""Requests under an Idempotency-Key are carried out once, and their repeats get the same bytes."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus

from starlette.requests import Request

from serving.errors import Problem, key_taken, still_answering
from serving.parts import Parts
from serving.store import repeats
from serving.store.digest import digest
from serving.store.repeats import Claim, Earlier

KEY = re.compile(r"[\x21-\x7e]{1,255}")
LOOKS_EVERY_SECONDS = 0.05
WAITS = timedelta(seconds=20)


async def once(
    request: Request, body: bytes, parts: Parts, work: Callable[[Claim | None], Awaitable[bytes]]
) -> bytes:
    """Return what `work` answers; under a key that was used before, what it answered then.

    Raises Problem: 422 for a key that cannot be one, 409 if it was used for something else, and 503 if the
    first request takes too long.  A request that failed gives its key back.
    """
    own = _claim(request, body)
    if own is None:
        return await work(None)
    earlier = await _claimed(own, parts)
    if earlier is not None:
        return earlier
    try:
        return await work(own)
    except Exception as error:
        # Work that is too slow, or whose caller has gone, goes on and answers under its key all the same.
        if not isinstance(error, Problem) or error.status != HTTPStatus.SERVICE_UNAVAILABLE:
            await parts.keeping.run(_let_go, own, parts)
        raise


def _claim(request: Request, body: bytes) -> Claim | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not KEY.fullmatch(key):
        detail = "Idempotency-Key must be 1 to 255 visible ASCII characters"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    asked = f"{request.method} {request.url.path}\n".encode() + body
    return Claim(request.state.caller.name, key, digest(asked))


async def _claimed(own: Claim, parts: Parts) -> bytes | None:
    """Return the answer that is there already, or None once the key is ours."""
    began = parts.guard.clock()
    for _ in range(int(WAITS.total_seconds() / LOOKS_EVERY_SECONDS)):
        earlier = await parts.keeping.run(_claim_now, own, parts)
        if earlier is None:
            return None
        if not earlier.same:
            raise key_taken()
        if earlier.answer is not None:
            return earlier.answer
        if parts.guard.clock() - began > WAITS:
            break
        await asyncio.sleep(LOOKS_EVERY_SECONDS)
    raise still_answering()


def _claim_now(own: Claim, parts: Parts) -> Earlier | None:
    with parts.store.reading() as connection:
        earlier = repeats.earlier(connection, own)
    if earlier is not None and (earlier.answer is not None or not earlier.same):
        return earlier
    with parts.store.writing() as connection:
        return repeats.claim(connection, own, parts.guard.clock())


def _let_go(own: Claim, parts: Parts) -> None:
    with parts.store.writing() as connection:
        repeats.let_go(connection, own)
