"""Instants as whole numbers, told by the database: for figures made of a million of them."""

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from app.core.clock import CHINA

_AHEAD_S = int(CHINA.utcoffset(None).total_seconds())


class LocalMicros(GenericFunction[int]):
    """Microseconds of China's local time since 1970 of a column of instants, as
    `worktime.calendars.micros_of` has them.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(LocalMicros, "sqlite")
def _sqlite(function: LocalMicros, compiler: SQLCompiler, **kw: Any) -> str:
    at = compiler.process(function.clauses, **kw)
    whole = f"substr({at}, 1, 19)"  # with its fraction it would be rounded
    seconds = f"CAST(strftime('%s', {whole}) AS INTEGER) + {_AHEAD_S}"
    return f"(({seconds}) * 1000000 + CAST(substr({at}, 21, 6) AS INTEGER))"


@compiles(LocalMicros, "postgresql")
def _postgresql(function: LocalMicros, compiler: SQLCompiler, **kw: Any) -> str:
    at = compiler.process(function.clauses, **kw)
    return f"CAST((extract(epoch FROM {at}) + {_AHEAD_S}) * 1000000 AS BIGINT)"
