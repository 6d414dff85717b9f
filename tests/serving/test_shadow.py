"""A challenger that answers unseen, and whose end nobody notices."""

import os
import sys
import time

import pytest

from serving.release import Loaded
from serving.rounds import predict_round
from serving.shadow import Shadow, shadowed
from serving.store import shadows
from serving.store.verify import verify
from tests.serving.builders import (
    NOW,
    BrokenPredictor,
    FakePredictor,
    board,
    client,
    parts,
    predicted,
    question,
    stay,
)

OTHER = "e" * 64


class Challenger(FakePredictor):
    """Answers as the champion does, under its own name."""

    release = "2026-01-06-challenger"


@pytest.fixture
def of(tmp_path, store):
    of = parts(tmp_path, store=store)
    predicted(of)  # before the challenger begins
    begin(of)
    return of


def begin(of):
    with of.store.writing() as connection:
        shadows.begin(connection, OTHER)


def answers(of):
    with of.store.reading() as connection:
        return shadows.answers(connection, OTHER)


def test_it_answers_what_was_asked_after_it_began(of):
    assert shadowed(of.store, Loaded(Challenger(), OTHER), NOW) == 0
    asked = client(of).predict(question(stay("A9"))).json()["predictions"][0]
    predict_round(of.store, of.releases.current(), NOW, NOW, "asked for")
    begin(of)  # a new process of the same challenger goes on where the last one was
    assert shadowed(of.store, Loaded(Challenger(), OTHER), NOW) == 4
    assert shadowed(of.store, Loaded(Challenger(), OTHER), NOW) == 0
    assert [one.answer["admission_id"] for one in answers(of)] == ["A9", "A1", "A2", "A3"]
    assert answers(of)[0].answer == {**asked, "release": "2026-01-06-challenger"}
    assert verify(of.store).faults == ()


def test_nobody_is_shown_its_answers(of):
    predict_round(of.store, of.releases.current(), NOW, NOW, "asked for")
    shadowed(of.store, Loaded(Challenger(), OTHER), NOW)
    assert {row.release for row in board(of).predictions} == {"2026-01-05-fake"}
    assert "challenger" not in client(of).get("/board/Ward 7").text


def test_what_it_cannot_answer_is_kept_and_it_goes_on(of):
    predict_round(of.store, of.releases.current(), NOW, NOW, "asked for")
    assert shadowed(of.store, Loaded(BrokenPredictor(), OTHER), NOW) == 3
    assert answers(of)[0].answer == {"admission_id": "A1", "fault": "KeyError"}
    assert shadowed(of.store, Loaded(BrokenPredictor(), OTHER), NOW) == 0


def test_it_answers_some_at_a_time(of, monkeypatch):
    monkeypatch.setattr("serving.shadow.AT_ONCE", 2)
    predict_round(of.store, of.releases.current(), NOW, NOW, "asked for")
    counts = [shadowed(of.store, Loaded(Challenger(), OTHER), NOW) for _ in range(3)]
    assert counts == [2, 1, 0]


CRASHES = "import os, sys; open(sys.argv[1], 'a').write('x'); os.kill(os.getpid(), 11)"
STAYS = "import sys, os; open(sys.argv[1], 'a').write(f'{os.getpid()} '); sys.stdin.read()"


def seen(file, content_is, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if file.exists() and content_is(file.read_text()):
            return True
        time.sleep(0.02)
    return False


def test_a_process_that_crashes_begins_again_ever_later(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("serving.shadow.FIRST_WAIT_SECONDS", 0.05)
    shadow = Shadow(dict(os.environ), [sys.executable, "-c", CRASHES, str(tmp_path / "began")])
    shadow.start()
    assert seen(tmp_path / "began", lambda text: len(text) >= 3)
    shadow.close()
    assert "ended (exit code -11); another in 0.05 s" in caplog.text
    assert "another in 0.1 s" in caplog.text


def test_what_a_person_can_mend_is_said(monkeypatch, caplog):
    monkeypatch.setattr("serving.shadow.FIRST_WAIT_SECONDS", 30)
    said = "import sys; print('there is no release x', file=sys.stderr); sys.exit(2)"
    shadow = Shadow(dict(os.environ), [sys.executable, "-c", said])
    shadow.start()
    deadline = time.monotonic() + 10
    while "there is no release x" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.02)
    shadow.close()
    assert "(there is no release x)" in caplog.text


def test_the_process_ends_with_the_service(tmp_path):
    shadow = Shadow(dict(os.environ), [sys.executable, "-c", STAYS, str(tmp_path / "pid")])
    shadow.start()
    assert seen(tmp_path / "pid", lambda text: text.endswith(" "))
    shadow.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_real_process_answers_from_the_log(tmp_path, small_release_folder):
    of = parts(
        tmp_path, HOMEWARD_CHALLENGER=str(small_release_folder), HOMEWARD_AUDIT_KEY_FILE=str(tmp_path / "key")
    )
    (tmp_path / "key").write_text((b"k" * 32).hex())
    shadow = Shadow(of.settings.environment({**os.environ, "OMP_NUM_THREADS": "1"}))
    shadow.start()
    found = []
    deadline = time.monotonic() + 90
    while not found and time.monotonic() < deadline:
        client(of).predict(question())
        time.sleep(0.5)
        with of.store.reading() as connection:
            digests = connection.exec_driver_sql("SELECT release_digest FROM challengers").scalars().all()
            found = [one for digest in digests for one in shadows.answers(connection, digest)]
    shadow.close()
    assert found[0].answer["admission_id"] == "A1"
    assert found[0].answer["readmission"] is not None  # of a date, too little is known
