"""The OpenAPI document: the one that comes along is the one that is made, and it keeps the NLGov API Design Rules.

The rules are those that the linter of the standard checks, and the ones that can be read off a document.
Source: NLGov API Design Rules, the lists of normative rules and of linter rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from regie.core.permissions import Scope
from regie.uploads import KINDS
from regie.web.api.openapi import document_text, routes
from regie.web.api.version import API_VERSION
from tests.web.conftest import Browse
from tools.openapi import DOCUMENT

MADE: dict[str, Any] = json.loads(document_text())
METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace"}
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CAMEL = re.compile(r"[a-z][a-zA-Z0-9]*")
SINGLE = {"planning", "geschiedenis", "stuurgroepverslag"}
"""What there is one of in a traject."""
HANDED_OUT = {
    "get /trajecten/{slug}/bestanden/{bestand}": set(KINDS.values()),
    "get /trajecten/{slug}/stuurgroepverslag": {"application/pdf"},
}
"""What goes out as the file that it is."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in MADE["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def answers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            name = response.get("$ref", "").rpartition("/")[2]
            yield f"{method} {path}", status, MADE["components"]["responses"][name] if name else response


def objects(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from objects(value)
    elif isinstance(part, list):
        for value in part:
            yield from objects(value)


def test_document_that_comes_along_is_the_one_that_is_made() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document_text(), "run: make openapi"


def test_document_is_served_to_everybody_with_who_to_turn_to_here(browse: Browse) -> None:
    answer = browse(organisation="Gemeente Voorbeeldstad", reply_to="regie@gemeente.nl").get("/api/v1/openapi.json")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["api-version"] == API_VERSION
    served = answer.json()
    assert served["info"].pop("contact") == {
        "name": "Gemeente Voorbeeldstad",
        "url": "https://regie.voorbeeldstad.nl",
        "email": "regie@gemeente.nl",
    }
    assert served == {**MADE, "info": {name: said for name, said in MADE["info"].items() if name != "contact"}}


def test_openapi_3_is_used() -> None:  # openapi3
    assert re.fullmatch(r"3\.\d+\.\d+", MADE["openapi"])


def test_document_lists_itself_at_its_place() -> None:  # openapi-root-exists
    assert "/openapi.json" in MADE["paths"]
    assert MADE["paths"]["/openapi.json"]["get"]["security"] == []


def test_every_answer_carries_the_version_header() -> None:  # missing-version-header, also for errors
    for where, status, response in answers():
        assert "API-Version" in response["headers"], (where, status)


def test_major_version_is_in_the_uri_and_nothing_more() -> None:  # include-major-version-in-uri
    assert [each["url"] for each in MADE["servers"]] == ["/api/v1"]
    assert MADE["servers"][0]["url"].endswith(f"/v{API_VERSION.partition('.')[0]}")


def test_version_is_semantic() -> None:  # semver
    assert re.fullmatch(r"\d+\.\d+\.\d+", MADE["info"]["version"])


def test_contact_has_name_mail_and_address() -> None:  # info-contact-fields-exist
    assert all(MADE["info"]["contact"].get(each) for each in ("name", "email", "url"))


def test_no_path_ends_with_a_slash() -> None:  # paths-no-trailing-slash
    assert not [path for path in MADE["paths"] if path.endswith("/")]


def test_paths_are_kebab_case() -> None:  # paths-kebab-case
    parts = {part for path in MADE["paths"] for part in path.split("/")[1:] if not part.startswith("{")}
    assert len(parts) > 30
    assert not [part for part in parts if not KEBAB.fullmatch(part.removesuffix(".json"))]


def test_path_and_query_keys_and_properties_are_camel_case() -> None:  # query-keys-camel-case, schema-camel-case
    for path, method, operation in operations():
        for each in operation.get("parameters", ()):
            if each["in"] != "header":
                assert CAMEL.fullmatch(each["name"]), (method, path, each["name"])
    for name, schema in MADE["components"]["schemas"].items():
        for key in schema.get("properties", {}):
            assert CAMEL.fullmatch(key), (name, key)


def test_collections_are_plural_nouns() -> None:
    collections = {path.split("/")[-1] for path in MADE["paths"] if not path.endswith("}")} - {"openapi.json"}
    assert not [each for each in collections - SINGLE if not each.endswith(("en", "s"))]


def test_resources_are_addressed_by_a_name_under_their_collection() -> None:
    for path in MADE["paths"]:
        assert not re.search(r"\}/\{", path), path


def test_only_standard_methods_are_used() -> None:  # http-methods
    assert {method for _, method, _ in operations()} <= METHODS
    assert not [path for path, method, operation in operations() if method == "get" and "requestBody" in operation]


def test_problems_are_problem_json_with_what_the_rule_asks() -> None:  # problem-details
    for where, status, response in answers():
        if status.startswith(("4", "5")):
            assert list(response["content"]) == ["application/problem+json"], (where, status)
    problem = MADE["components"]["schemas"]["Probleem"]
    assert {"type", "title", "status", "detail", "instance", "code"} <= set(problem["required"])
    assert {"in", "location", "code", "detail"} == set(MADE["components"]["schemas"]["Fout"]["required"])


def test_wrong_input_is_400_and_never_422() -> None:
    assert "422" not in document_text()
    for path, method, operation in operations():
        if path != "/openapi.json":
            assert "400" in operation["responses"], (method, path)


def test_what_can_go_wrong_is_described() -> None:
    for path, method, operation in operations():
        if path == "/openapi.json":
            continue
        wanted = {"400", "401", "403", "404", "429", "500", "503"}
        wanted |= {"409", "413", "415"} if method in ("post", "put") else set()
        if any(each["name"] == "If-Match" for each in operation["parameters"]):
            wanted |= {"412", "428"}
        assert wanted <= operation["responses"].keys(), (method, path)


def test_every_change_of_what_others_change_too_wants_if_match() -> None:
    for path, method, operation in operations():
        on_something = re.search(r"\{(sleutel|anker|lijst)\}", path)
        if method in ("post", "put") and on_something:
            assert "If-Match" in [each["name"] for each in operation["parameters"]], path


def test_every_act_on_a_traject_can_be_tried_and_repeated() -> None:
    for path, method, operation in operations():
        if method in ("post", "put") and path.startswith("/trajecten"):
            assert {"proef", "Idempotency-Key"} <= {each["name"] for each in operation["parameters"]}, path


def test_json_is_all_that_goes_in_and_out_but_for_files() -> None:
    for path, method, operation in operations():
        if "requestBody" in operation:
            assert list(operation["requestBody"]["content"]) == ["application/json"], (method, path)
    for where, status, response in answers():
        if status.startswith("2"):
            assert set(response["content"]) == HANDED_OUT.get(where, {"application/json"}), (where, status)


def test_a_date_is_a_date_and_a_moment_a_date_time() -> None:
    for schema in MADE["components"]["schemas"].values():
        for name, said in schema.get("properties", {}).items():
            formats = {each["format"] for each in objects(said) if isinstance(each.get("format"), str)}
            assert formats <= {"date", "date-time"}, name
            if name.endswith("Op") and said.get("type") != "boolean":
                assert formats, name


def test_security_scheme_is_a_bearer_token_and_every_operation_names_its_scope() -> None:
    scheme = MADE["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert MADE["security"] == [{"token": []}]
    for path, method, operation in operations():
        if path != "/openapi.json":
            assert re.search(r"Bereik: `(\w+)`", operation["description"])[1] in set(Scope), (method, path)  # type: ignore[index]


def test_everything_is_described_in_dutch() -> None:
    english = re.compile(r"\b(the|with|returns?|Successful|Response|Validation)\b")
    for path, method, operation in operations():
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert not english.search(operation["summary"] + operation["description"]), (method, path)
    for where, status, response in answers():
        assert response["description"], (where, status)
        assert not english.search(response["description"]), (where, status)
    for name, schema in MADE["components"]["schemas"].items():
        assert schema.get("description"), name
        assert not english.search(schema["description"]), name
    for tag in MADE["tags"]:
        assert tag["description"]


def test_ids_of_operations_are_unique_and_camel_case() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids)) > 45
    assert all(map(CAMEL.fullmatch, ids))


def test_texts_and_lists_that_come_in_have_an_end() -> None:
    sent = {
        each["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for _, _, each in operations()
        if "requestBody" in each
    }
    assert len(sent) > 25
    for name in sent:
        for part in objects(MADE["components"]["schemas"][name].get("properties", {})):
            if part.get("type") == "string" and "enum" not in part and part.get("format") != "date":
                assert "maxLength" in part, (name, part)
            if part.get("type") == "array" and "items" in part and isinstance(part["items"], dict):
                assert "maxItems" in part or part["items"].get("maxLength"), (name, part)


def test_what_is_large_has_an_example() -> None:
    for name in ("NieuwTraject", "NieuweDoorloop", "Afronding", "Uitspraak", "NieuweItems"):
        assert MADE["components"]["schemas"][name]["examples"], name


@pytest.mark.parametrize("route", list(routes()), ids=lambda each: each.operation_id)
def test_no_route_is_out_of_the_document(route: APIRoute) -> None:
    assert route.include_in_schema
    assert route.path.startswith("/api/v1/")
