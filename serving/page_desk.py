"""What people see: the board, the contract, signing in and out."""

from http import HTTPStatus
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from serving.about_page import about_page
from serving.access import BOARDS, Caller
from serving.board import WardsPage, ward_line, ward_page
from serving.board_csv import csv_of
from serving.board_order import BY_LEAVING, ORDERS, View
from serving.contract import docs_page
from serving.design_system import stylesheet
from serving.errors import Problem
from serving.find import found_page
from serving.forms import form_of
from serving.looking import read_board, read_boards
from serving.pages import STATIC, Visitor, page, visitor
from serving.parts import Parts
from serving.sessions import SESSION_COOKIE
from serving.watch_file import watch_of
from serving.watch_page import watch_page

STYLE = "board.css"
FILES = (STYLE, "board.js", "icon.svg")


class Pages:
    """What people see."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._watch = watch_of(parts.settings.watch_file)

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
        """Show one ward, one row a patient, or give the rows as CSV."""
        ward, asked = request.path_params["ward"], request.query_params
        site, as_csv = asked.get("site", ""), asked.get("as") == "csv"
        view = View(asked.get("order", BY_LEAVING.order), asked.get("specialty", ""), asked.get("mine") == "1")
        if view.order not in ORDERS:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"order must be one of {', '.join(ORDERS)}")
        return await self.parts.reading.run(
            self._ward, ward, site, request.state.caller, visitor(request), view, as_csv
        )

    def _ward(self, ward: str, site: str, caller: Caller, by: Visitor, view: View, as_csv: bool) -> Response:
        operation = "GET /board/{ward} as CSV" if as_csv else "GET /board/{ward}"
        seen = read_board(self.parts, ward, site, caller, operation)
        if seen is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there are no predictions for a ward of that name; see /board")
        facts, settings = self.parts.releases.current().predictor.facts, self.parts.settings
        shown = ward_page(seen, facts, self.parts.guard.clock(), view, settings.blind)
        return csv_of(shown) if as_csv else page("ward", shown, by)

    async def find(self, request: Request) -> Response:
        """Show who has what was entered in a name, a number or a bed."""
        form = await form_of(request, SESSION_COOKIE, self.parts.settings.body_seconds)
        caller, by = request.state.caller, visitor(request)
        return await self.parts.reading.run(self._find, form.get("text", ""), caller, by)

    def _find(self, text: str, caller: Caller, by: Visitor) -> Response:
        facts = self.parts.releases.current().predictor.facts
        return page("found", found_page(self.parts.store, facts, self.parts.guard.clock, caller, text), by)

    async def about(self, request: Request) -> Response:
        """Say what answers here, and what it must not be used for."""
        by = visitor(request)
        return await self.parts.reading.run(
            lambda: page("about", about_page(self.parts.releases.current()), by)
        )

    async def watch(self, request: Request) -> Response:
        """Show what was watched last of a release in use."""
        return await self.parts.reading.run(self._watched, visitor(request))

    def _watched(self, by: Visitor) -> Response:
        predictor = self.parts.releases.current().predictor
        zone = ZoneInfo(predictor.facts.time_zone)
        return page("watch", watch_page(self._watch, predictor.release, self.parts.guard.clock(), zone), by)

    async def docs(self, request: Request) -> Response:
        """Show the contract."""
        facts, settings = self.parts.releases.current().predictor.facts, self.parts.settings
        return page("docs", docs_page(facts, settings.body_limit_bytes, settings.audience), visitor(request))

    async def static(self, request: Request) -> Response:
        """Give a file of the pages, by exact name only."""
        name = request.path_params["file"]
        if name not in FILES:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such file")
        if name == STYLE:
            return stylesheet().answer(request)
        return FileResponse(STATIC / name)
