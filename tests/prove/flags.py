"""One inpatient of whom everything is known, and each fact in turn missing, unknown, impossible and stale."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.hospital import EventName
from models.gaps import MEASURED_AGAIN
from models.predictor import Predictor
from tests.serving.builders import NOW, client, event, parts, question, stay

AT = pd.Timestamp("2026-01-06T08:00:00+00:00")
REFUSED = 422
KINDS = ("missing", "unknown", "impossible", "stale", "scope")
COLUMNS = {
    "admission_source": "19",
    "intended_management": "1",
    "treatment_function": "300",
    "site": "S1",
    "deprivation_decile": 4,
    "usual_residence": "HOME",
    "provisional_diagnosis": "J189",
}
FEATURE_OF = {"provisional_diagnosis": "diagnosis_group"}
Known = dict[str, dict[str, Any]]  # the event of each name


@dataclass(frozen=True)
class Case:
    """A question in which one field is wrong, and the warning that it must bring; None where it is refused."""

    field: str
    kind: str
    body: dict[str, Any]
    refused: bool = False


@dataclass(frozen=True)
class Flagged:
    """How many cases were asked, those that were not flagged, and what was flagged where nothing is wrong."""

    cases: int
    unflagged: list[str]
    falsely: list[str]
    absent_and_not_expected: list[str]


def flagged(predictor: Predictor, home: Path, kinds: Collection[str] = KINDS) -> Flagged:
    """Ask a service with a release about every case."""
    of = parts(home, predictor, HOMEWARD_REQUESTS_PER_MINUTE="100000")
    of.guard.clock.now = NOW
    asking, known = client(of), _known(predictor)
    answer = asking.predict(_body(known)).json()["predictions"][0]
    falsely = [f"{one['field']} {one['kind']}" for one in answer["warnings"] if one["kind"] in KINDS]
    cases, wrong = [case for case in _cases(predictor, known) if case.kind in kinds], []
    for case in cases:
        answer = asking.predict(case.body)
        told = {} if case.refused else answer.json()["predictions"][0]
        ok = (case.field, case.kind) in {(one["field"], one["kind"]) for one in told.get("warnings", [])}
        ok = ok and (case.kind != "scope" or (told["discharge"] is None and told["readmission"] is not None))
        if not (ok or (case.refused and answer.status_code == REFUSED)):
            wrong.append(f"{case.field} {case.kind}")
    of.close()
    silent = [name for name in known if predictor.facts.events[name].feature and name not in predictor.expected]
    return Flagged(len(cases), wrong, falsely, silent)


def _cases(predictor: Predictor, known: Known) -> Iterator[Case]:
    for name in known:
        event = predictor.facts.events[name]
        if name in predictor.expected:
            yield Case(name, "missing", _body({other: it for other, it in known.items() if other != name}))
        if event.kind == "number":
            for outside in (event.low - 1, event.high + 1):
                yield Case(name, "impossible", _body(known, name, number=outside))
        if event.kind == "number" and event.known in MEASURED_AGAIN:
            yield Case(name, "stale", _body(known, name, **_recorded(hours_ago=73)))
        if event.kind == "flag":
            yield Case(name, "impossible", _body(known, name, number=2), refused=True)
        if event.kind in ("code", "spell"):
            yield Case(name, "unknown", _body(known, name, text="Q?"), refused=bool(event.codes))
    for column in COLUMNS:
        feature = FEATURE_OF.get(column, column)
        if feature in predictor.expected:
            yield Case(feature, "missing", _body(known, without=column))
    yield Case("discharge", "scope", question(stay()))  # nothing but what it must have
    yield Case("events", "unknown", _body({**known, "newz2": {**known["news2"], "name": "newz2"}}))


def _known(predictor: Predictor) -> Known:
    """Return an event of every name that is a feature of a release, recorded an hour ago."""
    return {
        name: {**event("A1", name, **_value(predictor, one)), **_recorded(hours_ago=1)}
        for name, one in predictor.facts.events.items()
        if one.feature and name in predictor.encoder.names
    }


def _value(predictor: Predictor, one: EventName) -> dict[str, Any]:
    if one.kind == "flag":
        return {"number": 1.0}
    if one.kind == "number":
        return {"number": (one.low + min(one.high, one.low + 8)) / 2}
    seen = predictor.encoder.categories[one.name]
    return {"text": seen[0] if seen else "none was seen often"}


def _recorded(hours_ago: float) -> dict[str, str]:
    at = (AT - pd.Timedelta(hours=hours_ago)).isoformat()
    return {"happened_at": at, "recorded_at": at}


def _body(known: Known, name: str = "", without: str = "", **changes: Any) -> dict[str, Any]:
    events = [{**it, **changes} if it["name"] == name else it for it in known.values()]
    columns = {column: value for column, value in COLUMNS.items() if column != without}
    return question(stay(admitted_at="2025-12-20T09:00:00+00:00", **columns), events=events)
