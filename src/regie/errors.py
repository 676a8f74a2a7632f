"""What Regie refuses or cannot do, in six families that callers can act on.

Knows no HTTP status, no exit code and no retry: the edges decide those from the family.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar


class RegieError(Exception):
    """A refusal or fault a caller can act on; nothing was changed.

    Args:
        message: lower case, quotes the id, names what was found.
        code: stable for ever, for scripts and documentation.
        hint: what to do, when that is known.
        facts: what the message was made of, for machines.
    """

    family: ClassVar[str] = "error"
    default_code: ClassVar[str] = "regie-error"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class Refused(RegieError):
    """The rules say no."""

    family = "refused"
    default_code = "refused"


class NotFound(RegieError):
    """There is no such thing here."""

    family = "not-found"
    default_code = "not-found"


class Conflict(RegieError):
    """Someone else was first."""

    family = "conflict"
    default_code = "conflict"


class Incomplete(RegieError):
    """Our own data misses something that is needed, such as the holidays of a year."""

    family = "incomplete"
    default_code = "incomplete"


class DeliveryFailed(RegieError):
    """A message did not leave the building; the only family that is retried."""

    family = "delivery-failed"
    default_code = "delivery-failed"


class DefinitionInvalid(RegieError):
    """A workflow definition has errors; nothing was stored.

    ``findings`` holds all of them, in order of place, each with file, line, column, code and hint
    (``regie.definitions.findings.Finding``); ``str()`` gives them a line each.
    """

    family = "definition-invalid"
    default_code = "definition-invalid"

    def __init__(self, message: str, findings: Iterable[Any], *, hint: str = "", **facts: object) -> None:
        super().__init__(message, code=self.default_code, hint=hint, **facts)
        self.findings: tuple[Any, ...] = tuple(findings)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.findings)])
