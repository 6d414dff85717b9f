"""The NHS design system in the pages: its style, whole and without another host, and its macros."""

import gzip

import pytest

from serving.design_system import macros, stylesheet
from tests.serving.builders import nobody, parts

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def style(tmp_path):
    made = parts(tmp_path)
    yield lambda **headers: nobody(made).get("/sign-in/board.css", **headers)
    made.close()


def test_the_style_holds_the_design_systems_and_ours_and_fetches_nothing():
    text = stylesheet().text.decode()
    assert ".nhsuk-button" in text
    assert text.rindex(".nhsuk-button") < text.index(".strip .bar")  # ours comes last, and so it wins
    assert "url(" not in text
    assert "@font-face" not in text


def test_the_style_travels_packed_and_once(style):
    packed = style(**{"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == stylesheet().text
    assert int(packed.headers["content-length"]) < 40_000
    again = style(**{"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert packed.headers["cache-control"] == again.headers["cache-control"] == "no-cache"


def test_who_cannot_unpack_gets_the_style_plain(style):
    plain = style(**{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == gzip.decompress(stylesheet().packed)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("button", {"text": HOSTILE}),
        ("insetText", {"text": HOSTILE}),
        ("warningCallout", {"heading": HOSTILE, "text": HOSTILE}),
        ("errorSummary", {"titleText": HOSTILE, "errorList": [{"text": HOSTILE, "href": HOSTILE}]}),
        (
            "input",
            {"name": "a", "label": {"text": HOSTILE}, "value": HOSTILE, "errorMessage": {"text": HOSTILE}},
        ),
        ("select", {"name": "a", "label": {"text": HOSTILE}, "items": [{"value": HOSTILE, "text": HOSTILE}]}),
        ("radios", {"name": "a", "items": [{"value": HOSTILE, "text": HOSTILE}]}),
        ("checkboxes", {"name": "a", "items": [{"value": HOSTILE, "text": HOSTILE}]}),
    ],
)
def test_a_macro_shows_what_it_is_given_as_words(name, parameters):
    shown = str(getattr(macros(), name)(parameters))
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
