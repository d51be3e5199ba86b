"""Runs migrations on the connection it is given; see app/core/migrating.py."""

from typing import Any

from alembic import context


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Our instants are plain timestamps to the database: migrations import nothing of ours."""
    if kind == "type" and type(item).__name__ == "Instant":
        return "sa.DateTime(timezone=True)"
    return False


given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=given.get("metadata"),
    transaction_per_migration=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
