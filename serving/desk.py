"""What ward systems and infrastructure ask: predictions, the census, the contract, the counters."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from features.hospital import Facts
from serving import door
from serving.access import Caller
from serving.body import must_be_json, whole_body
from serving.census import FactKind
from serving.door import Sent
from serving.errors import ELSEWHERE, Problem, not_kept
from serving.fhir import Action
from serving.inquiry import Inquiry, answered
from serving.looking import read_board
from serving.once import once
from serving.openapi import openapi
from serving.parts import Parts
from serving.reading import read_body
from serving.schema import (
    IDENTIFIER,
    LONGEST_TEXT,
    AdmissionFact,
    Cancellation,
    DischargeFact,
    EventsRequest,
    IdentityFact,
    PlannedDateRequest,
    PredictRequest,
)
from serving.sites import must_be_told_by, must_see
from serving.store import identities, log, repeats
from serving.store.database import StoreFault
from serving.store.facts import Receipt, keep, newest_recorded
from serving.store.log import Round
from serving.store.repeats import Claim
from serving.watch_file import Watch, WatchFault, watch_of

JSON = "application/json"
PLAIN = "without control characters, and without blanks at its ends"
Body = TypeVar("Body", bound=BaseModel)
Read = Callable[[Body, Facts, datetime], Sent]
Keep = Callable[[Caller, Claim | None], bytes]


class Desk:
    """The routes of ward systems; each body is read here, all other work is done by workers."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._watch = watch_of(parts.settings.watch_file)

    async def predict(self, request: Request) -> Response:
        """Answer one inquiry, once it is logged."""
        body, asked_at = await self._json(request), self.parts.guard.clock()
        caller: Caller = request.state.caller

        async def work(claim: Claim | None) -> bytes:
            return await self.parts.predicting.run_for(
                caller.name, self._predicted, body, caller, asked_at, claim
            )

        told = await once(request, body, self.parts, work)
        return Response(told, headers=ELSEWHERE if self.parts.predicting.crowded else None, media_type=JSON)

    def _predicted(self, body: bytes, caller: Caller, asked_at: datetime, claim: Claim | None) -> bytes:
        inquiry = Inquiry(read_body(body, PredictRequest), caller, asked_at, claim)
        return answered(inquiry, self.parts.releases.current(), self.parts.store)

    async def admission(self, request: Request) -> Response:
        """Keep an admission as the ward's system now has it."""
        return await self._kept(request, AdmissionFact, partial(door.admission, _id_of(request)), "U")

    async def discharge(self, request: Request) -> Response:
        """Keep a discharge."""
        return await self._kept(request, DischargeFact, partial(door.discharge, _id_of(request)), "U")

    async def identity(self, request: Request) -> Response:
        """Keep who is behind a stay, apart from everything else."""
        body, receipt = await self._json(request), self._receipt(request, "U")
        return await self._once(request, body, partial(self._identify, body, _id_of(request), receipt))

    def _identify(
        self, body: bytes, admission_id: str, receipt: Receipt, caller: Caller, claim: Claim | None
    ) -> bytes:
        recorded_at, identity = door.identity(read_body(body, IdentityFact), receipt.at)
        store = self.parts.store
        with store.writing() as connection:
            must_see(caller, [admission_id], connection)
            new = identities.keep(store, connection, admission_id, identity, recorded_at, receipt)
            answer = json.dumps({"kept": int(new), "already_known": int(not new), "notes": []}).encode()
            if claim is not None:
                repeats.answered(connection, claim, answer)
        return answer

    async def cancel_admission(self, request: Request) -> Response:
        """Keep that an admission was a mistake."""
        return await self._cancelled(request, "admission")

    async def cancel_discharge(self, request: Request) -> Response:
        """Keep that a discharge was a mistake."""
        return await self._cancelled(request, "discharge")

    async def events(self, request: Request) -> Response:
        """Keep events of any stays."""

        def read(sent: EventsRequest, facts: Facts, now: datetime) -> Sent:
            return door.events(sent.events, facts, now)

        return await self._kept(request, EventsRequest, read, "C")

    async def planned_date(self, request: Request) -> Response:
        """Keep a person's planned date."""
        return await self._kept(request, PlannedDateRequest, door.planned_date, "C")

    async def predictions(self, request: Request) -> Response:
        """Give the newest predictions of a ward, as its board shows them."""
        ward, site = request.query_params.get("ward"), request.query_params.get("site", "")
        if not ward or set(request.query_params) - {"ward", "site"}:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "give `ward`, and `site` where wards have one")
        return Response(
            await self.parts.reading.run(self._board, ward, site, request.state.caller), media_type=JSON
        )

    def _board(self, ward: str, site: str, caller: Caller) -> bytes:
        seen = read_board(self.parts, ward, site, caller, "GET /v1/predictions", for_a_page=False)
        if seen is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no ward of that name and site has been predicted yet")
        rows = seen.board.predictions
        said = {"round": _round_json(seen.board.round), "predictions": [one.answer for one in rows]}
        return json.dumps(said).encode()

    async def openapi(self, _: Request) -> Response:
        """Give the contract for machines."""
        return JSONResponse(openapi(self.parts.releases.current().predictor.facts))

    async def metrics(self, _: Request) -> Response:
        """Give the counters for Prometheus; without what the store knows, where it cannot be asked."""
        instants: dict[str, datetime | None] = {}
        watch: Watch | None = None
        with suppress(Problem, WatchFault):
            watch = await self.parts.reading.run(self._watch.now)
        with suppress(Problem, StoreFault):
            instants = await self.parts.keeping.run(_newest, self.parts)
        said = self.parts.guard.metrics.text(instants, watch, self.parts.guard.clock())
        return Response(said, media_type="text/plain; version=0.0.4")

    async def _json(self, request: Request) -> bytes:
        must_be_json(request)
        settings = self.parts.settings
        return await whole_body(request, settings.body_limit_bytes, settings.body_seconds)

    async def _cancelled(self, request: Request, kind: FactKind) -> Response:
        def read(sent: Cancellation, _: Facts, now: datetime) -> Sent:
            return door.cancelled(_id_of(request), kind, sent, now)

        return await self._kept(request, Cancellation, read, "D")

    async def _kept(self, request: Request, kind: type[Body], read: "Read[Body]", action: Action) -> Response:
        body, receipt = await self._json(request), self._receipt(request, action)
        return await self._once(request, body, partial(self._keep, body, kind, read, receipt))

    async def _once(self, request: Request, body: bytes, keep: Keep) -> Response:
        caller: Caller = request.state.caller

        async def work(claim: Claim | None) -> bytes:
            return await self.parts.keeping.run(keep, caller, claim)

        return Response(await once(request, body, self.parts, work), media_type=JSON)

    def _receipt(self, request: Request, action: Action) -> Receipt:
        caller: Caller = request.state.caller
        now = self.parts.guard.clock()
        return Receipt(now, caller.name, f"{request.method} {request.state.route}", action)

    def _keep(
        self,
        body: bytes,
        kind: type[Body],
        read: "Read[Body]",
        receipt: Receipt,
        caller: Caller,
        claim: Claim | None,
    ) -> bytes:
        facts = self.parts.releases.current().predictor.facts
        sent = read(read_body(body, kind), facts, receipt.at)
        with self.parts.store.writing() as connection:
            must_be_told_by(caller, sent, connection)
            kept = keep(
                self.parts.store,
                connection,
                sent.stays,
                sent.events,
                receipt,
                newsworthy=frozenset(facts.events),
            )
            new = kept.stays + kept.events
            known = len(sent.stays) + len(sent.events) - new
            answer = json.dumps({"kept": new, "already_known": known, "notes": sent.notes}).encode()
            if claim is not None:
                repeats.answered(connection, claim, answer)
        return answer


def _newest(parts: Parts) -> dict[str, datetime | None]:
    """Return when the last fact was recorded and the last round made, for alarms."""
    with parts.store.reading() as connection:
        rounds = [one.made_at for one in log.wards(connection).values()]
        fact = newest_recorded(connection, parts.guard.clock())
    return {"newest_fact": fact, "newest_round": max(rounds, default=None)}


def _id_of(request: Request) -> str:
    admission_id = str(request.path_params["admission_id"])
    if len(admission_id) > LONGEST_TEXT or not re.fullmatch(IDENTIFIER, admission_id):
        detail = f"the admission in the address must be 1 to {LONGEST_TEXT} characters, {PLAIN}"
        raise not_kept([{"pointer": "", "detail": detail}])
    return admission_id


def _round_json(one: Round) -> dict[str, Any]:
    instants = {"at": one.at, "due_at": one.due_at, "made_at": one.made_at}
    told = {name: instant.isoformat() for name, instant in instants.items()}
    return {"kind": one.kind, **told, "late": one.late, "release": one.release}
