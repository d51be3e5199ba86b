"""The sentences of the pages and their English.

`python -m app.web.messages` brings translations/en in step with the sources: new sentences are
added empty, vanished ones removed; it names what is left to translate.
"""

import sys
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.web.build import TRANSLATIONS, WEB

ENGLISH = TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"

_METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]


def main() -> int:
    """Bring the English catalogue in step. 0: complete; 1: some sentences lack their English."""
    catalogue = english()
    catalogue.update(sentences(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with ENGLISH.open("wb") as target:
        write_po(target, catalogue, sort_output=True, width=0, no_location=True)
    missing = untranslated(catalogue)
    for sentence in missing:
        sys.stdout.write(f"{sentence}\n")
    return 1 if missing else 0


def sentences() -> Catalog:
    """Every sentence that pages and templates ask gettext for."""
    found = Catalog()
    options = {"templates/**.html": {"trimmed": "true"}}
    for _file, _line, message, comments, context in extract_from_dir(
        WEB, method_map=_METHODS, options_map=options
    ):
        found.add(message, auto_comments=comments, context=context)
    return found


def english(path: Path = ENGLISH) -> Catalog:
    """The English catalogue as it is kept."""
    if not path.is_file():
        return Catalog(locale="en", project="jieban", fuzzy=False)
    with path.open("rb") as source:
        return read_po(source, locale="en")


def untranslated(catalogue: Catalog) -> list[str]:
    """The sentences without English, each in its singular."""
    return [
        message.id if isinstance(message.id, str) else message.id[0]
        for message in catalogue
        if message.id
        and not all(message.string if isinstance(message.string, tuple) else [message.string])
    ]


if __name__ == "__main__":
    sys.exit(main())
