"""The walk of every change by staff: a form, its consequences, and only then saved. Three presses of one address.

``doe=bekijk`` weighs what was typed and shows what it leads to; ``doe=wijzig`` goes back to the form with all of it
still there; ``doe=opslaan`` saves. Between the pages what was typed is carried in hidden fields. Files cannot be: they
are asked on the page with the consequences, and judged when it is saved. Why: ``docs/adr/0019``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from regie.actions.act_on_traject import act, weigh
from regie.core.events import Event, StepFinished
from regie.core.ids import OccurrenceKey
from regie.core.permissions import NEEDED
from regie.core.privacy import has_citizen_number
from regie.errors import Conflict, Incomplete, NotFound, Refused, RegieError
from regie.reports.changed_since import Happened, list_changed_since
from regie.reports.effect_view import EffectView, make_effect_view
from regie.text.dates import say_date
from regie.uploads import KINDS, MOST_FILES, Upload
from regie.web.acts import Field, Reading, Typed, read_typed
from regie.web.counter import Counter
from regie.web.deps import file_room, ring
from regie.web.language import N_
from regie.web.pages import FormError

ACCEPT = ",".join(f".{each}" for each in KINDS)
FILES = "bestanden"
DO, SHOWN, SURE, STATE = "doe", "getoond", "toch", "stand"
_A_FILE = "…"
"""Stands for a file that is still to come, when an event is weighed that cannot be without."""
REQUEST_ID = r"[0-9A-Za-z-]{8,64}"
"""Of one press of one button, made with the page that has the button."""
_SHOWN = re.compile(REQUEST_ID)
_FILE_CODES = ("file-", "files-", "too-many-files", "evidence-missing")
_MOST_FIELDS = 500

_FIELDS_OF: Mapping[str, tuple[str, ...]] = {
    "date-in-the-past": ("datum", "einde", "antwoord"),
    "date-in-the-future": ("datum",),
    "date-before-cycle": ("datum",),
    "dates-reversed": ("einde", "datum"),
    "already-started": ("begin",),
    "anchor-unmoved": ("datum",),
    "target-missing": ("datum",),
    "reason-missing": ("reden",),
    "text-missing": ("tekst",),
    "approver-missing": ("akkoord",),
    "evidence-missing": (FILES,),
    "evidence-unsafe": ("bewijs",),
    "evidence-empty": ("bewijs",),
    "unknown-role": ("rol",),
    "unknown-person": ("aan",),
    "already-assigned": ("aan",),
}
"""Which field a refusal is about; one of anything else is said at the first."""


async def _read_form(request: Request) -> AsyncIterator[FormData]:
    form = await request.form(max_files=MOST_FILES + 1, max_fields=_MOST_FIELDS)
    try:
        yield form
    finally:
        await form.close()


Form = Annotated[FormData, Depends(_read_form)]


@dataclass(frozen=True, slots=True)
class Page:
    """What the pages of one act say. All texts are in the language of the reader.

    Args:
        action: the address of the form, of the consequences and of saving.
        back: where it was begun, with what that is called; and where to go when it is saved.
        trail: of the breadcrumb, from the traject on and without the page itself.
        facts: what to know before deciding: term and what it is.
        hidden: what the reader saw, to find out whether it still is so.
        key: the step, or ``other`` the anchor or list, that it is about.
        impossible: why it cannot be done now; empty when it can.
        rows: of a list, how many the form has.
    """

    action: str
    title: str
    subject: str
    lead: str
    back: tuple[str, str]
    saved: str
    trail: tuple[tuple[str, str], ...]
    fields: tuple[Field, ...]
    hidden: Mapping[str, str]
    facts: tuple[tuple[str, str], ...] = ()
    cycle: int = 0
    key: OccurrenceKey | None = None
    other: str = ""
    takes_files: bool = False
    needs_evidence: bool = False
    impossible: str = ""
    template: str = "acts/form.html"
    rows: tuple[int, ...] = ()

    def first_of(self, names: Sequence[str]) -> str:
        """The id of the first of these fields that the form has; else of its first field."""
        own = [each.name for each in self.fields]
        return next((each for each in names if each in own), own[0] if own else "")


@dataclass(frozen=True, slots=True)
class Walk:
    """One request in the walk.

    Args:
        look: makes the page anew from what is so by then.
        make: makes the event of what was typed, and gathers what is wrong with it; None when it cannot.
    """

    counter: Counter
    traject_id: int
    look: Callable[[], Page]
    make: Callable[[Reading, Page], Event | None]


def number_in(form: FormData, name: str) -> int:
    """A small number that a form sends along; 0 for anything else."""
    said = form.get(name)
    return int(said) if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 7 else 0


def show_form(walk: Walk, page: Page, typed: Typed, status: int = 200, changed: Sequence[Happened] = ()) -> Response:
    """Show the form with what was typed; after a conflict also what changed meanwhile."""
    return walk.counter.render(
        page.template,
        status=status,
        page=page,
        typed=typed,
        changed=changed,
        is_stale=status == 409 and not page.impossible,
    )


def carry_on(walk: Walk, form: FormData) -> Response:
    """Do what the pressed button asks.

    Raises:
        Refused, NotFound: the reader may not do this, or may not know of it.
    """
    page = walk.look()
    names = [*(each.name for each in page.fields), *page.hidden, SURE, SHOWN]
    typed = read_typed(form, names)
    wanted = form.get(DO)
    walk.counter.session.rollback()  # what was read is old once something is saved
    if wanted == "wijzig":
        return show_form(walk, replace(page, hidden=_as_seen(page, typed)), typed)
    reading = Reading(typed, walk.counter.words)
    event = walk.make(reading, page)
    if any(has_citizen_number(text) for each in page.fields for text in typed.all(each.name)) and not typed.text(SURE):
        reading.wrong(SURE, PRIVATE)
    if reading.errors or event is None:
        return show_form(walk, replace(page, hidden=_as_seen(page, typed)), typed.with_errors(*reading.errors), 422)
    walk.counter.demand(NEEDED[type(event)], walk.traject_id)
    if wanted == "opslaan":
        return _save(walk, page, typed, event, form)
    return _show_effect(walk, page, typed, event)


def _as_seen(page: Page, typed: Typed) -> Mapping[str, str]:
    """What the reader saw when they began, so that a form that comes back is not mistaken for a fresh look."""
    return {name: typed.text(name) or value for name, value in page.hidden.items()}


def _show_effect(walk: Walk, page: Page, typed: Typed, event: Event, *, shown: str = "", status: int = 200) -> Response:
    weighed = event
    if page.needs_evidence and isinstance(event, StepFinished) and not event.evidence:
        weighed = replace(event, evidence=(_A_FILE,))
    try:
        found = weigh(walk.counter.context, walk.counter.actor, walk.traject_id, weighed, walk.counter.now)
    except (Refused, Conflict, Incomplete, NotFound) as error:
        return _refuse(walk, page, typed, error)
    effect: EffectView = make_effect_view(
        walk.counter.session, found.before, found.changes, walk.counter.today, walk.counter.language
    )
    return walk.counter.render(
        "acts/confirm.html",
        status=status,
        page=replace(page, hidden=_as_seen(page, typed)),
        typed=typed,
        said=_say_typed(walk, page, typed),
        effect=effect,
        shown=shown or walk.counter.context.ids(),
        accept=ACCEPT,
        most_mb=walk.counter.shell.settings.file_max_mb,
        must_have_file=weighed is not event,
    )


def _save(walk: Walk, page: Page, typed: Typed, event: Event, form: FormData) -> Response:
    shown = typed.text(SHOWN)
    if not _SHOWN.fullmatch(shown):
        return _show_effect(walk, page, typed, event)  # the consequences come first, whoever made this form
    uploads = []
    if page.takes_files:
        given = [each for each in form.getlist(FILES) if isinstance(each, UploadFile) and each.filename]
        uploads = [Upload(each.filename or "", each.file) for each in given]
    try:
        applied = act(
            walk.counter.context,
            walk.counter.actor,
            walk.traject_id,
            event,
            walk.counter.now,
            request_id=f"{walk.counter.actor.name}-{shown}",
            room=file_room(walk.counter.shell) if uploads else None,
            uploads=uploads,
        )
    except (Refused, Incomplete) as error:
        if page.takes_files and error.code.startswith(_FILE_CODES):
            wrong = typed.with_errors(FormError(FILES, walk.counter.say(error)))
            return _show_effect(walk, page, wrong, event, shown=shown, status=422)
        return _refuse(walk, page, typed, error)
    except (Conflict, NotFound) as error:
        return _refuse(walk, page, typed, error)
    if applied.changes is not None:
        ring(walk.counter.shell, walk.traject_id, applied.changes)
    return RedirectResponse(page.saved, 303)


def _refuse(walk: Walk, page: Page, typed: Typed, error: RegieError) -> Response:
    """Show the form again with what was typed; after a conflict with what is so now, and who was first."""
    if error.code == "nothing-here":
        raise error
    walk.counter.session.rollback()
    fresh = walk.look()
    if not isinstance(error, Conflict):
        wrong = FormError(fresh.first_of(_FIELDS_OF.get(error.code, ())), walk.counter.say(error))
        changed = _changed(walk, fresh, typed) if fresh.impossible else ()
        seen = replace(fresh, hidden=_as_seen(page, typed))
        return show_form(walk, seen, typed.with_errors(wrong), 409 if fresh.impossible else 422, changed)
    return show_form(walk, fresh, typed, 409, _changed(walk, fresh, typed))


def _changed(walk: Walk, page: Page, typed: Typed) -> tuple[Happened, ...]:
    said = typed.text(STATE)
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        return ()
    return list_changed_since(
        walk.counter.session, walk.counter.context.shelf, walk.traject_id, int(said), walk.counter.language,
        cycle=page.cycle, key=page.key, other=page.other,
    )  # fmt: skip


def _say_typed(walk: Walk, page: Page, typed: Typed) -> list[tuple[str, str]]:
    """What was typed, to read once more: each field with its label."""
    if page.rows:
        return [
            (typed.text(f"naam-{row}"), _say_row(walk, typed, row))
            for row in page.rows
            if typed.text(f"naam-{row}").strip()
        ]
    said = []
    for each in page.fields:
        values = [value for value in typed.all(each.name) if value.strip()]
        if not values:
            continue
        if each.kind == "date":
            values = [say_date(date.fromisoformat(value.strip()), walk.counter.language) for value in values]
        elif each.options:
            values = [each.options.get(value, value) for value in values]
        said.append((each.label, ", ".join(values)))
    return said


def _say_row(walk: Walk, typed: Typed, row: int) -> str:
    if typed.text(f"weg-{row}"):
        return walk.counter.words(N_("gaat van de lijst af"))
    on, number = typed.text(f"datum-{row}").strip(), typed.text(f"aantal-{row}").strip()
    day = (
        say_date(date.fromisoformat(on), walk.counter.language) if on else walk.counter.words(N_("zonder eigen datum"))
    )
    return f"{day}, {walk.counter.words(N_('%(count)s personen')) % {'count': number}}" if number else day


PRIVATE = N_(
    "Hierin lijkt een burgerservicenummer (BSN) te staan. Regie bewaart geen gegevens van bewoners: haal het nummer weg, "
    "of zeg dat het iets anders is."
)
