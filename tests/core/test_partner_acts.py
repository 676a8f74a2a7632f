"""What a partner says about a step, and what the lead says back: who hears it, once, and what it leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from regie.core.definition import Kind
from regie.core.events import (
    DatePromised,
    DateProposed,
    Event,
    HandedToColleague,
    ProposalAnswered,
    QuestionAnswered,
    QuestionAsked,
    StepDeclined,
    StepFinished,
    StepStarted,
    StepWaived,
    Tick,
)
from regie.core.ids import PersonId
from regie.core.lines import Urgency
from regie.core.traject import Absence, Person
from regie.definitions.policy import DEFAULT_TO
from regie.errors import Conflict, NotFound, Refused
from tests.support.builders import MONDAY, after, definition, key, occurrence, policy, started, step

D = date.fromisoformat
LATER = D("2027-01-25")
COLLEAGUE = Person(PersonId("colleague"))
PROPOSED = DateProposed(key=key("a"), on=LATER, reason="ziek", by="maker")


def town():  # type: ignore[no-untyped-def]
    """Step ``a`` of the maker, and ``b`` that waits for it; who must hear of them has heard of them."""
    whole = definition(
        step("a", "5wd", due="10wd after start"), step("b", "5wd", ["a"]), policy=policy(to=dict(DEFAULT_TO))
    )
    return started(whole)


def heard(changes) -> list[tuple[str, str, str]]:  # type: ignore[no-untyped-def]
    return [(message.to, line.kind.value, str(line.key)) for message in changes.messages for line in message.lines]


def test_a_proposal_is_no_promise_and_the_lead_hears_it_with_its_dates() -> None:
    promised = after(town(), MONDAY, DatePromised(key=key("a"), on=D("2027-01-14")))
    found = after(promised, MONDAY, PROPOSED)

    assert heard(found) == [("lead", "date-proposed", "a")]
    (message,) = found.messages
    (line,) = message.lines
    assert message.urgency is Urgency.OFFICE_HOURS
    assert (line.due_on, line.old_on, line.promised_on, line.moves) == (LATER, D("2027-01-18"), D("2027-01-14"), 1)
    assert (occurrence(found, "a").proposed_on, occurrence(found, "a").proposal_reason) == (LATER, "ziek")
    assert occurrence(found, "a").promised_on == D("2027-01-14")


def test_an_accepted_proposal_is_a_promise_and_is_told_once_and_not_as_a_moved_date_too() -> None:
    found = after(after(town(), MONDAY, PROPOSED), MONDAY, ProposalAnswered(key=key("a"), accepted=True, by="lead"))

    assert [line for line in heard(found) if line[2] == "a"] == [("maker", "proposal-answered", "a")]
    assert (occurrence(found, "a").promised_on, occurrence(found, "a").proposed_on) == (LATER, None)
    assert occurrence(found, "a").planned.early_finish == LATER


def test_a_declined_proposal_is_gone_and_the_partner_hears_why_once() -> None:
    no = ProposalAnswered(key=key("a"), accepted=False, reason="opening", by="lead")
    found = after(after(town(), MONDAY, PROPOSED), MONDAY, no)

    assert heard(found) == [("maker", "proposal-answered", "a")]
    assert (occurrence(found, "a").promised_on, occurrence(found, "a").proposed_on) == (None, None)


@pytest.mark.parametrize(
    "event",
    [
        StepFinished(key=key("a")),
        StepWaived(key=key("a"), reason="dubbel", approved_by="lead"),
        DatePromised(key=key("a"), on=LATER),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_proposal_ends_with_the_step_and_with_a_promise(event: Event) -> None:
    found = after(after(town(), MONDAY, PROPOSED), MONDAY, event)

    assert (occurrence(found, "a").proposed_on, occurrence(found, "a").proposal_reason) == (None, "")


def test_a_declined_step_stays_and_its_reminders_go_to_the_lead_until_the_lead_answers() -> None:
    found = after(town(), MONDAY, StepDeclined(key=key("a"), reason="niet van ons", by="maker"))
    assert heard(found) == [("lead", "declined", "a")]

    late = after(found, D("2027-01-19"), Tick())
    assert [line for line in heard(late) if line[1] == "overdue"] == [("lead", "overdue", "a")]

    answered = after(found, MONDAY, QuestionAnswered(key=key("a"), text="Toch wel", by="lead"))
    assert heard(answered) == [("maker", "question-answered", "a")]
    late = after(answered, D("2027-01-19"), Tick())
    assert [line for line in heard(late) if line[1] == "overdue"] == [("maker", "overdue", "a")]


def test_a_question_goes_to_the_lead_and_the_answer_to_who_asked() -> None:
    found = after(town(), MONDAY, QuestionAsked(key=key("b"), text="Welke kaart?", by="boss"))
    assert heard(found) == [("lead", "question-asked", "b")]

    answered = after(found, MONDAY, QuestionAnswered(key=key("b"), text="Die van 2026", by="lead"))
    assert heard(answered) == [("boss", "question-answered", "b")]
    assert occurrence(answered, "b").askers == ()


def with_colleague(**more):  # type: ignore[no-untyped-def]
    changes = town()
    return replace(changes, traject=replace(changes.traject, others=(replace(COLLEAGUE, **more),)))


HANDED = HandedToColleague(key=key("a"), to=COLLEAGUE.id, by="maker")


def test_a_colleague_who_gets_a_step_hears_what_its_role_would_until_it_is_given_back() -> None:
    found = after(with_colleague(), MONDAY, HANDED)
    assert heard(found) == [("colleague", "handed-over", "a")]
    late = after(found, D("2027-01-18"), Tick())
    assert [line for line in heard(late) if line[1] == "due"] == [("colleague", "due", "a")]

    back = after(found, MONDAY, HandedToColleague(key=key("a"), to=None, by="lead"))
    assert heard(back) == [("maker", "handed-over", "a")]
    late = after(back, D("2027-01-18"), Tick())
    assert [line for line in heard(late) if line[1] == "due"] == [("maker", "due", "a")]


def test_the_deputy_of_a_colleague_hears_it_while_they_are_away() -> None:
    away = (Absence(MONDAY, LATER),)
    found = after(with_colleague(away=away, deputy=PersonId("boss")), MONDAY, HANDED)

    assert heard(found) == [("boss", "handed-over", "a")]


def test_handing_a_declined_step_over_is_an_answer() -> None:
    found = after(with_colleague(), MONDAY, StepDeclined(key=key("a"), reason="niet van ons"), HANDED)

    assert not occurrence(found, "a").declined


REFUSED = [
    (replace(PROPOSED, on=D("2027-01-01")), "date-in-the-past"),
    (replace(PROPOSED, reason=" "), "reason-missing"),
    (ProposalAnswered(key=key("a"), accepted=True), "no-proposal"),
    (StepDeclined(key=key("a"), reason=""), "reason-missing"),
    (QuestionAsked(key=key("a"), text=" "), "text-missing"),
    (QuestionAnswered(key=key("a"), text="ja"), "no-question"),
    (HandedToColleague(key=key("a"), to=None), "not-assigned"),
]


@pytest.mark.parametrize(("event", "code"), REFUSED, ids=lambda each: each if isinstance(each, str) else "")
def test_what_is_missing_or_past_or_never_asked_is_refused(event: Event, code: str) -> None:
    with pytest.raises(Refused) as refused:
        after(town(), MONDAY, event)
    assert refused.value.code == code


def test_a_proposal_is_not_turned_down_without_a_reason_nor_accepted_when_its_day_is_past() -> None:
    proposed = after(town(), MONDAY, PROPOSED)
    with pytest.raises(Refused, match="why") as refused:
        after(proposed, MONDAY, ProposalAnswered(key=key("a"), accepted=False))
    assert refused.value.code == "reason-missing"
    with pytest.raises(Refused, match="past"):
        after(proposed, D("2027-01-26"), ProposalAnswered(key=key("a"), accepted=True))


def test_nobody_unknown_gets_a_step() -> None:
    with pytest.raises(NotFound) as refused:
        after(town(), MONDAY, replace(HANDED, to=PersonId("nobody")))
    assert refused.value.code == "unknown-person"


SAID = [
    PROPOSED,
    ProposalAnswered(key=key("a"), accepted=True),
    HANDED,
    StepDeclined(key=key("a"), reason="nee"),
    QuestionAsked(key=key("a"), text="wat?"),
    QuestionAnswered(key=key("a"), text="dit"),
]


@pytest.mark.parametrize("event", SAID, ids=lambda each: type(each).__name__)
def test_of_a_finished_step_and_by_who_saw_an_older_one_all_are_refused(event: Event) -> None:
    done = after(with_colleague(), MONDAY, StepFinished(key=key("a")))
    with pytest.raises(Refused) as refused:
        after(done, MONDAY, event)
    assert refused.value.code == "transition-refused"
    with pytest.raises(Conflict):
        after(with_colleague(), MONDAY, replace(event, seen_version=99))  # type: ignore[call-arg]


def test_who_starts_a_step_that_was_declined_takes_it() -> None:
    found = after(town(), MONDAY, StepDeclined(key=key("a"), reason="nee"), StepStarted(key=key("a")))

    assert not occurrence(found, "a").declined


def test_a_kind_that_the_definition_tells_nobody_is_told_to_nobody() -> None:
    quiet = definition(step("a"), policy=policy(to={**DEFAULT_TO, Kind.QUESTION_ASKED: ()}))

    assert heard(after(started(quiet), MONDAY, QuestionAsked(key=key("a"), text="wat?"))) == []
