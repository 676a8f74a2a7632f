"""Definitions as an author writes them, and what is found in them."""

from __future__ import annotations

import re
from textwrap import dedent

from regie.core.definition import Definition
from regie.definitions import CheckResult, check_sources
from regie.definitions.findings import Finding, is_error

HEADER = "regie: 1\nid: voorbeeld\ntitle: Voorbeeld\n"


def whole(fragment: str) -> str:
    """Add what an example leaves out; at the end, so that its lines keep their numbers."""
    present = set(re.findall(r"^(\w+):", fragment, re.MULTILINE))
    needed = {"regie": "1", "id": "voorbeeld", "title": "Voorbeeld", "steps": "{z: {title: Z}}"}
    return fragment + "".join(f"{key}: {value}\n" for key, value in needed.items() if key not in present)


def check(text: str, **others: str) -> CheckResult:
    """Check a definition, and files that it includes by their names without .yaml."""
    sources = {"workflow.yaml": dedent(text), **{f"{name}.yaml": dedent(other) for name, other in others.items()}}
    return check_sources(sources)


def check_steps(text: str) -> CheckResult:
    """Check a definition of which the header goes without saying; it counts three lines."""
    return check(HEADER + dedent(text))


def compiled(text: str, **others: str) -> Definition:
    """Compile a definition that has no errors."""
    result = check(HEADER + dedent(text), **others)
    assert result.definition is not None, "\n".join(map(str, result.findings))
    return result.definition


def errors(result: CheckResult) -> list[Finding]:
    return [finding for finding in result.findings if is_error(finding)]


def places(result: CheckResult) -> list[str]:
    """Give the errors as ``line:column code``."""
    return [f"{each.mark.line}:{each.mark.column} {each.code}" for each in errors(result)]


def only(result: CheckResult) -> Finding:
    """Give the one error there is."""
    found = errors(result)
    assert len(found) == 1, "\n".join(map(str, found)) or "no errors"
    return found[0]
