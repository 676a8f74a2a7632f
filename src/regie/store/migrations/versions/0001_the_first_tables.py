"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite numbers rows by itself only in a plain INTEGER
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "definition",
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("title", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sources", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'active', 'retired')", name=op.f("ck_definition_status")),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_definition")),
    )
    op.create_index(op.f("ix_definition_id"), "definition", ["id"])

    op.create_table(
        "mark",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mark")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("name", name=op.f("uq_organisation_name")),
    )
    op.create_table(
        "tally",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_tally")),
    )
    op.create_table(
        "traject",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.Column("next_look_on", sa.Date(), nullable=True),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traject")),
        sa.UniqueConstraint("slug", name=op.f("uq_traject_slug")),
    )
    op.create_index(
        "ix_traject_dirty",
        "traject",
        ["id"],
        sqlite_where=sa.text("dirty IS 1"),
        postgresql_where=sa.text("dirty IS true"),
    )
    op.create_index("ix_traject_sweep", "traject", ["running", "next_look_on"])

    op.create_table(
        "cycle",
        sa.Column("traject_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("definition_hash", sa.String(), nullable=False),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ended_because", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.CheckConstraint("state IN ('running', 'ended')", name=op.f("ck_cycle_state")),
        sa.ForeignKeyConstraint(
            ["definition_hash"], ["definition.content_hash"], name=op.f("fk_cycle_definition_hash_definition")
        ),
        sa.ForeignKeyConstraint(["traject_id"], ["traject.id"], name=op.f("fk_cycle_traject_id_traject")),
        sa.PrimaryKeyConstraint("traject_id", "number", name=op.f("pk_cycle")),
        sa.UniqueConstraint("traject_id", "idempotency_key", name=op.f("uq_cycle_traject_id_idempotency_key")),
    )
    op.create_table(
        "history",
        sa.Column("traject_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("mac", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["traject_id"], ["traject.id"], name=op.f("fk_history_traject_id_traject")),
        sa.PrimaryKeyConstraint("traject_id", "seq", name=op.f("pk_history")),
        sa.UniqueConstraint("traject_id", "request_id", name=op.f("uq_history_traject_id_request_id")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("hears", sa.String(), nullable=True),
        sa.Column("deputy_id", sa.String(), nullable=True),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("hears IN ('at-once', 'daily', 'weekly', 'biweekly')", name=op.f("ck_person_hears")),
        sa.CheckConstraint("deputy_id <> id", name=op.f("ck_person_deputy")),
        sa.ForeignKeyConstraint(["deputy_id"], ["person.id"], name=op.f("fk_person_deputy_id_person")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_person_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("address_key", name=op.f("uq_person_address_key")),
    )
    op.create_table(
        "absence",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.CheckConstraint("ends_on >= begins_on", name=op.f("ck_absence_order")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_absence_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "begins_on", name=op.f("pk_absence")),
    )
    op.create_table(
        "anchor",
        sa.Column("traject_id", BIG, autoincrement=False, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("target", sa.Date(), nullable=True),
        sa.Column("actual", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["traject_id", "cycle"], ["cycle.traject_id", "cycle.number"], name=op.f("fk_anchor_traject_id_cycle_cycle")
        ),
        sa.PrimaryKeyConstraint("traject_id", "cycle", "anchor", name=op.f("pk_anchor")),
    )
    op.create_table(
        "decision",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("traject_id", BIG, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("held_until", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["traject_id", "cycle"],
            ["cycle.traject_id", "cycle.number"],
            name=op.f("fk_decision_traject_id_cycle_cycle"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_traject", "decision", ["traject_id", "cycle"])

    op.create_table(
        "item",
        sa.Column("traject_id", BIG, autoincrement=False, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("list", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("happens_on", sa.Date(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["traject_id", "cycle"], ["cycle.traject_id", "cycle.number"], name=op.f("fk_item_traject_id_cycle_cycle")
        ),
        sa.PrimaryKeyConstraint("traject_id", "cycle", "list", "key", name=op.f("pk_item")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("not_before_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("uncertainties", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest_on", sa.Date(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'sent', 'uncertain', 'held', 'expired', 'withdrawn', 'failed')",
            name=op.f("ck_message_status"),
        ),
        sa.CheckConstraint("urgency IN ('at once', 'office hours', 'digest')", name=op.f("ck_message_urgency")),
        sa.ForeignKeyConstraint(["recipient"], ["person.id"], name=op.f("fk_message_recipient_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("recipient", "channel", "digest_on", name=op.f("uq_message_recipient_channel_digest_on")),
    )
    op.create_index(op.f("ix_message_created_at"), "message", ["created_at"])
    op.create_index("ix_message_queue", "message", ["status", "not_before_at"])

    op.create_table(
        "occurrence",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("traject_id", BIG, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("responsible", sa.String(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.Column("waiting_for", sa.String(), nullable=True),
        sa.Column("for_decision", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("held_until", sa.Date(), nullable=True),
        sa.Column("out_state", sa.String(), nullable=True),
        sa.Column("out", sa.String(), nullable=False),
        sa.Column("kept_from", sa.Integer(), nullable=True),
        sa.Column("pinned_start", sa.Date(), nullable=True),
        sa.Column("pinned_finish", sa.Date(), nullable=True),
        sa.Column("pin_reason", sa.String(), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("suspensions", sa.Text(), nullable=True),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("told", sa.Text(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("early_start", sa.Date(), nullable=True),
        sa.Column("early_finish", sa.Date(), nullable=True),
        sa.Column("late_start", sa.Date(), nullable=True),
        sa.Column("late_finish", sa.Date(), nullable=True),
        sa.Column("slack_working_days", sa.Integer(), nullable=True),
        sa.Column("critical", sa.Boolean(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("legal_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('not yet', 'ready', 'in progress', 'waiting for partner', 'for decision', 'done', "
            "'not applicable', 'waived', 'dropped', 'withdrawn')",
            name=op.f("ck_occurrence_state"),
        ),
        sa.ForeignKeyConstraint(
            ["traject_id", "cycle"],
            ["cycle.traject_id", "cycle.number"],
            name=op.f("fk_occurrence_traject_id_cycle_cycle"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint("traject_id", "cycle", "step", "key", name=op.f("uq_occurrence_traject_id_cycle_step_key")),
    )
    op.create_index(
        "ix_occurrence_due",
        "occurrence",
        ["due_on"],
        sqlite_where=sa.text("is_open IS 1 AND due_on IS NOT NULL"),
        postgresql_where=sa.text("is_open IS true AND due_on IS NOT NULL"),
    )

    op.create_table(
        "role_binding",
        sa.Column("traject_id", BIG, autoincrement=False, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_role_binding_person_id_person")),
        sa.PrimaryKeyConstraint("traject_id", "role", "person_id", name=op.f("pk_role_binding")),
    )
    op.create_index(op.f("ix_role_binding_person_id"), "role_binding", ["person_id"])

    op.create_table(
        "notice",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("traject_id", BIG, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("due_on", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("rhythm", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'queued', 'held', 'withdrawn', 'discarded')", name=op.f("ck_notice_state")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_notice_message_id_message")),
        sa.ForeignKeyConstraint(["recipient"], ["person.id"], name=op.f("fk_notice_recipient_person")),
        sa.ForeignKeyConstraint(["traject_id"], ["traject.id"], name=op.f("fk_notice_traject_id_traject")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint(
            "traject_id",
            "cycle",
            "step",
            "key",
            "kind",
            "about",
            "recipient",
            "channel",
            "due_on",
            name="uq_notice_once",
        ),
    )
    op.create_index(op.f("ix_notice_message_id"), "notice", ["message_id"])
    op.create_index(
        "ix_notice_waiting",
        "notice",
        ["recipient"],
        sqlite_where=sa.text("message_id IS NULL"),
        postgresql_where=sa.text("message_id IS NULL"),
    )
