"""Every text of the default definition is there in Dutch and in English, and the README quotes it as it is."""

from __future__ import annotations

import re
import shutil
from functools import lru_cache
from pathlib import Path

import pytest

from regie.core.definition import Definition
from regie.definitions import load_definition
from regie.definitions.calendars import load_calendar, workflow_defs_dir
from regie.text.phrases import LANGUAGES
from tests.support.texts import texts_of

ROOT = Path(__file__).resolve().parents[2]
OPVANG = workflow_defs_dir() / "opvang"
# What is called the same in both languages.
NAMES = {"Go", "Monitoring", "No-go", "Units"}
# Where people read a text, as the keys of the files.
PLACES = {
    "title", "steps.title", "steps.done_when", "steps.remark", "steps.gate.outcomes.title", "questions.ask", "questions.why",
    "questions.option_titles", "roles.title", "roles.does", "phases.title", "phases.about", "tracks.title", "anchors.title",
    "lists.title", "bodies.title", "cycle_kinds.title",
}  # fmt: skip


@lru_cache(maxsize=1)
def opvang() -> Definition:
    return load_definition(OPVANG)


def wanting(definition: Definition) -> list[str]:
    """Where a language is missing or empty, or both say the same while it is no name."""
    return [
        place
        for place, text in texts_of(definition)
        if not all(text.get(language, "").strip() for language in LANGUAGES)
        or (text["nl"] == text["en"] and text["nl"] not in NAMES)
    ]


def kind_of_place(place: str) -> str:
    """``steps.f0-startnota.title`` without its ids: ``steps.title``."""
    parts = place.split(".")
    ids = {1, 4} if "outcomes" in parts else {1, 3}
    return ".".join(part for number, part in enumerate(parts) if number not in ids)


def test_every_text_that_people_read_has_both_languages() -> None:
    assert wanting(opvang()) == []


def test_each_name_is_one_that_the_definition_has() -> None:
    assert {text["nl"] for _, text in texts_of(opvang()) if text["nl"] == text["en"]} == NAMES


def test_all_places_with_texts_are_looked_at() -> None:
    found = {kind_of_place(place) for place, _ in texts_of(opvang())}

    assert found == PLACES


def test_nothing_that_can_be_said_is_left_unsaid() -> None:
    definition = opvang()

    assert all(step.done_when for step in definition.steps.values())
    assert all(role.does for role in definition.roles.values())
    assert all(phase.about for phase in definition.phases.values())
    assert all(set(question.option_titles) == set(question.options) for question in definition.questions.values())


@pytest.mark.parametrize(
    ("file", "key", "at"),
    [
        ("fase-2.yaml", "done_when", "steps.*.done_when"),
        ("fase-3.yaml", "remark", "steps.*.remark"),
        ("workflow.yaml", "does", "roles.*.does"),
        ("workflow.yaml", "about", "phases.*.about"),
        ("workflow.yaml", "why", "questions.*.why"),
        ("workflow.yaml", "huur", "questions.eigendom.option_titles.huur"),
        ("fase-0.yaml", "title", "steps.*.title"),
    ],
)
def test_a_text_without_its_english_is_noticed(tmp_path: Path, file: str, key: str, at: str) -> None:
    path = Path(shutil.copytree(OPVANG, tmp_path / "opvang")) / file
    # the first of its kind, written on one line or as a line per language
    pattern = rf"(\b{key}: \{{nl: [^,\n]+), en: [^,\n]+(\}})|(\b{key}:\n +nl: [^>\n]+\n) +en: [^>\n]+\n"
    less, count = re.subn(pattern, r"\1\2\3", path.read_text(encoding="utf-8"), count=1)
    path.write_text(less, encoding="utf-8")

    found = set(wanting(load_definition(path.parent))) - set(wanting(opvang()))

    assert count == 1
    assert [bool(re.fullmatch(at.replace(".", r"\.").replace("*", ".+"), place)) for place in found] == [True]


def test_school_holidays_are_called_something_in_english() -> None:
    names = {period.name for period in load_calendar("nl").periods}

    assert names <= set(LANGUAGES["en"].days_off)


def test_the_readme_quotes_steps_as_they_are() -> None:
    files = "".join(path.read_text(encoding="utf-8") for path in sorted(OPVANG.glob("fase-*.yaml")))
    quoted = re.findall(r"^```yaml\n(  f\d-.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)

    assert len(quoted) == 3
    assert [each for each in quoted if f"\n{each}" not in files] == []
