"""Add ratings of those who joined an order."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "joined_rating",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "demand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("efficiency", sa.String(), nullable=True),
        sa.Column("attitude", sa.String(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["demand_id"], ["demand.id"], name=op.f("fk_joined_rating_demand_id_demand")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["work_order.id"], name=op.f("fk_joined_rating_order_id_work_order")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joined_rating")),
        sa.UniqueConstraint("code", name=op.f("uq_joined_rating_code")),
    )
    with op.batch_alter_table("joined_rating", schema=None) as batch_op:
        batch_op.create_index("ix_joined_rating_demand_id", ["demand_id"], unique=False)
        batch_op.create_index("ix_joined_rating_order_id", ["order_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("joined_rating", schema=None) as batch_op:
        batch_op.drop_index("ix_joined_rating_order_id")
        batch_op.drop_index("ix_joined_rating_demand_id")

    op.drop_table("joined_rating")
