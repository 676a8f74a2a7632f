"""Every state against every verb: the listed result, or a refusal."""

from __future__ import annotations

from itertools import product

import pytest

from regie.core.traject import State
from regie.core.transitions import NEXT, Verb, next_state
from regie.errors import Refused
from tests.support.builders import key


@pytest.mark.parametrize(("state", "verb"), list(product(State, Verb)), ids=lambda each: each.value)
def test_state_and_verb_lead_where_the_table_says_or_are_refused(state: State, verb: Verb) -> None:
    if (state, verb) in NEXT:
        assert next_state(key("a"), state, verb) is NEXT[state, verb]
    else:
        with pytest.raises(Refused, match=f"cannot {verb.value} 'a': it is {state.value}"):
            next_state(key("a"), state, verb)


def test_what_is_dropped_or_withdrawn_or_not_applicable_takes_no_verb_at_all() -> None:
    dead = {State.DROPPED, State.WITHDRAWN, State.NOT_APPLICABLE}

    assert not any(state in dead for state, _ in NEXT)
