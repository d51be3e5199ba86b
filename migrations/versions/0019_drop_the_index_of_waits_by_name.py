"""Drop the index of waits by name: what waits is found by its process.

Thousands of processes wait for one and the same name, so that a database which has not counted its
rows took this index and read them all.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_message_wait_name", "message_wait")


def downgrade() -> None:
    op.create_index("ix_message_wait_name", "message_wait", ["kind", "name"])
