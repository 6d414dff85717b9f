from datetime import timedelta

import pytest

from serving import accounts
from serving.access import DOORS, PEOPLE
from serving.sessions import SESSION_COOKIE, form_token
from serving.store import sessions as kept
from serving.store.verify import events
from tests.serving.browser import Browser
from tests.serving.builders import NOW, nobody, parts
from tests.serving.doors import FORMS, PASSWORD, by_account, doors, later, signed_in


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path)
    yield made
    made.close()


def opens(of, cookie, path="/board"):
    return nobody(of).get(path, **cookie).status_code == 200


def value_of(cookie):
    return cookie["Cookie"].partition("=")[2]


def test_a_session_that_nobody_uses_is_locked(of):
    cookie = signed_in(of)
    for minutes in (29, 29):
        later(of, minutes=minutes)
        assert opens(of, cookie)
    later(of, minutes=30)
    assert not opens(of, cookie)


def test_a_session_ends_after_a_shift_however_busy(of):
    cookie = signed_in(of)
    for _ in range(35):
        later(of, minutes=20)
        assert opens(of, cookie)
    later(of, minutes=20)
    assert not opens(of, cookie)


@pytest.mark.parametrize("forged", ["", "x", "..", "9999999999.coordinator.nonce.0", "a" * 5_000])
def test_a_forged_session_does_not_hold(of, forged):
    assert not opens(of, {"Cookie": f"{SESSION_COOKIE}={forged}"})


def test_the_store_holds_no_cookie(of):
    cookie = value_of(signed_in(of))
    with of.store.reading() as connection:
        [session] = kept.sessions(connection)
    assert cookie not in repr(session)


def test_signing_in_again_begins_another_session_and_ends_the_one_before(of):
    before = signed_in(of)
    after = of.guard.callers.sessions.begin("by a link", "link", "coordinator", NOW, value_of(before))
    assert after != value_of(before)
    assert not opens(of, before)
    assert opens(of, {"Cookie": f"{SESSION_COOKIE}={after}"})


def test_who_is_removed_is_out_at_once_and_can_be_let_in_again(of):
    cookie = by_account(of)
    assert opens(of, cookie)
    accounts.remove(of.store, "ann", NOW, "a test")
    assert not opens(of, cookie)
    assert accounts.sign_in(of.store, "ann", PASSWORD, NOW).account is None
    accounts.restore(of.store, "ann", NOW, "a test")
    assert not opens(of, cookie)
    assert accounts.sign_in(of.store, "ann", PASSWORD, NOW).account is not None


def test_a_changed_account_ends_its_sessions(of):
    cookie = by_account(of)
    accounts.add(of.store, "ann", PASSWORD, "data scientist", None, NOW, "a test")
    assert not opens(of, cookie, "/v1/docs")


def test_people_of_one_role_are_told_apart_in_the_audit(of):
    for name in ("ann", "ben"):
        opens(of, by_account(of, name))
    said = "".join(events(of.store))
    assert "coordinator ann" in said
    assert "coordinator ben" in said


def test_signing_out_ends_the_session_in_the_store_too(of):
    browser, cookie = Browser(of), value_of(signed_in(of))
    browser.cookies[SESSION_COOKIE] = cookie
    answer = browser.post("/sign-out", form_token=browser.form_token("/board"))
    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not opens(of, {"Cookie": f"{SESSION_COOKIE}={cookie}"})


@pytest.mark.parametrize("token", ["", "x", "é", form_token("of another session"), form_token("")])
def test_a_form_without_the_token_of_its_session_changes_nothing(of, token):
    browser, cookie = Browser(of), signed_in(of)
    browser.cookies[SESSION_COOKIE] = value_of(cookie)
    assert browser.post("/sign-out", form_token=token).status_code == 403
    assert opens(of, cookie)


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
@pytest.mark.parametrize("path", ["/sign-out", "/sign-in"])
def test_a_change_that_no_page_of_ours_asked_for_is_refused(of, told, path):
    cookie = signed_in(of)
    form = {"form_token": form_token(value_of(cookie))}
    answer = nobody(of).request("POST", path, {**cookie, **told}, data=form)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert opens(of, cookie)


def test_a_browser_that_tells_only_the_origin_may_change_something(of):
    cookie = signed_in(of)
    form = {"form_token": form_token(value_of(cookie))}
    ours = {**cookie, "Origin": "http://127.0.0.1:3000"}
    assert nobody(of).request("POST", "/sign-out", ours, data=form).status_code == 303


def test_every_form_brings_its_token(of):
    cookie = signed_in(of)
    for path in ("/board", "/v1/docs"):
        page = nobody(of).get(path, **cookie).text
        brought = f'name="form_token" value="{form_token(value_of(cookie))}"'
        assert page.count("<form") == page.count(brought) >= 1


def test_a_session_sees_the_sites_of_its_account(of):
    session = by_account(of, sites=["RXX01"])
    caller = of.guard.callers.sessions.caller(value_of(session), NOW)
    assert caller.sites == {"RXX01"}
    assert caller.name == "coordinator ann"


def test_sessions_of_days_ago_are_forgotten(of):
    signed_in(of)
    later(of, days=1)
    signed_in(of)
    with of.store.reading() as connection:
        assert len(kept.sessions(connection)) == 1


def test_that_a_session_is_in_use_is_noted_once_a_minute(of):
    cookie = signed_in(of)
    for seconds, noted in ((59, 0), (2, 61)):
        later(of, seconds=seconds)
        opens(of, cookie)
        with of.store.reading() as connection:
            assert kept.sessions(connection)[0].seen_at == NOW + timedelta(seconds=noted)


def test_the_forms_are_all_that_a_page_can_change(of):
    """What the tests of forms go through: a new change under a session must come here."""
    changes = {(one.method, one.template) for one in doors(of) if one.method not in ("GET", "HEAD")}
    assert {one for one in changes if DOORS[one[1]] & PEOPLE} == set(FORMS)


def test_a_page_that_brings_itself_up_to_date_does_not_keep_a_session(of):
    cookie = signed_in(of)
    for minutes in (10, 10, 9):
        of.guard.clock.now += timedelta(minutes=minutes)
        assert nobody(of).get("/board", **cookie, **{"X-Homeward-Refresh": "1"}).status_code == 200
    of.guard.clock.now += timedelta(minutes=2)
    assert nobody(of).get("/board", **cookie, **{"X-Homeward-Refresh": "1"}).status_code == 401
