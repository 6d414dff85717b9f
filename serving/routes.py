"""The routes of ward systems and of people, as one ASGI application; all blocking work is done by workers."""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.desk import Desk
from serving.errors import Problem, not_logged, not_that_method, unexpected
from serving.page_desk import Pages
from serving.pages import problem_page, wants_page
from serving.parts import Parts
from serving.patient_desk import PatientDesk
from serving.signing_in import SigningIn
from serving.store.database import StoreFault

UNDER_WAY_SECONDS = 600
SPOKEN = {404: "there is no such address; /v1/docs lists what there is"}


def application(parts: Parts) -> Starlette:
    """Return the application; it stands behind the gate, which knows who may open which door."""
    desk, pages, signing_in = Desk(parts), Pages(parts), SigningIn(parts)
    patients = PatientDesk(parts)
    provider = parts.guard.callers.sessions.provider.described()
    under_way = Middleware(
        SessionMiddleware,
        secret_key=parts.store.derived("sign-ins under way at the provider"),
        session_cookie="homeward_provider",
        max_age=UNDER_WAY_SECONDS,
        path="/sign-in",
        https_only=provider is not None and provider.redirect_uri.startswith("https:"),
        same_site="lax",  # who comes back comes from another site
    )
    routes = [
        Route("/", pages.home, methods=["GET"]),
        Route("/board", pages.wards, methods=["GET"]),
        Route("/board/{ward:path}", pages.ward, methods=["GET"]),
        Route("/about", pages.about, methods=["GET"]),
        Route("/watch", pages.watch, methods=["GET"]),
        Route("/find", pages.find, methods=["POST"]),
        Route("/patients/{person}", patients.patient, methods=["GET"]),
        Route("/patients/{person}/sheet", patients.sheet, methods=["GET"]),
        Route("/patients/{person}/mine", patients.mine, methods=["POST"]),
        Route("/patients/{person}/planned-date", patients.planned_date, methods=["POST"]),
        Route("/patients/{person}/delay", patients.delay, methods=["POST"]),
        Route("/patients/{person}/undo", patients.undo, methods=["POST"]),
        Route("/static/{file}", pages.static, methods=["GET"]),
        Route("/sign-in", signing_in.form, methods=["GET"]),
        Route("/sign-in", signing_in.by_password, methods=["POST"]),
        Route("/sign-in/board.css", signing_in.style, methods=["GET"]),
        Route("/sign-in/icon.svg", signing_in.icon, methods=["GET"]),
        Route("/sign-in/provider", signing_in.to_provider, methods=["GET"], middleware=[under_way]),
        Route("/sign-in/return", signing_in.from_provider, methods=["GET"], middleware=[under_way]),
        Route("/sign-out", signing_in.out, methods=["POST"]),
        Route("/v1/predict", desk.predict, methods=["POST"]),
        Route("/v1/admissions/{admission_id}", desk.admission, methods=["PUT"]),
        Route("/v1/admissions/{admission_id}/identity", desk.identity, methods=["PUT"]),
        Route("/v1/admissions/{admission_id}/cancel", desk.cancel_admission, methods=["POST"]),
        Route("/v1/admissions/{admission_id}/discharge", desk.discharge, methods=["POST"]),
        Route("/v1/admissions/{admission_id}/discharge/cancel", desk.cancel_discharge, methods=["POST"]),
        Route("/v1/events", desk.events, methods=["POST"]),
        Route("/v1/planned-dates", desk.planned_date, methods=["POST"]),
        Route("/v1/predictions", desk.predictions, methods=["GET"]),
        Route("/v1/openapi.json", desk.openapi, methods=["GET"]),
        Route("/v1/docs", pages.docs, methods=["GET"]),
        Route("/metrics", desk.metrics, methods=["GET"]),
    ]
    handlers = {Problem: _problem, HTTPException: _http, StoreFault: _not_logged, Exception: _unexpected}
    return Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]


async def _problem(request: Request, problem: Problem) -> Response:
    return problem_page(problem) if wants_page(request) else problem.response()


async def _http(request: Request, error: HTTPException) -> Response:
    status, headers = HTTPStatus(error.status_code), error.headers or {}
    detail = SPOKEN.get(status, status.description or status.phrase)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return await _problem(request, not_that_method(headers["Allow"]))
    return await _problem(request, Problem(status, detail, headers=headers))


async def _not_logged(request: Request, _: StoreFault) -> Response:
    return await _problem(request, not_logged())


async def _unexpected(request: Request, _: Exception) -> Response:
    return await _problem(request, unexpected())  # Starlette raises the error again, and the gate notes it
