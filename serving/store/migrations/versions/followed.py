"""Who has put whom among their own patients."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of those who are followed."""
    op.create_table(
        "followed",
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("person", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("by", "person"),
    )
    op.create_index(op.f("ix_followed_person"), "followed", ["person"], unique=False)
