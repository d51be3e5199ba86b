"""Add stories that designers record."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "design_recording",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("process", sa.String(), nullable=False),
        sa.Column("change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["design_change.id"],
            name=op.f("fk_design_recording_change_id_design_change"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["app_user.id"], name=op.f("fk_design_recording_created_by_app_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_design_recording")),
    )
    with op.batch_alter_table("design_recording", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_design_recording_change_id"), ["change_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("design_recording", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_design_recording_change_id"))

    op.drop_table("design_recording")
