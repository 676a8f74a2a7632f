"""A rehearsal plays what it says, names all that is otherwise, and says where it cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from regie.core.definition import Definition
from regie.definitions import load_definition
from regie.definitions.rehearsal import RehearsalPart, read_rehearsal, run_rehearsal
from regie.errors import NotFound, Refused

SMALL = """
rehearsal: Klein
given: {start: 2027-01-04}
story:
  - finish: a
  - finish: b
    refused: %s
  - expect:
      states: {a: %s}
      dates: {b: {early_start: 2027-01-05}}
      told: [{to: maker, kind: ready, step: b}]
"""
DEFINITION = """
regie: 1
id: klein
title: Klein
calendar: weekdays
roles: {maker: {title: Maker}}
steps:
  a: {title: A, takes: 1wd, responsible: maker}
  b: {title: B, takes: 1wd, responsible: maker, needs: [{finish_to_start: a, lag: 2wd}]}
"""


def small(tmp_path: Path, refused: str, state: str) -> tuple[Definition, RehearsalPart]:
    (tmp_path / "klein.yaml").write_text(DEFINITION, encoding="utf-8")
    (tmp_path / "verhaal.yaml").write_text(SMALL % (refused, state), encoding="utf-8")
    return load_definition(tmp_path / "klein.yaml"), read_rehearsal(tmp_path / "verhaal.yaml")


def test_everything_that_is_otherwise_is_named_not_only_the_first(tmp_path: Path) -> None:
    rehearsed = run_rehearsal(*small(tmp_path, "gate-needs-decision", "ready"))

    assert [failure.scene for failure in rehearsed.failures] == [2, 3, 3, 3]
    assert "refused with step-not-ready" in rehearsed.failures[0].message
    assert "a is done, the story expects ready" in rehearsed.failures[1].message
    assert not rehearsed.passed


def test_story_without_a_single_check_does_not_pass(tmp_path: Path) -> None:
    definition, story = small(tmp_path, "step-not-ready", "done")
    empty = story.model_copy(update={"story": story.story[:1]})

    assert not run_rehearsal(definition, empty).passed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "rehearsal: X\ngiven: {start: 2027-01-04}\nstory: [{onn: 2027-01-04}]\n", "onn", id="unknown-word"
        ),
        pytest.param("rehearsal: [", "verhaal.yaml", id="no-yaml"),
        pytest.param("rehearsal: X\n", "given", id="misses-a-part"),
    ],
)
def test_story_that_cannot_be_read_names_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "verhaal.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(Refused, match=message):
        read_rehearsal(path)


def test_story_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="cannot read"):
        read_rehearsal(tmp_path / "x.yaml")
