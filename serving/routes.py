"""The routes of ward systems and of people, as one ASGI application; all blocking work is done by workers."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from serving.access import SESSION_COOKIE, SESSION_LASTS, use_link_code
from serving.board import WardsPage, ward_line, ward_page
from serving.body import whole_body
from serving.contract import docs_page, openapi
from serving.errors import Problem, not_logged, unexpected, wrong_media_type
from serving.gate import Guard
from serving.inquiry import Inquiry, answered
from serving.pages import STATIC, page, problem_page, wants_page
from serving.schema import read_request
from serving.settings import Settings
from serving.store import Store, StoreFault
from serving.workers import Workers

if TYPE_CHECKING:
    from starlette.requests import Request

    from models.predictor import Predictor

FILES = ("board.css", "icon.svg")


@dataclass(frozen=True)
class Parts:
    """What the routes work with; made once, when the service starts."""

    settings: Settings
    guard: Guard
    predictor: "Predictor"
    digest: str
    store: Store
    predicting: Workers
    reading: Workers

    def close(self) -> None:
        """Let the work under way end, then close the store."""
        self.predicting.close()
        self.reading.close()
        self.store.close()


def application(parts: Parts) -> Starlette:
    """Return the application; it stands behind the gate, which knows who may open which door."""
    desk, pages = Desk(parts), Pages(parts)
    routes = [
        Route("/", pages.home, methods=["GET"]),
        Route("/board", pages.wards, methods=["GET"]),
        Route("/board/{ward:path}", pages.ward, methods=["GET"]),
        Route("/static/{file}", pages.static, methods=["GET"]),
        Route("/sign-in", pages.sign_in, methods=["GET"]),
        Route("/sign-out", pages.sign_out, methods=["POST"]),
        Route("/v1/predict", desk.predict, methods=["POST"]),
        Route("/v1/openapi.json", desk.openapi, methods=["GET"]),
        Route("/v1/docs", pages.docs, methods=["GET"]),
        Route("/metrics", desk.metrics, methods=["GET"]),
    ]
    handlers = {Problem: _problem, HTTPException: _http, StoreFault: _not_logged, Exception: _unexpected}
    return Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]


class Desk:
    """What ward systems and infrastructure ask."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def predict(self, request: "Request") -> Response:
        """Answer one inquiry, once it is logged."""
        _must_be_json(request)
        settings, asked_by = self.parts.settings, request.state.asked_by
        body = await whole_body(request, settings.body_limit_bytes, settings.body_seconds)
        asked_at = self.parts.guard.clock()
        answer = await self.parts.predicting.run_for(asked_by, self._answer, body, asked_by, asked_at)
        return Response(answer, media_type="application/json")

    def _answer(self, body: bytes, asked_by: str, asked_at: datetime) -> bytes:
        inquiry = Inquiry(read_request(body), asked_by, asked_at)
        return answered(inquiry, self.parts.predictor, self.parts.digest, self.parts.store)

    async def openapi(self, _: "Request") -> Response:
        """Give the contract for machines."""
        return JSONResponse(openapi())

    async def metrics(self, _: "Request") -> Response:
        """Give the counters for Prometheus."""
        return Response(self.parts.guard.metrics.text(), media_type="text/plain; version=0.0.4")


class Pages:
    """What people see."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def home(self, _: "Request") -> Response:
        """Lead to the board."""
        return RedirectResponse("/board", HTTPStatus.SEE_OTHER)

    async def wards(self, _: "Request") -> Response:
        """Show every ward with its expected discharges."""
        return await self.parts.reading.run(self._wards)

    def _wards(self) -> Response:
        store, facts = self.parts.store, self.parts.predictor.facts
        lines = [ward_line(store.latest(ward, site), facts) for ward, site in store.wards()]
        return page("wards", WardsPage(tuple(lines)))

    async def ward(self, request: "Request") -> Response:
        """Show one ward, one row a patient."""
        site = request.query_params.get("site")
        return await self.parts.reading.run(self._ward, request.path_params["ward"], site)

    def _ward(self, ward: str, site: str | None) -> Response:
        rows = self.parts.store.latest(ward, site)
        if not rows:
            raise Problem(HTTPStatus.NOT_FOUND, "there are no predictions for a ward of that name; see /board")
        return page("ward", ward_page(rows, self.parts.predictor.facts, self.parts.guard.clock()))

    async def docs(self, _: "Request") -> Response:
        """Show the contract."""
        return page("docs", docs_page(self.parts.predictor.facts, self.parts.settings.body_limit_bytes))

    async def static(self, request: "Request") -> Response:
        """Give a file of the pages, by exact name only."""
        name = request.path_params["file"]
        if name not in FILES:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such file")
        return FileResponse(STATIC / name)

    async def sign_in(self, request: "Request") -> Response:
        """Exchange the code of a one-time link for a session."""
        guard, code = self.parts.guard, request.query_params.get("code", "")
        now = guard.clock()
        if not await run_in_threadpool(use_link_code, self.parts.settings.links, code, now):
            used = "this sign-in link was used or is too old; `python -m serving link` makes a new one"
            raise Problem(HTTPStatus.UNAUTHORIZED, used)
        answer = page("signed_in", SignedIn())
        # A page that leads on rather than a redirect: after a redirect from another site's link a browser
        # would hold the strict cookie back.
        answer.headers["Refresh"] = "0; url=/board"
        answer.set_cookie(
            SESSION_COOKIE,
            guard.keys.session(now),
            max_age=int(SESSION_LASTS.total_seconds()),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    async def sign_out(self, _: "Request") -> Response:
        """Take the session cookie away."""
        answer = RedirectResponse("/board", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
        return answer


@dataclass(frozen=True)
class SignedIn:
    """The context of `signed_in.html`, which needs nothing."""


def _must_be_json(request: "Request") -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" or "content-encoding" in request.headers:
        raise wrong_media_type()


async def _problem(request: "Request", problem: Problem) -> Response:
    return problem_page(problem) if wants_page(request) else problem.response()


async def _http(request: "Request", error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    return await _problem(request, Problem(status, status.description or status.phrase, headers=error.headers))


async def _not_logged(request: "Request", _: StoreFault) -> Response:
    return await _problem(request, not_logged())


async def _unexpected(request: "Request", _: Exception) -> Response:
    return await _problem(request, unexpected())  # Starlette raises the error again, and the gate notes it
