"""Decisions: which are coming, what one is about, putting it on the table, and recording what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, UploadFile
from starlette.responses import RedirectResponse, Response

from regie.actions.act_on_traject import Weighed, weigh
from regie.actions.act_on_traject import act as act_on
from regie.core.events import GateDecided, PutForDecision, StepEvent, WorkResumed
from regie.core.ids import OccurrenceKey
from regie.core.permissions import NEEDED
from regie.core.privacy import has_citizen_number
from regie.core.transitions import Verb
from regie.errors import Conflict, Incomplete, Refused
from regie.reports.effect_view import EffectView, make_effect_view
from regie.reports.gate_view import GateView, make_gate_view, make_gates_view
from regie.uploads import Upload
from regie.web.confirming import ACCEPT, PRIVATE, REQUEST_ID
from regie.web.counter import Counter, CounterNow
from regie.web.deps import SeenTraject, SeesConfidential, StepKey, file_room, ring
from regie.web.language import N_
from regie.web.pages import FormError, read_day
from regie.web.routes.trajects import CycleNumber

router = APIRouter()

LONGEST = 2_000
Text = Annotated[str, Form(max_length=LONGEST)]
Word = Annotated[str, Form(max_length=200)]


class Act(StrEnum):
    """What can be done to a gate, by its part of the address."""

    PUT = "voorleggen"
    BACK = "terug"
    DECIDE = "besluit"


_VERBS: Mapping[Act, Verb] = {Act.PUT: Verb.PUT_FOR_DECISION, Act.BACK: Verb.RESUME, Act.DECIDE: Verb.DECIDE}
_EVENTS: Mapping[Act, type[StepEvent]] = {Act.PUT: PutForDecision, Act.BACK: WorkResumed, Act.DECIDE: GateDecided}
_FIELDS = ("uitkomst", "besloten_door", "datum", "tot", "reden", "link")
_FIELD_OF = {
    "unknown-outcome": "uitkomst",
    "decider-missing": "besloten_door",
    "date-in-the-future": "datum",
    "date-before-cycle": "datum",
    "new-date-missing": "tot",
    "date-in-the-past": "tot",
    "reason-missing": "reden",
    "evidence-unsafe": "link",
    "one-document": "link",
}
"""Which field a refusal is about; what is about a file has a code that begins with ``file``."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every page about one gate needs."""

    counter: Counter
    traject_id: int
    slug: str
    key: OccurrenceKey
    sees_confidential: bool

    def look(self, cycle: int) -> GateView:
        """The gate as it is now.

        Raises:
            NotFound: ``unknown-cycle``, ``unknown-step``.
            Refused: ``not-a-gate``.
        """
        return make_gate_view(
            self.counter.session,
            self.counter.context.shelf,
            self.slug,
            self.key,
            self.counter.today,
            self.counter.language,
            cycle=cycle,
            sees_confidential=self.sees_confidential,
        )

    def may(self, act: Act, view: GateView) -> bool:
        """Whether this reader may do something, and the gate lets them."""
        return _VERBS[act] in view.may and self.has_right(act)

    def has_right(self, act: Act) -> bool:
        return self.counter.may(NEEDED[_EVENTS[act]], self.traject_id)

    def address(self, act: Act | None = None) -> str:
        base = f"/trajecten/{quote(self.slug)}/besluiten/{quote(str(self.key), safe='')}"
        return f"{base}/{act}" if act else base


def get_desk(counter: CounterNow, slug: str, key: StepKey, traject_id: SeenTraject, sees: SeesConfidential) -> Desk:
    return Desk(counter, traject_id, slug, key, sees)


DeskNow = Annotated[Desk, Depends(get_desk)]


@router.get("/trajecten/{slug}/besluiten")
def show_gates(counter: CounterNow, slug: str, sees: SeesConfidential) -> Response:
    """All decisions of a traject: those to come with their meetings and papers, and those taken."""
    view = make_gates_view(
        counter.session, counter.context.shelf, slug, counter.today, counter.language, sees_confidential=sees
    )  # fmt: skip
    return counter.render("gates/list.html", view=view)


@router.get("/trajecten/{slug}/besluiten/{key}")
def show_gate(desk: DeskNow, doorloop: CycleNumber = 0, gedaan: str = "") -> Response:
    """One decision: what, by whom, at which meetings, with papers by when, and what it waits for and holds up."""
    try:
        view = desk.look(doorloop)
    except Refused as error:
        if error.code != "not-a-gate":
            raise
        key = quote(str(desk.key), safe="")
        return RedirectResponse(f"/trajecten/{quote(desk.slug)}/stappen/{key}?doorloop={doorloop}", 303)
    return _show_gate(desk, view, done=gedaan if gedaan in [*Act] else "")


@router.get("/trajecten/{slug}/besluiten/{key}/{act}")
def show_act(desk: DeskNow, act: Act, doorloop: CycleNumber = 0) -> Response:
    """What is asked before something is done to a gate, with its consequences as far as they are known."""
    desk.counter.demand(NEEDED[_EVENTS[act]], desk.traject_id)
    view = desk.look(doorloop)
    if not desk.may(act, view):
        return _show_gate(desk, view)
    if act is Act.DECIDE:
        return _show_form(desk, view, {"datum": desk.counter.today.isoformat(), "besloten_door": view.step.decided_by})
    event = _EVENTS[act](key=desk.key, cycle=view.step.cycle, seen_version=view.version)
    found = weigh(desk.counter.context, desk.counter.actor, desk.traject_id, event, desk.counter.now)
    effect = _effect(desk, found)
    return _show_confirm(desk, view, act, effect, {})


@router.post("/trajecten/{slug}/besluiten/{key}/besluit")
def post_decision(
    desk: DeskNow,
    versie: Annotated[int, Form(ge=0)],
    doorloop: Annotated[int, Form(ge=1, le=100_000)],
    doe: Annotated[str, Form(pattern="^(bekijk|aanpassen|vast)$")] = "bekijk",
    verzoek: Annotated[str, Form(pattern=f"^({REQUEST_ID})?$")] = "",
    uitkomst: Word = "",
    besloten_door: Word = "",
    datum: Word = "",
    tot: Word = "",
    reden: Text = "",
    link: Text = "",
    toch: Word = "",
    bestand: UploadFile | None = None,
) -> Response:
    """Show what a decision leads to, or record it."""
    typed = dict(zip(_FIELDS, (uitkomst, besloten_door, datum, tot, reden, link), strict=True)) | {"toch": toch}
    uploads = [Upload(bestand.filename, bestand.file)] if bestand is not None and bestand.filename else []
    desk.counter.demand(NEEDED[_EVENTS[Act.DECIDE]], desk.traject_id)
    view = desk.look(doorloop)
    if doe == "aanpassen":
        return _show_form(desk, view, typed)
    event, errors = _read(desk, view, typed, versie)
    if event is None or errors:
        if not desk.may(Act.DECIDE, view):
            return _show_gate(desk, view, status=409, typed=typed)
        return _show_form(desk, view, typed, errors, 422)
    return _do(desk, view, Act.DECIDE, event, typed, verzoek if doe == "vast" else "", uploads)


@router.post("/trajecten/{slug}/besluiten/{key}/voorleggen")
def post_put(
    desk: DeskNow, versie: Annotated[int, Form(ge=0)], doorloop: Annotated[int, Form(ge=1, le=100_000)],
    verzoek: Annotated[str, Form(pattern=f"^{REQUEST_ID}$")],
) -> Response:  # fmt: skip
    """Put a gate on the table of who decides."""
    return _move(desk, Act.PUT, versie, doorloop, verzoek)


@router.post("/trajecten/{slug}/besluiten/{key}/terug")
def post_back(
    desk: DeskNow, versie: Annotated[int, Form(ge=0)], doorloop: Annotated[int, Form(ge=1, le=100_000)],
    verzoek: Annotated[str, Form(pattern=f"^{REQUEST_ID}$")],
) -> Response:  # fmt: skip
    """The gate came back from the table without a decision."""
    return _move(desk, Act.BACK, versie, doorloop, verzoek)


# --- what they share -----------------------------------------------------------------------------------


def _move(desk: Desk, act: Act, version: int, cycle: int, request_id: str) -> Response:
    desk.counter.demand(NEEDED[_EVENTS[act]], desk.traject_id)
    view = desk.look(cycle)
    event = _EVENTS[act](key=desk.key, cycle=cycle, seen_version=version)
    return _do(desk, view, act, event, {}, request_id, [])


def _do(
    desk: Desk, view: GateView, act: Act, event: StepEvent, typed: Mapping[str, str], request_id: str,
    uploads: Sequence[Upload],
) -> Response:  # fmt: skip
    """Weigh it, or with ``request_id`` do it; when it cannot be, say why, with what was typed still there."""
    context, room, cycle = desk.counter.context, file_room(desk.counter.shell), view.step.cycle
    try:
        if not request_id:
            found = weigh(context, desk.counter.actor, desk.traject_id, event, desk.counter.now)
            effect = _effect(desk, found)
            return _show_confirm(desk, view, act, effect, typed)
        desk.counter.session.rollback()  # what was read is old once something is saved
        applied = act_on(
            context, desk.counter.actor, desk.traject_id, event, desk.counter.now, request_id=request_id, room=room, uploads=uploads
        )  # fmt: skip
    except Conflict:
        return _show_changed(desk, desk.look(cycle), act, typed)
    except (Refused, Incomplete) as error:
        view = desk.look(cycle)
        if act is not Act.DECIDE or not desk.may(act, view):
            return _show_gate(desk, view, status=422, problem=desk.counter.say(error), typed=typed)
        is_file = error.code.startswith("file") or (bool(uploads) and error.code in ("one-document",))
        field = "bestand" if is_file else _FIELD_OF.get(error.code, "")
        return _show_form(desk, view, typed, [FormError(field or "uitkomst", desk.counter.say(error))], 422)
    if applied.changes is not None:
        ring(desk.counter.shell, desk.traject_id, applied.changes)
    return RedirectResponse(f"{desk.address()}?doorloop={cycle}&gedaan={act}", 303)


def _effect(desk: Desk, found: Weighed) -> EffectView:
    counter = desk.counter
    return make_effect_view(counter.session, found.before, found.changes, counter.today, counter.language)


def _read(
    desk: Desk, view: GateView, typed: Mapping[str, str], version: int
) -> tuple[GateDecided | None, list[FormError]]:
    """Make the decision of what was typed; give all that is wrong with it at once."""
    errors: list[FormError] = []

    def wrong(field: str, text: str) -> None:
        errors.append(FormError(field, desk.counter.words(text)))

    outcome = view.outcome(typed["uitkomst"])
    if outcome is None:
        wrong("uitkomst", N_("Kies wat er besloten is."))
    if not typed["besloten_door"].strip():
        wrong("besloten_door", N_("Vul in wie besloot."))
    on = read_day(typed["datum"])
    if on is None:
        wrong("datum", N_("Kies de dag van het besluit."))
    until = read_day(typed["tot"])
    if until is None and (typed["tot"].strip() or (outcome is not None and outcome.needs_date)):
        wrong("tot", N_("Kies tot welke dag het besluit is aangehouden."))
    if outcome is not None and outcome.needs_reason and not typed["reden"].strip():
        wrong("reden", N_("Schrijf waarom. Dat moet bij aanhouden en bij een nee."))
    if any(map(has_citizen_number, typed.values())) and not typed["toch"]:
        wrong("toch", PRIVATE)
    event = GateDecided(
        key=desk.key,
        cycle=view.step.cycle,
        seen_version=version,
        outcome=typed["uitkomst"],
        decided_by=typed["besloten_door"].strip(),
        reason=typed["reden"].strip(),
        on=on,
        document=typed["link"].strip(),
        held_until=until if outcome is not None and outcome.may_have_date else None,
    )
    return event, errors


def _show_gate(
    desk: Desk, view: GateView, *, status: int = 200, done: str = "", problem: str = "",
    typed: Mapping[str, str] | None = None, changed: bool = False,
) -> Response:  # fmt: skip
    return desk.counter.render(
        "gates/gate.html", status, view=view, base=desk.address(), done=done, problem=problem,
        typed=_typed(view, typed or {}), changed=changed, acts=[each.value for each in Act if desk.may(each, view)],
    )  # fmt: skip


def _show_form(
    desk: Desk, view: GateView, typed: Mapping[str, str], errors: Sequence[FormError] = (), status: int = 200,
    *, changed: bool = False,
) -> Response:  # fmt: skip
    return desk.counter.render(
        "gates/decide.html", status, view=view, base=desk.address(), changed=changed,
        typed={**dict.fromkeys((*_FIELDS, "toch"), ""), **typed}, errors=errors, longest=LONGEST,
    )  # fmt: skip


def _show_confirm(
    desk: Desk, view: GateView, act: Act, effect: EffectView, typed: Mapping[str, str]
) -> Response:  # fmt: skip
    return desk.counter.render(
        "gates/confirm.html", view=view, base=desk.address(), act=act.value, effect=effect, typed=typed,
        said=_typed(view, typed), request_id=desk.counter.context.ids(), accept=ACCEPT,
        most_mb=desk.counter.shell.settings.file_max_mb,
    )  # fmt: skip


def _show_changed(desk: Desk, view: GateView, act: Act, typed: Mapping[str, str]) -> Response:
    """Somebody was first: say what they did, and keep what was typed."""
    if act is Act.DECIDE and desk.may(act, view):
        return _show_form(desk, view, typed, (), 409, changed=True)
    return _show_gate(desk, view, status=409, typed=typed, changed=True)


def _typed(view: GateView, typed: Mapping[str, str]) -> dict[str, object]:
    """What was filled in, for reading: the name of the outcome, and dates as dates."""
    outcome = view.outcome(typed.get("uitkomst", ""))
    named = {"uitkomst": outcome.title} if outcome else {}
    days = {name: read_day(typed[name]) or typed[name] for name in ("datum", "tot") if typed.get(name)}
    return {name: said for name, said in {**typed, **named, **days}.items() if said and name != "toch"}
