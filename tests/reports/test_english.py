"""What a reader of English gets about the default definition has none of its Dutch."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from html import unescape
from typing import Any

import pytest

from regie.core.definition import Kind
from regie.core.ids import OccurrenceKey, PersonId, RoleId
from regie.core.lines import Line
from regie.core.plan import Plan
from regie.core.preview import plan_definition
from regie.core.traject import Cycle, Traject
from regie.definitions import load_definition
from regie.notify.render import render
from regie.reports.documents import Subject, make_indicator_sheet, make_startnota, make_steering_report
from regie.reports.gantt import gantt_view, render_gantt
from regie.text.letter import Addressee, Letter, LetterPart
from tests.support.texts import texts_of

TODAY = date(2027, 3, 1)
# Words that stand in nearly every Dutch sentence and in no English one.
GIVE_AWAY = ("een", "het", "niet", "voor", "van", "werkdagen", "wordt", "zijn")
# The title of a role that is a name in English sentences too.
KEPT = {"COA"}


@lru_cache(maxsize=1)
def opvang() -> tuple[Cycle, Plan]:
    """The default definition, with a permit that the council advises on and residents of all kinds."""
    answers = {
        "raadsadvies-bopa": True,
        "doelgroepen": ["asielzoekers", "statushouders", "ontheemden", "amv", "minderjarigen"],
    }
    targets = {"opening": date(2028, 7, 3), "einde": date(2032, 7, 1)}
    return plan_definition(load_definition("opvang"), date(2027, 1, 4), answers, targets, TODAY)


def subject() -> Subject:
    cycle, plan = opvang()
    return Subject(Traject(1, "willow", "Willow", (cycle,)), cycle, plan, TODAY, {}, "en")


def mail(key: OccurrenceKey, kind: Kind) -> str:
    """The text of a mail in English about one step, its lines put together again."""
    cycle, _ = opvang()
    definition, planned = cycle.definition, cycle.occurrences[key].planned
    assert planned is not None
    gate = definition.steps[key.step].gate
    line = Line(
        kind, 1, key, definition.steps[key.step].responsible or RoleId(""), "responsible",
        due_on=planned.due_on, legal_on=planned.legal_on, old_on=planned.due_on,
        outcome=next(iter(gate.outcomes)) if gate else "",
    )  # fmt: skip
    part = LetterPart(1, "willow", "Willow", 1, cycle.kind, definition, (line,))
    written = render(Letter("1", 1, Addressee(PersonId("an"), "An", "an@partner.nl", "en"), (part,)), base_url="")
    return " ".join(f"{written.subject}\n{written.text}".split())


@lru_cache(maxsize=1)
def dutch() -> re.Pattern[str]:
    """Every text of the definition in Dutch that has another in English, and words that give Dutch away."""
    texts = {text["nl"] for _, text in texts_of(opvang()[0].definition) if text["nl"] != text.get("en")}
    longest_first = sorted(texts, key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(re.escape(text) for text in [*longest_first, *GIVE_AWAY])})(?!\w)")


def dutch_in(said: str) -> set[str]:
    return set(dutch().findall(said)) - KEPT


@pytest.mark.parametrize("make", [make_startnota, make_indicator_sheet, make_steering_report])
def test_a_document_in_english_has_no_dutch(make: Any) -> None:
    texts = [each.content.decode("utf-8-sig") for each in make(subject()) if not each.name.endswith(".html")]

    assert dutch_in("\n".join(texts)) == set()


def test_the_picture_in_english_has_no_dutch() -> None:
    cycle, plan = opvang()
    said = unescape(
        re.sub(r"<style>.*?</style>|<[^>]+>", "\n", render_gantt(gantt_view("Willow", cycle, plan, TODAY, "en")))
    )

    assert dutch_in(said) == set()


def test_a_mail_in_english_says_in_english_when_a_step_is_done() -> None:
    cycle, _ = opvang()
    for key, occurrence in cycle.occurrences.items():
        if occurrence.planned is not None:
            said = mail(key, Kind.READY)
            assert cycle.definition.steps[key.step].done_when["en"] in said
            assert dutch_in(said) == set(), key


@pytest.mark.parametrize("kind", Kind)
def test_a_mail_in_english_about_a_decision_has_no_dutch(kind: Kind) -> None:
    cycle, _ = opvang()
    for key, occurrence in cycle.occurrences.items():
        if cycle.definition.steps[key.step].gate and occurrence.planned is not None:
            assert dutch_in(mail(key, kind)) == set(), key


def test_the_startnota_in_english_gives_answers_in_english() -> None:
    markdown = make_startnota(subject())[0].content.decode("utf-8")

    assert "| What kind of building will it be? | Conversion |" in markdown
    assert "The municipality forms its vision" in markdown
