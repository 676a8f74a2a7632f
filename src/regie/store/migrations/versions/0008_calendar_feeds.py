"""Calendar feeds of people, and what their calendars show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# SQLite numbers rows by itself only in a plain INTEGER
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_feed_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "number", name=op.f("pk_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feed_token_hash")),
    )
    is_live = sa.text("ended_at IS NULL")
    op.create_index("ix_feed_live", "feed", ["person_id"], unique=True, sqlite_where=is_live, postgresql_where=is_live)
    op.create_table(
        "feed_entry",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("traject_id", BIG, autoincrement=False, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('open', 'done', 'cancelled')", name=op.f("ck_feed_entry_status")),
        sa.ForeignKeyConstraint(
            ["traject_id", "cycle"],
            ["cycle.traject_id", "cycle.number"],
            name=op.f("fk_feed_entry_traject_id_cycle_cycle"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_feed_entry_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "traject_id", "cycle", "step", "key", name=op.f("pk_feed_entry")),
        sa.UniqueConstraint("uid", name=op.f("uq_feed_entry_uid")),
    )
    op.create_index("ix_feed_entry_traject", "feed_entry", ["traject_id"])
