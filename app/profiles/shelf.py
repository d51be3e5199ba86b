"""The profiles there are, read from `rules/profiles`: a folder each.

`profile.yaml` says whose practice it is and where that is written. Beside it stand, where the
sources give something, whole decision tables (`*.dmn` with examples), `calendar.csv`,
`categories.csv` and `letters/`. What is not there is inherited from `default`.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from app.core.errors import DomainError, Invalid, NotFound
from app.core.phrase import Phrase
from app.profiles.folders import DEFAULT, SHELF, names
from app.profiles.forms import LETTER_FILES, read_categories, read_profile, refused
from app.profiles.letters import Letter, LetterKind
from app.profiles.profile import Profile, Report
from app.worktime.days import Layer
from app.worktime.files import day_rows
from app.worktime.national import shipped_hours
from app.worktime.offices import LOCAL


def load(name: str, shelf: Path = SHELF) -> Profile:
    """The profile of this name with what it inherits.

    Raises `NotFound` with the names there are, `Invalid` naming the file and field that is wrong.
    """
    if name not in names(shelf):
        known = names(shelf)
        raise NotFound(
            Phrase(
                f"没有名为“{name}”的方案；现有 {'、'.join(known)}。",
                f"There is no profile “{name}”; there are {', '.join(known)}.",
            )
        )
    folder = shelf / name
    data = read_profile(_text(folder / "profile.yaml"), f"{name}/profile.yaml")
    base = None if name == DEFAULT else load(DEFAULT, shelf)
    inherited_tables = _tables(shelf.parent) if base is None else base.tables
    tables, letters = _tables(folder), _letters(folder)
    _known_tables(name, tables, inherited_tables)
    if base is None:
        _letters_complete(letters)
    calendar = _calendar(folder, data["calendar"])
    categories = _categories(folder)
    own = {*tables, *(f"letters.{kind}" for kind in letters)}
    own |= {f"report.{field}" for field in data["report"]}
    own |= {"issuer"} if data["issuer"] is not None else set()
    own |= {"calendar"} if calendar != Layer(LOCAL, 0, ()) else set()
    own |= {"categories"} if categories else set()
    profile = Profile(
        name=name,
        title=data["title"],
        level=data["level"],
        summary=data["summary"],
        valid_from=data["valid_from"],
        valid_through=data["valid_through"],
        sources=tuple(data["sources"]),
        gives=tuple(data["gives"]),
        inherits=tuple(data["inherits"]),
        lines=tuple(data["lines"]),
        issuer=_issuer(data["issuer"], base),
        report=_report(data["report"], base),
        letters={**(base.letters if base else {}), **letters},
        tables={**inherited_tables, **tables},
        calendar=calendar,
        categories=categories,
        own=frozenset(own),
    )
    _sources_exist(profile)
    return profile


def _report(own: Mapping[str, Any], base: Profile | None) -> Report:
    """The settings of the file over those inherited; the default has to give them all."""
    settings: dict[str, Any] = {}
    for field in fields(Report):
        if field.name in own:
            settings[field.name] = own[field.name]
        elif base is not None:
            settings[field.name] = getattr(base.report, field.name)
        else:
            raise refused(
                f"{DEFAULT}/profile.yaml",
                f"report.{field.name}",
                Phrase("默认方案必须填写。", "the default must give it."),
            )
    return Report(**settings)


def _issuer(own: Phrase | None, base: Profile | None) -> Phrase:
    if own is not None:
        return own
    if base is None:
        raise refused(
            f"{DEFAULT}/profile.yaml",
            "issuer",
            Phrase("默认方案必须填写。", "the default must give it."),
        )
    return base.issuer


def _letters_complete(letters: Mapping[LetterKind, Letter]) -> None:
    for kind in LetterKind:
        if kind not in letters:
            raise refused(
                f"{DEFAULT}/letters",
                kind,
                Phrase("默认方案须有这种文书。", "the default must have this letter."),
            )


def _tables(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.dmn"))}


def _known_tables(name: str, tables: Mapping[str, Path], shipped: Mapping[str, Path]) -> None:
    """A profile answers the questions that are asked; one nobody asks is a typing mistake."""
    for key in tables:
        if key not in shipped:
            raise refused(
                f"{name}/{key}.dmn",
                key,
                Phrase(
                    f"默认方案没有这张表；可替换的有{'、'.join(shipped)}。",
                    f"the default has no such table; there are {', '.join(shipped)}.",
                ),
            )


def _letters(folder: Path) -> dict[LetterKind, Letter]:
    """The letters of the folder; one written in one language only is refused."""
    known = set(LETTER_FILES.values())
    for path in sorted((folder / "letters").glob("*")):
        if path.name not in known:
            raise refused(
                f"{folder.name}/letters",
                path.name,
                Phrase(
                    f"没有这种文书；可用的有{'、'.join(sorted(known))}。",
                    f"there is no such letter; there are {', '.join(sorted(known))}.",
                ),
            )
    letters: dict[LetterKind, Letter] = {}
    for kind in LetterKind:
        texts = {
            language: folder / "letters" / LETTER_FILES[kind, language] for language in ("zh", "en")
        }
        if not any(path.exists() for path in texts.values()):
            continue
        for path in texts.values():
            if not path.exists():
                raise refused(
                    f"{folder.name}/letters",
                    path.name,
                    Phrase("缺少这种文字的文本。", "the text in this language is missing."),
                )
        phrase = Phrase(_text(texts["zh"]), _text(texts["en"]))
        try:
            letters[kind] = Letter(kind, phrase)
        except Invalid as error:
            raise refused(f"{folder.name}/letters", kind.value, error.phrase) from None
    return letters


def _calendar(folder: Path, settings: dict[str, str]) -> Layer:
    rows = folder / "calendar.csv"
    try:
        return Layer(
            code=LOCAL,
            number=0,
            rows=day_rows(_text(rows)) if rows.exists() else (),
            workweek=settings.get("workweek"),
            hours=shipped_hours(settings["hours"]) if "hours" in settings else None,
        )
    except DomainError as error:
        raise refused(folder.name, "calendar", error.phrase) from None


def _categories(folder: Path) -> tuple[dict[str, str], ...]:
    path = folder / "categories.csv"
    return read_categories(_text(path), f"{folder.name}/{path.name}") if path.exists() else ()


def _sources_exist(profile: Profile) -> None:
    """What a profile says it is given must name a source and tables that it really has."""
    file = f"{profile.name}/profile.yaml"
    known = [source.id for source in profile.sources]
    cited = {
        **{f"gives.{n}.source": given.source for n, given in enumerate(profile.gives, 1)},
        **{f"lines.{n}.source": line.source for n, line in enumerate(profile.lines, 1)},
    }
    for path, source in cited.items():
        if source not in known:
            raise refused(
                file,
                path,
                Phrase(
                    f"来源“{source}”没有列在 sources 中；已列的有{'、'.join(known)}。",
                    f"the source “{source}” is not among the sources: {', '.join(known)}.",
                ),
            )
    if profile.name == DEFAULT:
        return
    for number, given in enumerate(profile.gives, 1):
        for key in given.tables:
            if key not in profile.own:
                raise refused(
                    file,
                    f"gives.{number}.tables",
                    Phrase(
                        f"方案里没有 {key}.dmn；请补上，或从这里去掉。",
                        f"the profile has no {key}.dmn: add it, or leave it out here.",
                    ),
                )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
