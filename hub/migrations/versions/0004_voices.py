"""How questions for a teacher sounded, where a family consents to that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "voices",
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("question", sa.String(length=36), nullable=False),
        sa.Column("child", sa.String(length=36), nullable=False),
        sa.Column("media", sa.String(length=40), nullable=False),
        sa.Column("sound", sa.LargeBinary(), nullable=False),
        sa.Column("stored_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", "question"),
    )
