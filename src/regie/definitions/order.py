"""Who waits for whom among the steps of a definition: an order, or the loops that make one impossible.

Looks at relations, and at windows and terms that count from a step or from an anchor that a step sets.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Mapping

from regie.core.definition import Anchor, DateBase, DateRule, Step
from regie.core.ids import AnchorId, StepId

Waits = Mapping[StepId, Mapping[StepId, tuple[str | int, ...]]]
"""Per step what it waits for, with the path, inside the step, to where its author says so.
For a relation that is ``needs`` and the predecessor."""


def find_waits(steps: Mapping[StepId, Step], anchors: Mapping[AnchorId, Anchor]) -> Waits:
    """List for each step what must come before it can begin or end."""
    waits: dict[StepId, dict[StepId, tuple[str | int, ...]]] = {}
    for step in steps.values():
        mine = waits[step.id] = {}
        if step.window and step.window.opens:
            _add_rule(mine, step.window.opens, ("window", "from"), anchors)
        for number, case in enumerate(step.terms):
            if case.value.after:
                _add_rule(mine, case.value.after, ("term", number, "after"), anchors)
        for rhythm in step.repeats[:1]:
            if rhythm.opens:
                _add_rule(mine, rhythm.opens, ("repeats", "from"), anchors)
        for relation in step.needs:
            mine[relation.predecessor] = ("needs", relation.predecessor)
        mine.pop(step.id, None)
    return {step: {other: path for other, path in mine.items() if other in steps} for step, mine in waits.items()}


def _add_rule(
    mine: dict[StepId, tuple[str | int, ...]],
    rule: DateRule,
    path: tuple[str | int, ...],
    anchors: Mapping[AnchorId, Anchor],
) -> None:
    """Add what a rule waits for: the step that it counts on from, or that makes its anchor happen."""
    if rule.offset is not None and rule.offset.amount < 0:
        return
    if rule.base is DateBase.STEP:
        mine[StepId(rule.ref)] = path
    elif rule.base is DateBase.ANCHOR and (anchor := anchors.get(AnchorId(rule.ref))) and anchor.set_by:
        mine[anchor.set_by] = path


def order_steps(waits: Waits) -> tuple[StepId, ...]:
    """Put steps after all that they wait for; among those that may come next, by id.

    The order of the file does not matter. Steps that wait for themselves are left out.
    """
    open_waits = {step: len(mine) for step, mine in waits.items()}
    followers: dict[StepId, list[StepId]] = {step: [] for step in waits}
    for step, mine in waits.items():
        for other in mine:
            followers[other].append(step)
    free = [step for step, count in open_waits.items() if not count]
    heapq.heapify(free)
    ordered = []
    while free:
        step = heapq.heappop(free)
        ordered.append(step)
        for follower in followers[step]:
            open_waits[follower] -= 1
            if not open_waits[follower]:
                heapq.heappush(free, follower)
    return tuple(ordered)


def find_loops(waits: Waits) -> tuple[tuple[StepId, ...], ...]:
    """Find steps that wait for themselves: per knot one shortest way round, back to its first step."""
    left = set(waits).difference(order_steps(waits))
    rank = {step: number for number, step in enumerate(waits)}
    loops = []
    for knot in find_knots({step: [other for other in waits[step] if other in left] for step in waits if step in left}):
        first = min(knot, key=rank.__getitem__)
        loops.append(_way_round(first, waits, knot))
    return tuple(sorted(loops, key=lambda loop: rank[loop[0]]))


def find_knots(graph: Mapping[StepId, Collection[StepId]]) -> list[set[StepId]]:
    """Find sets of steps that all wait for each other: Tarjan's components, without recursion."""
    index: dict[StepId, int] = {}
    low: dict[StepId, int] = {}
    stack: list[StepId] = []
    on_stack: set[StepId] = set()
    knots: list[set[StepId]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        while work:
            step, others = work[-1]
            if step not in index:
                index[step] = low[step] = len(index)
                stack.append(step)
                on_stack.add(step)
            for other in others:
                if other not in index:
                    work.append((other, iter(graph[other])))
                    break
                if other in on_stack:
                    low[step] = min(low[step], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[step])
                if low[step] == index[step]:
                    knot = set()
                    while step not in knot:
                        knot.add(stack.pop())
                    on_stack -= knot
                    if len(knot) > 1:
                        knots.append(knot)
    return knots


def _way_round(first: StepId, waits: Waits, knot: set[StepId]) -> tuple[StepId, ...]:
    came_from: dict[StepId, StepId] = {}
    queue = deque([first])
    while queue:
        step = queue.popleft()
        for other in waits[step]:
            if other == first:
                path = [first]
                while step != first:
                    path.append(step)
                    step = came_from[step]
                return (first, *reversed(path[1:]), first)
            if other in knot and other not in came_from:
                came_from[other] = step
                queue.append(other)
    raise AssertionError("in a knot every step has a way round")
