"""The published JSON Schema is the one that the models give, and says about files what the loader says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from regie.definitions import check_sources
from regie.definitions.findings import Report
from regie.definitions.places import Source
from regie.definitions.schema import schema_json, write_schema
from regie.definitions.yaml_text import Budget, read_yaml
from tests.support.authoring import HEADER, errors

COMMITTED = Path(__file__).parents[2] / "workflow_defs" / "schema" / "workflow-1.json"

RIGHT = {
    "tiny": "steps:\n  a: {title: A, takes: 3wd}\n  b: {title: B, needs: a}\n",
    "one-instead-of-a-list": "steps:\n  b: {title: B}\n  a: {title: A, needs: {start_to_start: b, lag: -1wd}}\n",
    "cases": "steps:\n  a: {title: A, takes: [{when: q, is: 3wd}, {is: continuous}]}\n"
    "questions: {q: {ask: Q, yes_no: true}}\n",
    "two-languages": "steps:\n  a: {title: {nl: A, en: An A}}\n",
    "gate": "roles: {r: {title: R}}\nsteps:\n  a: {title: A, gate: {decided_by: r, no_go: {ends: [a]}}}\n",
    "body": "bodies: {x: {title: X, meets: {from: '2027-01-05'}, recess: [{name: r, from: '07-10', to: '08-20'}]}}\n"
    "steps: {}\n",
    "notices": "notices: {to: {done: informed}, remind: 5wd, ladder: [{after: 1wd, to: [responsible]}]}\nsteps: {}\n",
}
WRONG = {
    "unknown-key": "steps:\n  a: {title: A, tkaes: 3wd}\n",
    "no-title": "steps:\n  a: {takes: 3wd}\n",
    "no-unit": "steps:\n  a: {title: A, takes: 3}\n",
    "unknown-value": "steps:\n  a: {title: A, evidence: always}\n",
    "id-with-a-space": "steps:\n  'a b': {title: A}\n",
    "include-with-a-path": "include: [../x.yaml]\n",
}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads(schema_json())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_committed_schema_is_the_generated_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema_json(), "run: make schema"


@pytest.mark.parametrize("name", RIGHT)
def test_what_loads_is_right_for_an_editor(name: str, validator: Draft202012Validator) -> None:
    assert errors(check_sources({"x.yaml": HEADER + RIGHT[name]})) == []
    assert list(validator.iter_errors(_read(HEADER + RIGHT[name]))) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_has_the_wrong_shape_is_wrong_for_an_editor(name: str, validator: Draft202012Validator) -> None:
    assert errors(check_sources({"x.yaml": HEADER + WRONG[name]}))
    assert list(validator.iter_errors(_read(HEADER + WRONG[name])))


def test_a_file_with_only_steps_is_right_for_an_editor(validator: Draft202012Validator) -> None:
    assert list(validator.iter_errors(_read("steps:\n  a: {title: A}\n"))) == []


@pytest.mark.parametrize("path", sorted((COMMITTED.parents[1] / "opvang").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_files_of_the_default_definition_are_right_for_an_editor(
    path: Path, validator: Draft202012Validator
) -> None:
    # our own reader: like an editor it leaves dates as they are written
    values = read_yaml(Source(path.name, path.read_text(encoding="utf-8")), Report(), Budget())

    assert values
    assert [error.json_path for error in validator.iter_errors(values)] == []


def test_every_key_tells_an_author_in_dutch_what_it_is_for() -> None:
    definitions = json.loads(schema_json())["$defs"]
    silent = [
        f"{part}.{key}"
        for part, definition in definitions.items()
        for key, value in definition.get("properties", {}).items()
        if "description" not in value and not _says_it_elsewhere(value, definitions)
    ]

    assert silent == []
    assert [part for part, definition in definitions.items() if not definition.get("description")] == []


def _says_it_elsewhere(value: dict[str, Any], definitions: dict[str, Any]) -> bool:
    options = value.get("anyOf", [value])
    return any("description" in option or "$ref" in option for option in options)


def test_writing_the_schema_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "schema" / "workflow-1.json"

    assert write_schema(path) is True
    assert write_schema(path) is False
    assert path.read_text(encoding="utf-8") == schema_json()
