"""What a partner says about a step: another date, a colleague, not ours, a question."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("occurrence", sa.Column("proposed_on", sa.Date(), nullable=True))
    op.add_column("occurrence", sa.Column("proposal_reason", sa.String(), nullable=True))
    op.add_column("occurrence", sa.Column("assigned_to", sa.String(), nullable=True))
    op.add_column("occurrence", sa.Column("declined", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("occurrence", sa.Column("askers", sa.Text(), nullable=True))
