import pytest
import sqlalchemy as sql

from serving import accounts
from serving.accounts import AccountFault
from serving.sessions import SESSION_COOKIE
from serving.store.tables import ACCOUNTS
from serving.store.verify import events, verify
from tests.serving.browser import Browser
from tests.serving.builders import NOW, nobody, parts
from tests.serving.doors import OWN_PAGE, later

PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"


@pytest.fixture
def of(tmp_path):
    made = parts(tmp_path)
    accounts.add(made.store, "ann", PASSWORD, "coordinator", None, NOW, "a test")
    yield made
    made.close()


def tried(of, password, name="ann"):
    return accounts.sign_in(of.store, name, password, of.guard.clock())


def test_a_name_and_a_password_open_the_board(of):
    browser = Browser(of)
    assert browser.sign_in("ann", PASSWORD).status_code == 200
    assert browser.get("/board").status_code == 200


def test_the_cookie_is_for_this_site_and_for_no_script(of):
    told = Browser(of).sign_in("ann", PASSWORD).headers.get_list("set-cookie")
    [session] = [one for one in told if one.startswith(SESSION_COOKIE)]
    assert "HttpOnly" in session
    assert "SameSite=strict" in session


def test_behind_a_proxy_with_tls_the_cookie_goes_over_tls_alone(of):
    browser = Browser(of)
    token = browser.form_token("/sign-in")
    form = {"name": "ann", "password": PASSWORD, "form_token": token}
    for told, secure in (({"X-Forwarded-Proto": "https"}, True), ({}, False)):
        headers = {**OWN_PAGE, **browser.shown, **told}
        answer = nobody(of).request("POST", "/sign-in", headers, data=form)
        [session] = [one for one in answer.headers.get_list("set-cookie") if one.startswith(SESSION_COOKIE)]
        assert ("Secure" in session) == secure


@pytest.mark.parametrize(
    ("name", "password"), [("ann", WRONG), ("nobody", PASSWORD), ("", ""), ("ANN", PASSWORD)]
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(of, name, password):
    answer = Browser(of).sign_in(name, password)
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text
    assert SESSION_COOKIE not in str(answer.headers.get_list("set-cookie"))


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_each_try_after_wrong_ones_must_wait_longer(of, name):
    waits = []
    for _ in range(12):
        if wait := tried(of, WRONG, name).wait_seconds:
            waits.append(wait)
            later(of, seconds=wait)
            tried(of, WRONG, name)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256]


def test_a_right_password_is_not_looked_at_before_its_time(of):
    for _ in range(3):
        tried(of, WRONG)
    answer = Browser(of).sign_in("ann", PASSWORD)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    later(of, seconds=1)
    assert Browser(of).sign_in("ann", PASSWORD).status_code == 200
    assert tried(of, WRONG).wait_seconds == 0


def test_the_longest_wait_is_five_minutes(of):
    for _ in range(40):
        later(of, minutes=5)
        assert tried(of, WRONG).wait_seconds == 0
    assert tried(of, PASSWORD).wait_seconds == 300


def test_the_store_holds_no_password(of):
    with of.store.reading() as connection:
        row = connection.execute(sql.select(ACCOUNTS)).one()
    assert PASSWORD not in repr(row)
    assert row.password.startswith("$argon2id$")


def test_a_role_that_somebody_gave_themselves_is_found(of):
    with of.store.writing() as connection:
        connection.execute(ACCOUNTS.update().values(role="safety officer"))
    assert verify(of.store).faults == ("accounts: rows of operation 1 were altered",)


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("ann", "short", "12 to 256"),
        ("ann", "x" * 257, "12 to 256"),
        ("", PASSWORD, "a name must be"),
        ("Ann", PASSWORD, "a name must be"),
        ("oidc:ann", PASSWORD, "a name must be"),
    ],
)
def test_what_cannot_be_an_account_is_refused_and_changes_nothing(of, name, password, said):
    before = verify(of.store).operations
    with pytest.raises(AccountFault, match=said):
        accounts.add(of.store, name, password, "coordinator", None, NOW, "a test")
    assert verify(of.store).operations == before


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_nobody_is_restored_who_was_not_removed(of, name):
    with pytest.raises(AccountFault, match="nobody of that name was removed"):
        accounts.restore(of.store, name, NOW, "a test")


def test_a_form_of_another_browser_signs_nobody_in(of):
    mine, theirs = Browser(of), Browser(of)
    token = mine.form_token("/sign-in")
    theirs.get("/sign-in")
    answer = theirs.post("/sign-in", name="ann", password=PASSWORD, form_token=token)
    assert answer.status_code == 403


def test_who_holds_a_cookie_that_has_ended_can_sign_in(of):
    browser = Browser(of)
    browser.cookies[SESSION_COOKIE] = "of a session that has ended"
    assert browser.sign_in("ann", PASSWORD).status_code == 200


def test_too_much_of_a_form_is_refused(of):
    assert Browser(of).post("/sign-in", name="x" * 5_000).status_code == 413


def test_signing_in_is_audited_with_the_name_and_failing_without(of):
    Browser(of).sign_in("ann", PASSWORD)
    Browser(of).sign_in("somebody-else", "a password typed as a name")
    said = "".join(events(of.store))
    assert '"display":"ann"' in said
    assert '"outcome":"4"' in said
    assert "somebody-else" not in said
