"""What was watched of a release: alarms first, all of it in words too, and no file breaks the service."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from serving.watch_file import Series
from serving.watch_page import sparkline
from tests.serving.builders import NOW, bearer, nobody, parts
from tests.serving.doors import signed_in

PAGE = {"Accept": "text/html"}
ALARM = "Records of news2: 0.0 a day; usual: 65.7 a day; since the week of 29 December 2025; look at the feed."
MEASURE = {
    "name": "feed:news2",
    "part": "feeds",
    "words": "Records of news2",
    "state": "alarm",
    "now": "0.0 a day",
    "usual": "65.7 a day",
    "week": "2025-12-29",
    "distance": 12.0,
    "threshold": 4.0,
}
QUIET = MEASURE | {"name": "age", "part": "inputs", "words": "Age", "state": "quiet", "distance": 1.0}
WAITS = QUIET | {"part": "calibration", "words": "Back within 30 days", "state": "not mature", "distance": None}
TOO_FEW = WAITS | {"words": "Back for the same issue", "state": "cannot tell", "threshold": None}
SERIES = {
    "name": "admissions",
    "words": "Admissions",
    "unit": "a day",
    "weeks": ["2025-12-22", "2025-12-29"],
    "values": [20.0, None],
}


def watch(**changes: Any) -> dict[str, Any]:
    return {
        "made_at": (NOW - timedelta(days=3)).isoformat(),
        "release": "2026-01-05-fake",
        "source": "extract",
        "extract_until": "2026-01-05",
        "reference": {"from": "2024-12-30", "until": "2025-12-01", "weeks": 48},
        "alarms": [ALARM],
        "measures": [QUIET, WAITS, TOO_FEW, MEASURE],
        "series": [SERIES],
        **changes,
    }


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path)
    yield made
    made.close()


def written(of, content: Mapping[str, Any] | str | bytes) -> None:
    file = of.settings.watch_file
    file.parent.mkdir(exist_ok=True)
    text = content if isinstance(content, bytes | str) else json.dumps(content)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def shown(of, role="data scientist"):
    return nobody(of).get("/watch", **PAGE, **signed_in(of, role))


def gauges(of) -> str:
    return "\n".join(
        line
        for line in nobody(of).get("/metrics", **bearer(of)).text.splitlines()
        if line.startswith("homeward_watch")
    )


def test_the_page_says_of_when_it_is_and_shows_alarms_before_everything_else(of):
    written(of, watch())
    text = shown(of).text
    assert "Watched 3 days ago" in text
    assert "2026-01-05" in text
    assert text.index(ALARM) < text.index("<table")
    for one in (QUIET, WAITS, MEASURE):
        assert one["words"] in text
    assert "which answers here" in text


def test_each_line_drawn_is_said_in_words_too(of):
    written(of, watch())
    text = shown(of).text
    assert 'role="img" aria-label="Admissions: 20.00 a day in the week of 2025-12-22' in text
    assert text.count("20.00 a day in the week of 2025-12-22") == 2


def test_another_release_that_answers_is_said(of):
    written(of, watch(release="extract-0123456789"))
    assert "ANOTHER ANSWERS HERE: 2026-01-05-fake" in shown(of).text


def test_who_watches_has_the_link_and_a_coordinator_has_neither_link_nor_page(of):
    written(of, watch())
    assert 'href="/watch"' in shown(of).text
    assert shown(of, "coordinator").status_code == 403
    assert 'href="/watch"' not in nobody(of).get("/about", **PAGE, **signed_in(of)).text


def test_without_a_watch_the_page_says_how_to_make_one(of):
    answer = shown(of)
    assert answer.status_code == 200
    assert "Nothing has been watched yet" in answer.text
    assert gauges(of) == ""


BAD = {
    "not JSON": "{",
    "not text": b"\xff\xfe\x00",
    "a list": "[]",
    "empty": "",
    "an object of another kind": "{}",
    "too large": b" " * (1024 * 1024 + 1),
    "nested without end": "[" * 100_000,
    "no moment": watch(made_at="yesterday"),
    "a moment without a zone": watch(made_at="2026-01-03T08:00:00"),
    "a moment that is a number": watch(made_at=7),
    "alarms that are a text": watch(alarms="none"),
    "a state that is none": watch(measures=[MEASURE | {"state": "loud"}]),
    "a measure that is a number": watch(measures=[7]),
    "a distance in words": watch(measures=[MEASURE | {"distance": "far"}]),
    "weeks without values": watch(series=[SERIES | {"values": []}]),
    "a reference that is none": watch(reference=None),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_file_that_is_no_watch_is_said_in_words_and_leaves_the_counters_be(of, content):
    written(of, content)
    answer = shown(of)
    assert answer.status_code == 200
    assert "What was watched cannot be shown: the file latest.json" in answer.text
    counted = nobody(of).get("/metrics", **bearer(of))
    assert counted.status_code == 200
    assert "homeward_release" in counted.text
    assert gauges(of) == ""


def test_a_folder_in_the_place_of_the_file_is_said_too(of):
    of.settings.watch_file.mkdir(parents=True)
    assert "cannot be shown" in shown(of).text


def test_numbers_that_are_none_are_gaps_and_no_fault(of):
    written(of, json.dumps(watch(series=[SERIES | {"values": [float("nan"), float("inf")]}])))
    assert "no week could be judged yet" in shown(of).text


def test_what_is_hostile_in_the_file_is_shown_as_text(of):
    hostile = '<script>alert("x")</script>'
    measure = MEASURE | {"words": hostile, "now": hostile}
    written(of, watch(alarms=[hostile], measures=[measure], series=[SERIES | {"words": hostile}]))
    assert "<script" not in shown(of).text


def test_a_new_file_is_shown_at_once(of):
    written(of, watch())
    assert ALARM in shown(of).text
    written(of, watch(alarms=[]))
    assert "No alarm stands" in shown(of).text


def test_the_counters_tell_alarms_the_largest_statistic_of_each_part_and_the_age(of):
    written(of, watch())
    told = dict(line.rsplit(" ", 1) for line in gauges(of).splitlines())
    assert told == {
        "homeward_watch_alarms": "1.0",
        'homeward_watch_statistic{measure="inputs"}': "0.25",
        'homeward_watch_statistic{measure="feeds"}': "3.0",
        "homeward_watch_age_seconds": "259200.0",
    }


def test_a_line_is_broken_where_a_week_was_not_judged():
    weeks = tuple(f"2026-01-{day:02d}" for day in (5, 12, 19, 26))
    line = sparkline(Series("Admissions", "a day", weeks, (1.0, 2.0, None, 3.0)))
    assert [len(points.split()) for points in line.lines] == [2, 1]
