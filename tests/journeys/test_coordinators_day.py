"""A coordinator's day on the board, in a real Chromium: with a mouse, by keyboard, and without scripts."""

import re
from contextlib import ExitStack
from datetime import timedelta

import pytest

from serving import accounts
from tests.chromium import as_person, looking
from tests.looked_at import FORGED, WARD, a_ward, forged, hostile, open_hostile, violations
from tests.serving.builders import NOW, parts, person
from tests.serving.doors import PASSWORD


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path, HOMEWARD_REQUESTS_PER_MINUTE="1000000")
    a_ward(made)
    yield made
    made.close()


@pytest.fixture
def open_(of):
    """Return what opens windows; everything that a test needs of the service is asked for before the first."""
    link = {name: f"/patients/{person(of, name)}" for name in ("A1", "A2", "A3", "A41")}
    cookies = {name: as_person(of, name) for name in ("ann", "bob")}
    accounts.add(of.store, "cat", PASSWORD, "coordinator", None, NOW, "a test")
    with ExitStack() as stack:
        seen = stack.enter_context(looking(of))
        seen.link, seen.cookies = link, cookies
        yield seen


def set_date(page, day, why):
    page.fill("#on", day)
    page.select_option("#why", label=why)
    page.get_by_role("button", name=re.compile("^(Set|Change) the date$")).click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_day_from_signing_in_to_signing_out(open_, scripts):
    page = open_.window(java_script_enabled=scripts).new_page()
    page.goto("/sign-in")
    page.fill("#name", "cat")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/board")
    page.click("text=Ward 7")
    assert page.locator("table.ward tbody tr").count() == 40
    assert "no prediction: under 18" in page.content()
    page.select_option("select[name=order]", label="Bed")
    page.click("text=Show")
    assert page.locator("table.ward tbody th .big").all_text_contents()[:3] == ["B1", "B2", "B3"]

    page.click("text=EXAMPLE, Alex")
    page.click("text=Agree Sat 10 Jan")
    assert "Agreed with the suggestion" in page.locator("section[aria-labelledby=plan]").inner_text()
    open_.of.guard.clock.now += timedelta(minutes=1)
    set_date(page, "2026-01-09", "Therapy or nursing assessment")
    assert page.locator("section[aria-labelledby=plan] .big").inner_text() == "Fri 9 Jan"
    page.locator("section[aria-labelledby=plan]").get_by_text("Undo").click()
    assert page.locator("section[aria-labelledby=plan] .big").inner_text() == "Sat 10 Jan"

    page.select_option("#code", label="Patient transport")
    page.get_by_label("Social care", exact=True).check()
    page.click("text=Record the wait")
    page.click("header >> text=Wards")
    page.click("text=Ward 7")
    row = page.locator("table.ward tr", has_text="EXAMPLE, Alex").inner_text()
    assert "Patient transport" in row
    assert "Sat 10 Jan" in row

    page.fill("input[name=text]", "0012345")
    page.click("text=Find")
    page.click("main >> text=EXAMPLE, Alex")
    page.click("text=When can I go home?")
    assert "leave hospital on Saturday 10 January 2026" in page.inner_text("main")
    assert "You are waiting for: Patient transport." in page.inner_text("main")
    page.goto("/board")
    page.click("text=Sign out")
    assert page.goto("/board").status == 401
    assert open_.elsewhere == []
    assert open_.said == ["Failed to load resource: the server responded with a status of 401 (Unauthorized)"]


def test_every_page_can_be_used_by_who_cannot_see(open_):
    found = violations(open_.window(open_.cookies["ann"]).new_page(), open_.link)
    assert len(found) == 13
    assert found == {name: [] for name in found}


def test_a_date_is_set_by_keyboard_alone(open_):
    page = open_.window(open_.cookies["ann"]).new_page()
    page.goto(open_.link["A3"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to main content"
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").startswith("Agree"):
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"  # who cannot use a mouse must see where they are
    page.keyboard.press("Enter")
    page.wait_for_selector("text=set by coordinator ann")
    assert page.locator("section[aria-labelledby=plan] .big").inner_text() == "Sat 10 Jan"


@pytest.mark.parametrize("what", ["/board", WARD, "A1", "A2/sheet", "/v1/docs", "/sign-in"])
def test_at_four_times_the_size_nothing_is_lost_to_the_side(open_, what):
    page = open_.window(open_.cookies["ann"], viewport={"width": 320, "height": 256}).new_page()
    name, _, rest = what.partition("/")
    page.goto(what if what.startswith("/") else f"{open_.link[name]}{'/' + rest if rest else ''}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_sheet_is_one_page_and_a_board_prints_without_its_forms(open_):
    page = open_.window(open_.cookies["ann"]).new_page()
    page.goto(f"{open_.link['A1']}/sheet")
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
    page.goto(WARD)
    page.emulate_media(media="print")
    for hidden in ("header", ".view", "#live"):
        assert not page.locator(hidden).is_visible()
    assert page.locator("table.ward").is_visible()


def test_two_browsers_at_once_lose_nothing(open_):
    ann, bob = (open_.window(open_.cookies[name]).new_page() for name in ("ann", "bob"))
    for page in (ann, bob):
        page.goto(open_.link["A3"])
    set_date(ann, "2026-01-07", "First date of this stay")
    set_date(bob, "2026-01-09", "Clinical change")
    assert "Somebody else changed this" in bob.inner_text("[role=alert]")
    assert "coordinator ann" in bob.inner_text("section[aria-labelledby=plan]")
    assert bob.input_value("#on") == "2026-01-09"
    open_.of.guard.clock.now += timedelta(minutes=1)
    bob.click("text=Change the date")
    ann.reload()
    assert ann.locator("section[aria-labelledby=plan] .big").inner_text() == "Fri 9 Jan"


def test_a_board_that_is_left_open_brings_itself_up_to_date_and_locks(open_):
    ann, bob = open_.window(open_.cookies["ann"]), open_.window(open_.cookies["bob"]).new_page()
    page = ann.new_page()
    page.clock.install()
    page.goto(WARD)
    bob.goto(open_.link["A3"])
    set_date(bob, "2026-01-09", "First date of this stay")
    row = page.locator("table.ward tr", has=page.locator(f"a[href='{open_.link['A3']}']"))
    assert "none yet" in row.inner_text()
    page.clock.run_for(61_000)
    page.wait_for_selector("text=/Up to date at/")
    assert "Fri 9 Jan" in row.inner_text()
    open_.of.guard.clock.now += timedelta(minutes=31)
    page.clock.run_for(61_000)
    page.wait_for_selector("text=This board is locked")
    assert "EXAMPLE, Alex" not in page.content()


def test_a_form_in_use_is_left_alone(open_):
    page = open_.window(open_.cookies["ann"]).new_page()
    page.clock.install()
    page.goto(open_.link["A3"])
    page.fill("#on", "2026-01-09")
    asked = len(open_.asked)
    page.clock.run_for(130_000)
    assert page.input_value("#on") == "2026-01-09"
    assert len(open_.asked) == asked


def test_a_page_of_another_site_changes_nothing(open_):
    window = open_.window(open_.cookies["ann"])
    for one in FORGED.values():
        assert forged(window, f"{open_.url}{one.path(open_.link['A3'])}", one.fields) in (401, 403)
    page = window.new_page()
    page.goto(open_.link["A3"])
    assert "Nobody has set one" in page.inner_text("section[aria-labelledby=plan]")
    assert "No delay is recorded" in page.inner_text("section[aria-labelledby=waiting]")
    assert page.get_by_role("button", name="Add to my patients").is_visible()
    assert page.get_by_role("button", name="Sign out").is_visible()


def test_a_hundred_hostile_texts_run_nothing_and_load_nothing(tmp_path):
    of = parts(tmp_path, HOMEWARD_REQUESTS_PER_MINUTE="1000000")
    links = hostile(of)
    assert len(links) == 100
    cookie = as_person(of)
    with looking(of) as open_:
        open_hostile(open_.window(cookie).new_page(), links)
        assert open_.elsewhere == []
        assert open_.said == []
    of.close()
