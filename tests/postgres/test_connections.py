"""What becomes of connections when the server restarts, or somebody holds a lock for ever."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

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


def test_a_lock_that_is_never_released_is_not_waited_for_without_end(postgres_url: str) -> None:
    database = make_engine(postgres_url)
    with database.connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "30s"
        connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with database.connect() as other:
            other.execute(text("LOCK TABLE pg_description IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(OperationalError, match="lock timeout"):
                connection.execute(text("SELECT count(*) FROM pg_description"))
    database.dispose()
