"""Keys of ward systems: given as a file, made here, or fetched from where the system publishes them."""

import json
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from serving import published
from serving.errors import Problem
from serving.published import BELIEVED_SECONDS, FRESH_SECONDS, Published
from serving.systems import SystemFault, Systems, address, key_set, read_system
from tests.serving.builders import KEY, bearer, client, known, nobody, parts
from tests.serving.publishing import Site, publishing

PUBLIC = KEY.as_dict(private=False)


@pytest.fixture
def site() -> Iterator[Site]:
    with publishing("/jwks.json") as site:
        site.body = json.dumps({"keys": [PUBLIC]}).encode()
        yield site


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands until it is set, for how old keys are."""
    at = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(published.time, "monotonic", lambda: at.now)
    return at


def settled(keys: Published) -> None:
    for thread in threading.enumerate():
        if thread.name == "keys of a ward system":
            thread.join()


def test_published_keys_open_doors(tmp_path, site):
    of = parts(tmp_path)
    (of.settings.systems / "far.json").write_text(json.dumps({"jwks_uri": site.url}))
    assert [client(of, "far").get("/v1/docs").status_code for _ in range(3)] == [200] * 3
    assert site.asked == 1


def test_a_key_that_was_taken_away_opens_nothing_after_a_minute(tmp_path, site, clock):
    keys = Published(site.url)
    assert [key.kid for key in keys()] == ["pas-1"]
    other = ECKey.generate_key("P-384", {"kid": "new"})
    site.body = json.dumps({"keys": [other.as_dict(private=False)]}).encode()
    clock.now += FRESH_SECONDS + 1
    keys()  # the old ones, while new ones are fetched
    settled(keys)
    assert [key.kid for key in keys()] == ["new"]


@pytest.mark.parametrize(
    ("status", "body"), [(500, b""), (404, b""), (200, b"{"), (200, b"[]"), (200, b'{"keys": []}')]
)
def test_keys_that_cannot_be_fetched_are_believed_for_a_minute_and_no_longer(site, clock, status, body):
    keys = Published(site.url)
    assert keys()
    site.status, site.body = status, body
    clock.now += BELIEVED_SECONDS - 1
    assert keys()
    settled(keys)
    clock.now += 2
    with pytest.raises(Problem) as problem:
        keys()
    assert (problem.value.status, problem.value.headers["Retry-After"]) == (503, "2")


def test_a_system_whose_keys_cannot_be_had_is_asked_to_come_again(tmp_path, site):
    site.status = 500
    of = parts(tmp_path)
    (of.settings.systems / "far.json").write_text(json.dumps({"jwks_uri": site.url}))
    assert client(of, "far").get("/v1/docs").status_code == 503
    assert client(of).get("/v1/docs").status_code == 200


def test_an_answer_without_end_is_left(site):
    site.body = b"x" * 3_000_000
    with pytest.raises(Problem):
        Published(site.url)()


@pytest.mark.parametrize(
    "url",
    [
        "http://pas.trust.example/jwks.json",
        "ftp://x/y",
        "file:///etc/passwd",
        "",
        None,
        7,
        "https://",
        "http://[::1",
    ],
)
def test_an_address_that_is_not_https_is_refused(url):
    with pytest.raises(SystemFault, match="must be an https address"):
        address(url)


def test_https_and_this_machine_are_addresses():
    for url in ("https://pas.trust.example/jwks.json", "http://127.0.0.1:9/x", "http://localhost/x"):
        assert address(url) == url


@pytest.mark.parametrize(
    ("said", "must"),
    [
        ({"keys": [KEY.as_dict(private=True)]}, "holds a private key"),
        ({"keys": [PUBLIC, KEY.as_dict(private=True)]}, "holds a private key"),
        ({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}, "must hold a P-384 key"),
        ({"keys": [RSAKey.generate_key(1024).as_dict(private=False)]}, "must hold a P-384 key"),
        ({"keys": [OctKey.generate_key(256).as_dict()]}, "holds a private key"),
        ({"keys": []}, "must be a JWK Set"),
        ({"keys": 7}, "must be a JWK Set"),
        ({"keys": [7]}, "must be a JWK Set"),
        ({"keys": [{"kty": "EC", "crv": "P-384", "x": "!", "y": "!"}]}, "must be a JWK Set"),
        ({}, "must be a JWK Set"),
    ],
)
def test_what_is_no_set_of_public_keys_is_refused(said, must):
    with pytest.raises(SystemFault, match=must):
        key_set(said, "pas.json")


def test_a_key_that_is_not_understood_is_left_out():
    old = ECKey.generate_key("P-256").as_dict(private=False)
    assert [key.kid for key in key_set({"keys": [old, PUBLIC]}, "pas.json")] == ["pas-1"]


@pytest.mark.parametrize("sites", ["RXX01", [7], {"a": 1}])
def test_sites_that_are_no_list_of_texts_are_refused(tmp_path, sites):
    known(tmp_path, sites=sites)
    with pytest.raises(SystemFault, match="sites must be a list of texts"):
        read_system(tmp_path / "pas.json")


def test_a_file_that_was_changed_is_read_again(tmp_path):
    known(tmp_path)
    systems = Systems(tmp_path)
    assert systems.named("pas").sites is None
    known(tmp_path, sites=["RXX01"])
    assert systems.named("pas").sites == {"RXX01"}
    (tmp_path / "pas.json").unlink()
    assert systems.named("pas") is None


def test_a_spoilt_file_shuts_its_system_out_and_no_other(tmp_path):
    of = parts(tmp_path)
    (of.settings.systems / "spoilt.json").write_text("{")
    assert nobody(of).get("/v1/docs", **bearer(of, "spoilt")).status_code == 401
    assert client(of).get("/v1/docs").status_code == 200
