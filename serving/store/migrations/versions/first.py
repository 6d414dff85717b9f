"""The first tables: census, rounds, predictions, audit, repeats and leases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("details_digest", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "challengers",
        sa.Column("release_digest", sa.String(length=64), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("release_digest"),
    )
    op.create_table(
        "events",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("admission_id", sa.String(), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(op.f("ix_events_admission_id"), "events", ["admission_id"], unique=False)
    op.create_index(op.f("ix_events_audit"), "events", ["audit"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "news",
        sa.Column("admission_id", sa.String(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.Column("arrived", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("admission_id"),
    )
    op.create_table(
        "repeats",
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("caller", "key"),
    )
    op.create_index("repeats_by_age", "repeats", ["claimed_at"], unique=False)
    op.create_table(
        "rounds",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("release_digest", sa.String(length=64), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_rounds_audit"), "rounds", ["audit"], unique=False)
    op.create_index("rounds_of_a_kind", "rounds", ["kind", "due_at"], unique=False)
    op.create_table(
        "stay_facts",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("admission_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(op.f("ix_stay_facts_admission_id"), "stay_facts", ["admission_id"], unique=False)
    op.create_index(op.f("ix_stay_facts_audit"), "stay_facts", ["audit"], unique=False)
    op.create_table(
        "stays",
        sa.Column("admission_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("came_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("admission_id"),
    )
    op.create_index(op.f("ix_stays_left_at"), "stays", ["left_at"], unique=False)
    op.create_index(op.f("ix_stays_patient_id"), "stays", ["patient_id"], unique=False)
    op.create_table(
        "write_check", sa.Column("written", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("written")
    )
    op.create_table(
        "boards",
        sa.Column("ward", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round"],
            ["rounds.number"],
        ),
        sa.PrimaryKeyConstraint("ward", "site"),
    )
    op.create_table(
        "predictions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("admission_id", sa.String(), nullable=False),
        sa.Column("ward", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("release_digest", sa.String(length=64), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round"],
            ["rounds.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_predictions_audit"), "predictions", ["audit"], unique=False)
    op.create_index("predictions_of_a_stay", "predictions", ["admission_id", "number"], unique=False)
    op.create_index("predictions_of_a_ward", "predictions", ["round", "ward", "site"], unique=False)
    op.create_table(
        "round_wards",
        sa.Column("ward", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round"],
            ["rounds.number"],
        ),
        sa.PrimaryKeyConstraint("ward", "site", "round"),
    )
    op.create_table(
        "shadows",
        sa.Column("prediction", sa.Integer(), nullable=False),
        sa.Column("release_digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prediction"],
            ["predictions.number"],
        ),
        sa.PrimaryKeyConstraint("prediction", "release_digest"),
    )
    op.create_index(op.f("ix_shadows_audit"), "shadows", ["audit"], unique=False)
