"""From what an identity provider says about somebody to the rights that this gives: pure.

Knows groups and app roles, by any name of the claim. Does not check signatures: who calls this did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from regie.core.permissions import Right, Role


@dataclass(frozen=True, slots=True)
class GroupMap:
    """Which group gives which role, in every traject. What is not here gives nothing.

    Args:
        claim: name of the claim that holds the groups; dots lead inwards (``realm_access.roles``).
    """

    claim: str = "groups"
    groups: Mapping[Role, frozenset[str]] = field(default_factory=dict)


def rights_from_claims(claims: Mapping[str, object], mapping: GroupMap) -> frozenset[Right]:
    """Give the rights that the claims of one sign-in give; none when no group of theirs is mapped.

    Names of groups are compared letter by letter: two that differ in case are two groups.
    """
    held = groups_in(claims, mapping.claim)
    return frozenset(Right(role) for role, groups in mapping.groups.items() if groups & held)


def groups_in(claims: Mapping[str, object], claim: str) -> frozenset[str]:
    """Give the groups in a claim: a list of texts, or one text. Anything else, and any part that is no text, is none."""
    found: object = claims.get(claim)
    if found is None:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found} - {""})
    if isinstance(found, list | tuple | set | frozenset):
        return frozenset(each for each in found if isinstance(each, str) and each)
    return frozenset()
