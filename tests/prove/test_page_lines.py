"""What the lines R19 look at; the pages in small are in tests/journeys/test_coordinators_day.py."""

from axe_playwright_python.sync_playwright import Axe

from serving.routes import application
from tests.chromium import looking
from tests.looked_at import FORGED
from tests.serving.builders import parts


def test_every_form_of_a_page_is_sent_by_a_page_of_another_site(tmp_path):
    of = parts(tmp_path)
    posts = {one.path for one in application(of).routes if "POST" in one.methods}
    of.close()
    posts = {path for path in posts if not path.startswith("/v1/")}
    assert posts == {one.path("/patients/{person}") for one in FORGED.values()}


def test_a_text_that_runs_and_an_address_elsewhere_are_seen(tmp_path):
    of = parts(tmp_path)
    body = "<script>alert(1)</script><img src='http://elsewhere.example/x.png'><img>"
    with looking(of) as open_:
        window = open_.window()
        window.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html"))
        page = window.new_page()
        page.goto("/sign-in")
        assert any("dialog 1" in one for one in open_.said)
        assert open_.elsewhere == ["http://elsewhere.example/x.png"]
        page.evaluate("document.querySelector('img').remove()")
        assert "image-alt" in {one["id"] for one in Axe().run(page).response["violations"]}
    of.close()
