"""How long something may take: an amount of one of five kinds of time.

The kinds are never converted into each other: one working day is neither 24 hours nor eight.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from app.core.errors import Invalid
from app.core.phrase import Phrase

HOUR = 3_600_000_000
"""One hour in microseconds, the unit of all arithmetic with instants."""


class LimitUnit(StrEnum):
    """The five kinds of time a limit may be given in."""

    WORKING_DAY = "working_day"
    WORKING_HOUR = "working_hour"
    NATURAL_HOUR = "natural_hour"
    NATURAL_DAY = "natural_day"
    MONTH = "month"

    @property
    def phrase(self) -> Phrase:
        """The unit's name as it stands behind a number."""
        return _NAMES[self]

    @property
    def is_hours(self) -> bool:
        """Whether the unit runs from the moment itself and not from a day (民法典 art. 201)."""
        return self in {LimitUnit.WORKING_HOUR, LimitUnit.NATURAL_HOUR}


_NAMES = {
    LimitUnit.WORKING_DAY: Phrase("工作日", "working days"),
    LimitUnit.WORKING_HOUR: Phrase("工作小时", "working hours"),
    LimitUnit.NATURAL_HOUR: Phrase("自然小时", "natural hours"),
    LimitUnit.NATURAL_DAY: Phrase("自然日", "natural days"),
    LimitUnit.MONTH: Phrase("月", "months"),
}
_READINGS = {
    **{phrase.zh: unit for unit, phrase in _NAMES.items()},
    **{phrase.en: unit for unit, phrase in _NAMES.items()},
    **{phrase.en.removesuffix("s"): unit for unit, phrase in _NAMES.items()},
    **{unit.value: unit for unit in LimitUnit},
    "个工作日": LimitUnit.WORKING_DAY,
    "个工作小时": LimitUnit.WORKING_HOUR,
    "个自然小时": LimitUnit.NATURAL_HOUR,
    "个自然日": LimitUnit.NATURAL_DAY,
    "个月": LimitUnit.MONTH,
}
_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(\S.*?)\s*")


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount of time of one kind, above zero. Only hours may have a fraction.

    Raises `Invalid` for an amount that is not positive, is too fine, or is a fraction of a day.
    """

    amount: int | Decimal
    unit: LimitUnit
    count: int = field(init=False, repr=False, compare=False, default=0)
    """The amount of a limit in days or months."""
    micros: int = field(init=False, repr=False, compare=False, default=0)
    """The amount of a limit in hours, in microseconds."""

    def __post_init__(self) -> None:
        amount = self.amount
        if isinstance(amount, Decimal) and amount == amount.to_integral_value():
            amount = int(amount)
            object.__setattr__(self, "amount", amount)
        if amount <= 0:
            raise Invalid(
                Phrase(
                    f"时限必须大于零，不能是 {amount}。", f"A limit is above zero, not {amount}."
                )
            )
        if self.unit.is_hours:
            micros = Decimal(amount) * HOUR
            if micros != micros.to_integral_value():
                raise Invalid(
                    Phrase(
                        f"时限 {amount} 小时精细到微秒以下，请减少小数位。",
                        f"{amount} hours is finer than a microsecond; use fewer digits.",
                    )
                )
            object.__setattr__(self, "micros", int(micros))
        elif isinstance(amount, int):
            object.__setattr__(self, "count", amount)
        else:
            raise Invalid(
                Phrase(
                    f"以“{self.unit.phrase.zh}”计的时限须是整数，不能是 {amount}。",
                    f"A limit in {self.unit.phrase.en} is a whole number, not {amount}.",
                )
            )

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """The limit written as "3 工作日", "0.5 working hours" or "1 month".

        A bare "小时" or "天" is refused: it does not say which kind is meant.
        """
        match = _TEXT.fullmatch(text)
        unit = _READINGS.get(match[2]) if match else None
        if match is None or unit is None:
            names = "、".join(phrase.zh for phrase in _NAMES.values())
            kinds = ", ".join(phrase.en for phrase in _NAMES.values())
            raise Invalid(
                Phrase(
                    f"无法识别时限“{text}”。请写成“3 工作日”的样子，单位用{names}之一。",
                    f'"{text}" is not a limit. Write it like "3 working days"; units: {kinds}.',
                )
            )
        return cls(Decimal(match[1]), unit)

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.phrase.zh}"

    @property
    def phrase(self) -> Phrase:
        """The limit in words, in both languages."""
        unit = self.unit.phrase
        english = unit.en.removesuffix("s") if self.amount == 1 else unit.en
        return Phrase(f"{self.amount} 个{unit.zh}", f"{self.amount} {english}")

    def to_json(self) -> str:
        """One string that `from_json` reads back; languages and renamings do not touch it."""
        return f"{self.amount} {self.unit.value}"

    @classmethod
    def from_json(cls, data: str) -> "Limit":
        """The limit that `to_json` wrote."""
        return cls.parse(data)
