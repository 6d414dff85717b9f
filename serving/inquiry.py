"""One question of a ward system: from the rows it sends to answers that are on disk."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sql

from features.errors import DataFault
from features.hospital import Facts
from features.tables import Hospital
from features.timeline import microseconds
from features.working_days import calendar
from serving.access import Caller
from serving.errors import Problem, not_kept
from serving.known import NO_WARD, Record, as_rows, known_now, record_of, recorded
from serving.schema import PredictRequest
from serving.sites import must_be_asked_by
from serving.store import facts, log, people, repeats
from serving.store.database import StoreFault
from serving.store.log import LoggedPrediction
from serving.store.store import Store
from serving.unused import identified, unused_events

if TYPE_CHECKING:
    from serving.release import Loaded

MOST_AHEAD = timedelta(minutes=15)  # clocks differ; more is a mistake or a rehearsal
AHEAD_NOTE = "`at` lies ahead of the clock: nothing that is still to be recorded is known"
OLD_FAULTS = "earlier stays in the census do not keep the contract of this release: not used"
DAYS_AHEAD = 366  # the calendar must know these days before they can be forecast
OPERATION = "POST /v1/predict"
TRIES = 3  # another question about the same new people, or an erasure, may come between
ROWS_OF = re.compile(
    r"(admissions|events) rows? ([\d, ]+)(?: and [\d,]+ more)?: (?:(\w+)(?: of [\w ]+)? must)?"
)


@dataclass(frozen=True)
class Inquiry:
    """A question with who asked it and when, and its Idempotency-Key if it came with one."""

    request: PredictRequest
    caller: Caller
    asked_at: datetime
    claim: repeats.Claim | None = None


class _Meanwhile(Exception):
    """A person of the question was introduced by another, or erased, while it was answered."""


def answered(inquiry: Inquiry, release: "Loaded", store: Store) -> bytes:
    """Return the answer as JSON once it is on disk.

    Raises Problem, 422 with every fault of the rows and 403 if one is not of the caller's sites, and
    StoreFault if the answer cannot be logged, in which case it must not leave either.
    """
    for _ in range(TRIES):
        with suppress(_Meanwhile):
            return _answered(inquiry, release, store)
    raise StoreFault("the people of the question changed while it was answered")


def _answered(inquiry: Inquiry, release: "Loaded", store: Store) -> bytes:
    request, predictor = inquiry.request, release.predictor
    at = _moment(request, inquiry.asked_at, predictor.facts)
    must_be_asked_by(inquiry.caller, request)
    wanted = _wanted(request)
    known, history = _known(inquiry, at, store)
    new = {row.patient_id: people.new_person() for row in request.admissions if row.patient_id not in known}
    persons = known | new
    record, hospital, notes = _hospital(as_record(request, persons), history, predictor.facts)
    present, late = _present(request, wanted, hospital, at)
    predictions = predictor.answer(hospital, at, present) if present else []
    unused = unused_events(record.events, predictor.facts)
    answers = {one.admission_id: identified(one, unused) for one in predictions}
    ahead = [AHEAD_NOTE] if at > pd.Timestamp(inquiry.asked_at) + MOST_AHEAD else []
    said = {"predictions": list(answers.values()), "notes": [*hospital.notes, *notes, *late, *ahead]}
    body = json.dumps(said, allow_nan=False).encode()
    inputs = _inputs(record, hospital, at, present)
    rows = [_logged(inquiry, release, at, answer, inputs[name]) for name, answer in answers.items()]
    with store.writing() as connection:
        _introduce(connection, persons, new, {row.person for row in rows})
        log.write(store, connection, rows, inquiry.asked_at, inquiry.caller.name, OPERATION)
        if inquiry.claim is not None:
            repeats.answered(connection, inquiry.claim, body)
    return body


def _logged(
    inquiry: Inquiry, release: "Loaded", at: pd.Timestamp, answer: dict[str, Any], inputs: dict[str, Any]
) -> LoggedPrediction:
    return LoggedPrediction(
        id=str(answer["id"]),
        made_at=inquiry.asked_at,
        at=at.to_pydatetime(),
        admission_id=answer["admission_id"],
        person=inputs["admission"]["patient_id"],
        ward=inputs["now"]["ward"] or NO_WARD,
        site=inputs["admission"].get("site") or "",
        round=None,
        release=release.predictor.release,
        release_digest=release.digest,
        asked_by=inquiry.caller.name,
        inputs=inputs,
        answer=answer,
    )


def _known(inquiry: Inquiry, at: pd.Timestamp, store: Store) -> tuple[dict[str, str], Record]:
    """Return the person of each patient who is known, and what the census had recorded of them by a moment."""
    with store.reading() as connection:
        known = people.known(connection, {row.patient_id for row in inquiry.request.admissions})
        stays = facts.stays_of(connection, known.values(), inquiry.caller.sites)
        return known, recorded(connection, list(stays), at.to_pydatetime())


def _introduce(
    connection: sql.Connection, persons: Mapping[str, str], new: Mapping[str, str], predicted: set[str]
) -> None:
    """Keep who was predicted, under the person that was used; raises _Meanwhile if they are another now."""
    wanted = {name: person for name, person in persons.items() if person in predicted}
    if not new and people.remaining(connection, predicted) == predicted:
        return  # who is known stays the same person until they are erased
    if people.introduced(connection, wanted, proposed=new) != wanted:
        raise _Meanwhile


def _moment(request: PredictRequest, asked_at: datetime, facts: Facts) -> pd.Timestamp:
    try:
        at = pd.Timestamp(request.at or asked_at).tz_convert(facts.time_zone)
        _must_be_known(at.date(), facts.nation)
    except (ValueError, OverflowError) as error:
        fix = "at must be a moment within the years of the bank-holiday table"
        raise not_kept([{"pointer": "/at", "detail": fix}]) from error
    return at


@lru_cache
def _must_be_known(today: date, nation: str) -> None:
    """Raise ValueError unless the bank-holiday table knows the days that are forecast on this one."""
    calendar(pd.DatetimeIndex([today, today + timedelta(days=DAYS_AHEAD)]), nation)


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


def _hospital(sent: Record, history: Record, facts: Facts) -> tuple[Record, Hospital, list[str]]:
    """Return what was sent, with what the census knows of the same people, and notes about it."""
    whole = sent.joined(history)
    try:
        return whole, whole.hospital(facts, "the request"), []
    except DataFault as fault:
        if len(whole.stays) == len(sent.stays):
            raise as_problem(fault) from None  # the fault's own text repeats values
    try:
        return sent, sent.hospital(facts, "the request"), [OLD_FAULTS]
    except DataFault as fault:
        raise as_problem(fault) from None


def as_record(request: PredictRequest, persons: Mapping[str, str]) -> Record:
    """Return the rows of a request as a record, with people in place of what the ward system calls patients."""
    stays = [
        {**row.model_dump(exclude_none=True), "patient_id": persons[row.patient_id]}
        for row in request.admissions
    ]
    return record_of(stays, [row.model_dump(exclude_none=True) for row in request.events])


def as_problem(fault: DataFault, only_row: str | None = None) -> Problem:
    """Return faults of tables as a problem whose errors point into the body.

    `only_row` is where the body itself is the one row of the table.
    """
    return not_kept([each for said in fault.faults_without_values for each in _pointed(said, only_row)])


def _pointed(sentence: str, only_row: str | None = None) -> list[dict[str, str]]:
    """Return a fault once for each row that it names, with a pointer to the field.

    >>> _pointed("events rows 0, 2: text must be a date such as 2026-01-09")[1]
    {'pointer': '/events/2/text', 'detail': 'text must be a date such as 2026-01-09'}
    """
    found = ROWS_OF.match(sentence)
    if found is None:
        return [{"pointer": "", "detail": sentence}]
    table, rows, field = found.groups()
    detail = sentence.partition(": ")[2]
    place = f"/{field}" if field else ""
    if only_row is not None:
        return [{"pointer": only_row + place, "detail": detail}]
    return [{"pointer": f"/{table}/{row}{place}", "detail": detail} for row in rows.split(", ")]


def _present(
    request: PredictRequest, wanted: Sequence[str], hospital: Hospital, at: pd.Timestamp
) -> tuple[list[str], list[str]]:
    """Return whom of those wanted had been admitted by the moment, and a note about the others.

    Raises Problem if one of the others was asked for by name.
    """
    admissions = hospital.admissions
    known = microseconds(admissions["admission_recorded_at"]) <= microseconds(pd.DatetimeIndex([at]))
    begun = set(admissions["admission_id"].array[known])
    early = [place for place, name in enumerate(request.named) if name not in begun]
    if early:
        fix = "for must name stays that had begun, and were recorded, by `at`"
        raise not_kept([{"pointer": f"/for/{place}", "detail": fix} for place in early])
    present = [name for name in wanted if name in begun]
    missing = len(wanted) - len(present)
    begun_not = "1 stay had not begun, or was" if missing == 1 else f"{missing:,} stays had not begun, or were"
    return present, [f"{begun_not} not recorded, by `at`: not predicted"] if missing else []


def _inputs(
    record: Record, hospital: Hospital, at: pd.Timestamp, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return what each answer was made from: the person's stays, their events, and what a board shows."""
    people = {row["admission_id"]: row["patient_id"] for row in record.stays}
    own: dict[str, list[Mapping[str, Any]]] = {}
    for row in record.stays:
        own.setdefault(row["patient_id"], []).append(row)
    events: dict[str, list[dict[str, Any]]] = {}
    for event in as_rows(record.events):
        events.setdefault(people[event["admission_id"]], []).append(event)
    now = known_now(hospital, at, names)
    return {
        name: {
            "admission": next(row for row in own[people[name]] if row["admission_id"] == name),
            "stays": own[people[name]],
            "events": events.get(people[name], []),
            "now": now[name],
        }
        for name in names
    }
