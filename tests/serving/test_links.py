from datetime import timedelta

import pytest

from serving.access import PEOPLE
from serving.links import new_link_code, use_link_code
from serving.sessions import SESSION_COOKIE
from tests.serving.builders import NOW, nobody, parts


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_link_signs_in_to_its_role(tmp_path, role):
    code = new_link_code(tmp_path, NOW, role)
    assert use_link_code(tmp_path, code, NOW) == role


@pytest.mark.parametrize("role", ["", "ward system", "nurse"])
def test_a_link_to_no_role_of_people_has_ended(tmp_path, role):
    code = new_link_code(tmp_path, NOW, role)
    assert use_link_code(tmp_path, code, NOW) is None


def test_a_link_signs_in_once(tmp_path):
    of = parts(tmp_path)
    path = f"/sign-in?code={new_link_code(of.settings.links, NOW)}"
    first, second = (nobody(of).get(path, Accept="text/html") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 401)
    assert first.headers["refresh"] == "0; url=/"
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert SESSION_COOKIE not in second.headers.get("set-cookie", "")
    session = {"Cookie": cookie.partition(";")[0]}
    assert nobody(of).get("/board", **session).status_code == 200


def test_a_link_lasts_an_hour(tmp_path):
    code = new_link_code(tmp_path, NOW)
    assert not use_link_code(tmp_path, code, NOW + timedelta(hours=1))
    code = new_link_code(tmp_path, NOW)
    assert use_link_code(tmp_path, code, NOW + timedelta(minutes=59))


@pytest.mark.parametrize("code", ["", "guess", "../token", "\x00", "é"])
def test_a_guessed_code_opens_nothing(tmp_path, code):
    new_link_code(tmp_path, NOW)
    assert not use_link_code(tmp_path, code, NOW)


def test_the_code_of_a_link_is_not_kept(tmp_path):
    code = new_link_code(tmp_path, NOW)
    kept = "".join(file.name + file.read_text() for file in tmp_path.iterdir())
    assert code not in kept


def test_a_link_takes_the_expired_ones_away(tmp_path):
    new_link_code(tmp_path, NOW)
    new_link_code(tmp_path, NOW + timedelta(hours=2))
    assert len(list(tmp_path.iterdir())) == 1
