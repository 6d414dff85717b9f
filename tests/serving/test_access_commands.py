"""The commands about who may come in, as they are typed."""

import json
import stat
from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner, Result

from serving.__main__ import commands
from serving.settings import Settings
from serving.signing import private_key
from serving.store.store import opened
from serving.store.verify import events
from serving.systems import Systems
from serving.tokens import checked
from tests.serving.builders import KEY

PASSWORD = "correct horse battery"


def run(home: Path, *words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(commands, list(words), env={"HOMEWARD_HOME": str(home)}, input=typed)


def audited(home: Path) -> str:
    settings = Settings.read({"HOMEWARD_HOME": str(home)})
    store = opened(settings)
    said = "".join(events(store))
    store.close()
    return said


def test_a_key_that_is_made_here_signs_tokens_that_hold(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    ended = run(tmp_path, "key", "add", "pas", "--site", "RXX01", "--site", "RXX02")
    assert ended.exit_code == 0, ended.output
    file = Path(ended.output.strip())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = run(tmp_path, "token", "pas").output.strip()
    shown = checked(token, Systems(tmp_path / "systems"), "homeward", datetime.now(UTC))
    assert (shown.system.name, shown.system.sites) == ("pas", {"RXX01", "RXX02"})
    assert run(tmp_path, "key", "list").output == "pas  RXX01, RXX02\n"
    assert "key add" in audited(tmp_path)


def test_the_public_half_alone_is_where_systems_are_known(tmp_path: Path) -> None:
    run(tmp_path, "key", "add", "pas")
    kept = (tmp_path / "systems" / "pas.json").read_text()
    private = private_key(Settings.read({"HOMEWARD_HOME": str(tmp_path)}), "pas").as_dict(private=True)
    assert private["d"] not in kept


def test_keys_that_are_given_are_taken_with_everything_but_what_is_private(tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    for said in (KEY.as_dict(private=False), {"keys": [KEY.as_dict(private=False)]}):
        file.write_text(json.dumps(said))
        assert run(tmp_path, "key", "add", "pas", "--jwks", str(file)).exit_code == 0
        assert run(tmp_path, "key", "list").output == "pas  every site\n"
        assert run(tmp_path, "key", "remove", "pas").exit_code == 0
        assert run(tmp_path, "key", "list").output == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("key", "add", "Our PAS"), "a ward system's name must be"),
        (("key", "add", "../pas"), "a ward system's name must be"),
        (("key", "add", "pas", "--jwks", "http://pas.trust.example/jwks.json"), "must be an https address"),
        (("key", "add", "pas", "--jwks", "/nowhere/jwks.json"), "must be a JWK Set"),
        (("key", "remove", "pas"), "there is no ward system pas"),
        (("token", "pas"), "`python -m serving key add pas` makes one"),
        (("user", "restore", "ann"), "nobody of that name was removed"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_changes_nothing(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    ended = run(tmp_path, *words)
    assert said in str(ended.exception)
    assert not list(tmp_path.glob("systems/*"))


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_text(json.dumps(ECKey.generate_key("P-384").as_dict(private=True)))
    assert "holds a private key" in str(run(tmp_path, "key", "add", "pas", "--jwks", str(file)).exception)


def test_a_system_is_not_let_in_twice(tmp_path: Path) -> None:
    assert run(tmp_path, "key", "add", "pas").exit_code == 0
    assert "there is a ward system pas already" in str(run(tmp_path, "key", "add", "pas").exception)


def test_people_are_added_listed_removed_and_restored(tmp_path: Path) -> None:
    words = ("user", "add", "ann", "--role", "safety-officer", "--site", "RXX01")
    assert run(tmp_path, *words, typed=PASSWORD + "\n").exit_code == 0
    assert run(tmp_path, "user", "list").output == "ann  safety officer, RXX01\n"
    assert "0 sessions ended" in run(tmp_path, "user", "remove", "ann").output
    assert run(tmp_path, "user", "list").output == "ann  removed\n"
    assert run(tmp_path, "user", "restore", "ann").exit_code == 0
    assert run(tmp_path, "user", "list").output == "ann  safety officer, RXX01\n"
    said = audited(tmp_path)
    assert all(operation in said for operation in ("user add", "user remove", "user restore"))
    assert PASSWORD not in said


def test_a_short_password_makes_no_account(tmp_path: Path) -> None:
    ended = run(tmp_path, "user", "add", "ann", "--role", "coordinator", typed="short\n")
    assert "12 to 256" in str(ended.exception)
    assert run(tmp_path, "user", "list").output == ""
