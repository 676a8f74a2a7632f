"""What flows work with: database, clock, sender. Read from the environment once, or put in place by a rehearsal."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from regie.actions.context import Context
from regie.actions.deliver import Postage
from regie.clock import Clock, system_clock
from regie.core.calendar import WorkCalendar
from regie.definitions.calendars import load_calendar
from regie.notify.redact import install_redaction
from regie.notify.sender import AppriseSender, FolderSender, Sender
from regie.settings import Settings, load_audit_key, load_link_key, load_settings
from regie.store.session import check_schema, create_engine_for

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setting:
    """``owner`` tells processes apart that deliver from the same outbox: new each time that one starts."""

    context: Context
    clock: Clock
    sender: Sender
    postage: Postage
    documents: Path
    calendar: WorkCalendar
    owner: str
    zone: str = "Europe/Amsterdam"


_current: Setting | None = None


def choose_sender(settings: Settings) -> Sender:
    """The mail server that was set; with none, every mail becomes a file in the folder ``post``."""
    if settings.mail_url is not None:
        return AppriseSender.from_settings(settings, system_clock)
    log.warning("mail.no_server folder=post")
    return FolderSender(Path(settings.data_dir) / "post", settings.mail_from, clock=system_clock)


def use(setting: Setting | None) -> None:
    """Let flows in this process work with this; None reads the environment again."""
    global _current
    _current = setting


def current() -> Setting:
    """Give what flows work with, from ``REGIE_*`` in the environment.

    Raises:
        Refused: a setting is wrong.
        Conflict: the database is of another version.
    """
    global _current
    if _current is None:
        settings = load_settings()
        install_redaction(settings.secret_values())
        engine = create_engine_for(settings.database_url.get_secret_value())
        check_schema(engine)
        context = Context.on(
            engine,
            load_audit_key(settings).get_secret_value().encode(),
            brake_at=settings.brake_messages_per_day,
            link_key=load_link_key(settings).get_secret_value().encode(),
        )
        _current = Setting(
            context,
            system_clock,
            choose_sender(settings),
            Postage.from_settings(settings),
            Path(settings.data_dir) / "documenten",
            load_calendar("nl"),
            f"{socket.gethostname()}-{context.ids()}",
            settings.timezone,
        )
    return _current
