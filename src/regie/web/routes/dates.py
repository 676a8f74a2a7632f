"""The named dates and growing lists of a traject: shown, and changed with the consequences first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from regie.core.events import AnchorMoved, Event, ItemsChanged
from regie.core.permissions import Permission, nothing_here
from regie.core.traject import AnchorDates, Item
from regie.reports.dates_view import AnchorView, DatesView, ListView, make_dates_view
from regie.text.dates import say_date
from regie.web.acts import LONGEST_NAME, Field, Reading, Typed, read_typed
from regie.web.confirming import DO, STATE, Form, Page, Walk, carry_on, number_in, show_form
from regie.web.counter import Counter, CounterNow
from regie.web.deps import SeenTraject, needs_in_traject
from regie.web.language import N_
from regie.web.routes.trajects import CycleNumber

router = APIRouter()

_PATH = "/trajecten/{slug}/datums"
_LIST = "lijst"
_CYCLE, _SEEN, _ROWS = "doorloop", "gezien", "regels"
_MOST_ROWS = 60
Words = Callable[[str], str]
Moving = Annotated[int, needs_in_traject(Permission.MOVE_ANCHOR)]
Changing = Annotated[int, needs_in_traject(Permission.CHANGE_LIST)]
_NAME = re.compile(r"[\w .-]+")
"""What an item may be called: it becomes part of the address of its steps."""


@router.get(_PATH)
def show_dates(
    counter: CounterNow, slug: str, traject_id: SeenTraject, doorloop: CycleNumber = 0, gedaan: str = ""
) -> Response:
    """The named dates of a traject, planned and asked for and real, and its growing lists."""
    view = _view(counter, slug, doorloop)
    return counter.render(
        "dates/dates.html",
        view=view,
        may_move=not view.is_over and counter.may(Permission.MOVE_ANCHOR, traject_id),
        may_change=not view.is_over and counter.may(Permission.CHANGE_LIST, traject_id),
        done=view.find_anchor(gedaan) or view.find_list(gedaan),
    )


@router.get(f"{_PATH}/{{anker}}")
def show_anchor(counter: CounterNow, slug: str, anker: str, traject_id: Moving, doorloop: CycleNumber = 0) -> Response:
    """The form to move a named date."""
    walk = _anchor_walk(counter, traject_id, slug, anker, doorloop)
    page = walk.look()
    return show_form(walk, page, Typed(), 409 if page.impossible else 200)


@router.post(f"{_PATH}/{{anker}}")
def post_anchor(counter: CounterNow, slug: str, anker: str, traject_id: Moving, form: Form) -> Response:
    """Show what moving a named date leads to, go back to its form, or save it."""
    return carry_on(_anchor_walk(counter, traject_id, slug, anker, number_in(form, _CYCLE)), form)


@router.get(f"{_PATH}/{_LIST}/{{lijst}}")
def show_list(counter: CounterNow, slug: str, lijst: str, traject_id: Changing, doorloop: CycleNumber = 0) -> Response:
    """The form to change a growing list: a row for each item, and one to add."""
    walk, found = _list_walk(counter, traject_id, slug, lijst, doorloop, 0)
    page = walk.look()
    return show_form(walk, page, _typed_of(found[0]), 409 if page.impossible else 200)


@router.post(f"{_PATH}/{_LIST}/{{lijst}}")
def post_list(counter: CounterNow, slug: str, lijst: str, traject_id: Changing, form: Form) -> Response:
    """Show what a changed list leads to, go back to its form, give it one more row, or save it."""
    rows = min(number_in(form, _ROWS) + (form.get(DO) == "regel"), _MOST_ROWS)
    walk, _ = _list_walk(counter, traject_id, slug, lijst, number_in(form, _CYCLE), rows)
    if form.get(DO) == "regel":
        page = walk.look()
        names = [*(each.name for each in page.fields), *page.hidden]
        typed = read_typed(form, names)
        seen = {**page.hidden, **{name: typed.text(name) for name in (_SEEN, STATE) if typed.text(name)}}
        return show_form(walk, replace(page, hidden=seen), typed)
    return carry_on(walk, form)


# --- anchors -----------------------------------------------------------------------------------------


def _anchor_walk(counter: Counter, traject_id: int, slug: str, anchor: str, cycle: int) -> Walk:
    seen: list[tuple[DatesView, AnchorView]] = []

    def look() -> Page:
        view = _view(counter, slug, cycle)
        found = view.find_anchor(anchor)
        if found is None:
            raise nothing_here()
        seen[:] = [(view, found)]
        return _anchor_page(counter.words, counter.language, view, found)

    def make(reading: Reading, _: Page) -> Event | None:
        view, found = seen[0]
        target = reading.day("datum", required=found.is_required)
        reason = reading.text("reden", required=True)
        return None if reading.errors else AnchorMoved(
            anchor=found.id, target=target, reason=reason, cycle=view.cycle, seen=_read_dates(reading.typed.text(_SEEN))
        )  # fmt: skip

    return Walk(counter, traject_id, look, make)


def _anchor_page(words: Words, language: str, view: DatesView, found: AnchorView) -> Page:
    hint = "" if found.is_required else words(N_("Laat u dit leeg, dan is er geen streefdatum meer."))
    facts = []
    if found.dates.target is not None:
        facts.append((words(N_("Streefdatum nu")), say_date(found.dates.target, language)))
    if found.planned_on is not None:
        facts.append((words(N_("Haalbaar volgens het plan")), say_date(found.planned_on, language)))
    if found.room:
        facts.append((words(N_("Hoe het ervoor staat")), found.room))
    impossible = ""
    if view.is_over:
        impossible = words(N_("Deze doorloop is afgelopen. De datums liggen vast."))
    elif found.dates.actual is not None:
        said = words(N_("Dit is al gebeurd, op %(day)s. De datum ligt vast."))
        impossible = said % {"day": say_date(found.dates.actual, language)}
    return _page(
        words, view, f"{found.id}", found.title, words(N_("Datum verzetten")),
        (
            Field("datum", "date", words(N_("Nieuwe streefdatum")), hint, found.is_required),
            Field("reden", "area", words(N_("Waarom?")), words(N_("Dit komt in de geschiedenis. Geen namen of gegevens van bewoners."))),
        ),
        _write_dates(found.dates), tuple(facts), impossible, lead=words(N_("Stappen die aan deze datum hangen, schuiven mee. U ziet eerst wat er verandert.")),
    )  # fmt: skip


def _write_dates(dates: AnchorDates) -> str:
    return "/".join(each.isoformat() if each else "-" for each in (dates.target, dates.actual))


def _read_dates(said: str) -> AnchorDates:
    """What was seen; of what is no such thing, something that can not have been."""
    parts = said.split("/")
    try:
        target, actual = (None if each == "-" else date.fromisoformat(each) for each in parts)
    except ValueError:
        return AnchorDates(date.min, date.min)
    return AnchorDates(target, actual)


# --- lists -------------------------------------------------------------------------------------------


def _list_walk(
    counter: Counter, traject_id: int, slug: str, wanted: str, cycle: int, rows: int
) -> tuple[Walk, list[ListView]]:
    seen: list[ListView] = []
    views: list[DatesView] = []

    def look() -> Page:
        view = _view(counter, slug, cycle)
        found = view.find_list(wanted)
        if found is None:
            raise nothing_here()
        seen[:], views[:] = [found], [view]
        return _list_page(counter.words, counter.language, view, found, rows or len(found.rows) + 1)

    def make(reading: Reading, page: Page) -> Event | None:
        items = tuple(_items(reading, page.rows))
        return None if reading.errors else ItemsChanged(
            list=seen[0].id, items=items, cycle=views[0].cycle, seen=_read_items(reading.typed.text(_SEEN))
        )  # fmt: skip

    return Walk(counter, traject_id, look, make), seen


def _list_page(words: Words, language: str, view: DatesView, found: ListView, rows: int) -> Page:
    date_hint = ""
    if found.first_on:
        date_hint = words(N_("Leeg: dan geldt voor het eerste item de datum van '%(anchor)s'.")) % {
            "anchor": found.first_on
        }
    fields: list[Field] = []
    for row in range(rows):
        is_new = row >= len(found.rows)
        name_hint = words(N_("Zoals 'tweede'. Nooit de naam van een bewoner.")) if row == 0 else ""
        fields += [
            Field(f"naam-{row}", "text", words(N_("Korte naam")), name_hint, required=not is_new),
            Field(f"datum-{row}", "date", words(N_("Datum")), date_hint if row == 0 else "", required=False),
            Field(f"aantal-{row}", "number", words(N_("Aantal personen")), required=False),
        ]
        if not is_new:
            off = {"ja": words(N_("Haal dit van de lijst"))}
            fields.append(Field(f"weg-{row}", "ticks", words(N_("Weghalen")), required=False, options=off))
    now = [_say_item(each, words, language) for each in found.items]
    facts = [(words(N_("Nu op de lijst")), "; ".join(now) or words(N_("nog niets")))]
    if found.steps:
        facts.append((words(N_("Stappen per item")), "; ".join(found.steps)))
    impossible = words(N_("Deze doorloop is afgelopen. De lijst ligt vast.")) if view.is_over else ""
    return _page(
        words, view, f"{_LIST}/{found.id}", found.title, words(N_("Lijst wijzigen")), tuple(fields),
        json.dumps([_plain(each) for each in found.items], separators=(",", ":")), tuple(facts), impossible,
        rows=tuple(range(rows)),
        lead=words(N_("Voor elk item op deze lijst zijn er eigen stappen. Van wat u weghaalt, vervallen de open stappen.")),
    )  # fmt: skip


def _items(reading: Reading, rows: Sequence[int]) -> Iterator[Item]:
    taken: set[str] = set()
    for row in rows:
        name = reading.text(f"naam-{row}", most=LONGEST_NAME)
        on, number = reading.day(f"datum-{row}"), reading.number(f"aantal-{row}")
        if reading.typed.text(f"weg-{row}"):
            continue
        if not name:
            if on is not None or number is not None:
                reading.wrong(f"naam-{row}", N_("Geef dit item een korte naam."))
            continue
        if name.isdigit() or name in taken:
            reading.wrong(f"naam-{row}", N_("Kies een naam die geen getal is en er nog niet staat."))
        elif not _NAME.fullmatch(name):
            reading.wrong(f"naam-{row}", N_("Gebruik alleen letters, cijfers, spaties en streepjes."))
        taken.add(name)
        yield Item(name, on, number)


def _typed_of(found: ListView) -> Typed:
    values: dict[str, tuple[str, ...]] = {}
    for row, each in enumerate(found.rows):
        values[f"naam-{row}"] = (each.key,)
        values[f"datum-{row}"] = (each.on.isoformat() if each.on else "",)
        values[f"aantal-{row}"] = ("" if each.number is None else str(each.number),)
    return Typed(values)


def _say_item(item: Item, words: Words, language: str) -> str:
    parts = [say_date(item.on, language)] if item.on else []
    if item.number is not None:
        parts.append(words(N_("%(count)s personen")) % {"count": item.number})
    return f"{item.key} ({', '.join(parts)})" if parts else item.key


def _plain(item: Item) -> list[Any]:
    return [item.key, item.on.isoformat() if item.on else None, item.number]


def _read_items(said: str) -> tuple[Item, ...]:
    """What was seen; of what is no such thing, something that can not have been."""
    try:
        return tuple(
            Item(str(key), date.fromisoformat(on) if on else None, None if number is None else int(number))
            for key, on, number in json.loads(said)
        )
    except (ValueError, TypeError):
        return (Item(""),)


# --- what they share ---------------------------------------------------------------------------------


def _view(counter: Counter, slug: str, cycle: int) -> DatesView:
    return make_dates_view(
        counter.session, counter.context.shelf, slug, counter.today, counter.language, cycle=cycle
    )  # fmt: skip


def _page(
    words: Words,
    view: DatesView,
    path: str,
    title: str,
    deed: str,
    fields: tuple[Field, ...],
    seen: str,
    facts: tuple[tuple[str, str], ...],
    impossible: str,
    *,
    lead: str,
    rows: tuple[int, ...] = (),
) -> Page:
    base = f"/trajecten/{view.traject}"
    dates = f"{base}/datums?doorloop={view.cycle}"
    hidden = {_CYCLE: str(view.cycle), STATE: str(view.version), _SEEN: seen}
    other = path.rpartition("/")[2]
    return Page(
        f"{base}/datums/{path}",
        deed,
        title,
        lead,
        (dates, words(N_("Terug naar de datums"))),
        f"{dates}&gedaan={other}",
        (
            (view.traject_title, f"{base}?doorloop={view.cycle}"),
            (words(N_("Datums")), dates),
        ),
        fields,
        {**hidden, _ROWS: str(len(rows))} if rows else hidden,
        facts,
        view.cycle,
        other=other,
        impossible=impossible,
        template="acts/list.html" if rows else "acts/form.html",
        rows=rows,
    )
