"""keep dry runs of moves."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case_move_line", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("seen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(sa.Column("tasks", sa.Text(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("orphans", sa.Text(), server_default="[]", nullable=False))
        batch_op.add_column(
            sa.Column("limits_changed", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.alter_column("verdict", existing_type=sa.VARCHAR(), nullable=True)


def downgrade() -> None:
    # The release before knows no dry runs, and looked at every case before it wrote a line.
    op.execute(
        "DELETE FROM case_move_line WHERE move_id IN"
        " (SELECT id FROM case_move WHERE status = 'tried')"
    )
    op.execute("DELETE FROM case_move WHERE status = 'tried'")
    op.execute("UPDATE case_move_line SET verdict = 'cannot' WHERE verdict IS NULL")
    with op.batch_alter_table("case_move_line", schema=None) as batch_op:
        batch_op.alter_column("verdict", existing_type=sa.VARCHAR(), nullable=False)
        batch_op.drop_column("limits_changed")
        batch_op.drop_column("orphans")
        batch_op.drop_column("tasks")
        batch_op.drop_column("seen")
