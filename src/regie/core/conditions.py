"""Conditions: a small comparison language over answers and gate outcomes.

``planologisch in [bopa, bopa-uitgebreid] and plekken >= 100``, ``amv in doelgroepen``,
``not locatie-bekend``, ``f3-bijsturen = uitbreiden``. Parsed once, type-checked against what was
declared, evaluated without ``eval``. What is not yet answered or decided makes the result unknown
(``None``), not false.

Grammar::

    expression  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | "(" expression ")" | comparison
    comparison  = name [ ("=" | "!=" | "<" | "<=" | ">" | ">=") value ]
                | name ["not"] "in" "[" value { "," value } "]"
                | value ["not"] "in" name
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from regie.errors import Refused

MAX_LENGTH = 1_000
MAX_DEPTH = 30

Value = bool | int | str | date
_WORDS = {"ja": True, "yes": True, "true": True, "nee": False, "no": False, "false": False}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<date>\d{4}-\d{2}-\d{2})
      | (?P<number>-?\d+(?![\w-]))
      | (?P<word>[A-Za-z_][\w]*(?:-[\w]+)*)
      | "(?P<text>[^"]*)"
      | (?P<mark><=|>=|!=|[=<>()\[\],])
    )""",
    re.VERBOSE,
)


class NameKind(StrEnum):
    """What a name in a condition stands for."""

    NUMBER = "number"
    CHOICE = "choice"
    CHOICES = "choices"
    YES_NO = "yes-no"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class NameType:
    kind: NameKind
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compare:
    name: str
    operator: str
    value: Value
    at: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class OneOf:
    name: str
    values: tuple[Value, ...]
    at: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Has:
    """A value among the answers to a question with several."""

    value: str
    name: str
    at: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Not:
    operand: Node


@dataclass(frozen=True, slots=True)
class Both:
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    operands: tuple[Node, ...]


Node = Compare | OneOf | Has | Not | Both | Either


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition. ``said`` is the text as the author wrote it."""

    said: str
    node: Node

    def names(self) -> tuple[str, ...]:
        """The questions and gates that it looks at, each once, in order of appearance."""
        return tuple(dict.fromkeys(_names(self.node)))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a condition, and ``at`` which character it stands."""

    at: int
    message: str
    hint: str = ""


def parse(text: str) -> Condition:
    """Read a condition.

    Raises:
        Refused: ``bad-condition``, with ``at`` the offset of the character where reading stopped.
    """
    if len(text) > MAX_LENGTH:
        raise _bad("condition is longer than 1,000 characters", 0)
    reader = _Reader(text)
    node = reader.either(0)
    if reader.position < len(reader.tokens):
        _, word, at = reader.tokens[reader.position]
        raise _bad(f"did not expect {word!r} here", at, "join comparisons with 'and' or 'or'")
    return Condition(text, node)


def holds(condition: Condition | None, answers: Mapping[str, object]) -> bool | None:
    """Say whether a condition holds; ``None`` while something it needs is not known yet.

    No condition always holds.
    """
    return True if condition is None else _holds(condition.node, answers)


def find_problems(condition: Condition, types: Mapping[str, NameType]) -> tuple[Problem, ...]:
    """Type-check a condition against what is declared; all problems, in order of place."""
    return tuple(sorted(_check(condition.node, types), key=lambda problem: problem.at))


def _bad(message: str, at: int, hint: str = "") -> Refused:
    return Refused(message, code="bad-condition", hint=hint, at=at)


class _Reader:
    """Recursive descent over at most 1,000 characters; depth is bounded."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.tokens: list[tuple[str, str, int]] = []
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if not match or match.lastgroup is None:
                at = len(text) - len(text[place:].lstrip())
                raise _bad(
                    f"cannot read {text[at : at + 10]!r}",
                    at,
                    "names, numbers, =, !=, <, >, in [..], and, or, not",
                )
            self.tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            place = match.end()

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.position][:2] if self.position < len(self.tokens) else ("end", "")

    def at(self) -> int:
        return self.tokens[self.position][2] if self.position < len(self.tokens) else len(self.text)

    def take(self) -> tuple[str, str, int]:
        if self.position >= len(self.tokens):
            raise _bad("the condition stops too early", len(self.text))
        self.position += 1
        return self.tokens[self.position - 1]

    def skip(self, word: str) -> bool:
        if self.peek()[0] in ("word", "mark") and self.peek()[1] == word:
            self.position += 1
            return True
        return False

    def expect(self, mark: str) -> None:
        if not self.skip(mark):
            raise _bad(f"expected {mark!r}", self.at())

    def either(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise _bad("the condition is nested too deeply", self.at())
        parts = [self.both(depth)]
        while self.skip("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self, depth: int) -> Node:
        parts = [self.negation(depth)]
        while self.skip("and"):
            parts.append(self.negation(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def negation(self, depth: int) -> Node:
        negations = 0
        while self.skip("not"):
            negations += 1
        if self.skip("("):
            node = self.either(depth + 1)
            self.expect(")")
        else:
            node = self.comparison()
        return Not(node) if negations % 2 else node

    def comparison(self) -> Node:
        kind, word, at = self.take()
        if kind == "mark":
            raise _bad(f"expected a name, found {word!r}", at)
        negated = self.skip("not")
        if self.skip("in"):
            node: Node = self.membership(word, at)
            return Not(node) if negated else node
        if negated:
            raise _bad("expected 'in' after 'not'", self.at())
        mark_kind, mark = self.peek()
        if mark_kind == "mark" and mark in ("=", "!=", "<", "<=", ">", ">="):
            self.take()
            return Compare(word, mark, self.value(), at)
        return Compare(word, "=", True, at)

    def membership(self, word: str, at: int) -> Node:
        if not self.skip("["):
            kind, name, name_at = self.take()
            if kind != "word":
                raise _bad("expected a list in brackets or the name of a question", name_at)
            return Has(word, name, at)
        values = [self.value()]
        while self.skip(","):
            values.append(self.value())
        self.expect("]")
        return OneOf(word, tuple(values), at)

    def value(self) -> Value:
        kind, word, at = self.take()
        if kind == "number":
            return int(word)
        if kind == "date":
            try:
                return date.fromisoformat(word)
            except ValueError:
                raise _bad(f"{word!r} is not a date", at) from None
        if kind == "mark":
            raise _bad(f"expected a value, found {word!r}", at)
        return _WORDS.get(word, word) if kind == "word" else word


def _names(node: Node) -> list[str]:
    match node:
        case Compare() | OneOf() | Has():
            return [node.name]
        case Not():
            return _names(node.operand)
        case _:
            return [name for operand in node.operands for name in _names(operand)]


def _holds(node: Node, answers: Mapping[str, object]) -> bool | None:
    match node:
        case Not():
            inner = _holds(node.operand, answers)
            return None if inner is None else not inner
        case Both():
            return _join((_holds(each, answers) for each in node.operands), decisive=False)
        case Either():
            return _join((_holds(each, answers) for each in node.operands), decisive=True)
        case _:
            answer = answers.get(node.name)
            return None if answer is None else _compare(node, answer)


def _join(results: Iterable[bool | None], *, decisive: bool) -> bool | None:
    """Join results: one decisive result settles it, else one unknown leaves it open."""
    unknown = False
    for result in results:
        if result is decisive:
            return decisive
        unknown = unknown or result is None
    return None if unknown else not decisive


def _compare(node: Compare | OneOf | Has, answer: object) -> bool:
    if isinstance(node, Has):
        return node.value in answer if isinstance(answer, frozenset | set | tuple | list) else node.value == answer
    if isinstance(node, OneOf):
        return answer in node.values
    if node.operator == "=":
        return answer == node.value
    if node.operator == "!=":
        return answer != node.value
    # safe: find_problems lets order comparisons pass for numbers and dates only
    left, right = answer, node.value
    if not (isinstance(left, int) and isinstance(right, int)) and not (
        isinstance(left, date) and isinstance(right, date)
    ):
        return False
    match node.operator:
        case "<":
            return left < right  # type: ignore[operator]
        case "<=":
            return left <= right  # type: ignore[operator]
        case ">":
            return left > right  # type: ignore[operator]
        case _:
            return left >= right  # type: ignore[operator]


def _check(node: Node, types: Mapping[str, NameType]) -> list[Problem]:
    match node:
        case Not():
            return _check(node.operand, types)
        case Both() | Either():
            return [problem for operand in node.operands for problem in _check(operand, types)]
        case _:
            return _check_comparison(node, types)


def _check_comparison(node: Compare | OneOf | Has, types: Mapping[str, NameType]) -> list[Problem]:
    named = types.get(node.name)
    if named is None:
        close = _closest(node.name, types)
        return [
            Problem(
                node.at,
                f"unknown name '{node.name}'",
                f"did you mean '{close}'?" if close else "declare it under questions",
            )
        ]
    if isinstance(node, Has):
        if named.kind is not NameKind.CHOICES:
            return [Problem(node.at, f"'{node.name}' has one answer", f"write: {node.name} = {node.value}")]
        return _check_values(node.name, (node.value,), named, node.at)
    if named.kind is NameKind.CHOICES:
        return [Problem(node.at, f"'{node.name}' may have several answers", f"write: <answer> in {node.name}")]
    values = node.values if isinstance(node, OneOf) else (node.value,)
    if (
        isinstance(node, Compare)
        and node.operator not in ("=", "!=")
        and named.kind not in (NameKind.NUMBER, NameKind.DATE)
    ):
        return [
            Problem(
                node.at,
                f"'{node.name}' cannot be compared with {node.operator}",
                "only numbers and dates have an order",
            )
        ]
    return _check_values(node.name, values, named, node.at)


_PYTHON_TYPES: Mapping[NameKind, type] = {
    NameKind.NUMBER: int,
    NameKind.CHOICE: str,
    NameKind.CHOICES: str,
    NameKind.YES_NO: bool,
    NameKind.DATE: date,
}


def _check_values(name: str, values: tuple[Value, ...], named: NameType, at: int) -> list[Problem]:
    problems = []
    wanted = _PYTHON_TYPES[named.kind]
    for value in values:
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            problems.append(Problem(at, f"'{name}' is a {named.kind.value}, not {value!r}"))
        elif named.options and value not in named.options:
            problems.append(Problem(at, f"'{name}' can not be {value!r}", f"one of: {', '.join(named.options)}"))
    return problems


def _closest(name: str, known: Mapping[str, NameType]) -> str | None:
    import difflib

    found = difflib.get_close_matches(name, known, n=1)
    return found[0] if found else None
