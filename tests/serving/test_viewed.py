"""Whose dates people were shown, and since when, as the audit has it."""

from datetime import timedelta

import pytest

from serving.operations import shown
from serving.viewed import shown_since
from tests.serving.builders import NOW, client, event, nobody, parts, person, predicted, stay, ward_question
from tests.serving.doors import signed_in
from training.watch.shown import read_shown

LATER = timedelta(minutes=10)


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path)
    body = ward_question(beds=2)
    body["admissions"].append(stay("B1"))
    body["events"] += [event("B1", "ward", "Ward 8"), event("B1", "bed", "B9")]
    predicted(made, body)
    yield made
    made.close()


def look(of, path, after=LATER):
    of.guard.clock.now = NOW + after
    assert nobody(of).get(path, Accept="text/html", **signed_in(of)).status_code == 200
    return of.guard.clock.now


def test_until_somebody_looks_nobody_was_shown_anything(of):
    assert shown_since(of.store, False, NOW + LATER) == {"A1": None, "A2": None, "B1": None}


def test_a_board_shows_its_own_ward_from_the_first_look_on(of):
    first = look(of, "/board/Ward 7")
    look(of, "/board/Ward 7", 2 * LATER)
    assert shown_since(of.store, False, NOW + 3 * LATER) == {"A1": first, "A2": first, "B1": None}


def test_a_page_shows_its_own_patient(of):
    looked = look(of, f"/patients/{person(of, 'A2')}")
    assert shown_since(of.store, False, NOW + LATER) == {"A1": None, "A2": looked, "B1": None}


def test_where_people_decide_first_a_date_is_shown_from_the_first_planned_date_on(of):
    look(of, "/board/Ward 7")
    assert set(shown_since(of.store, True, NOW + LATER).values()) == {None}
    times = {name: (NOW + 2 * LATER).isoformat() for name in ("recorded_at", "happened_at")}
    of.guard.clock.now = NOW + 2 * LATER
    body = {"events": [event("A1", "planned_discharge_on", "2026-01-09") | times]}
    assert client(of).request("POST", "/v1/events", json=body).status_code == 200
    looked = look(of, "/board/Ward 7", 3 * LATER)
    found = shown_since(of.store, True, NOW + 3 * LATER)
    assert found["A2"] is None
    assert NOW + 2 * LATER <= found["A1"] <= looked


def test_training_reads_what_the_command_writes(of, tmp_path, monkeypatch, capsys):
    looked = look(of, "/board/Ward 7")
    monkeypatch.setenv("HOMEWARD_HOME", str(of.settings.home))
    shown(tmp_path / "shown.csv")
    assert capsys.readouterr().out == "2 of 3 stays were looked at\n"
    read = read_shown(tmp_path / "shown.csv")
    assert read.dropna().to_dict() == {"A1": looked, "A2": looked}
    assert list(read.index[read.isna()]) == ["B1"]
