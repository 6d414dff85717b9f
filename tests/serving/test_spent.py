import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from serving.spent import Spent
from serving.store.database import StoreFault
from tests.serving.builders import NOW, client, nobody, parts

ENDS = NOW + timedelta(minutes=5)


def kept(home):
    return [file for file in (home / "spent").rglob("*") if file.is_file()]


def test_a_token_is_spent_once_by_any_process(tmp_path):
    one, other = Spent(tmp_path / "spent"), Spent(tmp_path / "spent")
    assert [each.spend("pas", "a", ENDS, NOW) for each in (one, other, one)] == [True, False, False]
    assert other.spend("pas", "b", ENDS, NOW)
    assert other.spend("rival", "a", ENDS, NOW)


def test_of_many_at_once_one_is_the_first(tmp_path):
    spents = [Spent(tmp_path / "spent") for _ in range(8)]
    for name in range(50):
        with ThreadPoolExecutor(8) as threads:
            firsts = list(threads.map(lambda it, name=name: it.spend("pas", f"{name}", ENDS, NOW), spents))
        assert sum(firsts) == 1


def test_what_has_ended_by_itself_is_not_kept(tmp_path):
    spent = Spent(tmp_path / "spent")
    spent.spend("pas", "a", NOW + timedelta(minutes=1), NOW)
    spent.spend("pas", "b", NOW + timedelta(minutes=5), NOW)
    later = NOW + timedelta(minutes=4)
    assert not spent.spend("pas", "b", NOW + timedelta(minutes=5), later)
    until = time.monotonic() + 10
    while len(kept(tmp_path)) > 1 and time.monotonic() < until:  # it is taken away beside the requests
        time.sleep(0.01)
    assert len(kept(tmp_path)) == 1


def test_a_name_is_never_a_path(tmp_path):
    Spent(tmp_path / "spent").spend("pas", "../../outside", ENDS, NOW)
    assert not (tmp_path / "outside").exists()
    assert len(kept(tmp_path)) == 1


def test_what_cannot_be_noted_opens_nothing(tmp_path):
    (tmp_path / "spent").write_text("a file in the way")
    with pytest.raises(StoreFault, match="cannot be noted as spent"):
        Spent(tmp_path / "spent").spend("pas", "a", ENDS, NOW)
    of = parts(tmp_path / "home")
    of.settings.spent_tokens.write_text("a file in the way")
    assert client(of).get("/v1/docs").status_code == 503
    assert nobody(of).get("/sign-in").status_code == 200
    of.close()
