"""What can be used of a definition whose shape is wrong, so that its author hears everything in one pass.

Leaves out what is wrong and reads on. What is then found may only be the trace of what was left out; it is
told when it is true whatever the author meant there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from regie.definitions.findings import Finding, Mark
from regie.definitions.places import Places, Table
from regie.definitions.schema import WorkflowPart
from regie.definitions.shape import Wrong

Part = tuple[str, ...]
"""A key at the top, or one and an id: ``("steps", "f0-startnota")``."""

# Unknown names: true as long as nothing is missing where they are declared.
_NAMES = frozenset({"RG201", "RG207", "RG208", "RG209", "RG215", "RG216", "RG302", "RG304", "RG401"})
# About one value by itself, or about a loop: leaving something out makes none of these.
_BY_ITSELF = frozenset({"RG125", "RG202", "RG204", "RG210", "RG301", "RG309", "RG403"})
_CONDITIONS = "RG211"
_QUOTED = re.compile("'([^']*)'")
_STUBS: dict[str, dict[str, Any]] = {"questions": {"ask": "?", "yes_no": True}, "calendars": {}}
_STUB: dict[str, Any] = {"title": "?"}
_ROOT = {"regie": 1, "id": "x", "title": "?", "steps": {}}


def salvage(root: Table, wrongs: Sequence[Wrong]) -> WorkflowPart | None:
    """Give the definition without what is wrong in it; ``None`` when that cannot be read either."""
    kept: dict[str, Any] = {key: dict(value) if isinstance(value, dict) else value for key, value in root.items()}
    steps = kept.get("steps")
    if isinstance(steps, dict):
        kept["steps"] = {id_: dict(step) if isinstance(step, dict) else step for id_, step in steps.items()}
    for wrong in wrongs:
        _leave_out(kept, wrong)
    try:
        return WorkflowPart.model_validate({**_ROOT, **kept})
    except ValidationError:
        return None


def _leave_out(kept: dict[str, Any], wrong: Wrong) -> None:
    if not wrong.path:
        return  # a key at the top is missing
    section, id_, *inside = (*map(str, wrong.path), "")
    entries = kept.get(section)
    if not isinstance(entries, dict) or section == "notices" or not id_:
        kept.pop(section, None)
    elif wrong.on_key and len(wrong.path) == 2:
        entries.pop(id_, None)
    elif section == "steps" and isinstance(entries.get(id_), dict):
        # of a step only the wrong key goes
        entries[id_].pop(inside[0], None)
        entries[id_].setdefault("title", "?")
    elif id_ in entries:
        entries[id_] = _STUBS.get(section, _STUB)


def told(findings: Collection[Finding], wrongs: Sequence[Wrong], places: Places) -> Iterator[Finding]:
    """Choose the findings that are true whatever should have stood where something was left out."""
    changed = {_part(wrong) for wrong in wrongs}
    # a section, or an id in one, that is written wrong: what is declared there is not known
    blind = any(len(part) == 1 for part in changed) or any(wrong.on_key and len(wrong.path) == 2 for wrong in wrongs)
    no_questions = blind or any(part[:1] == ("questions",) for part in changed)
    maybe_gates = {part[1] for part in changed if len(part) == 2 and part[0] == "steps"}
    starts, parts = _starts(places)
    for finding in findings:
        if finding.code in _NAMES:
            is_true = not blind
        elif finding.code == _CONDITIONS:
            is_true = not no_questions and maybe_gates.isdisjoint(_QUOTED.findall(finding.message))
        else:
            is_true = finding.code in _BY_ITSELF or _part_at(finding.mark, starts, parts) not in changed
        if is_true:
            yield finding


def _part(wrong: Wrong) -> Part:
    return tuple(str(each) for each in wrong.path[:2])


def _starts(places: Places) -> tuple[list[Mark], list[Part]]:
    """Where each part begins, in order of place."""
    found: list[tuple[Mark, Part]] = []
    for key, spot in places.root.key_spots.items():
        found.append((spot.mark, (key,)))
        value = places.root.get(key)
        if isinstance(value, Table):
            found += [(inner.mark, (key, id_)) for id_, inner in value.key_spots.items()]
    found.sort()
    return [mark for mark, _ in found], [part for _, part in found]


def _part_at(mark: Mark, starts: list[Mark], parts: list[Part]) -> Part:
    number = bisect_right(starts, mark)
    return parts[number - 1] if number else ()
