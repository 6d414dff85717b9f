"""Reading a request's body: never more than the limit, and never for longer than it may take."""

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from serving.errors import body_broke_off, body_too_slow, too_large, wrong_media_type

if TYPE_CHECKING:
    from starlette.requests import Request


def must_be_json(request: "Request") -> None:
    """Raise Problem unless the body is plain JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" or "content-encoding" in request.headers:
        raise wrong_media_type()


async def whole_body(request: "Request", limit_bytes: int, seconds: float) -> bytes:
    """Return the body; raises Problem, 413 over the limit, 408 if it is late, 400 if it breaks off.

    A length that is declared is believed before a byte is read; the bytes are counted all the same.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise too_large(limit_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise too_large(limit_bytes)
    except TimeoutError as error:
        raise body_too_slow(seconds) from error
    except ClientDisconnect as error:
        raise body_broke_off() from error
    return bytes(body)
