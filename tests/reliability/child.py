"""What a real process does in the crash tests: python -m tests.reliability.child URL DEED TRAJECT."""

from __future__ import annotations

import sys
from datetime import date

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.core.events import StepFinished, Tick
from regie.core.ids import OccurrenceKey, StepId
from regie.notify.sender import FolderSender
from regie.store.session import create_engine_for
from tests.reliability.conftest import START, moment


def main(url: str, deed: str, what: str) -> None:
    engine = create_engine_for(url)
    context = Context.on(engine, b"k" * 32, brake_at=1_000_000)
    now = moment(START)
    if deed == "finish":
        apply_event(context, int(what), StepFinished(key=OccurrenceKey(StepId("a"))), now)
    elif deed == "sweep":
        for traject_id in range(1, int(what) + 1):
            apply_event(context, traject_id, Tick(), moment(date(2027, 1, 20)))
    else:
        from pathlib import Path

        deliver(context, FolderSender(Path(what)), lambda: now, f"child-{deed}", Postage())


if __name__ == "__main__":
    main(*sys.argv[1:])
