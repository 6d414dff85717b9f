"""Who is behind a stay, apart from everything else."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of identities."""
    op.create_table(
        "identities",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("admission_id", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.Column("audit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_identities_admission_id"), "identities", ["admission_id"], unique=False)
    op.create_index(op.f("ix_identities_audit"), "identities", ["audit"], unique=False)
