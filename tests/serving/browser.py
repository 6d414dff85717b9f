"""A browser without a window: it keeps its cookies, says which page it is on, and sends forms."""

import re
from typing import Any

import httpx

from serving.parts import Parts
from tests.serving.builders import nobody
from tests.serving.doors import OWN_PAGE


class Browser:
    """Opens pages of a service and sends their forms, with the cookies that it was given."""

    def __init__(self, of: Parts) -> None:
        self.of = of
        self.cookies: dict[str, str] = {}

    @property
    def shown(self) -> dict[str, str]:
        """The header of its cookies."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return self._kept(nobody(self.of).get(path, Accept="text/html", **self.shown))

    def post(self, path: str, **form: str) -> httpx.Response:
        """Send a form as a page of ours would."""
        headers = {**OWN_PAGE, **self.shown}
        return self._kept(nobody(self.of).request("POST", path, headers, data=form))

    def form_token(self, path: str) -> str:
        """Return what the form of a page brings."""
        found = re.search(r'name="form_token" value="(\w+)"', self.get(path).text)
        assert found is not None
        return found[1]

    def sign_in(self, name: str, password: str) -> httpx.Response:
        """Sign in with a name and a password."""
        return self.post("/sign-in", name=name, password=password, form_token=self.form_token("/sign-in"))

    def _kept(self, answer: Any) -> httpx.Response:
        for told in answer.headers.get_list("set-cookie"):
            name, _, value = told.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        kept: httpx.Response = answer
        return kept
