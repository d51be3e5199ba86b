"""count visits."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visit_count",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("span", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_visit_count")),
    )


def downgrade() -> None:
    op.drop_table("visit_count")
