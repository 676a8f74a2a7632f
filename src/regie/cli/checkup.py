"""``regie doctor``: what the checks of ``actions.check_up`` say, also where there is no database to look at."""

from __future__ import annotations

from regie.actions.check_up import (
    BAD,
    FIXED_SQLITE,
    GOOD,
    OF_THE_DOCTOR,
    WARN,
    Check,
    Line,
    Patient,
    check_mail,
    check_prefect,
    check_sqlite_version,
    refused,
)
from regie.actions.check_up import check_up as look
from regie.cli.common import open_town
from regie.clock import system_clock
from regie.errors import Incomplete, RegieError
from regie.settings import load_settings
from regie.text.refusals import say_refusal

__all__ = ["BAD", "FIXED_SQLITE", "GOOD", "WARN", "Line", "check_up"]

_WITHOUT_DATABASE: tuple[Check, ...] = (check_mail, check_prefect)


def check_up() -> list[Line]:
    """Look at everything that can be looked at; one thing that fails hides nothing else, nor is a database made."""
    try:
        settings = load_settings()
        town = open_town()
    except Incomplete as error:
        if error.code != "no-database":
            return [refused("database", error)]
        refusal = say_refusal(error)
        lines = [Line("database", WARN, refusal.message, refusal.advice), *check_sqlite_version(settings)]
        return lines + look(Patient(None, settings, system_clock()), _WITHOUT_DATABASE)
    except RegieError as error:
        return [refused("database", error)]
    return look(Patient(town.context, town.settings, town.now()), OF_THE_DOCTOR)
