"""The commands about privacy, as a person types them."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from features.errors import HomewardError
from serving.__main__ import commands
from serving.keys import KeyFile
from serving.rounds import predict_round
from serving.settings import Settings
from serving.store.people import as_written
from serving.store.store import opened
from serving.store.verify import verify
from tests.serving.builders import NOW, board, parts, person, predicted, ward_question


@pytest.fixture
def of(tmp_path):
    """A service with three people on a ward, with a key of its own for the audit."""
    of = parts(tmp_path, store=opened(Settings.read({"HOMEWARD_HOME": str(tmp_path)})))
    predicted(of, ward_question())
    yield of
    of.close()


def run(of, *words, input=None, **settings):
    home = {"HOMEWARD_HOME": str(of.settings.home), **settings}
    return CliRunner().invoke(commands, list(words), env=home, input=input)


def shown(of):
    return [row.admission_id for row in board(of).predictions]


def test_a_person_is_erased_as_a_board_shows_them(of):
    name = person(of).lower()
    ended = run(of, "erase", f"{name[:5]}-{name[5:]}", "--yes")
    assert ended.exit_code == 0, ended.output
    assert "1 of stay_facts" in ended.stdout
    assert "backups made before hold them still" in ended.stdout
    assert shown(of) == ["A2", "A3"]
    assert verify(of.store).faults == ()


def test_a_patient_is_read_from_the_input_and_never_repeated(of):
    ended = run(of, "erase", "--yes", input="P-A2\n")
    assert ended.exit_code == 0, ended.output
    assert "P-A2" not in ended.output
    assert shown(of) == ["A1", "A3"]
    unknown = run(of, "erase", "--yes", input="P-CANARY\n")
    assert isinstance(unknown.exception, HomewardError)
    assert "CANARY" not in unknown.output + str(unknown.exception)


def test_it_is_asked_whether_it_is_meant(of):
    assert run(of, "erase", person(of), input="n\n").exit_code == 1
    assert len(shown(of)) == 3
    assert run(of, "erase", person(of), input="y\n").exit_code == 0
    assert len(shown(of)) == 2


def test_a_person_that_is_none_is_one_sentence(of):
    ended = run(of, "erase", "0123456789", "--yes")
    assert "no person of that name" in str(ended.exception)


def test_what_is_past_its_time_is_erased(of):
    ages_ago = datetime(2001, 1, 6, 8, 0, tzinfo=UTC)
    predict_round(of.store, of.releases.current(), NOW, ages_ago, "asked for")
    ended = run(of, "tidy", HOMEWARD_KEEP_PREDICTIONS_DAYS="7000", HOMEWARD_KEEP_STAYS_DAYS="7000")
    assert ended.stdout == "3 rows were past their time and are erased\n"
    assert verify(of.store).faults == ()


@pytest.mark.parametrize("keys", ["pseudonyms", "inputs"])
def test_keys_are_changed_under_a_running_service(of, keys):
    before = person(of)
    ended = run(of, "rotate", keys)
    assert ended.exit_code == 0, ended.output
    assert ended.stdout.startswith(f"key 2 for {keys} is in use")
    predicted(of, ward_question())
    assert person(of) == before
    assert verify(of.store).faults == ()


@pytest.mark.parametrize("command", ["audit", "tidy", "score", "migrate"])
def test_no_command_works_with_other_keys_than_the_databases(of, command):
    of.settings.pseudonym_key_file.unlink()
    KeyFile(of.settings.pseudonym_key_file).made()
    ended = run(of, *command.split())
    assert "written with other keys" in str(ended.exception)


def test_a_person_is_found_as_somebody_wrote_them_down():
    assert as_written("abcde-fgh0o") == "ABCDEFGH00"
