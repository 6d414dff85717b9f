"""One question of a ward system: from the rows it sends to answers that are on disk."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from features.errors import DataFault
from features.hospital import Facts
from features.observations import states
from features.snapshot import snapshot
from features.tables import Hospital, check
from features.timeline import microseconds
from features.working_days import calendar
from serving.errors import Problem, not_kept
from serving.schema import AdmissionRow, EventRow, PredictRequest
from serving.store import LoggedPrediction, Store

if TYPE_CHECKING:
    from models.predictor import Predictor

NO_WARD = "no ward"
SHOWN_ON_THE_BOARD = ("ward", "bed", "planned_discharge_on")
MOST_AHEAD = timedelta(minutes=15)  # clocks differ; more is a mistake or a rehearsal, and no board's business
AHEAD_NOTE = "`at` lies ahead of the clock: answered and logged, but not shown on a board"
DAYS_AHEAD = 366  # the calendar must know these days before they can be forecast


@dataclass(frozen=True)
class Inquiry:
    """A question with who asked it and when; nothing else is known of the asker."""

    request: PredictRequest
    asked_by: str
    asked_at: datetime


def answered(inquiry: Inquiry, predictor: "Predictor", digest: str, store: Store) -> bytes:
    """Return the answer as JSON once it is on disk.

    Raises Problem (422) with every fault of the rows, and StoreFault if the answer cannot be logged, in
    which case it must not leave either.
    """
    request = inquiry.request
    at = _moment(request, inquiry.asked_at, predictor.facts)
    wanted = _wanted(request)
    hospital = _hospital(request, predictor.facts)
    present, notes = _present(request, wanted, hospital, at)
    predictions = predictor.answer(hospital, at, present) if present else []
    answers = {one.admission_id: one.as_json() for one in predictions}
    ahead = at > pd.Timestamp(inquiry.asked_at) + MOST_AHEAD
    notes = [*hospital.notes, *notes, *([AHEAD_NOTE] if ahead else [])]
    body = json.dumps({"predictions": list(answers.values()), "notes": notes}, allow_nan=False).encode()
    inputs = _inputs(request, hospital, at, present)
    in_bed = set(snapshot(hospital, at).index)
    store.log(
        LoggedPrediction(
            made_at=inquiry.asked_at,
            at=at.to_pydatetime(),
            admission_id=name,
            ward=inputs[name]["now"]["ward"] or NO_WARD,
            site=inputs[name]["admission"].get("site") or "",
            in_bed=name in in_bed and not ahead,
            release=predictor.release,
            release_digest=digest,
            asked_by=inquiry.asked_by,
            inputs=inputs[name],
            answer=answer,
        )
        for name, answer in answers.items()
    )
    return body


def _moment(request: PredictRequest, asked_at: datetime, facts: Facts) -> pd.Timestamp:
    try:
        at = pd.Timestamp(request.at or asked_at).tz_convert(facts.time_zone)
        today = at.tz_localize(None).normalize()
        calendar(pd.DatetimeIndex([today, today + timedelta(days=DAYS_AHEAD)]), facts.nation)
    except (ValueError, OverflowError) as error:
        fix = "at must be a moment within the years of the bank-holiday table"
        raise not_kept([{"pointer": "/at", "detail": fix}]) from error
    return at


def _wanted(request: PredictRequest) -> list[str]:
    """Return whom to predict: stays that are open, and those named, in the order of the request."""
    known = {row.admission_id for row in request.admissions}
    strangers = [place for place, name in enumerate(request.named) if name not in known]
    if strangers:
        raise not_kept(
            [{"pointer": f"/for/{n}", "detail": "for must name stays of admissions"} for n in strangers]
        )
    named = set(request.named)
    wanted = [
        row.admission_id for row in request.admissions if row.discharged_at is None or row.admission_id in named
    ]
    if not wanted:
        fix = "every stay has discharged_at; leave it out, or name the stays to predict in `for`"
        raise not_kept([{"pointer": "/admissions", "detail": fix}])
    return wanted


def _hospital(request: PredictRequest, facts: Facts) -> Hospital:
    try:
        return check(
            _frame(request.admissions, AdmissionRow),
            _frame(request.events, EventRow),
            facts,
            source="request",
            where="the request",
        )
    except DataFault as fault:
        raise _as_problem(fault) from None  # the fault's own text repeats values


def _as_problem(fault: DataFault) -> Problem:
    return not_kept([{"pointer": "", "detail": sentence} for sentence in fault.faults_without_values])


def _frame(rows: Sequence[BaseModel], kind: type[BaseModel]) -> pd.DataFrame:
    return pd.DataFrame({name: [getattr(row, name) for row in rows] for name in kind.model_fields})


def _present(
    request: PredictRequest, wanted: Sequence[str], hospital: Hospital, at: pd.Timestamp
) -> tuple[list[str], list[str]]:
    """Return whom of those wanted had been admitted by the moment, and a note about the others.

    Raises Problem if one of the others was asked for by name.
    """
    admissions = hospital.admissions
    begun = set(admissions.loc[admissions["admission_recorded_at"] <= at, "admission_id"])
    early = [place for place, name in enumerate(request.named) if name not in begun]
    if early:
        fix = "for must name stays that had begun, and were recorded, by `at`"
        raise not_kept([{"pointer": f"/for/{place}", "detail": fix} for place in early])
    present = [name for name in wanted if name in begun]
    missing = len(wanted) - len(present)
    note = f"{missing:,} stays had not begun, or were not recorded, by `at`: not predicted"
    return present, [note] if missing else []


def _inputs(
    request: PredictRequest, hospital: Hospital, at: pd.Timestamp, answered: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return what each answer was made from: the stay, earlier ones, their events, and what the board shows."""
    stays: dict[str, list[dict[str, Any]]] = {}
    events: dict[str, list[dict[str, Any]]] = {}
    for row in request.admissions:
        stays.setdefault(row.patient_id, []).append(row.model_dump(exclude_none=True))
    for event in request.events:
        events.setdefault(event.admission_id, []).append(event.model_dump(exclude_none=True))
    people = {row.admission_id: row.patient_id for row in request.admissions}
    now = known_now(hospital, at, answered)
    inputs = {}
    for name in answered:
        own = stays[people[name]]
        inputs[name] = {
            "admission": next(stay for stay in own if stay["admission_id"] == name),
            "earlier": [stay for stay in own if stay["admission_id"] != name],
            "events": [event for stay in own for event in events.get(stay["admission_id"], [])],
            "now": now[name],
        }
    return inputs


def known_now(
    hospital: Hospital, at: pd.Timestamp, answered: Sequence[str]
) -> dict[str, dict[str, str | None]]:
    """Return ward, bed and the person's planned date of each stay as recorded by the moment."""
    admissions = pd.Index(hospital.admissions["admission_id"])
    positions = admissions.get_indexer(pd.Index(answered)).astype(np.int64)
    moments = microseconds(pd.Series([at] * len(answered), dtype=f"datetime64[us, {at.tz}]"))
    columns: dict[str, list[str | None]] = {}
    for name in SHOWN_ON_THE_BOARD:
        event = hospital.facts.events.get(name)
        if event is None or not answered:
            columns[name] = [None] * len(answered)
        else:
            texts = states(hospital.events, event, admissions).at(positions, moments).texts()
            columns[name] = [None if pd.isna(text) else str(text) for text in texts]
    return {
        stay: {name: column[place] for name, column in columns.items()} for place, stay in enumerate(answered)
    }
