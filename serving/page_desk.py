"""What people see: the board, the contract, signing in and out."""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from serving.access import BOARDS, SESSION_COOKIE, SESSION_LASTS, use_link_code
from serving.board import WardsPage, ward_line, ward_page
from serving.contract import docs_page
from serving.desk import read_board, read_boards
from serving.errors import Problem
from serving.pages import STATIC, page
from serving.parts import Parts

FILES = ("board.css", "icon.svg")


class Pages:
    """What people see."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def home(self, request: Request) -> Response:
        """Lead to the board, and who may not see patients to the contract."""
        return RedirectResponse("/board" if request.state.role in BOARDS else "/v1/docs", HTTPStatus.SEE_OTHER)

    async def wards(self, request: Request) -> Response:
        """Show every ward with its expected discharges."""
        return await self.parts.reading.run(self._wards, request.state.asked_by)

    def _wards(self, asked_by: str) -> Response:
        facts = self.parts.releases.current().predictor.facts
        return page(
            "wards", WardsPage(tuple(ward_line(board, facts) for board in read_boards(self.parts, asked_by)))
        )

    async def ward(self, request: Request) -> Response:
        """Show one ward, one row a patient."""
        ward, site = request.path_params["ward"], request.query_params.get("site", "")
        return await self.parts.reading.run(self._ward, ward, site, request.state.asked_by)

    def _ward(self, ward: str, site: str, asked_by: str) -> Response:
        board = read_board(self.parts, ward, site, asked_by, "GET /board/{ward}")
        if board is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there are no predictions for a ward of that name; see /board")
        facts = self.parts.releases.current().predictor.facts
        return page("ward", ward_page(board, facts, self.parts.guard.clock()))

    async def docs(self, _: Request) -> Response:
        """Show the contract."""
        return page(
            "docs",
            docs_page(self.parts.releases.current().predictor.facts, self.parts.settings.body_limit_bytes),
        )

    async def static(self, request: Request) -> Response:
        """Give a file of the pages, by exact name only."""
        name = request.path_params["file"]
        if name not in FILES:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such file")
        return FileResponse(STATIC / name)

    async def sign_in(self, request: Request) -> Response:
        """Exchange the code of a one-time link for a session."""
        guard, code = self.parts.guard, request.query_params.get("code", "")
        now = guard.clock()
        role = await run_in_threadpool(use_link_code, self.parts.settings.links, code, now)
        if role is None:
            used = "this sign-in link was used or is too old; `python -m serving link` makes a new one"
            raise Problem(HTTPStatus.UNAUTHORIZED, used)
        answer = page("signed_in", SignedIn())
        # A page that leads on rather than a redirect: after a redirect from another site's link a browser
        # would hold the strict cookie back.
        answer.headers["Refresh"] = "0; url=/"
        answer.set_cookie(
            SESSION_COOKIE,
            guard.keys.session(now, role),
            max_age=int(SESSION_LASTS.total_seconds()),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    async def sign_out(self, _: Request) -> Response:
        """Take the session cookie away."""
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
        return answer


@dataclass(frozen=True)
class SignedIn:
    """The context of `signed_in.html`, which needs nothing."""
