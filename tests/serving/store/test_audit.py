"""Every operation is audited, and every altered row is found."""

import contextlib
import json
from datetime import timedelta

import pytest
import sqlalchemy as sql
from fhir.resources.R4B.auditevent import AuditEvent

from serving import accounts
from serving.release import Loaded
from serving.rounds import predict_round
from serving.shadow import shadowed
from serving.store import shadows, tables
from serving.store.digest import digest_of_all
from serving.store.erasure import Erasure
from serving.store.forgetting import forget
from serving.store.verify import events, holds, verified, verify
from tests.serving.builders import (
    NOW,
    FakePredictor,
    client,
    parts,
    person,
    predicted,
    question,
    stay,
    ward_question,
)

FREE = {"news", "repeats", "leases", "write_check", "challengers", "sessions", "tries", "followed"}
"""Tables that hold nothing to answer for: what waits, keys of a day, who works, a probe, where one began, and
whom one follows.

Whoever signs in, and each account that a session stands on, is in the audit.
"""
SEALED = [table for table in tables.TABLES.sorted_tables if table.name not in FREE]


@pytest.fixture
def day(tmp_path, store):
    """A service after a day's work of every kind."""
    of = parts(tmp_path, store=store)
    accounts.add(store, "ann", "correct horse battery", "coordinator", ["RXX01"], NOW, "a test")
    body = ward_question(beds=3)
    caller = predicted(of, {**body, "admissions": [{**row, "site": "RXX01"} for row in body["admissions"]]})
    caller.predict(question(stay("A9")))
    caller.post(
        "/v1/admissions/A1/discharge",
        {"discharged_at": "2026-01-06T08:01:00Z", "recorded_at": "2026-01-06T08:02:00Z"},
    )
    caller.get("/board")
    for name in ("A1", "A3"):  # of whom one is erased later
        body = {"recorded_at": "2026-01-06T08:00:00Z", "name": "Somebody"}
        assert caller.request("PUT", f"/v1/admissions/{name}/identity", json=body).status_code == 200
    with store.writing() as connection:
        shadows.begin(connection, "e" * 64)
    predict_round(store, of.releases.current(), NOW, NOW, "asked for")
    shadowed(store, Loaded(FakePredictor(), "e" * 64), NOW)
    return of


@pytest.fixture
def of(day):
    """The same after somebody was erased, whose rows were parts of operations and wholes."""
    forget(day.store, person(day, "A3"), Erasure(NOW, "a person", "erase a person"))
    return day


def test_an_untouched_store_has_no_fault(of):
    found = verify(of.store)
    assert found.faults == ()
    assert found.operations == 14


def test_every_operation_is_a_fhir_audit_event(of):
    told = [json.loads(event) for event in events(of.store)]
    for event in told:
        AuditEvent.model_validate(event)
    assert [event["subtype"][0]["code"] for event in told] == [
        "user add",
        *["PUT /v1/admissions/{admission_id}"] * 3,
        "POST /v1/events",
        "predict a round",
        "POST /v1/predict",
        "POST /v1/admissions/{admission_id}/discharge",
        "GET /board",
        *["PUT /v1/admissions/{admission_id}/identity"] * 2,
        "predict a round",
        "predict in the shadow",
        "erase a person",
    ]
    assert {event["outcome"] for event in told} == {"0"}


def altered(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1])
    if isinstance(value, int):
        return value + 1000
    if isinstance(value, str):
        return (("0" if value[0] != "0" else "1") + value[1:]) if value else "x"
    return value + timedelta(seconds=1)


class Undone(Exception):
    pass


def goes_unseen(store, change):
    """Tell whether a change of the database goes unseen; it is undone afterwards."""
    found = []
    with contextlib.suppress(Undone), store.writing() as connection:
        if store.database.lite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no foreign keys
        change(connection)
        found = verified(store, connection).faults
        raise Undone
    return not found


def rows_of(store, table):
    with store.reading() as connection:
        return connection.execute(sql.select(table)).all()


def this(table, row):
    return sql.and_(*[each == row._mapping[each.name] for each in table.primary_key.columns])


def test_any_altered_value_is_found(of):
    unseen, tried = [], set()
    for table in SEALED:
        for row in rows_of(of.store, table)[-2:]:
            for column in table.columns:
                if row._mapping[column.name] is None:
                    continue
                values = {column.name: altered(row._mapping[column.name])}
                statement = table.update().where(this(table, row)).values(values)
                tried.add(f"{table.name}.{column.name}")
                if goes_unseen(of.store, lambda connection, it=statement: connection.execute(it)):
                    unseen.append(f"{table.name}.{column.name}")
    every = {f"{table.name}.{column.name}" for table in SEALED for column in table.columns}
    assert unseen == []
    assert every == tried


def test_a_removed_row_is_found(of):
    unseen = [
        (table.name, row[0])
        for table in SEALED
        for row in rows_of(of.store, table)
        if goes_unseen(
            of.store, lambda it, table=table, row=row: it.execute(table.delete().where(this(table, row)))
        )
    ]
    assert unseen == []


def test_an_added_row_is_found(of):
    keys = {
        "number": 99,
        "id": "f" * 32,
        "digest": "f" * 64,
        "admission_id": "A99",
        "ward": "Ward 99",
        "prediction": 1,
        "pseudonym": "f" * 64,
    }
    unseen = []
    for table in SEALED:
        row = dict(rows_of(of.store, table)[0]._mapping)
        keys["person"] = "Z" * 10 if table is tables.PEOPLE else row.get("person")
        more = {**row, **{key: it for key, it in keys.items() if key in row}}
        if goes_unseen(of.store, lambda it, table=table, more=more: it.execute(table.insert(), [more])):
            unseen.append(table.name)
    assert unseen == []


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("by", [1, 11], ids=["an operation that erased nothing", "one that did"])
def test_rows_taken_away_as_if_they_had_been_erased_are_found(of, whole, by):
    """Who has the database can write down every seal that remains, but not what the audit holds of them."""
    table = tables.PREDICTIONS
    rows = [row for row in rows_of(of.store, table) if row.audit == rows_of(of.store, table)[-1].audit]
    seals = [tables.row_seal(table, row._mapping) for row in rows]
    same = {"table": table.name, "audit": rows[0].audit, "by": by, "whole": whole}
    left = [{**same, "number": row.number, "seal": seal} for row, seal in zip(rows, seals, strict=True)]
    if whole:
        left = [{**left[-1], "seal": digest_of_all(seals)}]

    def taken(connection):
        numbers = [row.number for row in rows]
        connection.execute(tables.SHADOWS.delete().where(tables.SHADOWS.c.prediction.in_(numbers)))
        connection.execute(table.delete().where(table.c.number.in_(numbers)))
        connection.execute(tables.ERASED.insert(), left)
        found.extend(verified(of.store, connection).faults)

    found: list[str] = []
    assert not goes_unseen(of.store, taken)
    assert [fault for fault in found if fault.startswith("erased: ")]


def test_a_chain_sealed_without_the_key_is_found(of):
    other = replace_key(of.store)
    with of.store.writing() as connection:
        last = connection.execute(sql.select(tables.AUDIT).order_by(tables.AUDIT.c.number.desc())).first()
        before = connection.execute(
            sql.select(tables.AUDIT.c.seal).where(tables.AUDIT.c.number == last.number - 1)
        ).scalar()
        seal = other.seal(before, last.number, last.made_at, last.details_digest)
        connection.execute(tables.AUDIT.update().where(tables.AUDIT.c.number == last.number).values(seal=seal))
    assert f"audit {last.number}: was altered, or the one before it" in verify(of.store).faults


def replace_key(store):
    import copy

    other = copy.copy(store)
    other._key = b"x" * 32
    return other


def test_removed_newest_operations_are_found_by_a_head_noted_before(day):
    of = day
    head = verify(of.store).head
    assert holds(of.store, head)
    assert not holds(of.store, "nonsense")
    client(of).get("/board")
    assert holds(of.store, head)
    with of.store.writing() as connection:
        last = int(head.split(":")[0])
        for number in (last + 1, last, last - 1):
            connection.execute(tables.SHADOWS.delete().where(tables.SHADOWS.c.audit == number))
            connection.execute(tables.PREDICTIONS.delete().where(tables.PREDICTIONS.c.audit == number))
            rounds = sql.select(tables.ROUNDS.c.number).where(tables.ROUNDS.c.audit == number)
            connection.execute(tables.BOARDS.update().values(round=1))
            connection.execute(tables.ROUND_WARDS.delete().where(tables.ROUND_WARDS.c.round.in_(rounds)))
            connection.execute(tables.ROUNDS.delete().where(tables.ROUNDS.c.audit == number))
            connection.execute(tables.AUDIT.delete().where(tables.AUDIT.c.number == number))
    assert verify(of.store).faults == ()
    assert not holds(of.store, head)


def test_a_fault_names_no_patient(of):
    with of.store.writing() as connection:
        connection.execute(tables.STAY_FACTS.update().values(sent_by="somebody"))
    names = "A1", "P-A1", person(of)
    assert verify(of.store).faults
    assert not any(name in fault for fault in verify(of.store).faults for name in names)


def test_what_failed_leaves_no_row_behind(of):
    before = verify(of.store).operations
    client(of).predict({})
    client(of).get("/board/nowhere")
    assert verify(of.store).operations == before
