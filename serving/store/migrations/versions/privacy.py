"""People and keys apart from facts, encrypted bodies, and what remains of rows that were erased."""

import sqlalchemy as sa
from alembic import op

from serving.store.database import StoreFault

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ABOUT_PATIENTS = ("stay_facts", "events", "predictions")


def upgrade() -> None:
    """Make the tables of facts and predictions anew; raises StoreFault if one of them holds something."""
    for table in ABOUT_PATIENTS:
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first():
            raise StoreFault(
                "the database was written by a version of Homeward that encrypted nothing; name a new one in "
                "HOMEWARD_DATABASE_URL, ingest again, and destroy the old one"
            )
    op.execute("DELETE FROM repeats")  # not encrypted either, and of a day
    for table in ("shadows", "predictions", "events", "stay_facts"):
        op.drop_table(table)
    _people()
    _facts()
    _predictions()


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("person", sa.String(length=10), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("person"),
        sa.UniqueConstraint("pseudonym"),
    )
    op.create_table(
        "keys",
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "number"),
    )
    op.create_table(
        "erased",
        sa.Column("table", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audit", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("table", "number", "audit"),
    )
    op.create_index(op.f("ix_erased_by"), "erased", ["by"])
    op.create_index("erased_of_an_operation", "erased", ["table", "audit"])


def _facts() -> None:
    op.create_table(
        "events",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("admission_id", sa.String(), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "stay_facts",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("admission_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("person", sa.String(length=10), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(op.f("ix_stay_facts_person"), "stay_facts", ["person"])
    for table in ("events", "stay_facts"):
        for column in ("admission_id", "audit"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("admission_id", sa.String(), nullable=False),
        sa.Column("person", sa.String(length=10), nullable=False),
        sa.Column("ward", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("release_digest", sa.String(length=64), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round"], ["rounds.number"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    for column in ("audit", "made_at", "person"):
        op.create_index(op.f(f"ix_predictions_{column}"), "predictions", [column])
    op.create_index("predictions_of_a_stay", "predictions", ["admission_id", "number"])
    op.create_index("predictions_of_a_ward", "predictions", ["round", "ward", "site"])
    op.create_table(
        "shadows",
        sa.Column("prediction", sa.Integer(), nullable=False),
        sa.Column("release_digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["prediction"], ["predictions.number"]),
        sa.PrimaryKeyConstraint("prediction", "release_digest"),
    )
    op.create_index(op.f("ix_shadows_audit"), "shadows", ["audit"])
