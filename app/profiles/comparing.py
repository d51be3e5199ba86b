"""How the same twenty demands would be timed and routed under a profile.

Nothing is stored: the tables are asked and the calendar is counted as a case would, from the
instants each demand brings along.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path

from app.cases.clocks import Terms, read_rungs, read_terms
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.decisions.dmn import Model, read_model
from app.profiles.profile import Profile
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import Deadline, deadline
from app.worktime.national import national_layer
from app.worktime.policy import Anchor


@dataclass(frozen=True, slots=True)
class Demand:
    """One of the twenty, with the instants that limits count from, and the stages to look at."""

    number: int
    title: Phrase
    nature: str
    urgency: str
    channel: str
    category: str
    district: str
    arrived_at: datetime
    dispatched_at: datetime
    signed_at: datetime
    stages: tuple[str, ...]

    def anchored(self, anchor: Anchor) -> datetime:
        """The instant a limit with this anchor counts from; stages begin here at sign-for."""
        match anchor:
            case Anchor.CALL:
                return self.arrived_at
            case Anchor.DISPATCH:
                return self.dispatched_at
            case _:
                return self.signed_at


@dataclass(frozen=True, slots=True)
class Timed:
    """The deadline of one stage, and from when its light is yellow."""

    due: Deadline
    yellow_at: datetime | None

    @property
    def phrase(self) -> Phrase:
        """Limit and end: the last day of a limit in days, the minute of one in hours."""
        limit = self.due.limit
        if limit.unit.is_hours:
            at = self.due.due_at.astimezone(CHINA)
            when = Phrase(f"{at:%m-%d %H:%M}", f"{at:%m-%d %H:%M}")
        else:
            day = self.due.last_day
            weekday = "一二三四五六日"[day.weekday()]
            when = Phrase(f"{day:%m-%d}（周{weekday}）", f"{day:%m-%d %a}")
        return Phrase(f"{limit.phrase.zh}，{when.zh}止", f"{limit.phrase.en}, by {when.en}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who handles a demand and by when."""

    lead_unit: str
    co_units: tuple[str, ...]
    stages: dict[str, Timed]


class Practice:
    """A profile at work: its tables asked, its calendar built."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def outcome(self, demand: Demand) -> Outcome:
        """What would become of a demand; raises DecisionError when a table has no answer."""
        routed = self._ask(
            "dispatch_catalogue", {"category": demand.category, "district": demand.district}
        )
        co_units = routed["co_units"] or []
        assert isinstance(co_units, list)
        return Outcome(
            str(routed["lead_unit"]),
            tuple(map(str, co_units)),
            {stage: self._timed(demand, stage) for stage in demand.stages},
        )

    def _timed(self, demand: Demand, stage: str) -> Timed:
        terms = self._terms(demand, stage)
        start = demand.anchored(terms.policy.anchor)
        due = deadline(self._calendar, start, terms.limit, terms.policy)
        lights = self._ask("traffic_light", {"unit": due.limit.unit, "amount": due.limit.amount})
        return Timed(due, read_rungs(lights, self._calendar, due).get("yellow"))

    def _terms(self, demand: Demand, stage: str) -> Terms:
        facts: dict[str, object] = {
            "nature": demand.nature,
            "urgency": demand.urgency,
            "channel": demand.channel,
            "stage": stage,
        }
        return read_terms(self._ask("time_limits", facts))

    def _ask(self, key: str, inputs: dict[str, object]) -> dict[str, object]:
        return dict(_compiled(self.profile.tables[key]).decide(inputs, key=key).outputs)

    @cached_property
    def _calendar(self) -> WorkingCalendar:
        last = max(demand.arrived_at.year for demand in demands()) + 1
        return WorkingCalendar([national_layer(last), self.profile.calendar])


def demands() -> list[Demand]:
    """The twenty demands: natures, urgencies, channels and stages, on days around holidays."""
    text = (files("app.profiles") / "data" / "demands.csv").read_text("utf-8")
    return [
        Demand(
            number=int(row["number"]),
            title=Phrase(row["title_zh"], row["title_en"]),
            nature=row["nature"],
            urgency=row["urgency"],
            channel=row["channel"],
            category=row["category"],
            district=row["district"],
            arrived_at=_in_china(row["arrived_at"]),
            dispatched_at=_in_china(row["dispatched_at"]),
            signed_at=_in_china(row["signed_at"]),
            stages=tuple(row["stages"].split()),
        )
        for row in csv.DictReader(io.StringIO(text))
    ]


def compared(one: Profile, other: Profile) -> Iterator[tuple[Demand, Outcome, Outcome]]:
    """Each of the twenty under both profiles."""
    here, there = Practice(one), Practice(other)
    for demand in demands():
        yield demand, here.outcome(demand), there.outcome(demand)


@cache
def _compiled(table: Path) -> Model:
    """A table once compiled: profiles share those they inherit."""
    return read_model(table.read_bytes())


def _in_china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)
