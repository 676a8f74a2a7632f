"""The page that teaches the language has every key of the format, and all its examples load."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from regie.core.definition import Kind
from regie.definitions import check_sources
from regie.definitions.schema import IncludedPart, WorkflowPart
from tests.support.authoring import whole

PAGE = (Path(__file__).parents[2] / "docs" / "definition-language.md").read_text(encoding="utf-8")
TABLES = {
    part: set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE))
    for part, rows in re.findall(r"^<!-- (\w+) -->\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
}


def parts_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from parts_in(inner)


def all_parts() -> dict[str, set[str]]:
    """The parts of the format with their keys."""
    found: dict[str, set[str]] = {}
    waiting: list[type[BaseModel]] = [WorkflowPart, IncludedPart]
    while waiting:
        part = waiting.pop()
        if part.__name__ not in found:
            found[part.__name__] = {field.alias or name for name, field in part.model_fields.items()}
            waiting += [inner for field in part.model_fields.values() for inner in parts_in(field.annotation)]
    return found


@pytest.mark.parametrize(("part", "keys"), all_parts().items())
def test_every_key_of_the_format_has_its_row(part: str, keys: set[str]) -> None:
    assert TABLES[part] == keys


def test_no_table_is_about_a_part_that_is_gone() -> None:
    assert TABLES.keys() == all_parts().keys()


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
def test_every_example_loads(text: str) -> None:
    result = check_sources({"workflow.yaml": whole(text)})

    assert result.definition is not None, "\n".join(map(str, result.findings))


# the ladder says who hears of silence, readers choose digests, and an end is told to who had work
DERIVED = (Kind.ENDED, Kind.ESCALATED, Kind.DIGEST)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in DERIVED])
def test_every_kind_of_notice_is_named(kind: Kind) -> None:
    assert f"`{kind.value}`" in PAGE.split("Kinds of notice:")[1].split("Who hears:")[0]


RULES = re.findall(r"^\| (`[^|]*`) \|", PAGE.split("| Write | Means |")[1].split("```")[0], re.MULTILINE)


@pytest.mark.parametrize("rule", re.findall(r"`([^`]+)`", " ".join(RULES)))
def test_every_date_in_words_can_be_read(rule: str) -> None:
    text = f"""\
anchors: {{opening: {{title: Opening, target: required}}}}
lists: {{arrival: {{title: Instroom}}}}
steps:
  f0-go-besluit: {{title: Besluit}}
  s: {{title: S, for_each: arrival, repeats: {{every: 1m, from: start}}, due: {rule}}}
"""

    assert check_sources({"workflow.yaml": whole(text)}).definition is not None
