"""A sweep goes by the day of each zone."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index("ix_traject_sweep", "traject")
    op.create_index("ix_traject_sweep", "traject", ["running", "zone", "next_look_on"])
