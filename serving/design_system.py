"""The NHS design system in our pages: its Jinja macros, and its stylesheet with ours behind it.

No logo, and no font from elsewhere: the rules that fetch one from another host are taken out, and Arial, the
next of its list, is what people see.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import jinja2
from starlette.requests import Request
from starlette.responses import Response

OURS = Path(__file__).parent / "static" / "board.css"
THEIRS = "static/wagtailnhsukfrontend/css/nhsuk-frontend-*.min.css"
MACROS = {  # the component of each macro
    "button": "button",
    "checkboxes": "checkboxes",
    "errorSummary": "error-summary",
    "input": "input",
    "insetText": "inset-text",
    "radios": "radios",
    "select": "select",
    "skipLink": "skip-link",
    "warningCallout": "warning-callout",
}
ASKED_EACH_TIME = "no-cache"  # kept, and asked for again: it tells of nobody
ANOTHER_HOSTS_FONT = re.compile(r"@font-face\{[^}]*\}")


@cache
def macros() -> SimpleNamespace:
    """Return the macros of the components by their own names; each takes one mapping of parameters.

    They look for parameters that are not there, and so want an environment that forgives it; ours does not.
    """
    theirs = jinja2.Environment(
        loader=jinja2.PackageLoader("nhsuk_frontend_jinja"),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made = {
        name: getattr(theirs.get_template(f"nhsuk/components/{component}/macro.jinja").module, name)
        for name, component in MACROS.items()
    }
    return SimpleNamespace(**made)


@dataclass(frozen=True)
class Stylesheet:
    """The stylesheet of every page, as it travels, and its digest."""

    text: bytes
    packed: bytes
    digest: str

    def answer(self, request: Request) -> Response:
        """Return it, packed for who can unpack it, or nothing to who has it already."""
        headers = {"ETag": f'"{self.digest}"', "Vary": "Accept-Encoding", "Cache-Control": ASKED_EACH_TIME}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type="text/css")
        return Response(self.text, headers=headers, media_type="text/css")


@cache
def stylesheet() -> Stylesheet:
    """Return the design system's stylesheet without its fonts, and ours after it."""
    found = find_spec("wagtailnhsukfrontend")  # not imported: it needs a framework that is not installed
    assert found is not None
    [where] = found.submodule_search_locations or []
    [theirs] = Path(where).glob(THEIRS)
    text = ANOTHER_HOSTS_FONT.sub("", theirs.read_text(encoding="utf-8")) + OURS.read_text(encoding="utf-8")
    made = text.encode()
    return Stylesheet(made, gzip.compress(made, mtime=0), hashlib.sha256(made).hexdigest()[:32])
