"""``regie file``: the files that prove steps: list, get, remove, clean up."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import typer

from regie.cli.common import BY, CYCLE, JSON, SLUG, YES, ask_first, count_of, open_town, print_json, say, table, who
from regie.errors import Incomplete, Refused

if TYPE_CHECKING:
    from regie.store.files import StoredFile
    from regie.uploads import Upload

file = typer.Typer(help="Bestanden die als bewijs bij een stap staan.", no_args_is_help=True)

FILE = typer.Argument(help="Nummer van het bestand, zoals in regie file list.")


def register(app: typer.Typer) -> None:
    app.add_typer(file, name="file")


def say_size(size: int) -> str:
    """Say a number of bytes to people.

    >>> say_size(900), say_size(2048), say_size(3_500_000)
    ('900 bytes', '2 kB', '3,3 MB')
    """
    if size < 1024:
        return f"{size} bytes"
    if size < 1024 * 1024:
        return f"{round(size / 1024)} kB"
    return f"{size / 1024 / 1024:.1f} MB".replace(".", ",")


def as_data(each: StoredFile) -> dict[str, Any]:
    """A file for ``--json``."""
    return {
        "id": each.id,
        "traject": each.traject,
        "cycle": each.cycle,
        "step": str(each.key),
        "name": each.name,
        "media_type": each.media_type,
        "size": each.size,
        "sha256": each.sha256,
        "uploaded_at": each.uploaded_at,
        "uploaded_by": each.uploaded_by,
        "removed_at": each.removed_at,
        "removed_by": each.removed_by,
    }


@contextlib.contextmanager
def opened(paths: Sequence[Path]) -> Iterator[Sequence[Upload]]:
    """Open files of this computer to hand them over.

    Raises:
        Refused: ``file-unreadable``.
    """
    from regie.uploads import Upload

    with contextlib.ExitStack() as stack:
        uploads = []
        for path in paths:
            try:
                if not path.is_file():  # a pipe or a device has no end, or never begins
                    raise OSError("it is no file")
                uploads.append(Upload(path.name, stack.enter_context(path.open("rb"))))
            except OSError as error:
                raise Refused(
                    f"'{path}' cannot be read: {error.strerror or error}",
                    code="file-unreadable",
                    hint="give the path of a file",
                    file=str(path),
                ) from error
        yield uploads


@file.command("list")
def list_all(slug: str = SLUG, cycle: int = CYCLE, as_json: bool = JSON) -> None:
    """Toon de bestanden van een traject."""
    from regie.store.files import list_files
    from regie.store.session import read_scope
    from regie.text.dates import say_moment

    town = open_town()
    number = town.traject_id(slug)
    with read_scope(town.context.engine) as session:
        found = list_files(session, number, cycle=cycle or None)
    if as_json:
        print_json([as_data(each) for each in found])
        return
    zone = town.settings.timezone
    table(
        f"Bestanden van {slug}",
        ("nummer", "stap", "naam", "grootte", "wanneer", "wie", "stand"),
        (
            (
                each.id,
                each.key,
                each.name or "(gewist)",
                say_size(each.size),
                say_moment(each.uploaded_at, zone),
                each.uploaded_by,
                "verwijderd" if each.removed_at else "",
            )
            for each in found
        ),
    )


@file.command("get")
def get(
    file_id: str = FILE,
    output: Path = typer.Option(..., "--output", "-o", help="Map of bestand waar het komt; overschrijft niets."),
    as_json: bool = JSON,
) -> None:
    """Haal een bestand op."""
    from regie.store.files import get_file, removed
    from regie.store.session import read_scope
    from regie.uploads import clean_name

    town = open_town()
    with read_scope(town.context.engine) as session:
        found = get_file(session, file_id)
    if found.removed_at is not None:
        raise removed(found)
    path = output / clean_name(found.name or found.id) if output.is_dir() else output
    with town.files().open(found.id) as source:
        digest = _copy(source, path)
    if digest != found.sha256:
        path.unlink()
        raise Incomplete(
            f"what is in file '{found.id}' is not what was handed over",
            code="file-bytes-differ",
            hint="put back a backup of the folder with files",
            file=found.id,
        )
    if as_json:
        print_json({**as_data(found), "path": str(path)})
    else:
        say(f"Opgehaald: {path} ({say_size(found.size)}).")


def _copy(source: BinaryIO, path: Path) -> str:
    """Copy to a file that is not there yet; give the SHA-256 of what was copied. Of half a copy nothing stays."""
    from regie.uploads import CHUNK

    counted = hashlib.sha256()
    is_ours = False
    try:
        with path.open("xb") as copy:
            is_ours = True
            while piece := source.read(CHUNK):
                counted.update(piece)
                copy.write(piece)
    except FileExistsError:
        raise Refused(
            f"'{path}' is there already", code="file-exists", hint="choose another name", file=str(path)
        ) from None
    except OSError as error:
        if is_ours:
            path.unlink(missing_ok=True)
        raise Refused(
            f"'{path}' cannot be written: {error.strerror}",
            code="output-unwritable",
            hint="choose another folder with --output",
            file=str(path),
        ) from error
    return counted.hexdigest()


@file.command("remove")
def remove(
    file_id: str = FILE,
    reason: str = typer.Option(..., "--reason", help="Waarom; komt in de geschiedenis."),
    erase_name: bool = typer.Option(False, "--erase-name", help="Wis ook hoe het bestand heette."),
    by: str = BY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Verwijder de inhoud van een bestand; dat het er was, blijft staan."""
    from regie.actions.remove_file import remove_file
    from regie.store.files import get_file
    from regie.store.session import read_scope

    town = open_town()
    with read_scope(town.context.engine) as session:
        found = get_file(session, file_id)
    if not as_json:
        say(f"{found.name or found.id} ({say_size(found.size)}), bij stap {found.key} van {found.traject}.")
        say("De inhoud gaat weg en komt niet terug. Dat het bestand er was, blijft in de geschiedenis staan.")
    ask_first("Verwijderen?", "dit verandert iets: geef --yes", yes=yes)
    done = remove_file(
        town.context, town.files(), file_id, town.now(), by=who(by), reason=reason, erase_name=erase_name
    )
    if as_json:
        print_json(as_data(done))
    else:
        say("Verwijderd.")


@file.command("clean-up")
def clean_up(as_json: bool = JSON) -> None:
    """Ruim op wat een storing achterliet: inhoud zonder bestand, ouder dan een dag."""
    from regie.actions.clean_up_files import clean_up_files

    town = open_town()
    gone = clean_up_files(town.context, town.files(), town.now())
    if as_json:
        print_json([{"id": each.id, "size": each.size, "written_at": each.written_at} for each in gone])
    else:
        say(f"Opgeruimd: {count_of(len(gone), 'rest', 'resten')}.")
