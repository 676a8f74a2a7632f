"""Acting on a step, for project leads and members: each act a form, its consequences, and only then saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from regie.core.events import Event
from regie.core.ids import OccurrenceKey
from regie.core.permissions import nothing_here
from regie.reports.act_choices import list_colleagues, list_dependents, list_roles
from regie.reports.step_view import StepView, make_step_view
from regie.reports.traject_home import say_event
from regie.text.dates import say_date
from regie.web.acts import BY_PATH, Field, Reading, StepAct, Typed
from regie.web.confirming import STATE, Form, Page, Walk, carry_on, number_in, show_form
from regie.web.counter import Counter, CounterNow
from regie.web.deps import SeenTraject, SeesConfidential, StepKey
from regie.web.language import N_
from regie.web.routes.trajects import CycleNumber

router = APIRouter()

_PATH = "/trajecten/{slug}/stappen/{key}/{daad}"
_CYCLE, _VERSION, _DEPENDENTS = "doorloop", "versie", "gevolgd"
_MOST_ASKED = 5


@router.get(_PATH)
def show_act(
    counter: CounterNow, slug: str, key: StepKey, daad: str, traject_id: SeenTraject, sees: SeesConfidential,
    doorloop: CycleNumber = 0,
) -> Response:  # fmt: skip
    """The form of one act on a step."""
    act = _find(daad)
    counter.demand(act.permission, traject_id)
    walk = _walk(counter, traject_id, slug, key, act, doorloop, sees_confidential=sees)
    page = walk.look()
    today = counter.today.isoformat()
    first = {each.name: (today,) for each in page.fields if each.kind == "date" and _is_past(act, each)}
    return show_form(walk, page, Typed(first), 409 if page.impossible else 200)


@router.post(_PATH)
def post_act(
    counter: CounterNow, slug: str, key: StepKey, daad: str, traject_id: SeenTraject, sees: SeesConfidential, form: Form
) -> Response:
    """Show what an act leads to, go back to its form, or save it."""
    act = _find(daad)
    counter.demand(act.permission, traject_id)
    cycle = number_in(form, _CYCLE)
    return carry_on(_walk(counter, traject_id, slug, key, act, cycle, sees_confidential=sees), form)


def _find(path: str) -> StepAct:
    found = BY_PATH.get(path)
    if found is None:
        raise nothing_here()
    return found


def _is_past(act: StepAct, asked: Field) -> bool:
    """Whether a day is of something that happened, and so most often today."""
    return asked.name == "datum" and act.path not in ("toezegging",)


def _walk(
    counter: Counter,
    traject_id: int,
    slug: str,
    key: OccurrenceKey,
    act: StepAct,
    cycle: int,
    *,
    sees_confidential: bool,
) -> Walk:
    seen: list[StepView] = []

    def look() -> Page:
        view = make_step_view(
            counter.session, counter.context.shelf, slug, key, counter.today, counter.language, cycle=cycle,
            sees_confidential=sees_confidential,
        )  # fmt: skip
        seen[:] = [view]
        return _page(counter, view, act)

    def make(reading: Reading, page: Page) -> Event | None:
        view = seen[0]
        own = replace(act, fields=page.fields)
        facts: Mapping[str, Any] = act.make(reading, own)
        said = reading.typed.text(_VERSION)
        version = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1
        if reading.errors:
            return None
        if (
            _DEPENDENTS in page.hidden
            and act.is_offered(view)
            and reading.typed.text(_DEPENDENTS) != page.hidden[_DEPENDENTS]
        ):
            reading.wrong("ook", N_("Er is intussen ook aan andere stappen gewerkt. Kijk deze lijst nog eens na."))
            return None
        return act.event(key=key, cycle=view.cycle, seen_version=version, **facts)

    return Walk(counter, traject_id, look, make)


def _page(counter: Counter, view: StepView, act: StepAct) -> Page:
    session, shelf, language, words = counter.session, counter.context.shelf, counter.language, counter.words
    base = f"/trajecten/{view.traject}"
    step = f"{base}/stappen/{quote(str(view.key), safe='@')}"
    hidden = {_CYCLE: str(view.cycle), _VERSION: str(view.occurrence.version), STATE: str(view.traject_version)}
    fields = tuple(_with_words(each, words) for each in act.fields)
    if act.path == "partner":
        roles = list_roles(session, shelf, view.traject_id, view.cycle, language)
        fields = _with_options(fields, "rol", roles)
    elif act.path == "overdragen":
        people = list_colleagues(session, shelf, view.traject_id, view.cycle, view.key)
        fields = _with_options(fields, "aan", people)
    elif act.path == "heropenen":
        found = list_dependents(session, shelf, view.traject_id, view.cycle, view.key, language)
        fields = _with_options(fields, "ook", found)
        hidden[_DEPENDENTS] = " ".join(found)
    elif act.path == "vastzetten" and view.occurrence.started_on is not None:
        fields = tuple(each for each in fields if each.name != "begin")
    impossible = ""
    if not act.is_offered(view):
        impossible = words(N_("Dit kan nu niet bij deze stap. De stand is: %(state)s.")) % {"state": view.state_said}
    return Page(
        f"{step}/{act.path}",
        words(act.title),
        view.title,
        words(act.lead),
        (f"{step}?doorloop={view.cycle}", words(N_("Terug naar de stap"))),
        f"{step}?doorloop={view.cycle}&gedaan={act.path}",
        (
            (view.traject_title, f"{base}?doorloop={view.cycle}"),
            (view.title, f"{step}?doorloop={view.cycle}"),
        ),
        fields,
        hidden,
        tuple(_facts(view, act, words, language)),
        view.cycle,
        view.key,
        takes_files=act.takes_files,
        needs_evidence=view.evidence_required and not view.occurrence.evidence,
        impossible=impossible,
    )


def _with_words(asked: Field, words: Any) -> Field:
    options = {value: words(text) for value, text in asked.options.items()}
    return replace(asked, label=words(asked.label), hint=words(asked.hint), options=options)


def _with_options(fields: tuple[Field, ...], name: str, options: Mapping[str, str]) -> tuple[Field, ...]:
    """Fill in what can be chosen; of nothing to tick nothing is asked."""
    filled = (replace(each, options=options) if each.name == name else each for each in fields)
    return tuple(each for each in filled if each.kind != "ticks" or each.options)


def _facts(view: StepView, act: StepAct, words: Any, language: str) -> list[tuple[str, str]]:
    """What to know before deciding: how the step stands, its dates, and what was asked or proposed."""
    fact, planned = view.occurrence, view.occurrence.planned
    said = [(words(N_("Stand")), view.state_said)]
    if act.path == "antwoord":
        asked = {say_event(each, language) for each in ("QuestionAsked", "StepDeclined")}
        remarks = [each for each in view.remarks if each.what in asked][:_MOST_ASKED]
        said += [(f"{each.name}, {each.what}", "; ".join(each.words)) for each in remarks]
    if fact.proposed_on is not None:
        because = f": {fact.proposal_reason}" if fact.proposal_reason else ""
        said.append((words(N_("Voorgesteld")), say_date(fact.proposed_on, language) + because))
    if fact.promised_on is not None:
        said.append((words(N_("Toegezegd")), say_date(fact.promised_on, language)))
    if planned is not None and view.occurrence.finished_on is None:
        said.append((words(N_("Klaar volgens het plan")), say_date(planned.early_finish, language)))
        if planned.due_on is not None:
            said.append((words(N_("Uiterlijk, volgens het plan")), say_date(planned.due_on, language)))
        if planned.legal_on is not None:
            said.append((words(N_("Uiterlijk, volgens de wet")), say_date(planned.legal_on, language)))
    return said
