"""A real Chromium for the tests, which looks at a service of the tests as somebody who is signed in."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from serving.access import Role
from serving.parts import Parts
from serving.sessions import SESSION_COOKIE
from tests.serving.doors import by_account
from tests.serving.listening import listening

DESK = {"width": 1600, "height": 900}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser; without one the test is skipped, or fails under CI."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        # A developer may have none and still run all else; where a change is judged, none may go unnoticed.
        said = "there is no Chromium: sudo apt-get install chromium"
        pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Looking:
    """Opens windows on one service, and remembers every address that they asked for and everything said."""

    def __init__(self, of: Parts, url: str, browser: Browser) -> None:
        self.of, self.url, self.browser = of, url, browser
        self.asked: list[str] = []
        self.said: list[str] = []

    def window(self, cookie: dict[str, str] | None = None, **settings: Any) -> BrowserContext:
        """Return a new window, of somebody who shows a cookie."""
        context = self.browser.new_context(**{"viewport": DESK, "base_url": self.url, **settings})
        if cookie:
            value = cookie["Cookie"].partition("=")[2]
            context.add_cookies([{"name": SESSION_COOKIE, "value": value, "url": self.url}])
        context.set_default_timeout(10_000)
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("console", lambda message: self.said.append(message.text))
        context.on("weberror", lambda error: self.said.append(str(error.error)))
        context.on("dialog", lambda dialog: (self.said.append(f"dialog {dialog.message}"), dialog.dismiss()))
        return context

    @property
    def elsewhere(self) -> list[str]:
        """The addresses of other hosts that were asked for."""
        return [address for address in self.asked if not address.startswith((self.url, "data:"))]


@contextmanager
def looking(of: Parts) -> Iterator[Looking]:
    """Serve the parts on a port of their own, and give who looks at them."""
    with listening(of) as port, chromium() as browser:
        yield Looking(of, f"http://127.0.0.1:{port}", browser)


def as_person(of: Parts, name: str = "ann", role: Role = "coordinator") -> dict[str, str]:
    """Return the cookie of somebody with an account."""
    return by_account(of, name, role)
