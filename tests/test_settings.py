"""Settings: read from the environment, checked, and silent about their secrets."""

from __future__ import annotations

import stat
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from regie.errors import Refused
from regie.mailbox import Mailbox
from regie.settings import Settings, load_audit_key, load_link_key, load_settings
from regie.text.refusals import say_refusal

SECRET = "Zeer9Geheim"


def test_without_a_single_variable_regie_starts_on_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load_settings()

    assert settings.data_dir == tmp_path / "regie-data"
    assert settings.database_url.get_secret_value() == f"sqlite:///{tmp_path}/regie-data/regie.db"
    assert (settings.timezone, settings.language, settings.brake_messages_per_day) == (
        "Europe/Amsterdam",
        "nl",
        200,
    )
    assert settings.mail_url is None
    assert list(tmp_path.iterdir()) == []


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGIE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REGIE_MAIL_URL", "mailto://127.0.0.1:8025")
    monkeypatch.setenv("REGIE_MAIL_FROM", "Regie Voorbeeldstad <regie@voorbeeldstad.nl>")
    monkeypatch.setenv("REGIE_CHANNEL_SCHEMES", "mailtos, Workflows,")
    monkeypatch.setenv("REGIE_CHANNEL_INTERNAL_HOSTS", "Signal.Intern")
    monkeypatch.setenv("REGIE_BASE_URL", "https://regie.voorbeeldstad.nl/")
    monkeypatch.setenv("REGIE_LANGUAGE", "")

    settings = load_settings(brake_messages_per_day=50)

    assert settings.mail_from == Mailbox("regie@voorbeeldstad.nl", "Regie Voorbeeldstad")
    assert settings.channel_schemes == ("mailtos", "workflows")
    assert settings.channel_internal_hosts == ("signal.intern",)
    assert settings.base_url == "https://regie.voorbeeldstad.nl"
    assert settings.brake_messages_per_day == 50
    assert settings.language == "nl"


def test_an_empty_list_of_channels_closes_all_of_them() -> None:
    assert load_settings(channel_schemes=()).channel_schemes == ()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REGIE_BRAKE_MESSAGES_PER_DAY", SECRET),
        ("REGIE_BRAKE_MESSAGES_PER_DAY", "0"),
        ("REGIE_MAIL_FROM", f"Regie <{SECRET}>"),
        ("REGIE_REPLY_TO", f"{SECRET}@"),
        ("REGIE_BASE_URL", f"ftp://{SECRET}"),
        ("REGIE_PREFECT_API_URL", SECRET),
        ("REGIE_TIMEZONE", f"Europe/{SECRET}"),
        ("REGIE_TIMEZONE", f"../{SECRET}"),
        ("REGIE_LANGUAGE", SECRET),
        ("REGIE_AUDIT_KEY", SECRET),
        ("REGIE_ENVIRONMENT_LABEL", SECRET * 10),
    ],
)
def test_wrong_value_is_refused_by_name_and_never_repeated(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(Refused, match=variable) as refused:
        load_settings()

    assert refused.value.code == "settings-invalid"
    assert SECRET not in "".join(traceback.format_exception(refused.value))
    assert refused.value.__context__ is None


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(Refused, match=r"REGIE_BASE_URL.*REGIE_LANGUAGE"):
        load_settings(base_url="x", language="fries")


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"mail_url": "mailto://127.0.0.1:25"}, "REGIE_MAIL_FROM"),
        ({"mail_redirect_to": "tester@stad.nl"}, "REGIE_ENVIRONMENT_LABEL"),
        ({"mail_adres": "x"}, "REGIE_MAIL_ADRES"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(overrides: dict[str, str], named: str) -> None:
    with pytest.raises(Refused, match=named):
        load_settings(**overrides)


def test_printed_settings_show_no_secret() -> None:
    settings = load_settings(
        database_url=f"postgresql+psycopg://regie:{SECRET}@db/regie",
        mail_url=f"mailtos://regie:{SECRET}%2F2@smtp.stad.nl",
        mail_from="regie@stad.nl",
        audit_key=SECRET * 4,
    )

    assert SECRET not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert set(settings.secret_values()) == {SECRET, f"{SECRET}/2", f"{SECRET}%2F2", SECRET * 4}


def test_every_setting_is_explained() -> None:
    unexplained = [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")]

    assert unexplained == []


def test_audit_key_is_made_once_for_the_owner_only(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "nieuw")

    first, second = load_audit_key(settings), load_audit_key(settings)

    assert first == second
    assert len(first.get_secret_value()) >= 32
    file = tmp_path / "nieuw" / "audit.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() == first.get_secret_value()
    assert [path.name for path in file.parent.iterdir()] == ["audit.key"]
    assert first.get_secret_value() not in f"{first} {first!r}"


def test_processes_that_start_together_get_the_same_audit_key(tmp_path: Path) -> None:
    code = (
        "from regie.settings import load_audit_key, load_settings\n"
        f"print(load_audit_key(load_settings(data_dir={str(tmp_path)!r})).get_secret_value())"
    )

    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {process.communicate(timeout=60)[0].strip() for process in running}

    assert len(keys) == 1
    assert len(keys.pop()) >= 32


def test_audit_key_that_was_set_wins_and_writes_nothing(tmp_path: Path) -> None:
    key = load_audit_key(load_settings(data_dir=tmp_path, audit_key="k" * 40))

    assert key == SecretStr("k" * 40)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"kort\n", b"\xff" * 64])
def test_damaged_audit_key_is_refused_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "audit.key").write_bytes(content)

    with pytest.raises(Refused, match="audit key") as refused:
        load_audit_key(load_settings(data_dir=tmp_path))

    assert refused.value.code == "settings-invalid"
    assert (tmp_path / "audit.key").read_bytes() == content


def test_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Refused, match="cannot be used"):
        load_audit_key(load_settings(data_dir=tmp_path / "file" / "data"))


def test_link_key_has_a_file_of_its_own_and_never_shows(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)

    first, second = load_link_key(settings), load_link_key(settings)

    assert first == second
    assert first != load_audit_key(settings)
    assert stat.S_IMODE((tmp_path / "link.key").stat().st_mode) == 0o600
    given = load_settings(data_dir=tmp_path, link_key="l" * 40)
    assert load_link_key(given).get_secret_value() == "l" * 40
    assert "l" * 40 in given.secret_values()
    assert "l" * 40 not in repr(given)


def test_damaged_link_key_says_what_happens_without_it(tmp_path: Path) -> None:
    (tmp_path / "link.key").write_text("half")

    with pytest.raises(Refused) as refused:
        load_link_key(load_settings(data_dir=tmp_path))

    said = say_refusal(refused.value)
    assert said.message == f"Het bestand '{tmp_path}/link.key' met de sleutel van de links is niet heel."
    assert "eindigen alle links" in said.advice
    assert (tmp_path / "link.key").read_text() == "half"
