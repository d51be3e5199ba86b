"""Files of cases, the knowledge base, and who answered a demand without an order."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "knowledge_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("open_to_public", sa.Boolean(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("edited_by_name", sa.String(), nullable=False),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edited_by"], ["app_user.id"], name=op.f("fk_knowledge_item_edited_by_app_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_item")),
        sa.UniqueConstraint("number", name=op.f("uq_knowledge_item_number")),
    )
    op.create_index(op.f("ix_knowledge_item_status"), "knowledge_item", ["status"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("demand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("element_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "uploaded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("uploaded_by_name", sa.String(), nullable=False),
        sa.Column(
            "uploaded_by_unit", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["demand_id"], ["demand.id"], name=op.f("fk_attachment_demand_id_demand")
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["app_user.id"], name=op.f("fk_attachment_uploaded_by_app_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_demand_id"), "attachment", ["demand_id"], unique=False)
    op.create_index(op.f("ix_attachment_digest"), "attachment", ["digest"], unique=False)
    op.create_index(
        "ix_attachment_waiting",
        "attachment",
        ["uploaded_by"],
        unique=False,
        sqlite_where=sa.text("demand_id IS NULL"),
        postgresql_where=sa.text("demand_id IS NULL"),
    )
    op.create_table(
        "knowledge_edit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["knowledge_item.id"],
            name=op.f("fk_knowledge_edit_item_id_knowledge_item"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_edit")),
        sa.UniqueConstraint("item_id", "position", name=op.f("uq_knowledge_edit_item_id_position")),
    )
    op.create_table(
        "knowledge_gap",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "demand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_by_name", sa.String(), nullable=True),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["app_user.id"], name=op.f("fk_knowledge_gap_closed_by_app_user")
        ),
        sa.ForeignKeyConstraint(
            ["demand_id"], ["demand.id"], name=op.f("fk_knowledge_gap_demand_id_demand")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["knowledge_item.id"], name=op.f("fk_knowledge_gap_item_id_knowledge_item")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_gap")),
        sa.UniqueConstraint("demand_id", name=op.f("uq_knowledge_gap_demand_id")),
    )
    op.create_index(
        op.f("ix_knowledge_gap_closed_at"), "knowledge_gap", ["closed_at"], unique=False
    )
    op.add_column("demand", sa.Column("answered_way", sa.String(), nullable=True))
    op.add_column(
        "demand",
        sa.Column(
            "answered_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
    )
    op.add_column(
        "demand",
        sa.Column(
            "knowledge_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
    )


def downgrade() -> None:
    op.drop_column("demand", "knowledge_item_id")
    op.drop_column("demand", "answered_by")
    op.drop_column("demand", "answered_way")
    op.drop_index(op.f("ix_knowledge_gap_closed_at"), table_name="knowledge_gap")
    op.drop_table("knowledge_gap")
    op.drop_table("knowledge_edit")
    op.drop_index(
        "ix_attachment_waiting",
        table_name="attachment",
        sqlite_where=sa.text("demand_id IS NULL"),
        postgresql_where=sa.text("demand_id IS NULL"),
    )
    op.drop_index(op.f("ix_attachment_digest"), table_name="attachment")
    op.drop_index(op.f("ix_attachment_demand_id"), table_name="attachment")
    op.drop_table("attachment")
    op.drop_index(op.f("ix_knowledge_item_status"), table_name="knowledge_item")
    op.drop_table("knowledge_item")
