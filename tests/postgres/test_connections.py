"""What becomes of connections when the server restarts."""

import pytest
from sqlalchemy import text

from app.core.db import make_engine

pytestmark = pytest.mark.postgres


def test_a_connection_that_the_server_has_closed_is_replaced_before_it_is_used(
    postgres_url: str,
) -> None:
    database = make_engine(postgres_url)
    with database.connect() as first, database.connect() as second:
        used = {c.scalar(text("SELECT pg_backend_pid()")) for c in (first, second)}
    other = make_engine(postgres_url)
    with other.connect() as connection:
        for backend in used:
            connection.execute(text("SELECT pg_terminate_backend(:p, 5000)"), {"p": backend})
    with database.connect() as first, database.connect() as second:
        now_used = {c.scalar(text("SELECT pg_backend_pid()")) for c in (first, second)}
    assert len(now_used) == 2
    assert not used & now_used
    database.dispose()
    other.dispose()
