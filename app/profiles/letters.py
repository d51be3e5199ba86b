"""Letters an office sends: texts with named fields, checked when they are loaded.

A field is written `${order_number}`. There is nothing else in a letter that could be evaluated:
no conditions, no expressions, no access to anything but the values handed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Template

from app.core.errors import Invalid
from app.core.phrase import Phrase


class LetterKind(StrEnum):
    """The letters there are; the value is the name of their files."""

    REMINDER_LETTER = "reminder_letter"
    SUPERVISION_NOTICE = "supervision_notice"
    ON_SITE = "on_site"
    SUMMONS_TALK = "summons_talk"
    CIRCULAR = "circular"
    EXTENSION_NOTICE = "extension_notice"
    NON_ACCEPTANCE_NOTICE = "non_acceptance_notice"

    @property
    def phrase(self) -> Phrase:
        """What the letter is called unless a profile calls it otherwise."""
        return _NAMES[self]

    @property
    def fields(self) -> frozenset[str]:
        """The fields a text of this kind may use."""
        return _FIELDS[self]


_NAMES = {
    LetterKind.REMINDER_LETTER: Phrase("工作提醒函", "Reminder letter"),
    LetterKind.SUPERVISION_NOTICE: Phrase("督办通知单", "Supervision notice"),
    LetterKind.ON_SITE: Phrase("现场督办通知", "Notice of supervision on the spot"),
    LetterKind.SUMMONS_TALK: Phrase("约谈通知书", "Summons to a talk"),
    LetterKind.CIRCULAR: Phrase("通报", "Circular"),
    LetterKind.EXTENSION_NOTICE: Phrase("延期告知", "Notice of extension"),
    LetterKind.NON_ACCEPTANCE_NOTICE: Phrase("不予受理告知", "Notice of non-acceptance"),
}

_TO_A_UNIT = frozenset(
    {
        "number", "unit", "order_number", "demand_title", "due_on", "days_late",
        "lateness", "reply_by", "reason", "copy_to", "issuer", "issued_on",
    }
)  # fmt: skip
_FIELDS = {
    LetterKind.REMINDER_LETTER: _TO_A_UNIT,
    LetterKind.SUPERVISION_NOTICE: _TO_A_UNIT,
    LetterKind.ON_SITE: _TO_A_UNIT,
    LetterKind.SUMMONS_TALK: _TO_A_UNIT,
    LetterKind.CIRCULAR: _TO_A_UNIT,
    LetterKind.EXTENSION_NOTICE: frozenset(
        {"requester", "demand_number", "demand_title", "due_on", "new_due_on", "reason"}
        | {"issuer", "issued_on"}
    ),
    LetterKind.NON_ACCEPTANCE_NOTICE: frozenset(
        {"requester", "demand_number", "demand_title", "reason", "lawful_channel"}
        | {"issuer", "issued_on"}
    ),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter in both languages.

    Raises `Invalid` for a field its kind does not have, and for a stray `$`.
    """

    kind: LetterKind
    text: Phrase

    def __post_init__(self) -> None:
        for text in (self.text.zh, self.text.en):
            template = Template(text)
            if not template.is_valid():
                raise Invalid(
                    Phrase(
                        "“$”后面须是“{字段}”；要写“$”本身，请写两个“$$”。",
                        "“$” begins a field such as ${unit}; write “$$” for the sign itself.",
                    )
                )
            unknown = sorted(set(template.get_identifiers()) - self.kind.fields)
            if unknown:
                known = sorted(self.kind.fields)
                raise Invalid(
                    Phrase(
                        f"{self.kind.phrase.zh}没有字段“{unknown[0]}”；可用的有{'、'.join(known)}。",
                        f"A {self.kind.phrase.en.lower()} has no field “{unknown[0]}”; "
                        f"there are {', '.join(known)}.",
                    )
                )

    def filled(self, values: Mapping[str, str], language: str) -> str:
        """The letter with its fields filled in; raises `Invalid` naming what is missing."""
        template = Template(self.text.in_language(language))
        missing = [name for name in template.get_identifiers() if name not in values]
        if missing:
            raise Invalid(
                Phrase(
                    f"{self.kind.phrase.zh}还缺{'、'.join(missing)}，请补充后再出具。",
                    f"The {self.kind.phrase.en.lower()} still needs {', '.join(missing)}: "
                    "fill it in first.",
                )
            )
        return template.substitute(values)
