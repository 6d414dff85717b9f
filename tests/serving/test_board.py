import re
from dataclasses import fields, replace
from datetime import date, timedelta
from html.parser import HTMLParser

import jinja2.meta
import jinja2.nodes
import pytest

from features.hospital import shipped_facts
from serving.about_page import AboutPage
from serving.board import WardPage, WardsPage, expected_home, ward_page
from serving.board_words import percent
from serving.contract import DocsPage
from serving.find import FoundPage
from serving.looking import Seen
from serving.pages import templates
from serving.patient_page import PatientPage
from serving.rounds import predict_round
from serving.sheet_page import SheetPage
from serving.watch_page import WatchPage
from tests.serving.builders import (
    AT,
    NOW,
    board,
    client,
    event,
    parts,
    person,
    predicted,
    question,
    standing,
    stay,
    ward_question,
)

HOSTILE = '<script>alert("x")</script>'
PAGE = {"Accept": "text/html"}


@pytest.fixture
def of(tmp_path):
    return parts(tmp_path)


def page_of(of, ward="Ward 7", **question_):
    at = question_.get("at", AT)
    return predicted(of, question_ or ward_question(ward), at).get(f"/board/{ward}", **PAGE)


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_a_ward_shows_one_row_a_patient(of):
    text = page_of(of).text
    assert [text.count(bed) for bed in ("B1<", "B2<", "B3<")] == [1, 1, 1]
    for shown in ("Thu 8 Jan", "Wed 7 Jan to Sun 11 Jan", "Sat 10 Jan", "90 % home in 30 days", "1.6 days"):
        assert shown in text
    for shown in (
        "high",
        "23 %",
        "Clinical Frailty Scale 7: about 2.1 days longer",
        "Mobility is not recorded",
    ):
        assert shown in text
    assert "Predictions made at 08:05 on Tue 6 Jan 2026" in text


def test_the_two_largest_reasons_about_the_patient_are_said(of):
    reasons = re.findall(r"<li>([^<]*(?:longer|shorter|difference)[^<]*)</li>", page_of(of).text)
    age, frailty = "Age 81 years: about 2.5 days shorter", "Clinical Frailty Scale 7: about 2.1 days longer"
    assert reasons == [age, frailty] * 3


def test_the_persons_date_stands_beside_ours_with_its_chance(of):
    planned = event("A1", "planned_discharge_on", "2026-01-09")
    text = page_of(of, "no ward", **question(events=[planned])).text
    assert "Fri 9 Jan" in text
    assert "37 % home by then" in text


def test_a_planned_date_that_has_passed_says_so(of):
    planned = event("A1", "planned_discharge_on", "2026-01-05")
    assert "has passed" in page_of(of, "no ward", **question(events=[planned])).text


def test_only_what_was_recorded_by_the_moment_is_shown(of):
    later = {**event("A1", "ward", "Ward 9"), "recorded_at": "2026-01-06T09:00:00Z"}
    caller = predicted(of, question(events=[event("A1", "ward", "Ward 7"), later]))
    assert person(of) in caller.get("/board/Ward 7").text
    assert caller.get("/board/Ward 9").status_code == 404


def test_somebody_out_of_scope_is_listed_with_why(of):
    body = question(stay("A1"), stay("A2", age=15), events=[event("A1", "ward", "W"), event("A2", "ward", "W")])
    text = page_of(of, "W", **body).text
    assert "No prediction" in text
    assert "no prediction: under 18" in text


def test_somebody_who_has_left_is_not_on_the_board(of):
    before = stay("A2", discharged_at="2026-01-05T10:00:00Z")
    since = stay("A3", discharged_at="2026-01-06T08:02:00Z")
    text = page_of(of, "no ward", **question(stay("A1"), before, since)).text
    assert [person(of, name) in text for name in ("A1", "A2", "A3")] == [True, False, False]
    assert "1 has left the ward since" in text


def test_a_ward_that_is_empty_says_so(of):
    caller = predicted(of, ward_question(beds=1))
    predicted(of, question(stay("A1", discharged_at="2026-01-06T08:02:00Z")), at="2026-01-06T08:05:00Z")
    assert "<dd>0</dd>" in caller.get("/board/Ward 7").text


def test_somebody_who_has_moved_is_on_one_board(of):
    caller = predicted(of, ward_question(beds=1))
    moved = event("A1", "ward", "Ward 9") | {
        "recorded_at": "2026-01-06T08:01:00Z",
        "happened_at": "2026-01-06T08:01:00Z",
    }
    caller.post("/v1/events", {"events": [moved]})
    assert person(of) not in caller.get("/board/Ward 7").text
    predicted(of, question(), at="2026-01-06T08:05:00Z")
    boards = [caller.get(f"/board/Ward {number}").text for number in (7, 9)]
    assert [person(of) in text for text in boards] == [False, True]


def test_a_round_that_was_missed_says_so(of):
    client(of).send(ward_question())
    predict_round(of.store, of.releases.current(), NOW, NOW, "board round", NOW - timedelta(hours=1))
    assert "it was due at 07:05 on Tue 6 Jan 2026" in client(of).get("/board/Ward 7").text


def test_what_a_ward_sends_is_escaped(of):
    body = question(
        stay(patient_id=HOSTILE),
        events=[event("A1", "ward", HOSTILE), event("A1", "bed", HOSTILE)],
    )
    predicted(of, body)
    wards = client(of).get("/board", **PAGE).text
    link = re.search(r'href="(/board/[^"]+)"', wards.partition("<tbody>")[2])[1]
    for text in (wards, client(of).get(link, **PAGE).text):
        assert "&lt;script&gt;" in text
        assert [attrs.get("src") for tag, attrs in Tags(text).found if tag == "script"] == ["/static/board.js"]


@pytest.mark.parametrize("ward", ["Ward/7", "Ward 7?", "7%", "Ålesund", "#1"])
def test_every_ward_name_has_an_address(of, ward):
    predicted(of, ward_question(ward))
    link = re.search(r'href="(/board/[^"]+)"', client(of).get("/board").text.partition("<tbody>")[2])[1]
    assert client(of).get(link).status_code == 200


def test_pages_need_nothing_from_outside_and_no_script_but_ours(of):
    predicted(of)
    for path in ("/board", "/board/Ward 7", "/v1/docs", "/nowhere"):
        answer = client(of).get(path, **PAGE)
        tags = Tags(answer.text).found
        links = [attrs[name] for _, attrs in tags for name in ("href", "src", "action") if name in attrs]
        assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in links)
        assert not {tag for tag, _ in tags} & {"style", "iframe", "object"}
        assert [attrs for tag, attrs in tags if tag == "script"] in (
            [],
            [{"src": "/static/board.js", "defer": None}],
        )
        assert not [
            attrs for _, attrs in tags if "style" in attrs or any(name.startswith("on") for name in attrs)
        ]
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    css = client(of).get("/static/board.css").text
    assert "url(" not in css
    assert "@import" not in css


def test_pages_can_be_used_without_seeing_them(of):
    text = page_of(of).text
    tags = Tags(text).found
    assert dict(tags)["html"] == {"lang": "en-GB"}
    assert ("a", {"class": "nhsuk-skip-link", "href": "#main", "data-module": "nhsuk-skip-link"}) in tags
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")
    strips = [attrs for tag, attrs in tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(strips) == 3
    assert strips[0]["aria-label"].startswith("Chance of being home by the end of each day: Tue 6 Jan 4 %, Wed")
    assert strips[0]["aria-label"].count("%") == 14


def test_weekends_and_bank_holidays_are_shaded(of):
    before_easter = stay("A1", admitted_at="2025-04-14T10:00:00+01:00")
    body = question(before_easter, at="2025-04-15T08:00:00+01:00")  # Easter: Friday 18 to Monday 21 April
    text = page_of(of, "no ward", **body).text
    strip = text.partition('class="strip"')[2].partition("</svg>")[0]
    [free] = re.findall(r'class="free" d="([^"]*)"', strip)
    assert free.count("z") == 4 + 2


def test_an_old_board_says_so(of):
    predicted(of)
    ages = [ward_page(Seen(board(of)), shipped_facts(), NOW + timedelta(hours=h)).age for h in (23, 30, 72)]
    assert ages == ["", "30 hours", "3 days"]


def test_a_board_shows_its_newest_round_whole(of):
    predicted(of, ward_question(beds=3))
    of = replace(of, releases=standing(of.releases.current().predictor, "e" * 64))
    predicted(of, question(stay("A1", discharged_at="2026-01-06T08:02:00Z")), at="2026-01-06T08:05:00Z")
    rows = board(of).predictions
    assert sorted(row.admission_id for row in rows) == ["A2", "A3"]
    assert {(row.round, row.at, row.release_digest) for row in rows} == {(2, NOW, "e" * 64)}


def test_a_moment_ahead_of_the_clock_is_answered_and_says_so(of):
    answer = client(of).predict({**ward_question(beds=1), "at": "2031-01-06T08:00:00Z"}).json()
    assert len(answer["predictions"]) == 1
    assert any("ahead of the clock" in note for note in answer["notes"])


def test_wards_of_two_sites_are_two_boards(of):
    stays = [stay(f"A-{site}", site=site) for site in ("S1", "S2")]
    predicted(of, question(*stays, events=[event(row["admission_id"], "ward", "Ward 7") for row in stays]))
    shown = [client(of).get(f"/board/Ward 7?site={site}").text for site in ("S1", "S2")]
    people = [person(of, f"A-{site}") for site in ("S1", "S2")]
    assert [[one in text for one in people] for text in shown] == [[True, False], [False, True]]


def test_counts_are_sums_of_chances(of):
    predicted(of)
    expected = expected_home(board(of).predictions, date(2026, 1, 6))
    assert (expected.today, expected.tomorrow, expected.weekend) == ("0.1", "0.4", "1.8")
    assert expected.weekend_ends == "Sun 11 Jan"


@pytest.mark.parametrize(
    ("today", "ends"),
    [
        (date(2026, 1, 5), "Sun 11 Jan"),
        (date(2026, 1, 9), "Sun 11 Jan"),
        (date(2026, 1, 10), "Sun 18 Jan"),  # on a Saturday tomorrow already says it
        (date(2026, 1, 11), "Sun 18 Jan"),
    ],
)
def test_the_weekend_counted_ends_after_tomorrow(today, ends):
    assert expected_home([], today).weekend_ends == ends


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("ward", WardPage),
        ("wards", WardsPage),
        ("patient", PatientPage),
        ("sheet", SheetPage),
        ("found", FoundPage),
        ("about", AboutPage),
        ("watch", WatchPage),
        ("docs", DocsPage),
    ],
)
def test_a_page_uses_the_fields_of_its_context_and_no_other(name, context):
    environment = templates()
    source, _, _ = environment.loader.get_source(environment, f"{name}.html")
    tree = environment.parse(source)
    macros = {macro.name for macro in tree.find_all(jinja2.nodes.Macro)}
    macros |= {name for line in tree.find_all(jinja2.nodes.FromImport) for name in line.names}
    used = jinja2.meta.find_undeclared_variables(tree) - macros - {"visitor"}
    assert used == {field.name for field in fields(context)}
    assert all(field.metadata["help"] for field in fields(context))


def test_a_possible_day_is_never_said_to_be_impossible_or_certain():
    chances = (0.0, 0.0001, 0.0099, 0.01, 0.99, 0.9901, 0.9999, 1.0)
    said = ["0 %", "under 1 %", "under 1 %", "1 %", "99 %", "over 99 %", "over 99 %", "100 %"]
    assert [percent(chance) for chance in chances] == said
