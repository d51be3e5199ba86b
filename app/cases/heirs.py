"""Who has what a unit had that was merged, split or closed."""

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models.reorganisation import Reorganisation
from app.identity.models import HandlingUnit


def heir_of(session: Session, unit_id: int, category: str) -> int | None:
    """The active unit that has inherited a unit's matters of a category, through however many
    reorganisations; none where nobody has.
    """
    unit = session.get_one(HandlingUnit, unit_id)
    seen: set[int] = set()
    while not unit.active and unit.id not in seen:
        seen.add(unit.id)
        row = session.scalar(
            select(Reorganisation)
            .where(Reorganisation.unit_id == unit.id)
            .order_by(Reorganisation.id.desc())
            .limit(1)
        )
        if row is None:
            return None
        unit = session.get_one(HandlingUnit, heir_by(row, category))
    return unit.id if unit.active else None


def heir_by(row: Reorganisation, category: str) -> int:
    """The unit that inherits matters of a category by one reorganisation."""
    shares: dict[str, int] = orjson.loads(row.plan)
    return shares.get(category, row.heir_id)
