"""The table of states: what may be done to an occurrence in each, and where it leads.

What is not listed is refused, so no state is reached by accident. The table says what people may do;
``not yet`` and ``ready`` follow from relations, see ``engine``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from regie.core.ids import OccurrenceKey
from regie.core.traject import State
from regie.errors import Refused


class Verb(StrEnum):
    START = "start"
    FINISH = "finish"
    ASK_PARTNER = "ask a partner"
    PUT_FOR_DECISION = "put up for decision"
    RESUME = "resume"
    DECIDE = "decide"
    WAIVE = "waive"
    UNWAIVE = "take up again"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    PROMISE = "promise a date for"
    PROPOSE = "propose a date for"
    ANSWER_PROPOSAL = "answer a proposal for"
    ASSIGN = "hand over"
    DECLINE = "decline"
    ASK_QUESTION = "ask a question about"
    ANSWER_QUESTION = "answer a question about"
    PIN = "pin a date of"
    STOP_CLOCK = "stop the term of"
    START_CLOCK = "resume the term of"
    EXTEND = "extend the term of"


S, V = State, Verb

_BUSY = (S.READY, S.IN_PROGRESS, S.WAITING_FOR_PARTNER, S.FOR_DECISION)
_OPEN = (S.NOT_YET, *_BUSY)


def _stay(verb: Verb, *states: State) -> dict[tuple[State, Verb], State]:
    return {(state, verb): state for state in states}


NEXT: Mapping[tuple[State, Verb], State] = MappingProxyType(
    {
        (S.READY, V.START): S.IN_PROGRESS,
        (S.READY, V.FINISH): S.DONE,
        (S.IN_PROGRESS, V.FINISH): S.DONE,
        (S.WAITING_FOR_PARTNER, V.FINISH): S.DONE,
        (S.FOR_DECISION, V.FINISH): S.DONE,
        (S.READY, V.ASK_PARTNER): S.WAITING_FOR_PARTNER,
        (S.IN_PROGRESS, V.ASK_PARTNER): S.WAITING_FOR_PARTNER,
        (S.READY, V.PUT_FOR_DECISION): S.FOR_DECISION,
        (S.IN_PROGRESS, V.PUT_FOR_DECISION): S.FOR_DECISION,
        (S.WAITING_FOR_PARTNER, V.PUT_FOR_DECISION): S.FOR_DECISION,
        (S.WAITING_FOR_PARTNER, V.RESUME): S.IN_PROGRESS,
        (S.FOR_DECISION, V.RESUME): S.IN_PROGRESS,
        (S.READY, V.DECIDE): S.DONE,
        (S.IN_PROGRESS, V.DECIDE): S.DONE,
        (S.WAITING_FOR_PARTNER, V.DECIDE): S.DONE,
        (S.FOR_DECISION, V.DECIDE): S.DONE,
        (S.DONE, V.REOPEN): S.READY,
        (S.WAIVED, V.UNWAIVE): S.READY,
        **{(state, V.WAIVE): S.WAIVED for state in _OPEN},
        **{(state, V.WITHDRAW): S.WITHDRAWN for state in _OPEN},
        **_stay(V.PROMISE, *_OPEN),
        **_stay(V.PROPOSE, *_OPEN),
        **_stay(V.ANSWER_PROPOSAL, *_OPEN),
        **_stay(V.ASSIGN, *_OPEN),
        **_stay(V.DECLINE, *_OPEN),
        **_stay(V.ASK_QUESTION, *_OPEN),
        **_stay(V.ANSWER_QUESTION, *_OPEN),
        **_stay(V.PIN, *_OPEN),
        **_stay(V.STOP_CLOCK, *_BUSY),
        **_stay(V.START_CLOCK, *_OPEN),
        **_stay(V.EXTEND, *_OPEN),
    }
)


def next_state(key: OccurrenceKey, state: State, verb: Verb) -> State:
    """Look up where a verb leads; refuse it when the table has no such row.

    Raises:
        Refused: ``transition-refused``; for a step that waits for others ``step-not-ready``.
    """
    try:
        return NEXT[state, verb]
    except KeyError:
        code = "step-not-ready" if state is S.NOT_YET else "transition-refused"
        raise Refused(
            f"cannot {verb} '{key}': it is {state}",
            code=code,
            step=str(key),
            state=state.value,
            verb=verb.value,
        ) from None
