"""Settings are refused by name, and each is documented."""

from pathlib import Path

import pytest

from app.settings import SETTINGS, SettingError, read_settings

README = Path(__file__).resolve().parents[1] / "README.md"
SECRET = {"JIEBAN_SECRET_KEY": "x" * 40}


def test_the_defaults_serve_a_sqlite_file_on_this_machine() -> None:
    settings = read_settings(SECRET)
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.database_url.startswith("sqlite:///")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "0"),
        ("PORT", "eighty"),
        ("PORT", "٣٠٠٠"),
        ("JIEBAN_DATABASE_URL", "mysql://x/y"),
        ("JIEBAN_DATABASE_URL", "not an address"),
        ("JIEBAN_FILES", __file__),
        ("JIEBAN_SECRET_KEY", "short"),
        ("JIEBAN_LANGUAGE", "fr"),
        ("JIEBAN_DEMO", "maybe"),
        ("JIEBAN_TICK_SECONDS", "0"),
        ("JIEBAN_SMS_URL", "ftp://gateway"),
        ("JIEBAN_PUBLIC_URL", "12345.example.gov.cn"),
        ("JIEBAN_PROXIES", "-1"),
        ("JIEBAN_PUBLIC_URL", "ftp://12345.example.gov.cn"),
        ("JIEBAN_PUBLIC_URL", "https://"),
        ("JIEBAN_PUBLIC_URL", "https://12345.example.gov.cn:port"),
        ("JIEBAN_PUBLIC_URL", "https://12345.example.gov.cn/?a=1"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_setting(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=variable):
        read_settings(SECRET | {variable: value})


def test_links_begin_with_the_public_address_or_else_with_what_is_listened_on() -> None:
    assert read_settings(SECRET).site == "http://127.0.0.1:8000"
    public = SECRET | {"JIEBAN_PUBLIC_URL": "https://12345.example.gov.cn/"}
    assert read_settings(public).site == "https://12345.example.gov.cn"


def test_a_secret_is_never_shown() -> None:
    with pytest.raises(SettingError) as refusal:
        read_settings({"JIEBAN_SECRET_KEY": "hunter2"})
    assert "hunter2" not in str(refusal.value)


def test_a_mistyped_setting_is_refused() -> None:
    with pytest.raises(SettingError, match="JIEBAN_DATBASE_URL"):
        read_settings(SECRET | {"JIEBAN_DATBASE_URL": "sqlite://"})


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.variable)
def test_every_setting_is_in_the_readme(setting: object) -> None:
    assert f"`{setting.variable}`" in README.read_text(encoding="utf-8")  # type: ignore[attr-defined]
