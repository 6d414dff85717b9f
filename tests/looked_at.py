"""What is looked for on every page in a real browser: barriers, texts that run, forms of other sites."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from serving.parts import Parts
from tests.serving.builders import client, event, person, predicted, stay, ward_question
from tests.serving.payloads import PAYLOADS

WARD = "/board/Ward 7"
WHO = {"recorded_at": "2026-01-03T14:31:00+00:00", "name": "EXAMPLE, Alex", "hospital_number": "H0012345"}
OPEN_ALL = "for (const one of document.querySelectorAll('details')) one.open = true"


def a_ward(of: Parts) -> None:
    """Predict a ward of forty, one of whom waits, one has a name, and one more is out of scope."""
    body = ward_question(beds=40)
    body["events"] += [event("A1", "delay_began", "EQUIPMENT"), event("A1", "delay_attributed", "BOTH")]
    body["admissions"].append(stay("A41", age=15))
    body["events"] += [event("A41", "ward", "Ward 7"), event("A41", "bed", "B41")]
    predicted(of, body)
    client(of).request("PUT", "/v1/admissions/A2/identity", json=WHO)


def violations(page: Page, link: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Return what axe finds on each kind of page of `a_ward`, all of it unfolded: the rule and the element."""
    found = {}
    for name, visit in _visits(page, link).items():
        visit()
        page.evaluate(OPEN_ALL)
        faults = Axe().run(page).response["violations"]
        found[name] = [(one["id"], one["nodes"][0]["html"]) for one in faults]
    return found


def _visits(page: Page, link: Mapping[str, str]) -> dict[str, Callable[[], Any]]:
    return {
        "the list of wards": lambda: page.goto("/board"),
        "a ward": lambda: page.goto(WARD),
        "a ward in another order": lambda: page.goto(f"{WARD}?order=open"),
        "a patient": lambda: page.goto(link["A2"]),
        "a patient who waits": lambda: page.goto(link["A1"]),
        "a patient out of scope": lambda: page.goto(link["A41"]),
        "a date that cannot be": lambda: (page.goto(link["A3"]), _send_a_wrong_date(page)),
        "the page for the patient": lambda: page.goto(f"{link['A2']}/sheet"),
        "who was found": lambda: (page.goto("/board"), page.fill("[name=text]", "B1"), page.click("text=Find")),
        "what answers here": lambda: page.goto("/about"),
        "the contract": lambda: page.goto("/v1/docs"),
        "an address that is none": lambda: page.goto("/nowhere"),
        "the form to sign in": lambda: page.goto("/sign-in"),
    }


def _send_a_wrong_date(page: Page) -> None:
    page.evaluate("for (const one of document.querySelectorAll('form')) one.noValidate = true")
    page.fill("#on", "2025-01-05")
    page.click("text=Set the date")
    assert "Nothing was changed" in page.inner_text("[role=alert]")


@dataclass(frozen=True)
class Forged:
    """A change that a page of another site tries: a path, under a patient's address or not, and its fields."""

    under: str = ""
    whole: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def path(self, patient: str) -> str:
        """Return its path, given the address of a patient's page."""
        return self.whole or f"{patient}/{self.under}"


FORGED = {
    "a planned date": Forged("planned-date", fields={"on": "2026-01-09", "why": "1", "seen": "0"}),
    "a delay": Forged("delay", fields={"step": "begin", "code": "EQUIPMENT", "owner": "NHS", "seen": "0"}),
    "an undoing": Forged("undo", fields={"number": "1", "seen": "0"}),
    "my patients": Forged("mine", fields={"follow": "1"}),
    "a search": Forged(whole="/find", fields={"text": "EXAMPLE"}),
    "signing out": Forged(whole="/sign-out"),
    "signing in": Forged(whole="/sign-in", fields={"name": "cat", "password": "guessed"}),
}
"""Every form of the pages; a test holds it to the routes."""


def forged(window: BrowserContext, address: str, fields: Mapping[str, str]) -> int:
    """Let a page of another site send a form to ours, in a signed-in window, and return the status."""
    inputs = "".join(f"<input name='{name}' value='{value}'>" for name, value in fields.items())
    form = f"<form method=post action='{address}'>{inputs}</form>"
    window.route("http://elsewhere.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    page = window.new_page()
    page.goto("http://elsewhere.example/")
    with page.expect_navigation() as answered:
        page.evaluate("document.forms[0].submit()")
    return int(answered.value.status)


def hostile(of: Parts) -> list[str]:
    """Predict a ward whose beds and names are texts that want to run; returns its patients' addresses."""
    body = ward_question(beds=len(PAYLOADS))
    texts = {f"A{bed}": text for bed, text in enumerate(PAYLOADS, 1)}
    body["events"] = [
        {**one, "text": texts[one["admission_id"]]} if one["name"] == "bed" else one for one in body["events"]
    ]
    body["events"] += [event(name, "pathway", "P1") for name in texts]
    predicted(of, body)
    for name, text in texts.items():
        told = client(of).request("PUT", f"/v1/admissions/{name}/identity", json={**WHO, "name": text})
        assert told.status_code == 200
    return [f"/patients/{person(of, name)}" for name in texts]


def open_hostile(page: Page, links: list[str]) -> None:
    """Open every page that shows the texts; what they did is in what the window asked for and said."""
    page.goto(WARD)
    assert page.locator("table.ward tbody tr").count() == len(links)
    for link in links:
        page.goto(link)
        page.goto(f"{link}/sheet")
