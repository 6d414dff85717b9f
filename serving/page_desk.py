"""What people see: the board, the contract, signing in and out."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from serving.access import BOARDS, Caller
from serving.board import WardsPage, ward_line, ward_page
from serving.contract import docs_page
from serving.desk import read_board, read_boards
from serving.errors import Problem
from serving.pages import STATIC, Visitor, page, visitor
from serving.parts import Parts

FILES = ("board.css", "icon.svg")


class Pages:
    """What people see."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def home(self, request: Request) -> Response:
        """Lead to the board, and who may not see patients to the contract."""
        return RedirectResponse(
            "/board" if request.state.caller.role in BOARDS else "/v1/docs", HTTPStatus.SEE_OTHER
        )

    async def wards(self, request: Request) -> Response:
        """Show every ward with its expected discharges."""
        return await self.parts.reading.run(self._wards, request.state.caller, visitor(request))

    def _wards(self, caller: Caller, by: Visitor) -> Response:
        facts = self.parts.releases.current().predictor.facts
        lines = tuple(ward_line(board, facts) for board in read_boards(self.parts, caller))
        return page("wards", WardsPage(lines), by)

    async def ward(self, request: Request) -> Response:
        """Show one ward, one row a patient."""
        ward, site = request.path_params["ward"], request.query_params.get("site", "")
        return await self.parts.reading.run(self._ward, ward, site, request.state.caller, visitor(request))

    def _ward(self, ward: str, site: str, caller: Caller, by: Visitor) -> Response:
        seen = read_board(self.parts, ward, site, caller, "GET /board/{ward}")
        if seen is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there are no predictions for a ward of that name; see /board")
        facts = self.parts.releases.current().predictor.facts
        return page("ward", ward_page(seen.board, facts, self.parts.guard.clock(), seen.identities), by)

    async def docs(self, request: Request) -> Response:
        """Show the contract."""
        facts, settings = self.parts.releases.current().predictor.facts, self.parts.settings
        return page("docs", docs_page(facts, settings.body_limit_bytes, settings.audience), visitor(request))

    async def static(self, request: Request) -> Response:
        """Give a file of the pages, by exact name only."""
        name = request.path_params["file"]
        if name not in FILES:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such file")
        return FileResponse(STATIC / name)
