"""Reading the body of a request, and no more of it than is allowed."""

from starlette.requests import Request

from serving.errors import too_large, wrong_media_type


def must_be_json(request: Request) -> None:
    """Raise Problem unless the body is plain JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" or "content-encoding" in request.headers:
        raise wrong_media_type()


async def body_of(request: Request, limit_bytes: int) -> bytes:
    """Return the body, having read no more of it than the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise too_large(limit_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise too_large(limit_bytes)
    return bytes(body)
