"""Long lists in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import request, url_for

Row = TypeVar("Row")

ROWS = 20
"""Rows on one page."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of one page and where it stands among the others; pages count from 1."""

    rows: Sequence[Row]
    number: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page; an empty list has one page."""
        return max(1, -(-self.total // ROWS))

    @property
    def near(self) -> range:
        """The pages a reader may jump to: up to two on either side."""
        return range(max(1, self.number - 2), min(self.last, self.number + 2) + 1)

    def address(self, number: int) -> str:
        """The same list with the same filters, at another page."""
        kept: dict[str, Any] = {**request.args.to_dict(flat=False), "page": [str(number)]}
        return url_for(request.endpoint or "web.home", **{**kept, **(request.view_args or {})})


def page_out_of(rows: Sequence[Row], total: int) -> Page[Row]:
    """The asked page, of which only the rows were read; beyond the last one, the last."""
    return Page(rows, min(asked_page(), max(1, -(-total // ROWS))), total)


def asked_page() -> int:
    """The page number in the address; 1 where there is none or it is nonsense."""
    text = request.args.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 7 else 1


def page_of(rows: Sequence[Row]) -> Page[Row]:
    """The asked page of a list that is already complete in memory."""
    total = len(rows)
    number = min(asked_page(), max(1, -(-total // ROWS)))
    return Page(rows[(number - 1) * ROWS : number * ROWS], number, total)
