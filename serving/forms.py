"""The forms of pages: each brings the token of its session, which no page of another site can know."""

from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request

from serving.body import whole_body
from serving.errors import Problem, from_elsewhere
from serving.sessions import brings

LONGEST_FORM = 4_096


async def form_of(request: Request, cookie: str, seconds: float) -> dict[str, str]:
    """Return what a form brought; raises Problem (403) unless it is one that we gave to this browser.

    `cookie` names the cookie that the form is tied to, `seconds` how long it may take to arrive.
    """
    form = _read(await whole_body(request, LONGEST_FORM, seconds))
    if not brings(form.get("form_token", ""), request.cookies.get(cookie, "")):
        raise from_elsewhere()
    return form


def _read(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=16))
    except ValueError:
        raise Problem(HTTPStatus.BAD_REQUEST, "the form cannot be read") from None
