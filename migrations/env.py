"""Runs migrations on the connection it is given; see app/core/migrating.py."""

from typing import Any

from alembic import context

PLAIN = {"Instant": "sa.DateTime(timezone=True)", "Packed": "sa.LargeBinary()"}
"""What our own column types are to the database: migrations import nothing of ours."""


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Render our own types by what the database sees."""
    if kind == "type" and type(item).__name__ in PLAIN:
        return PLAIN[type(item).__name__]
    return False


given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=given.get("metadata"),
    transaction_per_migration=True,
    render_item=render_item,
    render_as_batch=True,  # SQLite cannot alter a table: it is built anew there
)
with context.begin_transaction():
    context.run_migrations()
