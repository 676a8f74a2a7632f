"""schemathesis asks the API what nobody thought of: nothing breaks, and every answer is as the document says."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Engine

from regie.web.api.openapi import make_document
from tests.store.world import World
from tests.web.api import BOTH, Program, make_world, program
from tests.web.conftest import Browse

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
KNOWN: dict[str, Any] = {
    "slug": "de-wilg",
    "sleutel": "advies",
    "anker": "opening",
    "lijst": "arrival",
    "nummer": 1,
    "volgnummer": 1,
    "naam": "opvang",
}
"""What is there: without it nearly every question would be about nothing."""
HOST = "regie.voorbeeldstad.nl"
EXAMPLES = 4


@pytest.fixture(scope="module")
def operations() -> list[Any]:
    schema = schemathesis.openapi.from_dict(make_document())
    return [each.ok() for each in schema.get_all_operations()]


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    return make_world(sqlite_engine)


@pytest.fixture
def lead(world: World, browse: Browse) -> Program:
    return program(world, browse, BOTH)


def ask_all(operations: list[Any], lead: Program, key: str, examples: int) -> dict[int, int]:
    """Ask each operation what schemathesis makes up, half of it about what is there; count the answers by status."""
    counts: dict[int, int] = {}
    headers = {"Host": HOST} | ({"Authorization": f"Bearer {key}"} if key else {})

    def ask(case: Any, is_known: bool) -> None:
        if is_known:
            given = case.path_parameters or {}
            case.path_parameters = {name: KNOWN.get(name, value) for name, value in given.items()}
        answer = case.call(base_url=f"https://{HOST}/api/v1", headers=headers, app=lead.browser.app)
        counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
        case.validate_response(answer, checks=CHECKS)

    settings = hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for operation in operations:
        settings(hypothesis.given(case=operation.as_strategy(), is_known=hypothesis.strategies.booleans())(ask))()
    return counts


def test_every_operation_answers_as_described_whatever_it_is_asked(operations: list[Any], lead: Program) -> None:
    counts = ask_all(operations, lead, lead.key, EXAMPLES)

    assert sum(counts.values()) >= len(operations) * 2
    assert counts.keys() >= {200, 400, 404}


def test_without_a_token_every_operation_but_the_document_says_so(operations: list[Any], lead: Program) -> None:
    counts = ask_all(operations, lead, "", 1)

    assert counts.keys() <= {200, 401}
    assert counts[401] >= len(operations) - 1


def test_what_breaks_and_what_is_not_as_described_is_found(
    operations: list[Any], lead: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the others would prove nothing."""
    (portfolio,) = [each for each in operations if (each.path, each.method) == ("/trajecten", "get")]

    def breaks(*_: object, **__: object) -> None:
        raise ValueError

    monkeypatch.setattr("regie.web.api.trajects.make_portfolio", breaks)
    with pytest.raises(FailureGroup, match="Server error"):
        ask_all([portfolio], lead, lead.key, 8)
