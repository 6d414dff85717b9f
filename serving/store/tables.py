"""The tables of the store, as the newest migration leaves them.

What is encrypted is named in the text of its table; `person` and `patient_id` are people of `people`, never
what a ward system calls a patient.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sql

from serving.store.database import Instant
from serving.store.digest import digest_of_row

TABLES = sql.MetaData()

STAY_FACTS = sql.Table(
    "stay_facts",
    TABLES,
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("digest", sql.String(64), nullable=False, unique=True),
    sql.Column("admission_id", sql.String, nullable=False, index=True),
    sql.Column("kind", sql.String, nullable=False),
    sql.Column("recorded_at", Instant, nullable=False),
    sql.Column("void", sql.Boolean, nullable=False),
    sql.Column("person", sql.String(10), index=True),
    sql.Column("body", sql.LargeBinary, nullable=False),
    sql.Column("received_at", Instant, nullable=False),
    sql.Column("sent_by", sql.String, nullable=False),
    sql.Column("audit", sql.Integer, nullable=False, index=True),
)
"""What was said of a stay as a whole: its admission, its discharge, and that either was a mistake.

`body` is encrypted, `person` is whom an admission names, and `digest` tells equal facts, under the audit's key.
"""

EVENTS = sql.Table(
    "events",
    TABLES,
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("digest", sql.String(64), nullable=False, unique=True),
    sql.Column("admission_id", sql.String, nullable=False, index=True),
    sql.Column("happened_at", Instant, nullable=False),
    sql.Column("recorded_at", Instant, nullable=False),
    sql.Column("name", sql.String, nullable=False),
    sql.Column("said", sql.LargeBinary, nullable=False),
    sql.Column("received_at", Instant, nullable=False),
    sql.Column("sent_by", sql.String, nullable=False),
    sql.Column("audit", sql.Integer, nullable=False, index=True),
)
"""Rows of the contract's events table; `said` is its number and text, encrypted."""

PEOPLE = sql.Table(
    "people",
    TABLES,
    sql.Column("person", sql.String(10), primary_key=True),
    sql.Column("pseudonym", sql.String(64), nullable=False, unique=True),
    sql.Column("seal", sql.String(64), nullable=False),
)
"""Who is who: the person behind what a ward system calls a patient, of which only a keyed digest is kept."""

KEYS = sql.Table(
    "keys",
    TABLES,
    sql.Column("purpose", sql.String, primary_key=True),
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("mark", sql.String(64), nullable=False),
)
"""Which keys the database was written with: a mark of each, from which no key can be told."""

STAYS = sql.Table(
    "stays",
    TABLES,
    sql.Column("admission_id", sql.String, primary_key=True),
    sql.Column("patient_id", sql.String, nullable=False, index=True),
    sql.Column("site", sql.String),
    sql.Column("came_at", Instant, nullable=False),
    sql.Column("left_at", Instant, index=True),
)
"""Whose each stay is, where, and when it began and ended, as recorded: an index that facts make."""

NEWS = sql.Table(
    "news",
    TABLES,
    sql.Column("admission_id", sql.String, primary_key=True),
    sql.Column("audit", sql.Integer, nullable=False),
    sql.Column("arrived", sql.Boolean, nullable=False),
)
"""Stays about which a board has something to learn, and the newest operation that said so."""

ROUNDS = sql.Table(
    "rounds",
    TABLES,
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("kind", sql.String, nullable=False),
    sql.Column("at", Instant, nullable=False),
    sql.Column("due_at", Instant, nullable=False),
    sql.Column("made_at", Instant, nullable=False),
    sql.Column("release", sql.String, nullable=False),
    sql.Column("release_digest", sql.String(64), nullable=False),
    sql.Column("audit", sql.Integer, nullable=False, index=True),
    sql.Index("rounds_of_a_kind", "kind", "due_at"),
)
"""Each time that wards were predicted together, at one moment and by one release."""

ROUND_WARDS = sql.Table(
    "round_wards",
    TABLES,
    sql.Column("ward", sql.String, primary_key=True),
    sql.Column("site", sql.String, primary_key=True),
    sql.Column("round", sql.Integer, sql.ForeignKey("rounds.number"), primary_key=True),
)
"""The wards of each round, those without a patient too."""

BOARDS = sql.Table(
    "boards",
    TABLES,
    sql.Column("ward", sql.String, primary_key=True),
    sql.Column("site", sql.String, primary_key=True),
    sql.Column("round", sql.Integer, sql.ForeignKey("rounds.number"), nullable=False),
)
"""The newest round of each ward, which its board shows: an index of the wards of rounds."""

PREDICTIONS = sql.Table(
    "predictions",
    TABLES,
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("id", sql.String(32), nullable=False, unique=True),
    sql.Column("made_at", Instant, nullable=False, index=True),
    sql.Column("at", Instant, nullable=False),
    sql.Column("admission_id", sql.String, nullable=False),
    sql.Column("person", sql.String(10), nullable=False, index=True),
    sql.Column("ward", sql.String, nullable=False),
    sql.Column("site", sql.String, nullable=False),
    sql.Column("round", sql.Integer, sql.ForeignKey("rounds.number")),
    sql.Column("release", sql.String, nullable=False),
    sql.Column("release_digest", sql.String(64), nullable=False),
    sql.Column("asked_by", sql.String, nullable=False),
    sql.Column("inputs", sql.LargeBinary, nullable=False),
    sql.Column("answer", sql.LargeBinary, nullable=False),
    sql.Column("audit", sql.Integer, nullable=False, index=True),
    sql.Index("predictions_of_a_ward", "round", "ward", "site"),
    sql.Index("predictions_of_a_stay", "admission_id", "number"),
)
"""Every answer with what it was made from, both encrypted; those without a round were asked for."""

IDENTITIES = sql.Table(
    "identities",
    TABLES,
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("admission_id", sql.String, nullable=False, index=True),
    sql.Column("recorded_at", Instant, nullable=False),
    sql.Column("content", sql.LargeBinary, nullable=False),
    sql.Column("received_at", Instant, nullable=False),
    sql.Column("sent_by", sql.String, nullable=False),
    sql.Column("audit", sql.Integer, nullable=False, index=True),
)
"""Who is behind a stay, encrypted under a key of its own; for the eyes of coordinators of its site."""

FOLLOWED = sql.Table(
    "followed",
    TABLES,
    sql.Column("by", sql.String, primary_key=True),
    sql.Column("person", sql.String(10), primary_key=True, index=True),
)
"""Whom somebody has put among their own patients: what a board shows them first, and nothing else."""

SHADOWS = sql.Table(
    "shadows",
    TABLES,
    sql.Column("prediction", sql.Integer, sql.ForeignKey("predictions.number"), primary_key=True),
    sql.Column("release_digest", sql.String(64), primary_key=True),
    sql.Column("made_at", Instant, nullable=False),
    sql.Column("answer", sql.LargeBinary, nullable=False),
    sql.Column("audit", sql.Integer, nullable=False, index=True),
)
"""What a challenger would have answered to the question behind a prediction, encrypted; nobody was shown it."""

ERASED = sql.Table(
    "erased",
    TABLES,
    sql.Column("table", sql.String, primary_key=True),
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("audit", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("whole", sql.Boolean, nullable=False),
    sql.Column("seal", sql.String(64), nullable=False),
    sql.Column("by", sql.Integer, nullable=False, index=True),
    sql.Index("erased_of_an_operation", "table", "audit"),
)
"""What is left of a row that was erased: its place, its seal, and which operations wrote it and erased it.

Where an operation lost all of its rows at once one row is left of them, with the seal of the whole and the
highest of their numbers.
"""

CHALLENGERS = sql.Table(
    "challengers",
    TABLES,
    sql.Column("release_digest", sql.String(64), primary_key=True),
    sql.Column("after", sql.Integer, nullable=False),
)
"""After which prediction each challenger began to answer."""

AUDIT = sql.Table(
    "audit",
    TABLES,
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("made_at", Instant, nullable=False),
    sql.Column("details", sql.Text),
    sql.Column("details_digest", sql.String(64), nullable=False),
    sql.Column("seal", sql.String(64), nullable=False),
)
"""One row an operation: a FHIR AuditEvent, which may be erased, and seals that chain what remains."""

REPEATS = sql.Table(
    "repeats",
    TABLES,
    sql.Column("caller", sql.String, primary_key=True),
    sql.Column("key", sql.String, primary_key=True),
    sql.Column("request_digest", sql.String(64), nullable=False),
    sql.Column("claimed_at", Instant, nullable=False),
    sql.Column("answer", sql.LargeBinary),
    sql.Index("repeats_by_age", "claimed_at"),
)
"""Requests under an Idempotency-Key, with their answers, encrypted, once there is one."""

LEASES = sql.Table(
    "leases",
    TABLES,
    sql.Column("name", sql.String, primary_key=True),
    sql.Column("holder", sql.String, nullable=False),
    sql.Column("until", Instant, nullable=False),
)
"""Work that one worker does for all, and until when it is that worker's."""

WRITE_CHECK = sql.Table("write_check", TABLES, sql.Column("written", sql.Integer, primary_key=True))
"""Written by the probe that asks whether a row can be brought to disk."""

ACCOUNTS = sql.Table(
    "accounts",
    TABLES,
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("name", sql.String, nullable=False, index=True),
    sql.Column("role", sql.String, nullable=False),
    sql.Column("sites", sql.Text),
    sql.Column("password", sql.String),
    sql.Column("ended", sql.Boolean, nullable=False),
    sql.Column("made_at", Instant, nullable=False),
    sql.Column("audit", sql.Integer, nullable=False, index=True),
)
"""What was decided about each person, of which the newest counts; without a password the provider has it."""

SESSIONS = sql.Table(
    "sessions",
    TABLES,
    sql.Column("digest", sql.String(64), primary_key=True),
    sql.Column("name", sql.String, nullable=False, index=True),
    sql.Column("origin", sql.String, nullable=False),
    sql.Column("stands_on", sql.String, nullable=False),
    sql.Column("began_at", Instant, nullable=False),
    sql.Column("seen_at", Instant, nullable=False),
)
"""Who is signed in, by the digest of their cookie, and on what it stands: it ends with that."""

TRIES = sql.Table(
    "tries",
    TABLES,
    sql.Column("who", sql.String(64), primary_key=True),
    sql.Column("failures", sql.Integer, nullable=False),
    sql.Column("last_at", Instant, nullable=False),
)
"""Wrong passwords in a row for a name, which may be nobody's."""


def row_seal(table: sql.Table, row: Mapping[str, Any] | sql.RowMapping) -> str:
    """Return the digest of a row as it lies in a table, but for the number of the audit row that holds it."""
    return digest_of_row(row[column.name] for column in table.columns if column.name != "audit")
