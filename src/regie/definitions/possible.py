"""Whether conditions can ever hold together, by trying the answers that make a difference.

Numbers and dates are tried around the values that they are compared with. When there are too many
combinations to try, the answer is yes: this finds mistakes, it proves nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from regie.core.conditions import (
    Both,
    Compare,
    Condition,
    Either,
    Has,
    NameKind,
    NameType,
    Node,
    Not,
    OneOf,
    holds,
)

MOST_TRIES = 100_000
MOST_OPTIONS = 10
ONE_DAY = timedelta(days=1)


class Possibilities:
    """Answers that can be given, tried on conditions; remembers what was found.

    Args:
        types: what each name in a condition stands for.
        ranges: lowest and highest answer to the questions for a number.
    """

    def __init__(self, types: Mapping[str, NameType], ranges: Mapping[str, tuple[int, int]]) -> None:
        self.types = types
        self.ranges = ranges
        self.tries_left = MOST_TRIES
        self.known: dict[tuple[str, ...], bool] = {}

    def can_hold(self, *conditions: Condition) -> bool:
        """Say whether some answers make all conditions hold at once."""
        said = tuple(condition.said for condition in conditions)
        if said not in self.known:
            self.known[said] = self._try(conditions)
        return self.known[said]

    def _try(self, conditions: Sequence[Condition]) -> bool:
        leaves = [leaf for condition in conditions for leaf in _leaves(condition.node)]
        names = list(dict.fromkeys(leaf.name for leaf in leaves))
        spaces = []
        tries = 1
        for name in names:
            mine = [leaf for leaf in leaves if leaf.name == name]
            if len({leaf.value for leaf in mine if isinstance(leaf, Has)}) > MOST_OPTIONS:
                return True
            spaces.append(list(_answers(mine, self.types[name], self.ranges.get(name))))
            tries *= len(spaces[-1])
            if tries > self.tries_left:
                return True
        self.tries_left -= tries
        return any(
            all(holds(condition, dict(zip(names, answers, strict=True))) for condition in conditions)
            for answers in itertools.product(*spaces)
        )


def _leaves(node: Node) -> list[Compare | OneOf | Has]:
    match node:
        case Not():
            return _leaves(node.operand)
        case Both() | Either():
            return [leaf for operand in node.operands for leaf in _leaves(operand)]
        case _:
            return [node]


def _answers(
    leaves: Sequence[Compare | OneOf | Has], named: NameType, limits: tuple[int, int] | None
) -> Iterable[object]:
    """Give the answers to one question that can make a difference."""
    values = {value for leaf in leaves for value in (leaf.values if isinstance(leaf, OneOf) else (leaf.value,))}
    match named.kind:
        case NameKind.YES_NO:
            return (True, False)
        case NameKind.CHOICE:
            return named.options
        case NameKind.CHOICES:
            asked = sorted(str(value) for value in values)
            some = [
                frozenset(chosen) for count in range(len(asked) + 1) for chosen in itertools.combinations(asked, count)
            ]
            # at least one answer is given: none of these is possible only when there are others
            return some if set(named.options) - set(asked) else some[1:]
        case NameKind.NUMBER:
            low, high = limits or (0, 1_000_000)
            numbers = {number + off for number in values if isinstance(number, int) for off in (-1, 0, 1)}
            return sorted(number for number in {*numbers, low, high} if low <= number <= high)
        case NameKind.DATE:
            days = [day for day in values if isinstance(day, date) and date.min < day < date.max]
            return sorted({day + off for day in days for off in (-ONE_DAY, ONE_DAY - ONE_DAY, ONE_DAY)})
