"""Who is who, without what a ward system calls a patient."""

import pytest
import sqlalchemy as sql

from serving.census import StayFact
from serving.store import people
from serving.store.facts import Receipt, keep
from serving.store.rotation import rotate
from serving.store.store import Store
from serving.store.tables import KEYS, PEOPLE
from serving.store.verify import verify
from tests.serving.builders import NOW, client, parts, person, predicted, question, stay, ward_question
from tests.serving.conftest import KEY
from tests.serving.keys import FixedKeys


def introduced(store, *patients):
    with store.writing() as connection:
        return people.introduced(connection, patients)


def known(store, *patients):
    with store.reading() as connection:
        return people.known(connection, patients)


def pseudonyms(store):
    with store.reading() as connection:
        rows = connection.execute(sql.select(PEOPLE.c.person, PEOPLE.c.pseudonym)).all()
    return {row.person: row.pseudonym for row in rows}


def test_a_patient_is_one_person_for_ever_and_two_are_two(store):
    first = introduced(store, "P1", "P2", "P1")
    assert len(set(first.values())) == 2
    assert introduced(store, "P2", "P1", "P3") == {**first, "P3": known(store, "P3")["P3"]}
    assert known(store, "P4") == {}


def test_a_person_can_be_read_out_and_written_down(store):
    [one] = introduced(store, "P1").values()
    assert len(one) == 10
    assert set(one) <= set(people.ALPHABET)
    assert people.as_written(f" {one[:5]}-{one[5:]} ".lower()) == one
    assert people.as_written("oil") == "011"


def test_neither_the_person_nor_the_pseudonym_follows_from_the_patient_alone(store, tmp_path):
    introduced(store, "P1")
    other = Store(f"sqlite:///{tmp_path / 'other.db'}", KEY, FixedKeys())
    introduced(other, "P1")
    assert pseudonyms(store).keys() != pseudonyms(other).keys()
    other.close()


def test_new_keys_change_every_pseudonym_and_no_person(store):
    before = introduced(store, "P1", "P2")
    old = pseudonyms(store)
    assert rotate(store, "pseudonyms", NOW, "a test") == 2
    assert known(store, "P1", "P2") == before
    assert not set(old.values()) & set(pseudonyms(store).values())
    assert introduced(store, "P3")["P3"] not in before.values()


def test_history_stays_readable_and_proven_when_keys_change(tmp_path, store):
    of = parts(tmp_path, store=store)
    caller = predicted(of, ward_question(beds=2))
    before = person(of), caller.get("/v1/predictions?ward=Ward 7").json()
    for purpose in ("pseudonyms", "inputs", "pseudonyms"):
        rotate(store, purpose, NOW, "a test")
    predicted(of, ward_question(beds=2))  # tells the same again: nobody is new
    after = person(of), caller.get("/v1/predictions?ward=Ward 7").json()
    assert after[0] == before[0]
    assert len(pseudonyms(store)) == 2
    assert [one["admission_id"] for one in after[1]["predictions"]] == ["A1", "A2"]
    assert verify(store).faults == ()


class KeysOfAFile(FixedKeys):
    """Keys as two processes read them from one file."""

    def __init__(self, file):
        super().__init__()
        self._file = file

    def read(self):
        return self._file.ring


def test_a_worker_that_has_older_keys_reads_them_anew_and_takes_nobody_for_new(store, database_url):
    keys = FixedKeys()
    first, second = (Store(database_url, KEY, KeysOfAFile(keys)) for _ in range(2))
    before = introduced(second, "P1")
    keys.added("pseudonyms")  # by a third process
    keys.added("inputs")
    third = Store(database_url, KEY, keys)
    rotate(third, "pseudonyms", NOW, "a test")
    rotate(third, "inputs", NOW, "a test")
    assert known(first, "P1") == before
    assert introduced(second, "P1") == before
    with second.writing() as connection:
        keep(second, connection, [admission("A1", "P1")], [], Receipt(NOW, "w", "test"))
    for each in (first, second, third):
        each.close()


def admission(name, patient):
    body = {"patient_id": patient, "admitted_at": NOW.isoformat()}
    return StayFact(name, "admission", NOW, body)


def test_what_is_written_after_a_change_of_keys_is_under_the_new_one(store):
    from serving.store.tables import STAY_FACTS

    for name in ("A1", "A2"):
        with store.writing() as connection:
            keep(store, connection, [admission(name, "P1")], [], Receipt(NOW, "w", "test"))
        rotate(store, "inputs", NOW, "a test")
    with store.reading() as connection:
        bodies = connection.execute(sql.select(STAY_FACTS.c.body).order_by(STAY_FACTS.c.number)).scalars()
        assert [body[0] for body in bodies] == [1, 2]
    assert verify(store).faults == ()


class Interrupted(FixedKeys):
    """Keys of which one more is on disk, and then the process dies."""

    def added(self, purpose):
        super().added(purpose)
        raise SystemExit


def test_a_change_of_keys_that_was_interrupted_is_told_and_can_be_done_again(database_url):
    keys = Interrupted()
    store = Store(database_url, KEY, keys)
    before = introduced(store, "P1")
    with pytest.raises(SystemExit):
        rotate(store, "pseudonyms", NOW, "a test")
    assert introduced(store, "P1") == before
    assert "where a rotation was interrupted" in " ".join(verify(store).faults)
    assert rotate(store, "pseudonyms", NOW, "a test") == 2
    assert len(keys.ring.keys["pseudonyms"]) == 2
    assert known(store, "P1") == before
    store.close()


def test_two_people_exchanged_are_found(store):
    with store.writing() as connection:
        facts = [admission("A1", "P1"), admission("A2", "P2")]
        keep(store, connection, facts, [], Receipt(NOW, "w", "test"))
    assert verify(store).faults == ()
    (one, first), (other, second) = pseudonyms(store).items()
    with store.writing() as connection:
        for name, pseudonym in ((one, "0" * 64), (other, first), (one, second)):
            connection.execute(PEOPLE.update().where(PEOPLE.c.person == name).values(pseudonym=pseudonym))
    assert verify(store).faults == ("people: 2 rows were altered or added",)


def test_a_key_taken_out_of_the_database_is_found(store):
    introduced(store, "P1")
    rotate(store, "pseudonyms", NOW, "a test")
    with store.writing() as connection:
        connection.execute(KEYS.delete().where(KEYS.c.number == 2))
    assert "people: 1 rows were altered or added" in verify(store).faults


def test_whom_only_a_question_names_can_be_found_again(tmp_path, store):
    of = parts(tmp_path, store=store)
    for _ in range(2):
        assert client(of).predict(question(stay("A9"))).status_code == 200
    assert len(pseudonyms(store)) == 1
    assert verify(store).faults == ()


def test_whom_a_question_names_and_does_not_ask_about_is_not_kept(tmp_path, store):
    of = parts(tmp_path, store=store)
    gone = stay("A8", admitted_at="2025-01-03T14:20:00Z", discharged_at="2025-01-04T14:20:00Z")
    client(of).predict(question(stay("A9"), gone))
    client(of).predict(question(gone))  # asks about nobody
    assert len(pseudonyms(store)) == 1
