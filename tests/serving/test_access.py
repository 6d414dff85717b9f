import pytest
from starlette.routing import Route

from serving.access import BOARDS, DOORS, PEOPLE, Caller, door
from serving.routes import application
from serving.systems import Systems
from serving.tokens import TokenFault, checked
from tests.serving.builders import NOW, SYSTEM, known, nobody, parts
from tests.serving.doors import (
    asked,
    bad_tokens,
    claims,
    closed,
    not_as_declared,
    opened_by_bad_tokens,
    replayed,
    revoked,
    signed,
    signed_in,
)

PAGES = ("/", "/board", "/static/board.css", "/v1/docs", "/v1/openapi.json")


@pytest.fixture(scope="module")
def of(tmp_path_factory):
    made = parts(tmp_path_factory.mktemp("home"))
    yield made
    made.close()


def test_every_route_has_a_door(of):
    routes = [route for route in application(of).routes if isinstance(route, Route)]
    paths = {route.path.replace(":path", "") for route in routes}
    assert paths <= set(DOORS)


def test_each_role_opens_the_doors_that_the_table_declares_and_no_other(of):
    assert not_as_declared(of) == []


def test_a_bad_token_of_every_kind_opens_no_door(of):
    tried, opened = opened_by_bad_tokens(of)
    assert opened == []
    assert tried == (len([t for t in bad_tokens().values() if t.isascii()]) + 4) * len(closed(of))


@pytest.mark.parametrize("kind", bad_tokens())
def test_a_bad_token_is_refused_where_it_is_checked(tmp_path, kind):
    known(tmp_path)
    known(tmp_path, "rival")
    with pytest.raises(TokenFault):
        checked(bad_tokens()[kind], Systems(tmp_path), "homeward", NOW)


def test_without_what_is_bad_the_same_token_holds(tmp_path):
    """So that each is refused for what it is called after."""
    known(tmp_path)
    for changes in ({}, {"sub": None}, {"aud": ["homeward"]}, {"nbf": int(NOW.timestamp())}):
        assert checked(signed(claims(**changes)), Systems(tmp_path), "homeward", NOW).system.name == SYSTEM


def test_a_good_token_opens_once(of):
    assert {status for _, status in replayed(of)} == {401}


def test_a_system_whose_keys_are_taken_away_is_out_at_once(of):
    assert {status for _, status in revoked(of)} == {401}


def test_what_is_wrong_is_told_to_who_has_signed_and_to_nobody_else(of):
    def told(token):
        return nobody(of).get("/v1/docs", Authorization=f"Bearer {token}").json()["detail"]

    assert told(signed(claims(aud="another", jti="x1"))).startswith("aud must be")
    assert told(signed(claims(exp=int(NOW.timestamp()), jti="x2"))) == "exp has passed"
    assert "not signed by a ward system" in told(signed(claims(iss="nobody")))
    assert told("x") == told(signed(claims(iss="nobody")))


def test_a_refusal_names_the_scheme(of):
    answer = nobody(of).get("/v1/docs")
    assert answer.headers["www-authenticate"] == 'Bearer realm="homeward"'
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_token_is_nobody_even_with_a_session(of):
    shown = {**signed_in(of), "Authorization": "Bearer wrong"}
    assert nobody(of).get("/board", **shown).status_code == 401


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_a_person_learns_nothing_of_paths_that_are_not_there(of, role):
    answers = [nobody(of).get(path, **signed_in(of, role)) for path in ("/nowhere", "/v1/predict")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].json() == answers[1].json()


def test_a_data_scientist_sees_no_patients(of):
    person, shown = nobody(of), signed_in(of, "data scientist")
    assert person.get("/board/W01", **shown).status_code == 403
    assert person.get("/metrics", **shown).status_code == 200
    assert person.get("/", **shown).headers["location"] == "/v1/docs"
    assert 'href="/board' not in person.get("/v1/docs", **shown).text


def test_only_those_who_care_for_patients_see_boards():
    """The table against what is right, where the other tests hold the gate to the table."""
    seen = {path for path, who in DOORS.items() if "board" in path and "sign-in" not in path}
    assert {path: DOORS[path] for path in seen} == dict.fromkeys(seen, BOARDS)
    assert frozenset({"ward system", "coordinator", "safety officer"}) == BOARDS
    patients = {path: who for path, who in DOORS.items() if path.startswith("/patients/")}
    looking = frozenset({"coordinator", "safety officer"})
    seen = {f"/patients/{{person}}{more}" for more in ("", "/sheet", "/mine")}
    decided = {path for path, who in patients.items() if who == {"coordinator"}}
    assert {path for path, who in patients.items() if who == looking} == seen
    assert decided == patients.keys() - seen
    assert DOORS["/find"] == looking
    contract = {"/v1/docs", "/v1/openapi.json"}
    calls = [who for path, who in DOORS.items() if path.startswith("/v1/") and path not in contract]
    assert set(calls) == {frozenset({"ward system"})}


def test_a_session_opens_the_pages_and_nothing_else(of):
    person, cookie = nobody(of), signed_in(of)
    assert [person.get(path, **cookie).status_code for path in PAGES] == [303, 200, 200, 200, 200]
    assert person.predict({}, **cookie, **{"Sec-Fetch-Site": "same-origin"}).status_code == 403
    assert person.get("/metrics", **cookie).status_code == 403


def test_the_secret_of_monitoring_opens_the_counters_and_nothing_else(tmp_path):
    secret = "a secret of thirty-two characters or more"
    (tmp_path / "metrics-token").write_text(secret)
    of = parts(tmp_path)
    shown = {"Authorization": f"Bearer {secret}"}
    assert nobody(of).get("/metrics", **shown).status_code == 200
    assert nobody(of).get("/metrics", Authorization=f"Bearer {secret}x").status_code == 401
    others = [one for one in closed(of) if one.template != "/metrics"]
    assert {asked(of, one, shown) for one in others} == {401}


def test_without_a_secret_of_monitoring_an_empty_token_opens_nothing(of):
    assert nobody(of).get("/metrics", Authorization="Bearer ").status_code == 401


def test_a_door_is_named_by_its_template():
    assert [door(path) for path in ("/board/Ward 7", "/v1/openapiXjson", "/board/")] == [
        "/board/{ward}",
        "other",
        "other",
    ]


def test_who_has_no_sites_sees_all_and_who_has_some_sees_these():
    everywhere, here = Caller("coordinator", "a"), Caller("coordinator", "b", frozenset({"RXX01"}))
    assert [everywhere.sees(site) for site in ("RXX01", "", None)] == [True, True, True]
    assert [here.sees(site) for site in ("RXX01", "RXX02", "", None)] == [True, False, False, False]
