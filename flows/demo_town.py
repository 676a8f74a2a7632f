"""The town of the demo: one location, a post office, and a calendar that turns. Knows no story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.automations import run_automation
from regie.actions.apply_event import Applied, apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.digest import make_morning_digests
from regie.actions.reconcile import reconcile
from regie.clock import VirtualClock
from regie.core import events as happened
from regie.core.definition import Definition
from regie.core.ids import OccurrenceKey, StepId
from regie.core.settle import settle
from regie.core.traject import Cycle, State
from regie.definitions.diligence import next_deed
from regie.errors import RegieError
from regie.notify.sender import AppriseSender
from regie.reports.gantt import gantt_view, render_gantt
from regie.store.session import read_scope
from regie.store.trajects import load_traject
from regie.text.sentences import say_date

ZONE = ZoneInfo("Europe/Amsterdam")
MOST_DEEDS = 60
"""So many things as one person does on a day; a plan that would never come to rest stops here."""


def morning_of(day: date) -> datetime:
    return datetime.combine(day, clock_time(9, 0), ZONE).astimezone(UTC)


class Postbox:
    """The SMTP server of the demo: keeps every mail as a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.subjects: Counter[str] = Counter()
        self.readers: Counter[str] = Counter()

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:
        content = envelope.content  # type: ignore[attr-defined]
        self.count += 1
        (self.folder / f"{self.count:04d}.eml").write_bytes(content)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        # a folded subject reads back with the space that it was folded at
        self.subjects[str(message["Subject"]).strip().split(":")[0]] += 1
        self.readers[envelope.rcpt_tos[0]] += 1  # type: ignore[attr-defined]
        return "250 OK"


@dataclass
class Demo:
    """One town, one location, and a calendar that turns."""

    folder: Path
    context: Context
    definition: Definition
    clock: VirtualClock
    sender: AppriseSender
    postage: Postage
    post: Postbox
    began: float
    traject_id: int = 0
    slug: str = "de-wilg"
    cycle_number: int = 1
    known: Cycle | None = None

    @property
    def today(self) -> date:
        return self.clock().astimezone(ZONE).date()

    def tell(self, text: str) -> None:
        print(f"  {say_date(self.today):>18}  {text}", flush=True)

    def turn_to(self, day: date) -> None:
        self.clock.set_to(morning_of(day))

    def cycle(self, number: int | None = None) -> Cycle:
        """The cycle as it was last saved; read again only after something happened."""
        number = number or self.cycle_number
        if self.known is None or self.known.number != number:
            self.known = self._load(number)
        return self.known

    def _load(self, number: int) -> Cycle:
        with read_scope(self.context.engine) as session:
            traject = load_traject(session, self.traject_id, self.context.shelf, for_change=False, whole=True)
        found = traject.cycle(number)
        assert found is not None
        return found

    def do(self, event: happened.Event) -> Applied:
        applied = apply_event(self.context, self.traject_id, event, self.clock())
        self.known = applied.changes.traject.cycle(event.cycle) if applied.changes else None
        return applied

    def state(self, step: StepId, key: str = "") -> State:
        return self.cycle().occurrences[OccurrenceKey(step, key)].state


def work(demo: Demo, untouched: frozenset[StepId]) -> None:
    """Let everybody do what they planned for today."""
    for _ in range(MOST_DEEDS):
        deed = next_deed(demo.cycle(), demo.today, by="demo", except_for=untouched)
        if deed is None:
            return
        demo.do(deed)


async def live(
    demo: Demo, until: Callable[[Demo], bool], untouched: frozenset[StepId] = frozenset(), *, most: int = 700
) -> None:
    """Let working days go by until something is so."""
    calendar = demo.definition.calendar
    for _ in range(most):
        if until(demo):
            return
        work(demo, untouched)
        if until(demo):
            return
        demo.turn_to(calendar.next_working_day(demo.today + timedelta(days=1)))
        await sweep(demo)
    raise RegieError("the demo does not come to its end", code="demo-stuck")


async def sweep(demo: Demo) -> None:
    """A day's sweep and post; every eighth Monday as Prefect runs, on other days the same actions by themselves."""
    from flows.digest import digest as digest_flow
    from flows.reconcile import reconcile as reconcile_flow

    now = demo.clock()
    if demo.today.isocalendar().week % 8 == 0 and demo.today.weekday() == 0:
        await digest_flow(reason="demo")
        await reconcile_flow(reason=f"demo {demo.today}")
        demo.known = None
        return
    make_morning_digests(demo.context, now, demo.definition.calendar)
    swept = reconcile(demo.context, now)
    if swept.looked_at:
        demo.known = None
    for traject_id, run in swept.runs:
        where = run.key
        run_automation(demo.context, traject_id, run.cycle, where.step, where.key, now, demo.folder / "documenten")
    deliver(demo.context, demo.sender, demo.clock, "demo", demo.postage)


def draw(demo: Demo, name: str, number: int | None = None) -> None:
    cycle, plan = settle(demo.cycle(number), demo.today)
    title = f"Opvang De Wilg, doorloop {cycle.number}, {say_date(demo.today)}"
    (demo.folder / name).write_text(render_gantt(gantt_view(title, cycle, plan, demo.today)), encoding="utf-8")
