"""The watch as a data scientist sees it, in a real Chromium: nobody is kept out of it."""

import json

from axe_playwright_python.sync_playwright import Axe

from tests.chromium import as_person, looking
from tests.serving.builders import parts
from tests.serving.test_watch import ALARM, watch

FEEDBACK = {"said": ["Nobody had looked at the dates of 40% of 900 board rows."]}


def test_the_watch_can_be_used_by_who_cannot_see_and_on_a_narrow_window(tmp_path):
    of = parts(tmp_path)
    of.settings.watch_file.parent.mkdir(parents=True, exist_ok=True)
    of.settings.watch_file.write_text(json.dumps(watch(feedback=FEEDBACK)))
    cookie = as_person(of, "dee", "data scientist")
    with looking(of) as open_:
        page = open_.window(cookie).new_page()
        page.goto("/")
        page.click("header >> text=Watch")
        assert ALARM in page.inner_text("main")
        assert "Nobody had looked at the dates of 40%" in page.inner_text("main")
        assert Axe().run(page).response["violations"] == []
        page.set_viewport_size({"width": 320, "height": 256})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert open_.elsewhere == []
        assert open_.said == []
    of.close()
