import stat
from datetime import timedelta

import pytest
from starlette.routing import Route

from serving.access import (
    DOORS,
    PEOPLE,
    ROLES,
    SESSION_COOKIE,
    AccessFault,
    Keys,
    door,
    new_link_code,
    read_token,
    use_link_code,
    write_token,
)
from serving.routes import application
from tests.serving.builders import NOW, TOKEN, client, parts

OPEN = ("/livez", "/readyz", "/sign-in")
CLOSED = [path for path in DOORS if path not in OPEN]
PAGES = ("/", "/board", "/static/board.css", "/v1/docs", "/v1/openapi.json")


@pytest.mark.parametrize("path", [*CLOSED, "/nowhere", "/docs.json", "/livez/", "//livez"])
@pytest.mark.parametrize("token", [None, "wrong", TOKEN[:-1], TOKEN + "x", "", "é"])
def test_every_door_but_the_probes_asks_for_the_right_token(tmp_path, path, token):
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}
    answer = client(parts(tmp_path), token=None).get(path, **headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="homeward"'
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_token_opens_only_as_a_bearer_token(tmp_path):
    nobody = client(parts(tmp_path), token=None)
    for shown in (TOKEN, f"Basic {TOKEN}", "Bearer", f"Bearer{TOKEN}"):
        assert nobody.get("/board", Authorization=shown).status_code == 401
    assert nobody.get("/board", Authorization=f"bearer {TOKEN}").status_code == 200


def test_every_route_has_a_door(tmp_path):
    routes = [route for route in application(parts(tmp_path)).routes if isinstance(route, Route)]
    paths = {route.path.replace(":path", "") for route in routes}
    assert paths <= set(DOORS)


def signed_in(of, role):
    return {"Cookie": f"{SESSION_COOKIE}={of.guard.keys.session(NOW, role)}"}


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_the_doors_that_the_table_declares_and_no_other(tmp_path, path, role):
    of = parts(tmp_path)
    shown = {"Authorization": f"Bearer {TOKEN}"} if role == "ward system" else signed_in(of, role)
    status = client(of, token=None).get(path.replace("{ward}", "W01"), **shown).status_code
    assert (status == 403) == (role not in DOORS[path])
    assert status != 401


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_person_learns_nothing_of_paths_that_are_not_there(tmp_path, role):
    of = parts(tmp_path)
    answers = [client(of, token=None).get(path, **signed_in(of, role)) for path in ("/nowhere", "/v1/predict")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].json() == answers[1].json()


def test_a_data_scientist_sees_no_patients(tmp_path):
    of = parts(tmp_path)
    person = client(of, token=None)
    assert person.get("/board/W01", **signed_in(of, "data scientist")).status_code == 403
    assert person.get("/metrics", **signed_in(of, "data scientist")).status_code == 200
    assert person.get("/", **signed_in(of, "data scientist")).headers["location"] == "/v1/docs"


def test_a_session_opens_the_pages_and_nothing_else(tmp_path):
    of = parts(tmp_path)
    cookie = signed_in(of, "coordinator")
    person = client(of, token=None)
    assert [person.get(path, **cookie).status_code for path in PAGES] == [303, 200, 200, 200, 200]
    assert person.predict({}, **cookie).status_code == 403
    assert person.get("/metrics", **cookie).status_code == 403


def test_a_wrong_token_is_nobody_even_with_a_session(tmp_path):
    of = parts(tmp_path)
    cookie = {"Cookie": f"{SESSION_COOKIE}={of.guard.keys.session(NOW)}"}
    assert client(of, token="wrong").get("/board", **cookie).status_code == 401


def test_a_session_ends_after_a_shift_and_with_its_token():
    keys = Keys(TOKEN)
    session = keys.session(NOW)
    assert keys.session_role(session, NOW + timedelta(hours=11, minutes=59)) == "coordinator"
    assert keys.session_role(session, NOW + timedelta(hours=12)) is None
    assert Keys("another token").session_role(session, NOW) is None


@pytest.mark.parametrize("forged", ["", "x", "..", "9999999999.nonce.", "9999999999.nonce.0", "é.é.é"])
def test_a_forged_session_does_not_hold(forged):
    assert Keys(TOKEN).session_role(forged, NOW) is None


def test_a_session_whose_end_was_moved_or_role_was_changed_does_not_hold():
    session = Keys(TOKEN).session(NOW, "data scientist")
    ends, rest = session.split(".", 1)
    assert Keys(TOKEN).session_role(f"{int(ends) + 1}.{rest}", NOW) is None
    assert Keys(TOKEN).session_role(session.replace("data-scientist", "coordinator"), NOW) is None


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
    first, second = (client(of, token=None).get(path, Accept="text/html") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 401)
    assert first.headers["refresh"] == "0; url=/"
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert SESSION_COOKIE not in second.headers.get("set-cookie", "")
    session = {"Cookie": cookie.partition(";")[0]}
    assert client(of, token=None).get("/board", **session).status_code == 200


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


def test_signing_out_takes_the_cookie_away(tmp_path):
    of = parts(tmp_path)
    cookie = {"Cookie": f"{SESSION_COOKIE}={of.guard.keys.session(NOW)}"}
    answer = client(of, token=None).request("POST", "/sign-out", {**cookie, "Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:3000"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3001"},
        {"Origin": "http://evil.example"},
    ],
)
def test_a_change_under_a_session_that_no_page_of_ours_asked_for_is_refused(tmp_path, told):
    of = parts(tmp_path)
    answer = client(of, token=None).request("POST", "/sign-out", {**signed_in(of, "coordinator"), **told})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_browser_that_tells_only_the_origin_may_change_something(tmp_path):
    of = parts(tmp_path)
    ours = {**signed_in(of, "coordinator"), "Origin": "http://127.0.0.1:3000"}
    assert client(of, token=None).request("POST", "/sign-out", ours).status_code == 303


def test_without_a_token_file_one_sentence_says_what_to_do(tmp_path):
    with pytest.raises(AccessFault, match="python -m serving token"):
        read_token(tmp_path / "token")


def test_a_short_token_is_refused(tmp_path):
    (tmp_path / "token").write_text("short")
    with pytest.raises(AccessFault, match="at least 32 characters"):
        read_token(tmp_path / "token")


def test_a_token_file_is_private_and_written_once(tmp_path):
    file = tmp_path / "home" / "token"
    write_token(file)
    first = read_token(file)
    write_token(file)
    assert read_token(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_door_is_named_by_its_template():
    assert [door(path) for path in ("/board/Ward 7", "/v1/openapiXjson", "/board/")] == [
        "/board/{ward}",
        "other",
        "other",
    ]
