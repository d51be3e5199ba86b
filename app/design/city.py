"""The city's profile as a document: its values, what is wrong with each, what publishing does.

A release brings the values of the profile that the installation names; from the first change that
is published they are the city's own. Limits, rules, letters and messages are documents of their
own beside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import orjson

from app.cases import answers
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design.differences import NOTHING, Difference, What
from app.engine.forms import Field, FieldType, Form, Option
from app.profiles import published_letters
from app.profiles.profile import Profile
from app.worktime import offices
from app.worktime.models import CalendarLevel
from app.worktime.national import shipped_hours, shipped_profiles

KEY = "city"
"""There is one: the office is one city's."""

_HOURS = {
    "H7": "Seven hours a day",
    "H8": "Eight hours a day",
    "H7S": "Seven hours a day, later in summer afternoons",
    "H24": "Around the clock on working days",
}
_DAYS = (
    ("一", "Monday"), ("二", "Tuesday"), ("三", "Wednesday"), ("四", "Thursday"), ("五", "Friday"),
    ("六", "Saturday"), ("日", "Sunday"),
)  # fmt: skip
_NATION = "nation"
_NATIONS = Phrase("沿用全国", "as in the nation")

FORM = Form(
    (
        Field("title_zh", FieldType.TEXT, Phrase("城市名称", "Name of the city (Chinese)"),
              required=True, max_length=40),
        Field("title_en", FieldType.TEXT, Phrase("城市名称（英文）", "Name of the city"),
              required=True, max_length=80),
        Field("issuer_zh", FieldType.TEXT, Phrase("文书落款", "Who issues letters (Chinese)"),
              required=True, max_length=60,
              help=Phrase("今后出具的文书使用；已出具的不变。",
                          "For letters from now on; those issued stay.")),
        Field("issuer_en", FieldType.TEXT, Phrase("文书落款（英文）", "Who issues letters"),
              required=True, max_length=120),
        Field("hours", FieldType.CHOICE, Phrase("工时", "Office hours"), required=True,
              options=(Option(_NATION, _NATIONS),
                       *(Option(code, Phrase(one.name, _HOURS.get(code, code)))
                         for code, one in shipped_profiles().items())),
              help=Phrase("发布后新起算的期限按新工时；在办的期限不变，可到“工作日历”重算。",
                          "Limits that start from then on follow; running ones stay until they are "
                          "recounted with the calendar.")),
        Field("workweek", FieldType.MULTI_CHOICE, Phrase("每周工作日", "Working days of the week"),
              options=tuple(Option(str(number), Phrase(f"周{zh}", en))
                            for number, (zh, en) in enumerate(_DAYS, 1)),
              help=Phrase("都不选：沿用全国的工作日。",
                          "None: those of the nation.")),
    )
)  # fmt: skip
"""What may be changed while the office is running."""

Values = Mapping[str, object]


def text_of(profile: Profile) -> str:
    """The values of a profile of the shelf."""
    calendar = profile.calendar
    week = calendar.workweek or ""
    return written(
        {
            "title_zh": profile.title.zh,
            "title_en": profile.title.en,
            "issuer_zh": profile.issuer.zh,
            "issuer_en": profile.issuer.en,
            "hours": _NATION if calendar.hours is None else calendar.hours.code,
            "workweek": [str(day) for day, works in enumerate(week, 1) if works == "1"],
        }
    )


def written(values: Values) -> str:
    """Values as a draft holds them: JSON, in the order of the form; what is not given is empty."""
    kept = {one.name: values.get(one.name) or None for one in FORM.fields}
    return orjson.dumps(kept, option=orjson.OPT_INDENT_2).decode()


def read(content: str) -> dict[str, object]:
    """The values of a draft, as they stand. Raises `Invalid` for what are no values."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = None
    known = [one.name for one in FORM.fields]
    if not isinstance(found, dict) or not found.keys() <= set(known):
        raise Invalid(
            Phrase(
                f"城市方案须由这些字段组成：{'、'.join(known)}。",
                f"A city profile is made of these values: {', '.join(known)}.",
            )
        )
    return {str(name): value for name, value in found.items()}


def faults(content: str) -> Iterator[tuple[str, Phrase]]:
    """What is wrong with the values, by field."""
    try:
        answers.check(FORM, read(content), frozenset())
    except Invalid as wrong:
        if not wrong.fields:
            raise
        yield from wrong.fields.items()


def in_words(values: Values) -> dict[str, Phrase]:
    """Each value as people read it, by field."""
    return {one.name: _in_words(one, values.get(one.name)) for one in FORM.fields}


def differences(before: str, after: str) -> list[Difference]:
    """Which values change, from what to what."""
    old, new = in_words(read(before)), in_words(read(after))
    return [
        Difference(What.CHANGED, one.label, NOTHING, old[one.name], new[one.name], one.name)
        for one in FORM.fields
        if old[one.name] != new[one.name]
    ]


def put_into_force(uow: UnitOfWork, before: str | None, after: str) -> None:
    """Make what has changed count: letters are issued in the new name, limits that start from now
    on are counted by the new hours and week. Raises `Invalid` for values that are wrong.
    """
    for _field, why in faults(after):
        raise Invalid(why)
    old, new = read(before) if before is not None else {}, read(after)
    issuer = Phrase(str(new["issuer_zh"]), str(new["issuer_en"]))
    published_letters.publish_issuer(uow, issuer)
    if any(old.get(name) != new.get(name) for name in ("hours", "workweek")):
        _keep_hours(uow, new)


def _keep_hours(uow: UnitOfWork, values: Values) -> None:
    code, days = values.get("hours"), values.get("workweek")
    hours = None if code in {None, _NATION} else shipped_hours(str(code))
    week = (
        "".join("01"[str(day) in days] for day in range(1, 8)) if isinstance(days, list) else None
    )
    if offices.standard_code(uow.session) != offices.LOCAL:
        if hours is None and week is None:
            return
        offices.open_calendar(uow, offices.LOCAL, "本地", CalendarLevel.CITY)
    layer = offices.newest_layer(uow.session, offices.LOCAL, lock=True)
    offices.publish(uow, replace(layer, hours=hours, workweek=week), "城市方案变更")


def _in_words(field: Field, value: object) -> Phrase:
    if field.options:
        chosen = value if isinstance(value, list) else [value]
        labels = [one.label for one in field.options if one.value in chosen]
        if not labels:
            return _NATIONS if value in (None, "", []) else Phrase(str(value), str(value))
        return Phrase("、".join(one.zh for one in labels), ", ".join(one.en for one in labels))
    return Phrase(str(value or ""), str(value or ""))
