"""Action links, and who asked for a new one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "link",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("traject_id", BIG, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("acts_as", sa.String(), nullable=False),
        sa.Column("deputy_for", sa.String(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.Column("revoked_because", sa.String(), nullable=False),
        sa.CheckConstraint("acts_as IN ('responsible', 'asked', 'decider')", name=op.f("ck_link_acts_as")),
        sa.ForeignKeyConstraint(
            ["traject_id", "cycle", "step", "key"],
            ["occurrence.traject_id", "occurrence.cycle", "occurrence.step", "occurrence.key"],
            name=op.f("fk_link_traject_id_cycle_step_key_occurrence"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_link_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint(
            "traject_id",
            "cycle",
            "step",
            "key",
            "person_id",
            "number",
            name=op.f("uq_link_traject_id_cycle_step_key_person_id_number"),
        ),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_token_hash")),
    )
    op.create_index(op.f("ix_link_person_id"), "link", ["person_id"])

    op.create_table(
        "link_request",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("address_seal", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("link_id", BIG, nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_request")),
    )
    op.create_index(op.f("ix_link_request_address_seal"), "link_request", ["address_seal", "asked_at"])
    op.create_index(op.f("ix_link_request_asked_at"), "link_request", ["asked_at"])
