"""A hospital of several sites whose every row bears the name of its site, and everything that may be asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from serving.parts import Parts
from serving.sessions import form_token
from tests.serving.builders import AT, bearer, client, event, known, nobody, person, predicted, question, stay
from tests.serving.doors import OWN_PAGE, by_account

SITES = ("RXX01", "RXX02", "RXX03")
WARDS = ("W1", "W2")
DECIDED = {
    "planned-date": {"on": "2026-01-09", "why": "1"},
    "delay": {"step": "begin", "code": "EQUIPMENT", "owner": "NHS"},
    "undo": {"number": "1"},
    "mine": {"follow": "1"},
}


@dataclass(frozen=True)
class Asked:
    """One request: a method, a path and a body."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    of_site: str = ""


def filled(of: Parts, beds: int) -> None:
    """Fill a census with so many beds in each ward of each site, predict it, and let each site's system in."""
    stays = [_stay(site, ward, bed) for site in SITES for ward in WARDS for bed in range(beds)]
    places = [
        event(one["admission_id"], name, text)
        for one, ward in zip(stays, (ward for _ in SITES for ward in WARDS for _ in range(beds)), strict=True)
        for name, text in (("ward", ward), ("bed", f"{one['site']}-{ward}"))
    ]
    predicted(of, question(*stays, events=places))
    for one in stays:
        who = {"recorded_at": AT, "name": f"Somebody of {one['site']}"}
        answer = client(of).request("PUT", f"/v1/admissions/{one['admission_id']}/identity", json=who)
        assert answer.status_code == 200
    for site in SITES:
        known(of.settings.systems, site.lower(), sites=[site])


def rows_of_others(of: Parts) -> tuple[int, list[str]]:
    """Return how many requests were made by those of one site, and each that told of another's rows."""
    tried, found, patients = 0, [], list(_patients(of))
    by_people = [(site, *seen) for site in SITES for seen in _as_people(of, site, patients)]
    by_systems = [(site, *seen) for site in SITES for seen in _as_system(of, site)]  # who cancel stays
    for site, who, asked, text in [*by_people, *by_systems]:
        tried += 1
        told = [other for other in SITES if other != site and other in text]
        if told:
            found.append(f"{who} of {site}, {asked.method} {asked.path}: {', '.join(told)}")
    return tried, found


def _stay(site: str, ward: str, bed: int) -> dict[str, Any]:
    name = f"{site}-{ward}-{bed}"
    return stay(f"A-{name}", patient_id=f"P-{name}", site=site)


def _as_system(of: Parts, site: str) -> Iterator[tuple[str, Asked, str]]:
    for asked in [*_reads(), *_tells(site)]:
        shown = bearer(of, site.lower())
        body = {"json": asked.body} if asked.body is not None else {}
        yield "a ward system", asked, nobody(of).request(asked.method, asked.path, shown, **body).text


def _as_people(of: Parts, site: str, patients: list[Asked]) -> Iterator[tuple[str, Asked, str]]:
    for role in ("coordinator", "safety officer"):
        name = f"{role.split()[0]}-{site.lower()}"
        shown = {**by_account(of, name, role, [site]), **OWN_PAGE}
        for asked in [*_reads(), *patients]:
            yield f"a {role}", asked, nobody(of).request(asked.method, asked.path, shown).text
        form = {"form_token": form_token(shown["Cookie"].partition("=")[2]), "seen": "0"}
        looked_for = nobody(of).request("POST", "/find", shown, data={**form, "text": "RXX"})
        yield f"a {role}", Asked("POST", "/find"), looked_for.text
        for asked in patients:
            for what, more in DECIDED.items():
                path = f"{asked.path}/{what}"
                answer = nobody(of).request("POST", path, shown, data={**form, **more})
                kept = answer.status_code == HTTPStatus.SEE_OTHER
                yield f"a {role}", Asked("POST", path), answer.text + (asked.of_site if kept else "")


def _patients(of: Parts) -> Iterator[Asked]:
    for site in SITES:
        for ward in WARDS:
            path = f"/patients/{person(of, str(_stay(site, ward, 0)['admission_id']))}"
            yield Asked("GET", path, of_site=site)


def _reads() -> Iterator[Asked]:
    for path in ("/", "/board", "/v1/docs", "/v1/openapi.json"):
        yield Asked("GET", path)
    for ward in WARDS:
        for query in ("", *(f"?site={site}" for site in SITES)):
            yield Asked("GET", f"/board/{ward}{query}")
            yield Asked("GET", f"/v1/predictions?ward={ward}{query.replace('?', '&')}")


def _tells(site: str) -> Iterator[Asked]:
    """Ask and tell about own stays of everybody's patients, and about everybody's stays."""
    for other in SITES:
        for ward in WARDS:
            name = _stay(other, ward, 0)["admission_id"]
            row = {key: it for key, it in _stay(other, ward, 0).items() if key != "admission_id"}
            of_ours = {**row, "admission_id": f"A-new-{ward}", "site": site}
            yield Asked("POST", "/v1/predict", question(of_ours))
            yield Asked("POST", "/v1/predict", question({**row, "admission_id": name}))
            yield Asked("PUT", f"/v1/admissions/{name}", {**row, "site": site, "recorded_at": AT})
            yield Asked("POST", f"/v1/admissions/{name}/cancel", {"recorded_at": AT})
            left = {"discharged_at": AT, "recorded_at": AT}
            yield Asked("POST", f"/v1/admissions/{name}/discharge", left)
            yield Asked("POST", f"/v1/admissions/{name}/discharge/cancel", {"recorded_at": AT})
            yield Asked("POST", "/v1/events", {"events": [event(name, "bed", "B")]})
            who = {"recorded_at": AT, "name": f"Somebody of {other}"}
            yield Asked("PUT", f"/v1/admissions/{name}/identity", who)
            date = {"planned_discharge_on": "2026-01-09", "set_at": AT}
            yield Asked("POST", "/v1/planned-dates", {"admission_id": name, **date})
