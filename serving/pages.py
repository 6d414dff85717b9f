"""HTML from templates: escaped always, complete without scripts, nothing from another host."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from serving.access import BOARDS, PEOPLE, WATCHING
from serving.design_system import macros
from serving.errors import Problem
from serving.sessions import SESSION_COOKIE, form_token

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"


@cache
def templates() -> jinja2.Environment:
    """Return the template environment; a name that a page's context lacks is an error, never a gap."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["coded"] = coded
    made.filters["items_of"] = items_of
    made.globals["nhs"] = macros()
    return made


def coded(text: str) -> Markup:
    """Return a text as HTML in which what stands between backticks is code.

    >>> coded("`at` < now")
    Markup('<code>at</code> &lt; now')
    """
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def items_of(words: Mapping[Any, str]) -> list[dict[str, str]]:
    """Return what can be chosen as the design system's macros take it.

    >>> items_of({1: "Agreed"})
    [{'value': '1', 'text': 'Agreed'}]
    """
    return [{"value": str(value), "text": text} for value, text in words.items()]


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page: `name` as it is noted, what every form must bring, and what they may look at.

    Without a token there is no session, and so no way out of it.
    """

    name: str = ""
    form_token: str = ""
    sees_wards: bool = False
    sees_watch: bool = False

    @property
    def menu(self) -> dict[str, str]:
        """Return the pages in the menu, words by address."""
        wards = {"/board": "Wards"} if self.sees_wards else {}
        watch = {"/watch": "Watch"} if self.sees_watch else {}
        return {**wards, **watch, "/about": "About", "/v1/docs": "For systems"}


def visitor(request: Request) -> Visitor:
    """Return who looks at a page."""
    caller = request.state.caller
    cookie = request.cookies.get(SESSION_COOKIE, "") if caller.role in PEOPLE else ""
    return Visitor(
        caller.name, form_token(cookie) if cookie else "", caller.role in BOARDS, caller.role in WATCHING
    )


def page(name: str, context: "DataclassInstance", by: Visitor, status: int = HTTPStatus.OK) -> HTMLResponse:
    """Return the page of a template and its context, whose fields are the template's names."""
    values: dict[str, Any] = {field.name: getattr(context, field.name) for field in fields(context)}
    return HTMLResponse(templates().get_template(f"{name}.html").render(values, visitor=by), status)


def problem_page(problem: Problem) -> HTMLResponse:
    """Return a problem as a page for a person."""
    text = templates().get_template("problem.html").render(problem.as_json())
    return HTMLResponse(text, int(problem.status), problem.headers)


def wants_page(request: Request) -> bool:
    """Tell whether a browser asks, rather than a program."""
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
