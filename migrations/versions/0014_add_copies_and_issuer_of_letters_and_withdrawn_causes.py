"""add copies and issuer of letters and withdrawn causes."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letter_issuer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_issuer")),
    )
    op.create_table(
        "supervision_letter_copy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "letter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_by_name", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["letter_id"],
            ["supervision_letter.id"],
            name=op.f("fk_supervision_letter_copy_letter_id_supervision_letter"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["handling_unit.id"],
            name=op.f("fk_supervision_letter_copy_unit_id_handling_unit"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_supervision_letter_copy_user_id_app_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_letter_copy")),
    )
    with op.batch_alter_table("supervision_letter_copy", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_supervision_letter_copy_letter_id"), ["letter_id"], unique=False
        )
        batch_op.create_index(
            "ix_supervision_letter_copy_unit_id", ["unit_id", "letter_id"], unique=False
        )
        batch_op.create_index(
            "ix_supervision_letter_copy_user_id", ["user_id", "letter_id"], unique=False
        )

    with op.batch_alter_table("supervision_cause", schema=None) as batch_op:
        batch_op.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("supervision_cause", schema=None) as batch_op:
        batch_op.drop_column("withdrawn_at")

    with op.batch_alter_table("supervision_letter_copy", schema=None) as batch_op:
        batch_op.drop_index("ix_supervision_letter_copy_user_id")
        batch_op.drop_index("ix_supervision_letter_copy_unit_id")
        batch_op.drop_index(batch_op.f("ix_supervision_letter_copy_letter_id"))

    op.drop_table("supervision_letter_copy")
    op.drop_table("letter_issuer")
