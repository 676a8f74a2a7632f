"""Starting a traject, a next cycle of it, and closing it: what is asked, what it would lead to, and only then doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from regie.actions.close_traject import close_traject, preview_close
from regie.actions.start_cycle import NextCycle, preview_cycle, start_cycle
from regie.actions.start_traject import LONGEST_SLUG, NewTraject, check_slug, preview_start, slug_of, start_traject
from regie.core.definition import Answers, Definition, Question, QuestionKind, text_in
from regie.core.ids import AnchorId
from regie.core.opening import open_cycle
from regie.core.outline import FIRST_CYCLE
from regie.core.permissions import Permission
from regie.core.privacy import has_citizen_number
from regie.core.traject import Cycle
from regie.errors import Conflict, NotFound, Refused
from regie.reports.definition_offers import find_successor, get_offer, list_offers
from regie.reports.effect_view import make_effect_view
from regie.reports.start_preview import StartPreview, make_start_preview
from regie.reports.traject_home import load_for_view
from regie.text.rules import say_cycle
from regie.web.confirming import PRIVATE, REQUEST_ID
from regie.web.counter import Counter, CounterNow
from regie.web.deps import SeenTraject, is_traject, people_everywhere, ring
from regie.web.language import N_
from regie.web.pages import FormError, read_day

router = APIRouter()

LONGEST_TITLE, LONGEST = 120, 2_000
FEW_OPTIONS = 6
"""So many options are buttons; more become a list."""

Typed = Mapping[str, Sequence[str]]
Doing = Annotated[str, Form(pattern="^(bekijk|aanpassen|doe)$")]
RequestId = Annotated[str, Form(pattern=f"^({REQUEST_ID})?$")]
_REPLACED = N_(
    "Het stappenplan dat u koos, is intussen vervangen. Dit zijn de vragen van de nieuwe versie. Wat u had ingevuld, staat er nog."
)
_TYPED = ("titel", "korte_naam", "start", "toch")
_FIELD_OF = {
    "title-missing": "titel",
    "bad-slug": "korte_naam",
    "slug-taken": "korte_naam",
    "slug-invalid": "korte_naam",
    "slug-reserved": "korte_naam",
    "unknown-cycle-kind": "soort",
}


async def read_form(request: Request) -> FormData:
    """All that was typed: which questions there are, the definition says. Starlette reads a form in this way only."""
    return await request.form()


FormNow = Annotated[FormData, Depends(read_form)]


# --- a new traject ---------------------------------------------------------------------------------------


@router.get("/trajecten/nieuw")
def show_new(counter: CounterNow, plan: str = Query("", max_length=128)) -> Response:
    """Choose a definition, or with one chosen: its questions."""
    counter.demand(Permission.START_TRAJECT)
    offers = list_offers(counter.session, counter.language)
    if not plan and len(offers) != 1:
        return counter.render("start/choose.html", offers=offers)
    plan = plan or offers[0].hash
    definition, _ = get_offer(counter.session, counter.context.shelf, plan)
    typed = {"start": [counter.today.isoformat()], **_answers_as_typed(definition, {})}
    return _show_questions(counter, definition, plan, typed, choice=len(offers) > 1)


@router.post("/trajecten/nieuw")
def post_new(
    counter: CounterNow, form: FormNow, plan: Annotated[str, Form(max_length=128)], doe: Doing = "bekijk",
    verzoek: RequestId = "",
) -> Response:  # fmt: skip
    """Show what a traject would look like, or start it."""
    counter.demand(Permission.START_TRAJECT)
    context = counter.context
    try:
        definition, sources = get_offer(counter.session, context.shelf, plan)
    except NotFound:
        plan = find_successor(counter.session, plan)
        if not plan:
            raise
        definition, _ = get_offer(counter.session, context.shelf, plan)
        said = FormError("titel", counter.words(_REPLACED))
        return _show_questions(counter, definition, plan, _typed(form, definition, _TYPED), [said], 409)
    typed = _typed(form, definition, _TYPED)
    if doe == "aanpassen":
        return _show_questions(counter, definition, plan, typed)
    new, errors = _read_new(counter, definition, typed)
    slug = new.slug if new else ""
    if doe != "doe" and slug and is_traject(counter.session, slug):
        errors.append(counter.wrong("korte_naam", Conflict(f"'{slug}' is taken", code="slug-taken", slug=slug)))
    if new is None or errors:
        return _show_questions(counter, definition, plan, typed, errors, 422)
    try:
        if doe != "doe" or not verzoek:
            changes = preview_start(definition, new, counter.now, people=people_everywhere(counter.session))
            seen = make_start_preview(counter.session, changes, counter.today, counter.language)
            return _show_preview(counter, "/trajecten/nieuw", seen, {**typed, "plan": [plan]}, FIRST_CYCLE)
        counter.session.rollback()  # what was read is old once something is saved
        traject_id, applied = start_traject(context, sources, definition, new, counter.now, request_id=verzoek)
    except (Refused, Conflict) as error:
        wrong = [counter.wrong(_FIELD_OF.get(error.code, "titel"), error)]
        return _show_questions(counter, definition, plan, typed, wrong, 409 if isinstance(error, Conflict) else 422)
    if applied.changes is not None:
        ring(counter.shell, traject_id, applied.changes)
    return RedirectResponse(f"/trajecten/{quote(new.slug)}", 303)


def _read_new(counter: Counter, definition: Definition, typed: Typed) -> tuple[NewTraject | None, list[FormError]]:
    """Make the traject of what was typed; give all that is wrong with it at once."""
    errors: list[FormError] = []
    title, slug = _one(typed, "titel").strip(), _one(typed, "korte_naam").strip()
    if not title:
        errors.append(FormError("titel", counter.words(N_("Geef het traject een naam."))))
    elif has_citizen_number(title) and not _one(typed, "toch"):
        errors.append(FormError("toch", counter.words(PRIVATE)))
    try:
        slug = check_slug(slug or (slug_of(title) if title else "x"))
    except Refused as error:
        errors.append(counter.wrong("korte_naam", error))
    start_on, targets, answers = _read_plan(counter, definition, typed, errors)

    def check() -> None:
        open_cycle(definition, start_on=start_on or counter.today, answers=answers, targets=targets)

    _gather(counter, check, errors)
    if errors or start_on is None:
        return None, errors
    zone = counter.shell.settings.timezone
    return NewTraject(
        title,
        start_on,
        answers,
        {str(each): on for each, on in targets.items()},
        slug=slug,
        zone=zone,
        by=counter.actor.name,
    ), errors


# --- a next cycle ----------------------------------------------------------------------------------------


@router.get("/trajecten/{slug}/doorloop/nieuw")
def show_next(counter: CounterNow, slug: str, traject_id: SeenTraject) -> Response:
    """Which kind of cycle, from when, and what changed since the one before."""
    counter.demand(Permission.START_CYCLE, traject_id)
    parent = _parent(counter, traject_id)
    typed = {"start": [counter.today.isoformat()], **_answers_as_typed(parent.definition, parent.answers)}
    return _show_next(counter, slug, traject_id, parent, typed)


@router.post("/trajecten/{slug}/doorloop/nieuw")
def post_next(
    counter: CounterNow, form: FormNow, slug: str, traject_id: SeenTraject, na: Annotated[int, Form(ge=1)],
    doe: Doing = "bekijk", verzoek: RequestId = "",
) -> Response:  # fmt: skip
    """Show what a next cycle would look like, or start it."""
    counter.demand(Permission.START_CYCLE, traject_id)
    context = counter.context
    parent = _parent(counter, traject_id)
    definition = parent.definition
    typed = _typed(form, definition, ("soort", "start"))
    if doe == "aanpassen":
        return _show_next(counter, slug, traject_id, parent, typed)
    errors: list[FormError] = []
    kind = _one(typed, "soort")
    if kind not in definition.cycle_kinds:
        errors.append(FormError("soort", counter.words(N_("Kies wat voor doorloop het wordt."))))
    start_on, targets, answers = _read_plan(counter, definition, typed, errors)

    def check() -> None:
        open_cycle(definition, start_on=start_on or counter.today, answers=answers, targets=targets)

    _gather(counter, check, errors)
    if errors or start_on is None:
        return _show_next(counter, slug, traject_id, parent, typed, errors, 422)
    new = NextCycle(
        kind,
        start_on,
        verzoek or context.ids(),
        answers,
        {str(each): on for each, on in targets.items()},
        counter.actor.name,
        na,
    )
    try:
        if doe != "doe" or not verzoek:
            changes = preview_cycle(context, traject_id, new, counter.now)
            seen = make_start_preview(
                counter.session, changes, counter.today, counter.language, traject_id=traject_id
            )  # fmt: skip
            path = f"/trajecten/{quote(slug)}/doorloop/nieuw"
            return _show_preview(counter, path, seen, {**typed, "na": [str(na)]}, kind, definition)
        counter.session.rollback()
        number, applied = start_cycle(context, traject_id, new, counter.now)
    except Conflict as error:
        newest = _parent(counter, traject_id)
        return _show_next(counter, slug, traject_id, newest, typed, [counter.wrong("soort", error)], 409)
    except Refused as error:
        return _show_next(counter, slug, traject_id, parent, typed, [counter.wrong("soort", error)], 422)
    if applied.changes is not None:
        ring(counter.shell, traject_id, applied.changes)
    return RedirectResponse(f"/trajecten/{quote(slug)}?doorloop={number}", 303)


def _parent(counter: Counter, traject_id: int) -> Cycle:
    counter.session.rollback()
    return load_for_view(counter.session, counter.context.shelf, traject_id).cycles[-1]


# --- the end ---------------------------------------------------------------------------------------------


@router.get("/trajecten/{slug}/afsluiten")
def show_close(counter: CounterNow, slug: str, traject_id: SeenTraject) -> Response:
    """Why a traject is closed."""
    counter.demand(Permission.CLOSE_TRAJECT, traject_id)
    return _show_close(counter, slug, traject_id, "")


@router.post("/trajecten/{slug}/afsluiten")
def post_close(
    counter: CounterNow, slug: str, traject_id: SeenTraject, reden: Annotated[str, Form(max_length=LONGEST)] = "",
    toch: Annotated[str, Form(max_length=4)] = "", doe: Doing = "bekijk", verzoek: RequestId = "",
) -> Response:  # fmt: skip
    """Show what closing leads to, or close it."""
    counter.demand(Permission.CLOSE_TRAJECT, traject_id)
    context, by = counter.context, counter.actor.name
    if doe == "aanpassen":
        return _show_close(counter, slug, traject_id, reden)
    errors = []
    if not reden.strip():
        errors.append(FormError("reden", counter.words(N_("Schrijf waarom het traject wordt afgesloten."))))
    if has_citizen_number(reden) and not toch:
        errors.append(FormError("toch", counter.words(PRIVATE)))
    if errors:
        return _show_close(counter, slug, traject_id, reden, errors, 422)
    try:
        if doe != "doe" or not verzoek:
            before = load_for_view(counter.session, context.shelf, traject_id)
            seen = []
            for changes in preview_close(context, traject_id, reden, counter.now, by=by):
                found = make_effect_view(counter.session, before, changes, counter.today, counter.language)
                seen.append((changes.event.cycle, found))
                before = changes.traject
            return counter.render(
                "start/close_confirm.html", slug=slug, title=before.title, reason=reden, sure=toch, seen=seen,
                request_id=context.ids(),
            )  # fmt: skip
        counter.session.rollback()
        applied = close_traject(context, traject_id, reden, counter.now, by=by, request_id=verzoek)
    except Conflict as error:
        return _show_close(counter, slug, traject_id, reden, [counter.wrong("reden", error)], 409)
    except Refused as error:
        return _show_close(counter, slug, traject_id, reden, [counter.wrong("reden", error)], 422)
    for each in applied:
        if each.changes is not None:
            ring(counter.shell, traject_id, each.changes)
    return RedirectResponse(f"/trajecten/{quote(slug)}", 303)


def _show_close(
    counter: Counter, slug: str, traject_id: int, reason: str, errors: Sequence[FormError] = (), status: int = 200
) -> Response:
    counter.session.rollback()
    found = load_for_view(counter.session, counter.context.shelf, traject_id)
    return counter.render(
        "start/close.html", status, slug=slug, title=found.title, reason=reason, errors=errors, longest=LONGEST,
        is_over=not found.running(),
    )  # fmt: skip


# --- what they share -------------------------------------------------------------------------------------


def _typed(form: FormData, definition: Definition, names: Sequence[str]) -> dict[str, list[str]]:
    """What was typed in the fields that there are, and in no others."""
    fields = [*names, *(f"v_{each}" for each in definition.questions), *(f"a_{each}" for each in definition.anchors)]
    return {
        name: given for name in fields if (given := [each[:LONGEST] for each in form.getlist(name) if isinstance(each, str)])
    }  # fmt: skip


def _one(typed: Typed, name: str) -> str:
    return next(iter(typed.get(name, ())), "")


def _read_plan(
    counter: Counter, definition: Definition, typed: Typed, errors: list[FormError]
) -> tuple[date | None, dict[AnchorId, date], dict[str, object]]:
    """The start, the targets and the answers; a date that is none is added to the errors."""
    start_on = read_day(_one(typed, "start"))
    if start_on is None:
        errors.append(FormError("start", counter.words(N_("Kies de eerste dag."))))
    targets: dict[AnchorId, date] = {}
    for anchor in definition.anchors.values():
        said = _one(typed, f"a_{anchor.id}").strip()
        if said and anchor.id != definition.start_anchor:
            on = read_day(said)
            if on is None:
                errors.append(FormError(f"a_{anchor.id}", counter.words(N_("Kies een datum."))))
            targets[anchor.id] = on or date.max
    answers: dict[str, object] = {}
    for question in definition.questions.values():
        given = typed.get(f"v_{question.id}", [])
        is_several = question.kind is QuestionKind.SOME_OF
        # an empty answer is none, also where the definition has one ready: somebody took it away
        answers[question.id] = ",".join(given) if is_several else _one(typed, f"v_{question.id}").strip()
    return start_on, targets, answers


def _gather(counter: Counter, check: Callable[[], None], errors: list[FormError]) -> None:
    """Add what is wrong with answers and targets, each at its own field, in the order of the form."""
    try:
        check()
    except Refused as error:
        for each in error.facts.get("troubles", ()):  # type: ignore[attr-defined]
            about = each.facts
            field = f"v_{about['question']}" if "question" in about else f"a_{about.get('anchor', '')}"
            if field not in {known.field for known in errors}:
                errors.append(counter.wrong(field, each))


def _answers_as_typed(definition: Definition, answers: Answers) -> dict[str, list[str]]:
    """What stands in the fields at first: the answers of before, else those that the definition has ready."""
    found: dict[str, list[str]] = {}
    for question in definition.questions.values():
        answer = answers.get(question.id, question.default)
        if isinstance(answer, bool):
            found[f"v_{question.id}"] = ["ja" if answer else "nee"]
        elif isinstance(answer, frozenset):
            found[f"v_{question.id}"] = sorted(answer)
        elif answer is not None:
            found[f"v_{question.id}"] = [answer.isoformat() if isinstance(answer, date) else str(answer)]
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a form shows it. ``kind``: ``text``, ``date``, ``radios``, ``list`` or ``boxes``."""

    field: str
    label: str
    hint: str
    kind: str
    options: Mapping[str, str]
    required: bool = True


def _asked(counter: Counter, question: Question) -> Asked:
    language = counter.language
    options = {each: text_in(question.option_titles.get(each, {"nl": each}), language) for each in question.options}
    hint = text_in(question.why, language)
    kind = {QuestionKind.SOME_OF: "boxes", QuestionKind.DATE: "date"}.get(question.kind, "text")
    if question.kind is QuestionKind.YES_NO:
        kind, options = "radios", {"ja": counter.words(N_("Ja")), "nee": counter.words(N_("Nee"))}
    elif question.kind is QuestionKind.ONE_OF:
        kind = "radios" if len(options) <= FEW_OPTIONS else "list"
    if question.kind is QuestionKind.NUMBER and question.low is not None and question.high is not None:
        said = counter.words(N_("Een getal van %(low)s tot en met %(high)s."))
        hint = f"{hint} {said % {'low': question.low, 'high': question.high}}".strip()
    return Asked(f"v_{question.id}", text_in(question.ask, language), hint, kind, options)


def _anchors(counter: Counter, definition: Definition) -> list[Asked]:
    """The dates that are asked for, those that are needed first."""
    found = [
        Asked(f"a_{each.id}", text_in(each.title, counter.language), "", "date", {}, each.target_required)
        for each in definition.anchors.values()
        if each.id != definition.start_anchor
    ]
    return sorted(found, key=lambda each: not each.required)


def _form(counter: Counter, definition: Definition) -> dict[str, object]:
    return {
        "questions": [_asked(counter, each) for each in definition.questions.values()],
        "anchors": _anchors(counter, definition),
    }


def _show_questions(
    counter: Counter, definition: Definition, plan: str, typed: Typed, errors: Sequence[FormError] = (),
    status: int = 200, *, choice: bool = True,
) -> Response:  # fmt: skip
    return counter.render(
        "start/new.html", status, plan=plan, plan_title=text_in(definition.title, counter.language),
        plan_version=definition.version, typed=typed, errors=_in_order(errors, definition), choice=choice,
        longest_title=LONGEST_TITLE, longest_slug=LONGEST_SLUG, **_form(counter, definition),
    )  # fmt: skip


def _show_next(
    counter: Counter, slug: str, traject_id: int, parent: Cycle, typed: Typed, errors: Sequence[FormError] = (),
    status: int = 200,
) -> Response:  # fmt: skip
    definition, language = parent.definition, counter.language
    found = load_for_view(counter.session, counter.context.shelf, traject_id)
    return counter.render(
        "start/next.html", status, slug=slug, title=found.title, parent=parent.number,
        parent_kind=say_cycle(definition, parent.kind, language), typed=typed,
        errors=_in_order(errors, definition),
        kinds={name: text_in(each.title, language) for name, each in definition.cycle_kinds.items()},
        **_form(counter, definition),
    )  # fmt: skip


def _in_order(errors: Sequence[FormError], definition: Definition) -> list[FormError]:
    """As the fields stand on the page."""
    fields = [
        "titel", "toch", "korte_naam", "soort", "start", *(f"a_{each}" for each in definition.anchors),
        *(f"v_{each}" for each in definition.questions),
    ]  # fmt: skip
    return sorted(errors, key=lambda each: fields.index(each.field) if each.field in fields else len(fields))


def _show_preview(
    counter: Counter, path: str, seen: StartPreview, typed: Typed, kind: str, definition: Definition | None = None
) -> Response:
    return counter.render(
        "start/preview.html", path=path, seen=seen, typed=typed, request_id=counter.context.ids(),
        kind=say_cycle(definition, kind, counter.language) if definition is not None else "",
    )  # fmt: skip
