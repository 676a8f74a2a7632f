"""One act over the API: shown first when that is asked, done once, and its consequences in the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response

from regie.actions.act_on_traject import act, act_as_seen, weigh
from regie.actions.apply_event import Applied
from regie.clock import local_date
from regie.core.changes import Changes
from regie.core.definition import Definition
from regie.core.events import Event, StepEvent
from regie.core.findings import PlanFinding
from regie.core.privacy import has_citizen_number
from regie.core.traject import Traject
from regie.errors import Conflict
from regie.reports.api_views import effect_in, read_traject
from regie.reports.effect import Effect, say_effect
from regie.reports.step_view import make_step_view
from regie.text.phrases import words_in
from regie.text.sentences import explain_finding
from regie.uploads import Upload
from regie.web.api import models as m
from regie.web.api.access import PREFIX, Seen, answer_done, own_request
from regie.web.api.problems import make_problem, number_of
from regie.web.deps import file_room, get_shell, reading, ring

PRIVATE = "Hierin lijkt een burgerservicenummer te staan. Regie bewaart geen gegevens van bewoners: laat het weg."
_MOST_LATELY = 5


def perform(
    request: Request,
    seen: Seen,
    make: Callable[[int], Event],
    *,
    cycle: int,
    trial: bool,
    key: str | None,
    texts: Sequence[str] = (),
    uploads: Sequence[Upload] = (),
    check: Callable[[Traject], None] | None = None,
) -> Response:
    """Do something to a traject, or show what it would lead to.

    Args:
        make: the event, for a number of a cycle.
        cycle: its number; 0 for the last that runs.
        key: the caller's own name for this request.
        texts: what was typed; what looks like data about a resident is warned of.
        uploads: files that came along.
        check: whether what the caller saw is still so; for what has no version of its own.
    """
    shell = get_shell(request)
    now, language = shell.clock(), shell.pages.language(request)
    warnings = [PRIVATE] if any(map(has_citizen_number, texts)) else []
    request_id, room = own_request(seen.actor, key), file_room(shell)
    before = _before(request, seen.traject_id)
    event = make(cycle or before.choose_cycle().number)
    try:
        if trial:
            weighed = weigh(shell.context, seen.actor, seen.traject_id, event, now, room=room, uploads=uploads)
            said = [
                say_effects(
                    request, weighed.before, weighed.changes, now, language, sees_confidential=seen.sees_confidential
                )
            ]
            return answer_done(_done(said, warnings), "", is_saved=False)
        if check is None:
            applied = act(
                shell.context, seen.actor, seen.traject_id, event, now, request_id=request_id, room=room, uploads=uploads
            )  # fmt: skip
        else:
            applied = act_as_seen(shell.context, seen.actor, seen.traject_id, event, now, check, request_id=request_id)
    except Conflict as error:
        if error.code != "occurrence-changed" or not isinstance(event, StepEvent):
            raise
        return _changed_meanwhile(request, seen, event, error)
    ring(shell, seen.traject_id, applied.changes)
    effects = []
    if applied.changes is not None:
        effects = [
            say_effects(request, before, applied.changes, now, language, sees_confidential=seen.sees_confidential)
        ]
    return answer_done(
        _done(effects, warnings, [applied]), place_of(seen.slug, [applied]), is_saved=not applied.repeated
    )


def _before(request: Request, traject_id: int) -> Traject:
    shell = get_shell(request)
    with reading(shell) as session:
        return read_traject(session, shell.context.shelf, traject_id)


def _done(effects: Sequence[m.Gevolgen], warnings: Sequence[str], applied: Sequence[Applied] = ()) -> m.Gedaan:
    return m.Gedaan(**done_facts(effects, warnings, applied))


def done_facts(
    effects: Sequence[m.Gevolgen], warnings: Sequence[str], applied: Sequence[Applied] = ()
) -> dict[str, Any]:
    """What every answer to an act says."""
    first = applied[0] if applied else None
    return {
        "opgeslagen": bool(applied),
        "herhaald": bool(first and first.repeated),
        "volgnummer": first.saved.seq or None if first and first.saved else None,
        "waarschuwingen": [*warnings],
        "gevolgen": [*effects],
    }


def place_of(slug: str, applied: Sequence[Applied]) -> str:
    """Where the record of an act stands; empty when there is none."""
    saved = applied[0].saved if applied else None
    return f"{PREFIX}/trajecten/{quote(slug)}/geschiedenis/{saved.seq}" if saved and saved.seq else ""


def _changed_meanwhile(request: Request, seen: Seen, event: StepEvent, error: Conflict) -> Response:
    """Say of a step that somebody else changed how it stands now and what happened to it last."""
    shell = get_shell(request)
    language = shell.pages.language(request)
    with reading(shell) as session:
        view = make_step_view(
            session,
            shell.context.shelf,
            seen.slug,
            event.key,
            local_date(shell.clock(), shell.settings.timezone),
            language,
            cycle=event.cycle,
            sees_confidential=seen.sees_confidential,
        )
    lately = [
        m.Gebeurd(op=each.at, door=each.name, wat=each.what).model_dump(mode="json", by_alias=True)
        for each in view.happened[:_MOST_LATELY]
    ]
    now = {"versie": view.occurrence.version, "stand": m.STANDS[view.occurrence.state], "laatst": lately}
    return make_problem(412, number_of(request), error, language=language, more={"huidig": now})


# --- consequences in the words of the API ---------------------------------------------------------------


def say_effects(
    request: Request, before: Traject, changes: Changes, now: datetime, language: str, *, sees_confidential: bool
) -> m.Gevolgen:
    """What changes lead to, as the API says it."""
    today = local_date(now, before.zone)
    with reading(get_shell(request)) as session:
        effect = effect_in(session, before, changes, today, language, sees_confidential=sees_confidential)
    cycle = changes.traject.cycle(changes.event.cycle)
    assert cycle is not None  # the engine refused an unknown one
    definition = cycle.definition
    return m.Gevolgen(
        doorloop=cycle.number,
        samenvatting=[each.strip() for each in say_effect(effect, definition, language)],
        verschoven=[
            m.VerschovenStap(
                stap=str(each.key),
                titel=each.title,
                verantwoordelijk=each.role,
                begin_was=each.start_before,
                begin_wordt=each.start_after,
                einde_was=each.finish_before,
                einde_wordt=each.finish_after,
                vervalt_was=each.due_before,
                vervalt_wordt=each.due_after,
                werkdagen=each.working_days,
            )
            for each in effect.moved
        ],
        overgangen=[
            m.Overgang(stap=str(each.key), van=m.say_state(each.before), naar=m.STANDS[each.after])
            for each in effect.states
        ],
        partners=[role for role, _ in effect.roles],
        berichten=list(_messages(effect, language)),
        niet_meer_haalbaar=list(say_findings(effect.broken, definition, language)),
        nog_steeds_niet_haalbaar=list(say_findings(effect.still_broken, definition, language)),
        weer_haalbaar=list(say_findings(effect.mended, definition, language)),
    )


def _messages(effect: Effect, language: str) -> Iterator[m.VerwachtBericht]:
    kinds = words_in(language).kinds
    for each in effect.told:
        about = [m.Onderwerp(soort=kinds[kind], titel=title) for kind, title in each.about]
        yield m.VerwachtBericht(aan=each.name, in_overzicht=each.in_digest, over=about)


def say_findings(found: Iterable[PlanFinding], definition: Definition, language: str) -> Iterator[m.Bevinding]:
    """What a plan cannot make true, in words."""
    for each in found:
        yield m.Bevinding(
            code=each.code,
            stap=str(each.key) if each.key else None,
            op=each.on,
            grens=each.limit_on,
            werkdagen=each.working_days,
            tekst=explain_finding(each, definition, language),
        )
