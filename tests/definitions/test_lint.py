"""What is valid but wrong: each rule finds what it is for, and leaves alone what is right."""

from __future__ import annotations

import itertools
import random
from datetime import date

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.core.conditions import Condition, NameKind, NameType, holds, parse
from regie.core.ids import StepId
from regie.core.span import Span, Unit, shift
from regie.definitions import CheckResult, check_definition
from regie.definitions.calendars import load_calendar
from regie.definitions.lint_dates import in_working_days
from regie.definitions.order import find_loops, order_steps
from regie.definitions.possible import Possibilities
from tests.support.authoring import check_steps, errors, only, places

EXPECTED_WARNINGS = {"RG218", "RG402", "RG406"}


def codes(result: CheckResult) -> set[str]:
    """The codes found, without those that every small example gives."""
    return {finding.code for finding in result.findings} - EXPECTED_WARNINGS


def messages(result: CheckResult, code: str) -> list[str]:
    return [finding.message for finding in result.findings if finding.code == code]


# --- loops -------------------------------------------------------------------------------------------


def test_a_loop_is_named_with_its_whole_way_round() -> None:
    result = check_steps(
        """\
        steps:
          f0-a: {title: A, needs: [f0-d]}
          f0-b: {title: B, needs: [f0-a]}
          f0-c: {title: C, needs: [f0-b]}
          f0-d: {title: D, needs: [{finish_to_finish: f0-c, lag: 2wd}]}
          f0-e: {title: E, needs: [f0-d]}
        """
    )

    assert str(only(result)) == (
        "workflow.yaml:5:28 RG204 step waits for itself: f0-a -> f0-d -> f0-c -> f0-b -> f0-a"
        " (hint: leave out one of these relations)"
    )


def test_each_knot_of_steps_is_reported_by_its_shortest_loop() -> None:
    result = check_steps(
        """\
        steps:
          a: {title: A, needs: [c]}
          b: {title: B, needs: [a]}
          c: {title: C, needs: [b, a]}
          x: {title: X, needs: [y]}
          y: {title: Y, needs: [x, c]}
        """
    )

    assert messages(result, "RG204") == ["step waits for itself: a -> c -> a", "step waits for itself: x -> y -> x"]


@pytest.mark.parametrize(
    "waiting",
    [
        pytest.param("window: {from: 5wd after b}", id="window-after-a-step"),
        pytest.param("window: {from: on opening}", id="window-on-an-anchor-that-a-step-sets"),
        pytest.param("term: {length: 6w, after: b}", id="term-after-a-step"),
        pytest.param("repeats: {every: 1m, from: opening}", id="rhythm-from-an-anchor-that-a-step-sets"),
    ],
)
def test_dates_that_count_on_from_a_successor_are_a_loop(waiting: str) -> None:
    result = check_steps(
        f"anchors: {{opening: {{title: O, set_by: b}}}}\n"
        f"steps:\n  a: {{title: A, {waiting}}}\n  b: {{title: B, needs: [a]}}\n"
    )

    assert messages(result, "RG204") == ["step waits for itself: a -> b -> a"]


@pytest.mark.parametrize("before", ["window: {from: 10wd before opening}", "due: before b", "due: 10wd before opening"])
def test_dates_that_count_back_from_a_successor_are_no_loop(before: str) -> None:
    result = check_steps(
        f"anchors: {{opening: {{title: O, set_by: b}}}}\n"
        f"steps:\n  a: {{title: A, {before}}}\n  b: {{title: B, needs: [a]}}\n"
    )

    assert codes(result) == set()


def test_companions_that_lead_back_to_themselves_are_a_loop() -> None:
    result = check_steps(
        "steps:\n  a: {title: A, only_with: b}\n  b: {title: B, only_with: c}\n  c: {title: C, only_with: a}\n"
    )

    assert messages(result, "RG204") == ["step makes sense only with itself: a -> b -> c -> a"]


def test_a_very_long_loop_is_named_in_few_words() -> None:
    lines = [f"  s{n}: {{title: x, needs: [s{(n - 1) % 500}]}}" for n in range(500)]

    finding = only(check_steps("steps:\n" + "\n".join(lines) + "\n"))

    assert finding.message.startswith("step waits for itself: s0 -> s499 -> s498 -> ")
    assert finding.message.endswith(" -> ... -> s0")
    assert len(finding.message) < 150


@given(st.integers(2, 12), st.randoms(use_true_random=False))
def test_order_and_loops_agree_with_another_library(size: int, chance: random.Random) -> None:
    steps = [StepId(f"s{number}") for number in range(size)]
    waits = {
        step: {other: ("needs", other) for other in chance.sample(steps, chance.randint(0, 2)) if other != step}
        for step in steps
    }
    graph = nx.DiGraph([(step, other) for step, mine in waits.items() for other in mine])

    loops = find_loops(waits)

    knots = [knot for knot in nx.strongly_connected_components(graph) if len(knot) > 1]
    assert len(loops) == len(knots)
    for loop in loops:
        assert loop[0] == loop[-1]
        assert all(other in waits[step] for step, other in itertools.pairwise(loop))
        assert any(set(loop) <= knot for knot in knots)
    order = order_steps(waits)
    assert all(order.index(other) < order.index(step) for step in order for other in waits[step])
    assert bool(loops) == (len(order) < size)


# --- conditions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "when",
    [
        "plekken > 200",
        "plekken < 1",
        "gebouw = verbouw and gebouw = units",
        "gebouw in [verbouw, units] and not (gebouw = verbouw or gebouw = units)",
        "bekend and not bekend",
        "amv in groepen and not (amv in groepen)",
        "not (amv in groepen) and not (gezinnen in groepen)",
        "plekken >= 100 and plekken < 100",
        "tot > 2030-01-01 and tot < 2030-01-02",
        "besluit = go and besluit = no-go",
    ],
)
def test_a_condition_that_no_answers_make_true_is_an_error(when: str) -> None:
    assert codes(check_steps(QUESTIONS + f"  a: {{title: A, when: '{when}'}}\n")) == {"RG205"}


@pytest.mark.parametrize(
    "when",
    [
        "plekken >= 200",
        "plekken > 1 and plekken < 3",
        "gebouw in [verbouw, units] and not (gebouw = verbouw)",
        "not bekend",
        "amv in groepen and gezinnen in groepen",
        "tot >= 2030-01-01 and tot < 2030-01-02",
        "besluit != go",
    ],
)
def test_a_condition_that_some_answers_make_true_is_fine(when: str) -> None:
    assert codes(check_steps(QUESTIONS + f"  a: {{title: A, when: '{when}'}}\n")) == set()


QUESTIONS = """\
questions:
  plekken: {ask: "Hoeveel?", number: {from: 1, to: 200}}
  gebouw: {ask: "Wat?", one_of: [bestaand, verbouw, units]}
  groepen: {ask: "Wie?", some_of: [amv, gezinnen]}
  bekend: {ask: "Bekend?", yes_no: true}
  tot: {ask: "Tot wanneer?", date: true}
bodies: {raad: {title: Raad, dates: [2027-01-05]}}
steps:
  besluit: {title: B, gate: {decided_by: raad}}
"""


def test_a_step_can_not_apply_when_its_companion_excludes_it() -> None:
    result = check_steps(QUESTIONS + "  a: {title: A, when: bekend}\n  b: {title: B, when: not bekend, only_with: a}\n")

    assert messages(result, "RG205") == ["step 'b' can never apply: (not bekend) and (bekend)"]


def test_a_case_that_the_step_itself_excludes_is_never_reached() -> None:
    result = check_steps(
        QUESTIONS + "  a:\n    title: A\n    when: bekend\n    takes: [{when: not bekend, is: 3wd}, {is: 5wd}]\n"
    )

    assert messages(result, "RG220") == ["this case is never reached: not bekend"]


def test_a_decision_that_comes_later_can_not_be_waited_for() -> None:
    result = check_steps(
        QUESTIONS + "  a: {title: A, when: later = go}\n"
        "  b: {title: B, needs: [a]}\n"
        "  later: {title: C, needs: [b], gate: {decided_by: raad}}\n"
    )

    assert messages(result, "RG212") == ["step 'a' depends on decision 'later', which waits for it"]


def test_a_gate_can_not_depend_on_its_own_decision() -> None:
    result = check_steps(QUESTIONS + "  a: {title: A, when: a = go, gate: {decided_by: raad}}\n")

    assert messages(result, "RG212") == ["step 'a' depends on decision 'a', which waits for it"]


COMPARISONS = st.sampled_from(
    ["n = 3", "n > 5", "n <= 2", "c = x", "c != y", "c in [x, z]", "p in s", "q in s", "b", "not b"]
)


@given(st.lists(COMPARISONS, min_size=1, max_size=5), st.sampled_from([" and ", " or "]))
def test_what_can_hold_is_found_as_by_trying_everything(parts: list[str], joined: str) -> None:
    condition = parse(joined.join(parts))

    assert Possibilities(TYPES, {"n": (0, 9)}).can_hold(condition) == _some_answers_make_true(condition)


TYPES = {
    "n": NameType(NameKind.NUMBER),
    "c": NameType(NameKind.CHOICE, ("x", "y", "z")),
    "s": NameType(NameKind.CHOICES, ("p", "q")),
    "b": NameType(NameKind.YES_NO),
}


def _some_answers_make_true(condition: Condition) -> bool:
    groups = [frozenset({"p"}), frozenset({"q"}), frozenset({"p", "q"})]
    return any(
        holds(condition, {"n": n, "c": c, "s": s, "b": b})
        for n in range(10)
        for c in ("x", "y", "z")
        for s in groups
        for b in (True, False)
    )


def test_too_many_answers_to_try_give_the_benefit_of_the_doubt() -> None:
    names = {f"q{number}": NameType(NameKind.NUMBER) for number in range(20)}
    condition = parse(" and ".join(f"{name} > 3" for name in names) + " and q0 < 2")

    assert Possibilities(names, {}).can_hold(condition) is True


# --- gates, roles, names ------------------------------------------------------------------------------


def test_a_gate_with_an_own_outcome_that_opens_can_pass() -> None:
    result = check_steps(
        "roles: {r: {title: R}}\nsteps:\n  a:\n    title: A\n"
        "    gate: {decided_by: r, only_own_outcomes: true, outcomes: {ja-mits: {title: Mits, does: opens}}}\n"
    )

    assert codes(result) == set()


def test_a_definition_that_leaves_something_out_altogether_hears_so_once() -> None:
    result = check_steps("steps:\n" + "".join(f"  s{number}: {{title: x}}\n" for number in range(20)))

    assert [finding.code for finding in result.findings] == ["RG218", "RG402"]


@pytest.mark.parametrize(
    "use",
    [
        "steps: {a: {title: A, informed: ggd}}",
        "steps: {a: {title: A, consulted: [all-partners]}}",
        "steps: {a: {title: A, gate: {decided_by: ggd}}}",
        "notices: {lead: ggd}",
        "notices: {ladder: [{after: 1wd, to: ggd}]}",
        "notices: {to: {done: ggd}}",
    ],
)
def test_a_role_is_used_by_whatever_names_it(use: str) -> None:
    steps = "" if use.startswith("steps") else "steps: {}"

    assert codes(check_steps(f"roles: {{ggd: {{title: GGD}}}}\n{use}\n{steps}\n")) == set()


def test_a_group_is_not_among_all_partners() -> None:
    result = check_steps(
        "roles: {ggd: {title: G}, buurt: {title: B, group: true}}\nsteps: {a: {title: A, consulted: all-partners}}\n"
    )

    assert messages(result, "RG404") == ["role 'buurt' is never used"]


@pytest.mark.parametrize("word", ["ja", "nee", "and", "in", "not", "yes"])
def test_an_answer_that_means_something_else_is_pointed_at(word: str) -> None:
    result = check_steps(f"questions:\n  q: {{ask: Q, one_of: [x, {word}]}}\nsteps: {{}}\n")

    assert places(result) == ["5:27 RG213"]


def test_a_question_and_a_gate_may_not_share_a_name() -> None:
    result = check_steps(QUESTIONS.replace("  bekend:", "  besluit:") + "\n")

    assert "'besluit' is a question and a gate" in messages(result, "RG213")


def test_a_step_called_start_is_only_a_warning() -> None:
    result = check_steps("steps:\n  start: {title: Begin}\n  b: {title: B, needs: start}\n")

    assert result.definition is not None
    assert codes(result) == {"RG314"}


# --- dates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "found"),
    [
        pytest.param("{from: 10wd before opening, until: 3wd before opening}", set(), id="holds-eight-days"),
        pytest.param("{from: 3wd before opening, until: 10wd before opening}", {"RG305"}, id="backwards"),
        pytest.param("{from: 5wd after opening, until: on opening}", {"RG305"}, id="closes-on-the-day-itself"),
        pytest.param("{from: 9wd before opening, until: 3wd before opening}", {"RG306"}, id="a-day-too-short"),
        pytest.param("{from: 3m after opening, until: 2m after opening}", {"RG305"}, id="backwards-in-months"),
        pytest.param("{from: 20wd before opening, until: 1w after opening}", set(), id="units-mixed"),
        pytest.param("{from: 3wd before opening, until: 10wd after start}", set(), id="two-anchors"),
        pytest.param("{from: 3wd before opening}", set(), id="never-closes"),
    ],
)
def test_a_window_has_room_for_the_step(window: str, found: set[str]) -> None:
    result = check_steps(
        "anchors: {opening: {title: O, target: required}}\n"
        f"steps:\n  a: {{title: A, takes: 8wd, window: {window}}}\n"
    )

    assert codes(result) == found


def _chain(due: str, extra: str = "") -> CheckResult:
    return check_steps(
        "questions: {q: {ask: Q, yes_no: true}}\n"
        "anchors: {opening: {title: O, target: required, set_by: open}}\n"
        "steps:\n"
        f"  a: {{title: A, takes: 20wd{extra}}}\n"
        "  b: {title: B, takes: 5wd, needs: [{finish_to_start: a, lag: 2wd}], " + due + "}\n"
        "  open: {title: Open, takes: 0wd, needs: [{finish_to_start: b, lag: 9wd}]}\n"
        "  c: {title: C, takes: 3wd, needs: [open], due: 3wd after opening}\n"
    )


@pytest.mark.parametrize(
    ("due", "found"),
    [
        pytest.param("due: 26wd after start", set(), id="just-enough"),
        pytest.param("due: 25wd after start", {"RG306"}, id="a-day-too-early"),
        pytest.param("due: 1m after start", {"RG306"}, id="a-month-is-23-working-days-at-most"),
        pytest.param("due: 2m after start", set(), id="two-months-may-do"),
        pytest.param("window: {until: 25wd after start}", {"RG306"}, id="the-end-of-a-window-is-a-due-date"),
        pytest.param("due: 9wd before opening", set(), id="leaves-just-enough"),
        pytest.param("due: 8wd before opening", {"RG315"}, id="leaves-a-day-too-few"),
        pytest.param("due: 1w before opening", {"RG315"}, id="a-week-is-five-working-days-at-most"),
        pytest.param("due: 3w before opening", set(), id="three-weeks-may-do"),
        pytest.param("due: on opening", {"RG315"}, id="on-the-day-itself"),
    ],
)
def test_a_due_date_fits_the_chain_before_and_after_it(due: str, found: set[str]) -> None:
    assert codes(_chain(due)) == found


@pytest.mark.parametrize(
    "extra",
    [", when: q", ", only_with: c", ", repeats: {every: 1m, from: start}"],
    ids=["condition", "companion", "rhythm"],
)
def test_what_may_not_come_before_is_not_counted(extra: str) -> None:
    assert codes(_chain("due: 10wd after start", extra)) == set()


def test_a_step_after_an_anchor_is_not_due_before_it() -> None:
    result = check_steps(
        "anchors: {opening: {title: O, set_by: open}}\n"
        "steps:\n  open: {title: Open}\n  c: {title: C, takes: 3wd, needs: [open], due: 2wd after opening}\n"
    )

    assert messages(result, "RG306") == [
        "'2wd after opening' is before step 'c' can be done: that is 3wd from opening on (c)"
    ]


def test_a_due_date_too_early_names_the_steps_that_come_before() -> None:
    assert messages(_chain("due: 5wd after start"), "RG306") == [
        "'5wd after start' is before step 'b' can be done: that is 27wd from start on (a -> b)"
    ]


def test_steps_of_which_one_is_enough_are_not_counted() -> None:
    result = check_steps(
        "steps:\n  a: {title: A, takes: 20wd}\n  b: {title: B}\n"
        "  c: {title: C, needs: [a, b], join: any, due: 5wd after start}\n"
    )

    assert codes(result) == set()


@given(
    st.one_of(
        st.integers(1, 300).map(lambda amount: Span(amount, Unit.DAYS)),
        st.integers(1, 60).map(lambda amount: Span(amount, Unit.WEEKS)),
        st.integers(1, 24).map(lambda amount: Span(amount, Unit.MONTHS)),
        st.integers(1, 5).map(lambda amount: Span(amount, Unit.YEARS)),
    ),
    st.dates(date(2026, 1, 1), date(2029, 12, 31)),
    st.booleans(),
)
def test_bounds_in_working_days_hold_on_every_day(span: Span, begins: date, back: bool) -> None:
    span = -span if back else span
    calendar = load_calendar("nl")

    counted = calendar.floor_index(shift(begins, span).toordinal()) - calendar.floor_index(begins.toordinal())

    assert in_working_days(span).least <= counted <= in_working_days(span).most


@pytest.mark.parametrize(
    ("term", "missing"),
    [
        ("{length: 8w}", "no article and no source and no valid_from"),
        ("{length: 8w, kind: amvb, article: A, source: B}", "no valid_from"),
        ("{length: 8w, article: A, valid_from: 2024-01-01}", "no source"),
    ],
)
def test_a_statutory_term_without_its_source_is_pointed_at(term: str, missing: str) -> None:
    result = check_steps(f"steps:\n  a: {{title: A, term: {term}}}\n")

    assert messages(result, "RG307") == [f"statutory term of step 'a' has {missing}"]


@pytest.mark.parametrize(
    "step",
    [
        "term: {length: 8w, kind: contract}",
        "term: {length: 8w, article: A, source: B, valid_from: 2024-01-01}",
        "takes: 30d, basis: law, legal_basis: Wet X art. 1",
    ],
)
def test_a_term_of_contract_or_with_its_source_is_fine(step: str) -> None:
    assert codes(check_steps(f"steps:\n  a: {{title: A, {step}}}\n")) == set()


def test_an_anchor_that_is_set_by_hand_may_say_so() -> None:
    assert codes(check_steps("anchors: {einde: {title: Einde, target: optional}}\nsteps: {}\n")) == set()


def test_a_period_to_avoid_is_one_that_the_calendar_knows() -> None:
    result = check_steps("steps:\n  a: {title: A, avoid: zomervakantie}\n  b: {title: B, avoid: oogstfeest}\n")

    assert messages(result, "RG316") == ["calendar 'nl' has no period 'oogstfeest'"]


def test_the_default_definition_has_no_errors() -> None:
    result = check_definition("opvang")

    assert errors(result) == []
    assert result.definition is not None
