"""What waits for speakers is found without looking at all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_UNSENT = sa.text("desired_sent < desired_version")


def upgrade() -> None:
    op.create_index("commands_waiting", "commands", ["status", "created_ms"])
    op.create_index(
        "devices_unsent", "devices", ["id"], sqlite_where=_UNSENT, postgresql_where=_UNSENT
    )
