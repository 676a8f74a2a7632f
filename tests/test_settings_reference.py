"""The reference of settings says what is so: every setting, its real default, and an example that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from regie.errors import Refused
from regie.settings import ENV_PREFIX, Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
SETTINGS, OTHERS = TEXT.split("\n# Geen instelling, wel een variabele\n")
FIELDS = {f"{ENV_PREFIX}{name.upper()}": field for name, field in Settings.model_fields.items()}
FACTS = ("Standaard", "Eenheid", "Voorbeeld", "Nodig")
MADE_OF_OTHERS = {
    "REGIE_DATABASE_URL": ("het bestand `regie.db` in `REGIE_DATA_DIR`", SecretStr("sqlite:////x/regie.db")),
    "REGIE_FILES_DIR": ("de map `bestanden` in `REGIE_DATA_DIR`", Path("/x/bestanden")),
}


def section(variable: str) -> str:
    return SETTINGS.split(f"\n## {variable}\n")[1].split("\n## ")[0]


def fact(variable: str, name: str) -> str:
    (said,) = re.findall(rf"^- {name}: (.+)$", section(variable), flags=re.MULTILINE)
    return str(said)


def example(variable: str) -> str:
    return re.fullmatch(r"`([^`]+)`", fact(variable, "Voorbeeld"))[1]  # type: ignore[index]


def test_every_setting_has_its_heading_and_no_other_does() -> None:
    assert re.findall(r"^## (.+)$", TEXT, flags=re.MULTILINE) == list(FIELDS)


@pytest.mark.parametrize("variable", FIELDS)
def test_every_setting_says_what_it_means_and_each_fact_once(variable: str) -> None:
    meaning = section(variable).split("\n- ")[0].strip()
    named = re.findall(r"^- (\w+): ", section(variable), flags=re.MULTILINE)

    assert meaning.endswith(".")
    assert tuple(named) == FACTS


@pytest.mark.parametrize("variable", FIELDS)
def test_default_in_the_reference_is_the_real_one(variable: str) -> None:
    default, said = FIELDS[variable].default, fact(variable, "Standaard")

    if default in (None, "", ()):
        assert said.startswith(("geen", "eenmalig gemaakt"))
    elif default is PydanticUndefined:
        in_words, value = MADE_OF_OTHERS[variable]
        assert said == in_words
        assert getattr(load_settings(data_dir="/x"), variable.removeprefix(ENV_PREFIX).lower()) == value
    else:
        value = ",".join(default) if isinstance(default, tuple) else str(default)
        assert said.startswith(f"`{value}`")


def test_all_examples_work_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in FIELDS:
        monkeypatch.setenv(variable, example(variable))

    settings = load_settings()

    assert settings.model_fields_set == set(Settings.model_fields)


@pytest.mark.parametrize(
    ("variable", "said", "taken", "refused"),
    [
        ("REGIE_ENVIRONMENT_LABEL", "hoogstens 40 tekens", "x" * 40, "x" * 41),
        ("REGIE_ORGANISATION", "hoogstens 80 tekens", "x" * 80, "x" * 81),
        ("REGIE_WEB_PORT", "1 tot en met 65535", "65535", "65536"),
        ("REGIE_AUDIT_KEY", "minstens 32 tekens", "x" * 32, "x" * 31),
        ("REGIE_SQLITE_RISK_ACCEPTED", "hoogstens 200 tekens", "x" * 200, "x" * 201),
        ("REGIE_BRAKE_MESSAGES_PER_DAY", "minstens 1", "1", "0"),
        ("REGIE_FILE_MAX_MB", "hoogstens 100", "100", "101"),
    ],
)
def test_limits_in_the_reference_are_the_real_ones(
    variable: str, said: str, taken: str, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said in fact(variable, "Eenheid")

    monkeypatch.setenv(variable, taken)
    load_settings()
    monkeypatch.setenv(variable, refused)
    with pytest.raises(Refused, match=variable):
        load_settings()


def test_every_variable_that_the_program_reads_is_in_the_reference() -> None:
    read = {
        name
        for folder in ("src", "flows")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"\bREGIE_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
    }
    others = set(re.findall(r"^\| `(REGIE_[A-Z_]+)` \|", OTHERS, flags=re.MULTILINE))

    assert others.isdisjoint(FIELDS)
    assert read - set(FIELDS) == others
    assert set(re.findall(r"REGIE_[A-Z_]*[A-Z]", TEXT)) <= set(FIELDS) | others
