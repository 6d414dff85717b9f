"""Two hundred identifiers that belong to nobody, and every way on which one could be sent to the service."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

KINDS = ("PATIENT", "SPELL", "FREETEXT", "NAME", "HOSPITAL")
EACH = 40
CANARIES = {kind: tuple(f"CANARY-{kind}-{number:03d}-QXZ" for number in range(EACH)) for kind in KINDS}
ALL = tuple(canary for own in CANARIES.values() for canary in own)
AT = "2026-01-06T08:00:00+00:00"
EARLIER = "2026-01-03T14:20:00+00:00"
CODED = {"admission_method": "21", "age": 81, "sex": "2"}
Ask = Callable[..., httpx.Response]  # method, path, headers, and a body as httpx takes it
Wrong = tuple[str, str, str, dict[str, str], dict[str, Any]]  # what it is, and the same


@dataclass(frozen=True)
class Sent:
    """One request with canaries: what it was, which it held, and its answer."""

    what: str
    canaries: tuple[str, ...]
    answer: httpx.Response

    @property
    def failed(self) -> bool:
        """Whether it was refused."""
        return self.answer.status_code >= 400


def told_of(text: str | bytes) -> set[str]:
    """Return the canaries that a text holds."""
    held = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    if b"CANARY-" not in held:
        return set()
    return {canary for canary in ALL if canary.encode() in held}


def successes(ask: Ask) -> Iterator[Sent]:
    """Send every canary on a way that is taken: stays, events, planned dates, discharges, questions."""
    for number in range(EACH):
        patient, spell, text, name, hospital = (CANARIES[kind][number] for kind in KINDS)
        stay = {"patient_id": patient, "admitted_at": EARLIER, **CODED}
        own = f"/v1/admissions/{quote(spell)}"
        yield _sent("PUT admission", ask, "PUT", own, json={**stay, "recorded_at": EARLIER})
        who = {"recorded_at": EARLIER, "name": name, "hospital_number": hospital}
        yield _sent("PUT identity", ask, "PUT", f"{own}/identity", json=who)
        events = [_event(spell, "ward", "W1"), _event(spell, "bed", name), _event(spell, hospital, text)]
        yield _sent("POST events", ask, "POST", "/v1/events", json={"events": events})
        date = {"admission_id": spell, "planned_discharge_on": "2026-01-09", "set_at": AT}
        yield _sent("POST planned date", ask, "POST", "/v1/planned-dates", json=date)
        question = {"at": AT, "admissions": [{"admission_id": spell, **stay}], "events": events}
        key = {"Idempotency-Key": f"{name}"}
        for _ in range(2):
            yield _sent("POST predict", ask, "POST", "/v1/predict", key, json=question)
        left = {"discharged_at": AT, "recorded_at": AT}
        if number % 2:
            yield _sent("POST discharge", ask, "POST", f"{own}/discharge", json=left)
        if number % 4 == 1:
            yield _sent("cancel discharge", ask, "POST", f"{own}/discharge/cancel", json={"recorded_at": AT})


def errors(ask: Ask) -> Iterator[Sent]:
    """Send every canary on ways that are refused: in each place of a request that may hold one."""
    for number in range(EACH):
        patient, spell, text, name, hospital = (CANARIES[kind][number] for kind in KINDS)
        good = {"admission_id": spell, "patient_id": patient, "admitted_at": EARLIER, **CODED}
        for what, method, path, headers, body in (
            *_wrong_rows(good, text, name, hospital),
            *_wrong_requests(good, text, name, hospital),
        ):
            yield _sent(what, ask, method, path, headers, **body)
        for what, method, path, headers, body in _strangers(text, name, hospital):
            yield _sent(what, ask, method, path, headers, nobody=True, **body)


def _wrong_rows(good: dict[str, Any], text: str, name: str, hospital: str) -> Iterator[Wrong]:
    def asked(what: str, body: dict[str, Any]) -> Wrong:
        return what, "POST", "/v1/predict", {}, {"json": {"at": AT, **body}}

    for field in ("admitted_at", "admission_method", "age", "sex", "treatment_function", "deprivation_decile"):
        yield asked(f"a wrong {field}", {"admissions": [{**good, field: text}]})
    yield asked("an unknown field", {"admissions": [{**good, hospital: name}]})
    yield asked("an unknown key", {text: [good]})
    yield asked("twice the same", {"admissions": [good, good]})
    yield asked("for a stranger", {"admissions": [good], "for": [name]})
    event = _event(good["admission_id"], "news2", text)
    yield asked("a score without a number", {"admissions": [good], "events": [event]})
    numbered = {"json": {"events": [{**event, "number": text}]}}
    yield "a text for a number", "POST", "/v1/events", {}, numbered
    who = {"recorded_at": AT, "name": name, "hospital_number": hospital, "born_on": text}
    identity = f"/v1/admissions/{good['admission_id']}/identity"
    yield "an impossible birth", "PUT", identity, {}, {"json": who}
    yield "an unknown part of a name", "PUT", identity, {}, {"json": {**who, text: name}}
    date = {"admission_id": good["admission_id"], "planned_discharge_on": "2026-01-09", "set_at": text}
    yield "an impossible date", "POST", "/v1/planned-dates", {}, {"json": date}


def _wrong_requests(good: dict[str, Any], text: str, name: str, hospital: str) -> Iterator[Wrong]:
    broken, spell = json.dumps({"admissions": [good]})[:-2], good["admission_id"]
    plain = {"Content-Type": "application/json"}
    predict = ("POST", "/v1/predict")
    yield "broken JSON", *predict, plain, {"content": broken}
    yield "another media type", *predict, {"Content-Type": text}, {"content": broken}
    yield "a coded body", *predict, {**plain, "Content-Encoding": text}, {"content": broken}
    yield "a body that is too large", *predict, plain, {"content": broken + " " * 3_000_000}
    yield "another method", "DELETE", f"/v1/admissions/{spell}", {}, {}
    yield "no such address", "GET", f"/v1/{name}/{spell}?{hospital}={text}", {}, {}
    yield "no such ward", "GET", f"/board/{text}?site={name}", {}, {}
    yield "no such ward's list", "GET", f"/v1/predictions?ward={text}&site={name}", {}, {}
    yield "no such query", "GET", f"/v1/predictions?{hospital}={text}", {}, {}
    yield "an address that is too long", "PUT", f"/v1/admissions/{spell * 20}", {}, {"json": CODED}
    for what, key in (("a key that is none", f"{name} {text}"), ("a key for nothing", name)):
        yield what, "POST", "/v1/events", {"Idempotency-Key": key}, {"json": {}}
    yield "a token of words", "GET", "/v1/docs", {"Authorization": f"Bearer {text}"}, {}


def _strangers(text: str, name: str, hospital: str) -> Iterator[Wrong]:
    yield "a cookie of words", "GET", "/board", {"Cookie": f"homeward_session={name}"}, {}
    yield "a code of words", "GET", f"/sign-in?code={hospital}", {}, {}
    form = {"name": name, "password": text, "form_token": hospital}
    yield "a form of words", "POST", "/sign-in", {"Sec-Fetch-Site": "same-origin"}, {"data": form}
    yield "a way back of words", "GET", f"/sign-in/return?code={text}&state={name}", {}, {}


def _event(spell: str, name: str, text: str) -> dict[str, Any]:
    return {"admission_id": spell, "name": name, "text": text, "happened_at": EARLIER, "recorded_at": EARLIER}


def _sent(
    what: str, ask: Ask, method: str, path: str, headers: dict[str, str] | None = None, **body: Any
) -> Sent:
    answer = ask(method, path, headers or {}, **body)
    return Sent(what, tuple(told_of(repr((path, headers, body)))), answer)
