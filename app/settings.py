"""Settings: read once from the environment, each documented, each wrong value refused by name."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.profiles import folders

VAR = Path(__file__).resolve().parent.parent / "var"
"""Where the product keeps what it writes itself."""


class SettingError(Exception):
    """A setting has a value that cannot be used; the message names it and says what can."""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return text

    return read


def _profile(text: str) -> str:
    known = folders.names()
    if text not in known:
        raise ValueError("one of " + ", ".join(known))
    return text


def _yes_or_no(text: str) -> bool:
    if text not in {"yes", "no"}:
        raise ValueError("yes or no")
    return text == "yes"


def _database(text: str) -> str:
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ValueError(
            "a database address such as sqlite:////srv/jieban/jieban.db "
            "or postgresql+psycopg://user:password@host/jieban"
        )
    return text


def _secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("at least 32 characters nobody can guess")
    return text


def _folder(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise ValueError("a folder, which is made where it does not exist yet")
    return path


def _address(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text and not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError("an address beginning with " + " or ".join(f"{s}://" for s in schemes))
        return text

    return read


def _site(text: str) -> str:
    """An absolute address that links are put together from, without a slash at its end."""
    if not text:
        return text
    expected = ValueError("an address that a browser opens, such as https://12345.example.gov.cn")
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for what is no number
    except ValueError:
        raise expected from None
    unwanted = parts.query or parts.fragment or parts.username or any(map(str.isspace, text))
    if parts.scheme not in {"http", "https"} or not parts.hostname or unwanted:
        raise expected
    return text.rstrip("/")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, what it means, how it is read, and what holds without it."""

    variable: str
    default: str
    meaning: str
    read: Callable[[str], object]


SETTINGS: dict[str, Setting] = {
    "host": Setting("HOST", "127.0.0.1", "address to listen on", str),
    "port": Setting("PORT", "8000", "port to listen on", _whole(1, 65535)),
    "database_url": Setting(
        "JIEBAN_DATABASE_URL",
        f"sqlite:///{VAR / 'jieban.db'}",
        "the database: SQLite for one machine, PostgreSQL for a city",
        _database,
    ),
    "files": Setting(
        "JIEBAN_FILES",
        str(VAR / "files"),
        "folder of uploaded files; every machine that serves the same database needs the same one",
        _folder,
    ),
    "secret_key": Setting(
        "JIEBAN_SECRET_KEY",
        "",
        "signs sessions; without it one is made and kept in var/secret_key",
        _secret,
    ),
    "language": Setting(
        "JIEBAN_LANGUAGE", "zh", "language of pages before sign-in (zh, en)", _one_of("zh", "en")
    ),
    "demo": Setting(
        "JIEBAN_DEMO",
        "yes",
        "load the demo city 云江市 into an empty database, and show its sign-ins (yes, no)",
        _yes_or_no,
    ),
    "profile": Setting(
        "JIEBAN_PROFILE",
        folders.DEFAULT,
        "city profile: whose limits and rules new cases follow; see jieban profile list",
        _profile,
    ),
    "threads": Setting("JIEBAN_THREADS", "8", "threads that serve pages", _whole(1, 64)),
    "tick_seconds": Setting(
        "JIEBAN_TICK_SECONDS", "5", "how often due deadlines are looked for", _whole(1, 300)
    ),
    "session_minutes": Setting(
        "JIEBAN_SESSION_MINUTES", "30", "idle minutes after which a session ends", _whole(1, 720)
    ),
    "secure_cookies": Setting(
        "JIEBAN_SECURE_COOKIES", "no", "yes where the product is reached by https", _yes_or_no
    ),
    "public_url": Setting(
        "JIEBAN_PUBLIC_URL",
        "",
        "where citizens reach the product, for links in messages; without it http://HOST:PORT",
        _site,
    ),
    "proxies": Setting(
        "JIEBAN_PROXIES",
        "0",
        "reverse proxies of yours in front; that many are believed whom they pass on",
        _whole(0, 5),
    ),
    "smtp_url": Setting(
        "JIEBAN_SMTP_URL",
        "",
        "mail server, smtp://user:password@host:port or smtps://…; without it mail is only logged",
        _address("smtp", "smtps"),
    ),
    "mail_from": Setting("JIEBAN_MAIL_FROM", "jieban@localhost", "sender of mail", str),
    "sms_url": Setting(
        "JIEBAN_SMS_URL",
        "",
        "HTTP gateway that takes a POST of JSON {to, text}; without it messages are only logged",
        _address("http", "https"),
    ),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force."""

    host: str
    port: int
    database_url: str
    files: Path
    secret_key: str
    language: str
    demo: bool
    profile: str
    threads: int
    tick_seconds: int
    session_minutes: int
    secure_cookies: bool
    public_url: str
    proxies: int
    smtp_url: str
    mail_from: str
    sms_url: str

    @property
    def site(self) -> str:
        """What links in messages begin with."""
        return self.public_url or f"http://{self.host}:{self.port}"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from the environment.

    Raises `SettingError` naming the variable, its value and what is accepted. An unknown
    variable beginning with JIEBAN_ is refused too: it is a typing mistake.
    """
    environment = os.environ if environment is None else environment
    known = {setting.variable for setting in SETTINGS.values()}
    for variable in environment:
        if variable.startswith("JIEBAN_") and variable not in known:
            raise SettingError(
                f"{variable} is not a setting. Known ones: {', '.join(sorted(known))}."
            )
    values: dict[str, object] = {}
    for name, setting in SETTINGS.items():
        text = environment.get(setting.variable, "") or setting.default
        if name == "secret_key" and not text:
            text = _kept_secret()
        try:
            values[name] = setting.read(text)
        except ValueError as error:
            shown = "" if name == "secret_key" else f"={text!r}"
            raise SettingError(
                f"{setting.variable}{shown} cannot be used: expected {error}."
            ) from None
    return Settings(**values)  # type: ignore[arg-type]


def _kept_secret() -> str:
    """The secret made at the first start; only the owner of the process may read the file."""
    path = VAR / "secret_key"
    if not path.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()
