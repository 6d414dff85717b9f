"""People sign in at the trust's provider; a provider of the tests speaks OpenID Connect on this machine."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from oidc_provider_mock import User

from serving import accounts
from serving.parts import Parts
from serving.provider import ProviderFault, read_provider
from serving.sessions import SESSION_COOKIE
from serving.store.verify import events
from tests.serving.browser import Browser
from tests.serving.builders import NOW, nobody, parts
from tests.serving.doors import OWN_PAGE
from tests.serving.doors import signed_in as by_link
from tests.serving.publishing import publishing

RETURN = "http://127.0.0.1:3000/sign-in/return"
GROUPS = {
    "discharge-team": {"role": "coordinator", "sites": ["RXX01"]},
    "analysts": {"role": "data scientist"},
    "safety": {"role": "safety-officer"},
}
PEOPLE = [
    User(sub="ann", claims={"groups": ["staff", "discharge-team"]}),
    User(sub="ben", claims={"groups": ["analysts"]}),
    User(sub="cat", claims={"groups": ["safety", "analysts"]}),
    User(sub="dan", claims={"groups": ["catering"]}),
    User(sub="eve", claims={}),
    User(sub="fay", claims={"groups": "discharge-team"}),
]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


def described(at: str, **changes: Any) -> dict[str, Any]:
    said = {
        "issuer": at,
        "client_id": "homeward",
        "client_secret": "a secret of the provider",
        "redirect_uri": RETURN,
        "groups": GROUPS,
    }
    return {**said, **changes}


@pytest.fixture
def of(tmp_path, issuer) -> Iterator[Parts]:
    made = parts(tmp_path)
    made.settings.provider_file.write_text(json.dumps(described(issuer)))
    yield made
    made.close()


def begun(browser: Browser) -> str:
    """Go to the provider, and return the address that it was asked with."""
    answer = browser.get("/sign-in/provider")
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def let_go(address: str, sub: str) -> str:
    """Be somebody at the provider, and return the path that leads back."""
    back = httpx.post(address, data={"sub": sub}, trust_env=False)
    parts = urlsplit(back.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == RETURN
    return f"{parts.path}?{parts.query}"


def signed_in(of: Parts, sub: str) -> tuple[Browser, httpx.Response]:
    browser = Browser(of)
    return browser, browser.get(let_go(begun(browser), sub))


def test_the_form_offers_the_provider_where_there_is_one(of):
    assert 'href="/sign-in/provider"' in Browser(of).get("/sign-in").text
    of.settings.provider_file.unlink()
    assert 'href="/sign-in/provider"' not in Browser(of).get("/sign-in").text
    assert Browser(of).get("/sign-in/provider").status_code == 404


@pytest.mark.parametrize(
    ("sub", "role", "sites"),
    [("ann", "coordinator", {"RXX01"}), ("ben", "data scientist", None), ("cat", "data scientist", None)],
)
def test_somebody_of_a_group_comes_in_with_its_role_and_sites(of, sub, role, sites):
    browser, answer = signed_in(of, sub)
    assert answer.status_code == 200, answer.text
    caller = of.guard.callers.sessions.caller(browser.cookies[SESSION_COOKIE], NOW)
    assert (caller.role, caller.name, caller.sites) == (role, f"{role} oidc:{sub}", sites)
    assert browser.get("/board").status_code == (200 if role == "coordinator" else 403)


@pytest.mark.parametrize("sub", ["dan", "eve", "fay"])
def test_somebody_of_no_group_does_not(of, sub):
    browser, answer = signed_in(of, sub)
    assert answer.status_code == 403
    assert SESSION_COOKIE not in browser.cookies


def test_the_provider_is_asked_with_pkce_state_and_nonce(of):
    asked = parse_qs(urlsplit(begun(Browser(of))).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 20


def test_the_cookie_of_a_sign_in_under_way_is_for_no_script(of):
    told = Browser(of).get("/sign-in/provider").headers["set-cookie"]
    assert "httponly" in told.lower()
    assert "samesite=lax" in told.lower()
    assert "path=/sign-in" in told.lower()


def test_who_comes_back_without_having_gone_is_not_let_in(of):
    mine, theirs = Browser(of), Browser(of)
    back = let_go(begun(theirs), "ann")
    answer = mine.get(back)
    assert answer.status_code == 401
    assert SESSION_COOKIE not in mine.cookies


def test_a_way_back_leads_in_once(of):
    browser = Browser(of)
    back = let_go(begun(browser), "ann")
    assert browser.get(back).status_code == 200
    again = Browser(of)
    again.cookies = {"homeward_provider": browser.cookies["homeward_provider"]}
    assert again.get(back).status_code == 401


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x", "?code=x&state=x", "?error=access_denied&state=x"]
)
def test_a_made_up_way_back_leads_nowhere(of, query):
    browser = Browser(of)
    begun(browser)
    assert browser.get(f"/sign-in/return{query}").status_code == 401
    assert SESSION_COOKIE not in browser.cookies


def test_a_group_that_goes_takes_its_sessions_with_it(of, issuer):
    browser, _ = signed_in(of, "ann")
    assert browser.get("/board").status_code == 200
    fewer = {"analysts": GROUPS["analysts"]}
    of.settings.provider_file.write_text(json.dumps(described(issuer, groups=fewer)))
    assert browser.get("/board").status_code == 401


def test_somebody_of_the_provider_can_be_removed_and_restored(of):
    browser, _ = signed_in(of, "ann")
    accounts.remove(of.store, "oidc:ann", NOW, "a test")
    assert browser.get("/board").status_code == 401
    assert signed_in(of, "ann")[1].status_code == 403
    accounts.restore(of.store, "oidc:ann", NOW, "a test")
    assert signed_in(of, "ann")[1].status_code == 200


def test_a_sign_in_is_audited_by_its_name(of):
    signed_in(of, "ann")
    assert '"display":"oidc:ann"' in "".join(events(of.store))


def test_a_provider_that_is_away_is_a_problem_that_says_so(of, caplog):
    caplog.set_level(logging.DEBUG)
    of.settings.provider_file.write_text(json.dumps(described("http://127.0.0.1:1")))
    answer = Browser(of).get("/sign-in/provider")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert nobody(of).request("GET", "/livez", OWN_PAGE).status_code == 404  # BentoML's, not here


def test_a_provider_that_calls_itself_otherwise_is_not_believed(of):
    with publishing("") as site:
        other = "https://login.another.example"
        site.body = json.dumps({"issuer": other, "authorization_endpoint": f"{other}/authorize"}).encode()
        of.settings.provider_file.write_text(json.dumps(described(site.url)))
        assert Browser(of).get("/sign-in/provider").status_code == 503
        assert site.asked == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": 7}, "issuer must be a text"),
        ({"issuer": "http://login.trust.example"}, "issuer must be an https address"),
        ({"client_secret": ""}, "client_secret must be a text"),
        ({"redirect_uri": "https://homeward.trust.example/"}, "redirect_uri must end with /sign-in/return"),
        ({"groups": {}}, "groups must name at least one"),
        ({"groups": ["discharge-team"]}, "groups must name at least one"),
        ({"groups": {"a": "coordinator"}}, "group a: must have a role"),
        ({"groups": {"a": {"role": "ward system"}}}, "group a: role must be coordinator"),
        ({"groups": {"a": {"role": "coordinator", "sites": "RXX01"}}}, "group a: sites must be a list"),
        ({"colour": "blue"}, "colour is not known"),
        ({"name_claim": 7}, "name_claim must be a text"),
    ],
)
def test_a_file_that_describes_no_provider_says_what_it_must(tmp_path, changes, said):
    (tmp_path / "provider.json").write_text(json.dumps(described("https://login.trust.example", **changes)))
    with pytest.raises(ProviderFault, match=said):
        read_provider(tmp_path / "provider.json")


def test_a_file_that_was_spoilt_lets_nobody_in_and_keeps_nobody_else_out(of, caplog):
    browser, _ = signed_in(of, "ann")
    of.settings.provider_file.write_text("{")
    assert browser.get("/board").status_code == 401
    assert 'href="/sign-in/provider"' not in Browser(of).get("/sign-in").text
    assert nobody(of).get("/board", **by_link(of)).status_code == 200
    assert caplog.text.count("nobody can sign in at the provider") == 1


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    (tmp_path / "provider.json").write_text("{}")
    with pytest.raises(ProviderFault) as fault:
        read_provider(tmp_path / "provider.json")
    for name in ("issuer", "client_id", "client_secret", "redirect_uri", "groups"):
        assert name in str(fault.value)
