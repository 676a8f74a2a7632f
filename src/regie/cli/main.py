"""``regie``: every command, and the one place where errors become words and exit codes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

import typer

from regie import __version__
from regie.cli import (
    accounts,
    admin,
    cycles,
    definitions,
    files,
    links,
    partners,
    plan,
    portfolio,
    post,
    record,
    steps,
    trajects,
    webhooks,
)
from regie.cli.common import INTERRUPTED, UsageError, show_error, show_usage
from regie.errors import RegieError

app = typer.Typer(
    name="regie",
    help="Regie houdt het openen van een opvanglocatie op koers en zegt waarom elke datum is wat zij is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)
plan.register(app)
trajects.register(app)
portfolio.register(app)
cycles.register(app)
steps.register(app)
files.register(app)
definitions.register(app)
partners.register(app)
post.register(app)
links.register(app)
admin.register(app)
record.register(app)
accounts.register(app)
webhooks.register(app)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"regie {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Toon de versie."),
    debug: bool = typer.Option(False, "--debug", help="Toon bij een onverwachte fout waar hij vandaan komt."),
) -> None:
    """Regie: van startnota tot uitbreiding."""
    del version
    if debug:
        os.environ["REGIE_DEBUG"] = "1"


@cache
def _command() -> Callable[..., Any]:
    """All commands, worked out once a process: that takes longer than most of them."""
    return typer.main.get_command(app)


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run a command; never a traceback, always an exit code that means something."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = _command()(args=given, prog_name="regie", standalone_mode=False)
        if code == INTERRUPTED:  # typer takes Ctrl-C away before it gets here
            raise KeyboardInterrupt
        if sys.stdout is not None:
            sys.stdout.flush()
    except UsageError as error:
        sys.exit(show_usage(error, as_json="--json" in given))
    except RegieError as error:
        sys.exit(show_error(error, as_json="--json" in given))
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("\nGestopt. Niets is half opgeslagen.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - what is left must not break again when it is flushed
        sys.exit(0)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            sys.exit(_unexpected(error))
        typer.echo("de uitvoer kan niet worden geschreven: de schijf is vol", err=True)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the top: a bug becomes one line and a code
        sys.exit(_unexpected(error))
    sys.exit(code or 0)


def _unexpected(error: Exception) -> int:
    if os.environ.get("REGIE_DEBUG"):
        raise error
    typer.echo(f"onverwachte fout: {type(error).__name__} (meer met: regie --debug ...)", err=True)
    return 1
