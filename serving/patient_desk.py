"""The page of one patient, and what people decide on it."""

from collections.abc import Callable
from http import HTTPStatus
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from serving import decisions
from serving.access import DECIDING, Caller
from serving.bedside import Bedside, bedside_of, stay_of_person
from serving.decisions import Decision, Events, Meanwhile, NotKept
from serving.errors import Problem
from serving.fhir import audit_event, entity
from serving.forms import form_of
from serving.pages import Visitor, page, visitor
from serving.parts import Parts
from serving.patient_page import Form, patient_page
from serving.sessions import SESSION_COOKIE
from serving.sheet_page import ENGLISH, languages, sheet_page
from serving.store.followed import follow

GONE = "nobody of that number is in a bed here now; see /board"
MEANWHILE = (
    "Somebody else changed this while you were looking at it. What they entered is shown; yours is still in "
    "the form: send it again if it is right."
)
Make = Callable[[dict[str, str]], Events]


class PatientDesk:
    """The routes of the page of one patient."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def patient(self, request: Request) -> Response:
        """Show one patient."""
        by = visitor(request)
        return await self.parts.reading.run(self._shown, _person(request), request.state.caller, by, Form())

    async def sheet(self, request: Request) -> Response:
        """Show the page that is printed for a patient and carers."""
        language = request.query_params.get("language", ENGLISH)
        return await self.parts.reading.run(self._sheet, _person(request), request.state.caller, language)

    def _sheet(self, person: str, caller: Caller, language: str) -> Response:
        if language not in languages():
            raise Problem(HTTPStatus.NOT_FOUND, f"language must be one of {', '.join(languages())}")
        bedside = self._read(person, caller, "GET /patients/{person}/sheet")
        facts = self.parts.releases.current().predictor.facts
        return page("sheet", sheet_page(bedside, facts, self.parts.guard.clock(), language), Visitor())

    async def planned_date(self, request: Request) -> Response:
        """Keep a planned date that somebody set."""

        def make(form: dict[str, str]) -> Events:
            zone = ZoneInfo(self.parts.releases.current().predictor.facts.time_zone)
            today = self.parts.guard.clock().astimezone(zone).date()
            return decisions.plan(form.get("on", ""), form.get("why", ""), today)

        return await self._decided(request, make)

    async def delay(self, request: Request) -> Response:
        """Keep that a delay began, or that it ended."""

        def make(form: dict[str, str]) -> Events:
            if form.get("step") == "end":
                return decisions.delay_ended
            nation = self.parts.releases.current().predictor.facts.nation
            return decisions.delay_began(form.get("code", ""), form.get("owner", ""), nation)

        return await self._decided(request, make)

    async def undo(self, request: Request) -> Response:
        """Take the newest planned date, or the newest step of a delay, back."""

        def make(form: dict[str, str]) -> Events:
            return decisions.taken_back(_number(form, "number"))

        return await self._decided(request, make)

    async def mine(self, request: Request) -> Response:
        """Put the patient among who looks' own, or take them away from these."""
        form = await form_of(request, SESSION_COOKIE, self.parts.settings.body_seconds)
        follows = form.get("follow") == "1"
        return await self.parts.keeping.run(self._mine, _person(request), request.state.caller, follows)

    def _mine(self, person: str, caller: Caller, follows: bool) -> Response:
        now, store = self.parts.guard.clock(), self.parts.store
        facts = self.parts.releases.current().predictor.facts
        with store.writing() as connection:
            stay = stay_of_person(connection, person, caller, facts, now)
            if stay is None:
                raise Problem(HTTPStatus.NOT_FOUND, GONE)
            follow(connection, caller.name, stay.person, follows)
            about = [entity("person", stay.person)]
            event = audit_event("POST /patients/{person}/mine", "U", now, caller.name, about)
            store.audit(connection, now, event)
        return RedirectResponse(f"/patients/{person}", HTTPStatus.SEE_OTHER)

    async def _decided(self, request: Request, make: Make) -> Response:
        form = await form_of(request, SESSION_COOKIE, self.parts.settings.body_seconds)
        person, caller, by = _person(request), request.state.caller, visitor(request)
        operation = f"{request.method} {request.state.route}"
        return await self.parts.keeping.run(self._decide, person, caller, by, operation, form, make)

    def _decide(
        self, person: str, caller: Caller, by: Visitor, operation: str, form: dict[str, str], make: Make
    ) -> Response:
        facts = self.parts.releases.current().predictor.facts
        decision = Decision(caller, self.parts.guard.clock, operation, _number(form, "seen"))
        try:
            if not decisions.decided(self.parts.store, facts, person, decision, make(form)):
                raise Problem(HTTPStatus.NOT_FOUND, GONE)
        except NotKept as fault:
            told = Form(fault.field, f"{fault}.", form)
            return self._shown(person, caller, by, told, HTTPStatus.UNPROCESSABLE_ENTITY)
        except Meanwhile:
            return self._shown(person, caller, by, Form("", MEANWHILE, form), HTTPStatus.CONFLICT)
        return RedirectResponse(f"/patients/{person}", HTTPStatus.SEE_OTHER)

    def _shown(
        self, person: str, caller: Caller, by: Visitor, form: Form, status: int = HTTPStatus.OK
    ) -> Response:
        bedside = self._read(person, caller)
        facts, blind = self.parts.releases.current().predictor.facts, self.parts.settings.blind
        shown = patient_page(bedside, facts, self.parts.guard.clock(), caller.role in DECIDING, blind, form)
        return page("patient", shown, by, status)

    def _read(self, person: str, caller: Caller, operation: str = "GET /patients/{person}") -> Bedside:
        """Return what is known of a person, once it is in the audit who looked; raises Problem (404)."""
        now, store = self.parts.guard.clock(), self.parts.store
        with store.reading() as connection:
            facts = self.parts.releases.current().predictor.facts
            bedside = bedside_of(connection, person, caller, facts, now)
        if bedside is None:
            raise Problem(HTTPStatus.NOT_FOUND, GONE)
        about = [entity("person", bedside.stay.person, predictions=len(bedside.predictions))]
        if bedside.identity:
            about.append(entity("name-of-person", bedside.stay.person))
        with store.writing() as connection:
            store.audit(connection, now, audit_event(operation, "R", now, caller.name, about))
        return bedside


def _person(request: Request) -> str:
    return str(request.path_params["person"])


def _number(form: dict[str, str], name: str) -> int:
    """Return a number that a form of ours brings; raises Problem (400) if another made the form."""
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem(HTTPStatus.BAD_REQUEST, "the form cannot be read")
    return int(text)
