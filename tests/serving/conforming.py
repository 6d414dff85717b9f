"""Asks an application what its own contract promises: schemathesis, with every check that it has."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import engine
from schemathesis.config import (
    ChecksConfig,
    CoveragePhaseConfig,
    GenerationConfig,
    OperationConfig,
    OperationsConfig,
    PhasesConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    StatefulPhaseConfig,
)
from schemathesis.engine.events import NonFatalError, ScenarioFinished
from schemathesis.filters import FilterSet
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.calls import OPERATIONS
from serving.gate import PROBED_BY, PROBES, Gate
from serving.once import KEY
from serving.parts import Parts
from serving.routes import application
from tests.serving.builders import bearer

DOCUMENT = "/v1/openapi.json"
BEARER = {"Authorization": "Bearer of a token that is made anew for each request"}
NO_QUOTA = {"HOMEWARD_REQUESTS_PER_MINUTE": "1000000"}
KEPT_EVERY = 10  # requests, of which one keeps the Idempotency-Key that it came with
# What the contract says of fields together; a schema cannot, so a body that keeps the schema may break these.
RULES = re.compile(
    r"must not be before|must be empty where|must be unique|in the admissions table|given for this event"
    r"|of a flag must be|text must be a date|text of \w+ must be one of"
    r"|^for must name|every stay has discharged_at|^at must be a moment|must be given$"
)


@dataclass
class Found:
    """How many requests were sent to each operation, how they were answered, and what was wrong."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many requests were sent."""
        return self.requests.total()

    def and_of(self, other: "Found") -> "Found":
        """Return what was found by both."""
        return Found(
            self.requests + other.requests,
            self.statuses + other.statuses,
            self.checks + other.checks,
            self.faults + other.faults,
        )


def whole(of: Parts) -> ASGIApp:
    """Return our application behind its gate, with probes that answer as BentoML's do, which is not here.

    schemathesis sends a few Idempotency-Keys over and over: most become fresh, or nearly all answers were 409.
    """
    inner, numbers = application(of), count()

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        probe = scope["path"] in PROBES and scope["method"] in PROBED_BY
        await (PlainTextResponse("\n") if probe else inner)(scope, receive, send)

    gate = bearing(Gate(answered, of.guard), of)

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        number = next(numbers)
        headers = [(name, _fresh(name, value, number)) for name, value in scope.get("headers", [])]
        await gate({**scope, "headers": headers}, receive, send)

    return asked


def bearing(gate: ASGIApp, of: Parts) -> ASGIApp:
    """Return an application that shows the gate a new token wherever schemathesis keeps the place for one."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [_shown(name, value, of) for name, value in scope.get("headers", [])]
        await gate({**scope, "headers": headers}, receive, send)

    return asked


def _shown(name: bytes, value: bytes, of: Parts) -> tuple[bytes, bytes]:
    ours = name == b"authorization" and value.decode("latin-1") == BEARER["Authorization"]
    return name, bearer(of)["Authorization"].encode() if ours else value


def _fresh(name: bytes, value: bytes, number: int) -> bytes:
    own = name == b"idempotency-key" and number % KEPT_EVERY and KEY.fullmatch(value.decode("latin-1"))
    return f"fresh-{number}".encode() if own else value


def contract(
    app: ASGIApp, examples: int, seed: int | None = None, only: str | None = None, small: bool = False
) -> Found:
    """Send requests that keep the contract and others that break it; `examples` of each kind an operation.

    Without a seed they are the same every time.  `only` is the path of the one operation to try.  The small
    form leaves out sequences of requests, and the systematic cases of the three largest bodies.
    """
    _instants_of_the_contract()
    schema = schemathesis.openapi.from_asgi(
        DOCUMENT, app, config=_config(examples, seed, small), headers=BEARER
    )
    found = Found()
    schema = schema.include(path=only) if only else schema
    for event in engine.from_schema(schema).execute():
        if isinstance(event, NonFatalError):
            found.faults.append(f"{event.label}: {event.info.format()}")
        if isinstance(event, ScenarioFinished):
            _note(found, event.recorder)
    return found


def _config(examples: int, seed: int | None, small: bool) -> SchemathesisConfig:
    project = ProjectConfig(
        headers=BEARER,
        generation=GenerationConfig(
            max_examples=examples, deterministic=seed is None, database="none", no_shrink=True
        ),
        operations=OperationsConfig(
            operations=[_may_be_refused(one.path, small) for one in OPERATIONS if one.rules]
        ),
        phases=PhasesConfig(stateful=StatefulPhaseConfig(enabled=not small)),
    )
    return SchemathesisConfig(projects=ProjectsConfig(default=project), seed=seed)


def _may_be_refused(path: str, small: bool) -> OperationConfig:
    """Let an operation with rules between fields refuse what keeps its schema; `_note` reads why it did."""
    filters = FilterSet()
    filters.include(path=path)
    expected = PositiveDataAcceptanceConfig(expected_statuses=["2xx", "401", "404", "409", "422"])
    return OperationConfig(
        filter_set=filters,
        checks=ChecksConfig(positive_data_acceptance=expected),
        phases=PhasesConfig(coverage=CoveragePhaseConfig(enabled=not small)),
    )


def _instants_of_the_contract() -> None:
    """Make instants and days of the years that the contract takes: of all years few keep its pattern."""
    days = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))
    times = st.times().map(lambda time: time.isoformat())
    zones = st.sampled_from(["Z", "+00:00", "+01:00", "-05:30", "+14:00"])
    schemathesis.openapi.format("date", days.map(str))
    schemathesis.openapi.format("date-time", st.builds("{}T{}{}".format, days, times, zones))


def _note(found: Found, recorder: Any) -> None:
    for name, each in recorder.interactions.items():
        found.requests[recorder.label] += 1
        if each.response is not None:
            found.statuses[each.response.status_code] += 1
            meta = recorder.cases[name].value.meta
            if each.response.status_code == 422 and meta is not None and meta.generation.mode.is_positive:
                found.faults += _refusals_for_no_rule(recorder.label, each.response.content)
    for check in (check for checks in recorder.checks.values() for check in checks):
        found.checks[check.name] += 1
        if check.failure_info is not None:
            why = check.failure_info
            found.faults.append(f"{recorder.label}: {check.name}: {why.failure}\n{why.code_sample}")


def _refusals_for_no_rule(label: str, content: bytes) -> list[str]:
    details = [error["detail"] for error in json.loads(content).get("errors", ())]
    return [f"{label}: refused for no rule: {detail}" for detail in details if not RULES.search(detail)]
