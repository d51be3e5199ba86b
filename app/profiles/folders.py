"""Where the profiles lie and what they are called; imports nothing, since every start asks it."""

from pathlib import Path

TABLES = Path(__file__).resolve().parent.parent.parent / "rules"
"""The decision tables of the default, a file each."""

SHELF = TABLES / "profiles"
"""A folder for each profile."""

DEFAULT = "default"
"""The profile every other one inherits from; its tables are those of `TABLES` itself."""


def names(shelf: Path = SHELF) -> list[str]:
    """The names of all profiles, the default first."""
    found = sorted(path.parent.name for path in shelf.glob("*/profile.yaml"))
    return sorted(found, key=lambda name: name != DEFAULT)
