"""What commands share: opening the town, printing, exit codes, and showing consequences before saving."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeVar

import typer

from regie.cli import completion
from regie.errors import Incomplete, NotFound, Refused, RegieError

if TYPE_CHECKING:
    from pathlib import Path

    from regie.actions.context import Context
    from regie.core.changes import Changes
    from regie.core.events import Event
    from regie.core.ids import PersonId
    from regie.core.traject import State, Traject
    from regie.settings import Settings
    from regie.store.file_bytes import FileRoom
    from regie.uploads import Upload

T = TypeVar("T")

# One table, also in docs/commands.md.
EXIT_CODES: Mapping[str, int] = {
    "error": 1,
    "definition-invalid": 3,
    "not-found": 4,
    "conflict": 5,
    "refused": 6,
    "incomplete": 7,
    "delivery-failed": 8,
}
INTERRUPTED = 130
WRONG_USAGE = 2
UsageError: Any = typer.BadParameter.__mro__[1]
"""What typer says of wrong usage; it exports only this one of its kinds."""
JSON = typer.Option(False, "--json", help="Uitvoer als JSON: een document op stdout.")
YES = typer.Option(False, "--yes", "-y", help="Niet vragen, wel doen.")
PREVIEW = typer.Option(False, "--preview", help="Alleen laten zien wat het zou veranderen.")
BY = typer.Option("", "--by", help="Wie dit doet; anders de gebruiker van deze computer.")
SLUG = typer.Argument(help="Traject: de korte naam, zoals in regie traject list.", autocompletion=completion.trajects)
STEP = typer.Argument(help="Stap, zoals f0-startnota; van een kopie f0-overleg@2.", autocompletion=completion.steps)
DEFINITION = typer.Option(
    "opvang", "--definition", help="Stappenplan: naam, map of bestand.", autocompletion=completion.definitions
)
CYCLE = typer.Option(0, "--cycle", help="Nummer van de doorloop; anders de laatste die loopt.")


@dataclass
class Town:
    """An open database and what actions need, for one command."""

    settings: Settings
    context: Context

    def now(self) -> datetime:
        from regie.clock import system_clock

        return system_clock()

    def today(self) -> date:
        from regie.clock import local_date

        return local_date(self.now(), self.settings.timezone)

    def traject_id(self, slug: str) -> int:
        from regie.store.session import read_scope
        from regie.store.trajects import find_traject_id

        with read_scope(self.context.engine) as session:
            return find_traject_id(session, slug)

    def traject(self, slug: str, *, whole: bool = False) -> Traject:
        from regie.store.session import read_scope
        from regie.store.trajects import find_traject_id, load_traject

        with read_scope(self.context.engine) as session:
            return load_traject(
                session, find_traject_id(session, slug), self.context.shelf, for_change=False, whole=whole
            )

    def files(self) -> FileRoom:
        """Where the bytes of files stand."""
        from regie.store.file_bytes import FileRoom

        return FileRoom(self.settings.files_dir, self.settings.file_max_mb * 1024 * 1024)

    def ring(self, traject_id: int = 0, changes: Changes | None = None) -> None:
        """Wake the flows, when they run, to carry on with what was saved."""
        from regie.doorbell import ring_about

        ring_about(self.settings, traject_id, changes)

    def names(self) -> Mapping[PersonId, str]:
        """What people are called, with their organisation."""
        from regie.store.people import list_people
        from regie.store.session import read_scope

        with read_scope(self.context.engine) as session:
            people = list_people(session)
        return {each.id: each.full_name for each in people}


def open_town(*, create: bool = False) -> Town:
    """Read the settings and open the database.

    Args:
        create: make the database when there is none; only what stores something new does that.

    Raises:
        Refused: a setting is wrong.
        Incomplete: ``no-database``.
        Conflict: the database is of another version.
    """
    from regie.actions.context import Context
    from regie.notify.redact import install_redaction
    from regie.settings import load_audit_key, load_link_key, load_settings
    from regie.store.session import check_schema, create_engine_for, current_revision, is_there, upgrade

    settings = load_settings()
    install_redaction(settings.secret_values())
    engine = create_engine_for(settings.database_url.get_secret_value())
    if create:
        make_data_dir(settings.data_dir)
        if current_revision(engine) is None:
            upgrade(engine)
    elif not is_there(engine):
        raise no_database(settings)
    check_schema(engine)
    key = load_audit_key(settings).get_secret_value().encode()
    links = load_link_key(settings).get_secret_value().encode()
    return Town(settings, Context.on(engine, key, brake_at=settings.brake_messages_per_day, link_key=links))


def no_database(settings: Settings) -> Incomplete:
    return Incomplete(
        f"there is no database in '{settings.data_dir}'",
        code="no-database",
        hint="start a traject, or point REGIE_DATA_DIR at the right folder",
        folder=str(settings.data_dir),
    )


def count_of(number: int, one: str, many: str) -> str:
    """Say a number of things: ``geen stappen``, ``1 stap``, ``5 stappen``."""
    return f"{number or 'geen'} {one if number == 1 else many}"


def make_data_dir(folder: Path) -> None:
    """Make the folder in which Regie keeps everything.

    Raises:
        Refused: ``data-dir-unusable``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"the data folder '{folder}' cannot be made: {error.strerror}",
            code="data-dir-unusable",
            hint="set REGIE_DATA_DIR to a folder in which Regie may write",
            folder=str(folder),
        ) from error


def who(by: str) -> str:
    """Who acts: as said, else the user of this computer."""
    return by or f"cli:{os.environ.get('USER') or os.environ.get('LOGNAME') or 'onbekend'}"


def print_json(document: object) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def say(text: str) -> None:
    typer.echo(text)


def warn(text: str) -> None:
    typer.echo(text, err=True)


def _cell(cell: object) -> str:
    """What people read in a table: dates and states in words."""
    from regie.core.traject import State
    from regie.text.dates import say_date
    from regie.text.phrases import STATES

    if isinstance(cell, State):
        return STATES["nl"][cell]
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return say_date(cell)
    return "" if cell is None else str(cell)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sits there; a stream that was closed (``>&-``) is none at all."""
    return stream is not None and stream.isatty()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people: with lines on a terminal, plain and tab-separated elsewhere."""
    listed = [[_cell(cell) for cell in row] for row in rows]
    if not is_terminal(sys.stdout):
        say("\t".join(columns))
        for row in listed:
            say("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    # what people typed is text, also when it looks like markup
    console = Console(markup=False, emoji=False, highlight=False)
    widest = [
        max((len(word) for cell in cells for word in cell.split()), default=0)
        for cells in zip(columns, *listed, strict=True)
    ]
    if sum(widest) + 3 * len(columns) + 1 > console.width:
        _blocks(columns, listed)
        return
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in listed:
        drawn.add_row(*row)
    console.print(drawn)


def _blocks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a screen too narrow for it: no word is cut, so that what is read can be typed."""
    for row in rows:
        say(row[0])
        for column, cell in zip(columns[1:], row[1:], strict=True):
            if cell:
                say(f"  {column}: {cell}")


def parse_day(text: str, what: str = "datum") -> date:
    """Read a date as people type it: 2027-06-03, 3-6-2027 or 3 juni 2027."""
    from regie.text.phrases import words_in

    typed = text.strip().lower()
    for number, month in enumerate(words_in("nl").months, start=1):
        typed = typed.replace(f" {month} ", f"-{number}-")
    for pattern in ("%Y-%m-%d", "%d-%m-%Y"):
        try:
            return datetime.strptime(typed, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise typer.BadParameter(f"'{text}' is geen datum; schrijf 2027-06-03 of 3 juni 2027", param_hint=what)


def parse_pairs(pairs: Sequence[str], what: str) -> dict[str, str]:
    """Read ``name=value`` options."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or not name.strip():
            raise typer.BadParameter(f"'{pair}' moet de vorm naam=waarde hebben", param_hint=what)
        found[name.strip()] = value.strip()
    return found


def parse_key(text: str) -> Any:
    """Read ``step`` or ``step@copy``."""
    from regie.core.ids import OccurrenceKey

    return OccurrenceKey.read(text)


def cycle_number(traject: Traject, wanted: int) -> int:
    running = traject.running()
    return wanted or (running[-1].number if running else 1)


def check_known(name: str, known: Iterable[str], option: str) -> None:
    """Refuse a filter that can find nothing, with what it may have meant."""
    import difflib

    options = list(known)
    if name and name not in options:
        close = difflib.get_close_matches(name, options, n=1)
        advice = f"bedoelde u '{close[0]}'?" if close else f"kies uit: {', '.join(options)}"
        raise typer.BadParameter(f"'{name}' is er niet; {advice}", param_hint=option)


def find_key(traject: Traject, number: int, text: str) -> Any:
    """Find a step; without a copy the one copy that is open, when there is just one.

    Raises:
        NotFound: ``unknown-step``, with what it may have meant; ``unknown-cycle``.
    """
    import difflib

    key = parse_key(text)
    cycle = traject.get_cycle(number)
    if key in cycle.occurrences:
        return key
    copies = [each for each in cycle.occurrences if each.step == key.step]
    open_copies = [each for each in copies if cycle.occurrences[each].state.is_open]
    if not key.key and len(open_copies) == 1:
        return open_copies[0]
    if copies:
        names = [str(each) for each in copies]
        hint = f"one of: {', '.join(names)}"
        raise NotFound(
            f"step '{text}' has several copies", code="unknown-step", hint=hint, step=text, cycle=number, copies=names
        )
    close = difflib.get_close_matches(str(key.step), [str(each.step) for each in cycle.occurrences], n=1)
    raise NotFound(
        f"no step '{text}' in cycle {number}",
        code="unknown-step",
        hint=f"did you mean '{close[0]}'?" if close else "regie step list shows all steps",
        step=text,
        cycle=number,
        close=close,
    )


def parse_state(text: str) -> State:
    """Read a state, in English or as people see it."""
    from regie.core.traject import State
    from regie.text.phrases import STATES

    for state in State:
        if text.strip().lower() in (state.value, STATES["nl"][state]):
            return state
    stop_usage(f"er is geen stand '{text}'; kies uit: {', '.join(STATES['nl'].values())}")


def change(
    slug: str,
    event: Event,
    *,
    yes: bool,
    preview: bool,
    as_json: bool,
    request_id: str = "",
    uploads: Sequence[Upload] = (),
) -> None:
    """Show what an event leads to, ask, then save it through the one door; with files that prove it, if any."""
    from regie.actions.apply_event import apply_event, preview_event
    from regie.actions.hand_over_files import hand_over_files, preview_with_files
    from regie.clock import local_date
    from regie.core.events import StepFinished, StepStarted
    from regie.core.traject import CycleState
    from regie.reports.effect import effect_as_data, effect_of, say_effect

    warn_private(*_texts_of(event), *(upload.name for upload in uploads))
    town = open_town()
    traject_id = town.traject_id(slug)
    before = town.traject(slug)
    proven = event if uploads and isinstance(event, StepStarted | StepFinished) else None
    if proven is not None:
        changes = preview_with_files(town.context, town.files(), traject_id, proven, uploads, town.now())
    else:
        changes = preview_event(town.context, traject_id, event, town.now())
    effect = effect_of(before, changes, local_date(town.now(), before.zone), town.names())
    cycle = changes.traject.cycle(event.cycle)
    if not as_json and cycle is not None:
        for line in say_effect(effect, cycle.definition):
            say(line)
        if cycle.state is CycleState.ENDED and (was := before.cycle(event.cycle)) and was.state is not cycle.state:
            say(f"Let op: doorloop {cycle.number} stopt hiermee. Wat nog open stond, is ingetrokken.")
    if preview:
        if as_json:
            print_json({"saved": False, **effect_as_data(effect)})
        return
    ask_first("Opslaan?", "dit verandert iets: geef --yes, of --preview om alleen te kijken", yes=yes)
    now = town.now()
    if proven is not None:
        applied = hand_over_files(town.context, town.files(), traject_id, proven, uploads, now, request_id=request_id)
    else:
        applied = apply_event(town.context, traject_id, event, now, request_id=request_id)
    if as_json:
        print_json({"saved": not applied.repeated, **effect_as_data(effect)})
    else:
        say("Opgeslagen." if not applied.repeated else "Dit was al opgeslagen.")
    town.ring(traject_id, applied.changes)


def _texts_of(event: Event) -> Iterable[str]:
    """What a person typed in an event."""
    for field in fields(event):
        value = getattr(event, field.name)
        yield from [value] if isinstance(value, str) else value if field.name == "evidence" else ()


def warn_private(*texts: str) -> None:
    """Warn of what looks like a citizen number; it stays the choice of who typed it."""
    from regie.core.privacy import has_citizen_number

    if any(map(has_citizen_number, texts)):
        warn(
            "let op: hierin lijkt een burgerservicenummer (BSN) te staan. Regie bewaart geen gegevens van bewoners:"
            " laat het nummer weg."
        )


def ask_first(question: str, without_terminal: str, *, yes: bool) -> None:
    """Ask before something is saved; where nobody can be asked, ``--yes`` says it."""
    if yes:
        return
    if not is_terminal(sys.stdin):
        stop_usage(without_terminal)
    if not _says_yes(question):
        warn("Niets opgeslagen.")
        raise typer.Exit(1)


def _says_yes(question: str) -> bool:
    words = {"j": True, "ja": True, "y": True, "yes": True, "n": False, "nee": False, "no": False}

    def read(typed: str) -> bool:
        if typed.lower() not in words:
            raise typer.BadParameter("Antwoord met j (ja) of n (nee).")
        return words[typed.lower()]

    return ask(f"{question} [j/N]", read, default="n", show_default=False)


def ask(question: str, read: Callable[[str], T], *, default: object = None, show_default: bool = True) -> T:
    """Ask until the answer can be read; after a wrong one say what is wrong with it.

    On stderr, so that what a command gives can go to a file meanwhile.

    Raises:
        typer.Abort: Ctrl-C, or nobody is there to answer.
    """
    from regie.text.refusals import say_refusal

    while True:
        typed = str(typer.prompt(question, default=default, show_default=show_default, err=True)).strip()
        try:
            return read(typed)
        except RegieError as error:
            warn(f"  {say_refusal(error, _language()).message}")
        except UsageError as error:
            warn(f"  {error.message}")


def stop_usage(text: str) -> NoReturn:
    warn(text)
    raise typer.Exit(2)


def show_usage(error: UsageError, *, as_json: bool) -> int:
    """Say in Dutch what is wrong with a command as it was typed; typer itself speaks English."""
    option, parameter = getattr(error, "option_name", ""), getattr(error, "param", None)
    named = getattr(error, "param_hint", None) or (" / ".join(parameter.opts) if parameter else "")
    match type(error).__name__:
        case "NoArgsIsHelpError":
            error.show()
            return WRONG_USAGE
        case "MissingParameter":
            said = f"{named} ontbreekt"
        case "NoSuchOption":
            close = ", ".join(sorted(getattr(error, "possibilities", None) or ()))
            said = f"de optie '{option}' is er niet" + (f"; bedoelde u: {close}?" if close else "")
        case "BadParameter" if named:
            said = f"{named}: {error.message}"
        case _:
            said = error.message
    advice = f"{error.ctx.command_path} --help" if error.ctx else "regie --help"
    if as_json:
        problem = {"code": "usage", "message": error.format_message(), "hint": advice}
        typer.echo(json.dumps({**problem, "message_nl": said, "hint_nl": advice}, ensure_ascii=False), err=True)
    else:
        warn(f"fout [usage]: {said}\n  hulp: {advice}")
    return WRONG_USAGE


def show_error(error: RegieError, *, as_json: bool) -> int:
    """Say what went wrong in one breath; give the exit code of its family.

    People read it in their language. A document for machines has the English of the error, and besides that the Dutch.
    """
    from regie.text.phrases import say as say_phrase
    from regie.text.refusals import say_refusal

    findings = [str(finding) for finding in getattr(error, "findings", ())]
    if as_json:
        dutch = say_refusal(error, "nl")
        problem = {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "message_nl": dutch.message,
            "hint_nl": dutch.advice,
            **({"findings": findings} if findings else {}),
        }
        typer.echo(json.dumps(problem, ensure_ascii=False, default=str), err=True)
    else:
        language = _language()
        refusal = say_refusal(error, language)
        warn(say_phrase("refusal", language, code=error.code, message=refusal.message))
        for finding in findings:
            warn(finding)
        if refusal.advice:
            warn(say_phrase("advice", language, advice=refusal.advice))
    return EXIT_CODES.get(error.family, 1)


def _language() -> str:
    """The language of this installation; Dutch when the settings themselves are what is wrong."""
    from regie.settings import load_settings

    try:
        return load_settings().language
    except RegieError:
        return "nl"
