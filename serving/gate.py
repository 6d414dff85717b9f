"""The one gate in front of every path, BentoML's own pages too: who asks, what leaves, what is noted of it."""

import logging
import traceback
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from serving.access import PEOPLE, STRANGER, Caller, allowed, door
from serving.callers import Callers
from serving.design_system import ASKED_EACH_TIME
from serving.errors import (
    MEDIA_TYPE,
    Problem,
    busy,
    from_elsewhere,
    not_for_you,
    not_signed_in,
    not_that_method,
    over_quota,
    unavailable,
    unexpected,
)
from serving.limits import Limits
from serving.metrics import Metrics
from serving.pages import problem_page, wants_page
from serving.sessions import SESSION_COOKIE
from serving.store.database import StoreFault

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY_VIOLATION = 1008  # WebSocket close code; the service speaks no WebSocket
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
REFUSALS = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
PROBES = ("/livez", "/readyz")  # asked every few seconds; only a bad answer is worth a line
PROBED_BY = ("GET", "HEAD")
SIGNING_IN = ("/sign-in",)  # who is a stranger still, but has a page of ours open
READING = ("GET", "HEAD", "OPTIONS")  # what changes nothing
log = logging.getLogger(__name__)


class Clock(Protocol):
    """Where the time comes from."""

    def __call__(self) -> "datetime":
        """Return this instant, with a zone."""


@dataclass(frozen=True)
class Guard:
    """What the gate needs to know: who asks, the time, where to count, and how much is too much."""

    callers: Callers
    clock: Clock
    metrics: Metrics
    limits: Limits


class Gate:
    """Let a request through to `app` if the caller may open its door; see to what leaves either way."""

    def __init__(self, app: "ASGIApp", guard: Guard) -> None:
        self.app = app
        self.guard = guard

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request; nothing that goes wrong leaves as a traceback, into an answer or a log."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exit_ = _Exit(send)
        began = perf_counter()
        route = door(scope["path"])
        try:
            await self._admit(route, scope, receive, exit_)
        except Exception as error:  # the outermost wall: whatever it is, its text may hold a patient's data
            log.error("%s %s failed: %s", scope["method"], route, _where(error))
            if exit_.status is None:
                await unexpected().response()(scope, receive, exit_)
        seconds = perf_counter() - began
        status = exit_.status or int(HTTPStatus.INTERNAL_SERVER_ERROR)
        self.guard.metrics.seen(scope["method"], route, status, seconds)
        level = logging.DEBUG if route in PROBES and status < HTTPStatus.BAD_REQUEST else logging.INFO
        log.log(level, "%s %s %d %.0f ms", scope["method"], route, status, 1000 * seconds)

    async def _admit(self, route: str, scope: "Scope", receive: "Receive", send: "Send") -> None:
        request, caller = Request(scope), STRANGER
        if route not in PROBES:
            try:
                caller = await self.guard.callers.of(request, route)
            except (Problem, StoreFault) as fault:
                await _refuse(fault if isinstance(fault, Problem) else unavailable(), scope, receive, send)
                return
        if problem := _refusal(route, request, caller):
            await _refuse(problem, scope, receive, send)
            return
        scope.setdefault("state", {}).update(caller=caller, route=route)
        if route in PROBES:
            await self.app(scope, receive, send)
            return
        await self._within_limits(_key(caller, request), scope, receive, send)

    async def _within_limits(
        self, caller: str | None, scope: "Scope", receive: "Receive", send: "Send"
    ) -> None:
        """Let a request through if its caller has some left this minute, and a place is free."""
        limits = self.guard.limits
        if caller is not None and (seconds := limits.quota.wait(caller, perf_counter())):
            await _refuse(over_quota(limits.quota.per_minute, seconds), scope, receive, send)
            return
        if not limits.places.take(caller):
            await _refuse(busy(), scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            limits.places.leave(caller)


def _refusal(route: str, request: Request, caller: Caller) -> Problem | None:
    """Return why somebody may not ask this, None if they may."""
    may, asks = allowed(route), caller.role
    if "anyone" not in may and asks not in may:
        return not_signed_in() if asks == "anyone" else not_for_you(sorted(may))
    if route in PROBES:
        return None if request.method in PROBED_BY else not_that_method(", ".join(PROBED_BY))
    of_a_page = asks in PEOPLE or route in SIGNING_IN
    if of_a_page and request.method not in READING and not _from_our_page(request):
        return from_elsewhere()
    return None


def _key(caller: Caller, request: Request) -> str | None:
    """Return what tells callers apart, for their quotas: each session is one; strangers have none."""
    if caller.role in PEOPLE:
        return request.cookies[SESSION_COOKIE]
    return None if caller.role == "anyone" else caller.name


class _Exit:
    """The way out: puts the security headers on an answer and remembers its status.

    A refusal that is not ours, such as BentoML's of its own probe, leaves as ours do: a problem that says when
    to try again.
    """

    def __init__(self, send: "Send") -> None:
        self._send = send
        self.status: int | None = None
        self._replaced: bytes | None = None

    async def __call__(self, message: "Message") -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            headers = MutableHeaders(scope=message)
            if self.status in REFUSALS and "retry-after" not in headers:
                self._replaced = _as_ours(headers, busy() if self.status == REFUSALS[0] else unavailable())
            asked_each_time = headers.get("cache-control") == ASKED_EACH_TIME
            for name, value in HEADERS.items():
                headers[name] = value
            if asked_each_time:
                headers["Cache-Control"] = ASKED_EACH_TIME
        elif self._replaced is not None:
            if message.get("more_body"):
                return  # what they say; ours goes in the place of its end
            message = {**message, "body": self._replaced}
        await self._send(message)


async def _refuse(problem: Problem, scope: "Scope", receive: "Receive", send: "Send") -> None:
    answer = problem_page(problem) if wants_page(Request(scope)) else problem.response()
    await answer(scope, receive, send)


def _from_our_page(request: Request) -> bool:
    """Tell whether a browser says that a page of ours sent a request; one that says nothing is not believed.

    Which site a request comes from is a header that no page can set (Fetch Metadata); older browsers send the
    origin alone.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host")


def _as_ours(headers: MutableHeaders, problem: Problem) -> bytes:
    """Make the headers those of a problem and return its body."""
    body = bytes(problem.response().body)
    own = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **problem.headers}
    for name, value in own.items():
        headers[name] = value
    return body


def _where(error: BaseException) -> str:
    """Return an error's type and the places it passed, without its text."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-6:]))
    return f"{type(error).__name__} in {places}"
