"""Live one whole traject through, on a virtual clock: ``regie demo``.

Everything is real but time: a Prefect server, the flows, a SQLite file, an SMTP server on loopback. Every working
day somebody works, a sweep looks, and post goes out; every fourth Monday the sweep and the post are Prefect runs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.automations import run_automation
from regie.actions.apply_event import Applied, apply_event, preview_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.digest import make_morning_digests
from regie.actions.reconcile import reconcile
from regie.clock import VirtualClock
from regie.core import events as happened
from regie.core.changes import Changes
from regie.core.definition import Definition
from regie.core.ids import AnchorId, BodyId, ListId, OccurrenceKey, StepId
from regie.core.settle import settle
from regie.core.traject import Cycle, Item, State
from regie.definitions import load_definition, sources_of
from regie.definitions.calendars import load_calendar
from regie.definitions.diligence import next_deed
from regie.errors import RegieError
from regie.mailbox import Mailbox
from regie.notify.sender import AppriseSender
from regie.reports.gantt import gantt_view, render_gantt
from regie.settings import load_audit_key, load_settings
from regie.store.outbox import outbox_counts
from regie.store.partners import bind_role, save_person
from regie.store.session import create_engine_for, read_scope, upgrade, write_scope
from regie.store.trajects import load_traject
from regie.supervise import Child, prefect_environment, server_command, wait_until_ready
from regie.text.refusals import say_refusal
from regie.text.sentences import explain_finding, say_count, say_date

ZONE = ZoneInfo("Europe/Amsterdam")
START, OPENING, END = date(2026, 12, 1), date(2028, 7, 3), date(2032, 7, 1)
MARK = "demo-van-regie"
VISION, GO, PERMIT = StepId("f0-visie-menswaardige-opvang"), StepId("f0-go-besluit"), StepId("f1-vergunningbesluit")
ADJUST = StepId("f3-bijsturen")
# What some people do not get done before the opening, as it goes
BEHIND = frozenset({StepId("f1-meedoenplan"), StepId("f1-woonafspraken-corporaties")})
ANSWERS = {
    "plekken": 120,
    "gebouw": "verbouw",
    "planologisch": "bopa",
    "doelgroepen": "asielzoekers,statushouders,minderjarigen",
}
# So many things as one person does on a day; a plan that would never come to rest stops here.
MOST_DEEDS = 60


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
        from email import message_from_bytes, policy

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
    post: Postbox
    traject_id: int = 0
    slug: str = "de-wilg"
    began: float = field(default_factory=time.monotonic)
    cycle_number: int = 1
    flow_runs: int = 0
    known: Cycle | None = None

    @property
    def today(self) -> date:
        return self.clock().astimezone(ZONE).date()

    def tell(self, text: str) -> None:
        print(f"  {say_date(self.today):>18}  {text}", flush=True)

    def turn_to(self, day: date) -> None:
        self.clock.set_to(datetime.combine(day, clock_time(9, 0), ZONE).astimezone(UTC))

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
    from flows.deliver import deliver as deliver_flow
    from flows.digest import digest as digest_flow
    from flows.reconcile import reconcile as reconcile_flow

    now = demo.clock()
    if demo.today.isocalendar().week % 8 == 0 and demo.today.weekday() == 0:
        await digest_flow(reason="demo")
        await reconcile_flow(reason=f"demo {demo.today}")
        await deliver_flow(reason="demo")
        demo.flow_runs += 3
        demo.known = None
        return
    make_morning_digests(demo.context, now, demo.definition.calendar)
    swept = reconcile(demo.context, now)
    demo.known = None
    for traject_id, run in swept.runs:
        where = run.key
        run_automation(demo.context, traject_id, run.cycle, where.step, where.key, now, demo.folder / "documenten")
    deliver(demo.context, demo.sender, demo.clock, "demo", Postage())


async def play(demo: Demo) -> None:
    """The story."""
    from flows.rerun_cycle import rerun_cycle
    from flows.start_traject import start_traject

    demo.traject_id = await start_traject(
        "Opvang De Wilg",
        START,
        "opvang",
        dict(ANSWERS),
        {"opening": OPENING, "einde": END},
        slug=demo.slug,
        by="projectleider",
    )
    demo.flow_runs += 1
    cycle = demo.cycle()
    planned = sum(not each.state.is_out for each in cycle.occurrences.values())
    demo.tell(f"Traject 'Opvang De Wilg' gestart: {planned} stappen gepland, opening op {say_date(OPENING)}")

    await live(demo, lambda town: town.today >= date(2027, 2, 22), frozenset({VISION}))
    demo.tell("De visie bleef liggen: herinnering, te laat, dan de portefeuillehouder, dan de projectleider")
    await live(demo, lambda town: town.state(GO) is State.READY)
    held = demo.definition.calendar.next_working_day(demo.today + timedelta(days=100))
    meeting = demo.definition.bodies[BodyId("raad-besluit")].next_feasible(held, held)
    until = meeting.held_on if meeting else held
    demo.do(happened.GateDecided(
        key=OccurrenceKey(GO), outcome="hold", decided_by="gemeenteraad", reason="eerst een tweede inloopavond", held_until=until, by="bestuurder",
    ))  # fmt: skip
    demo.tell(f"De raad houdt het go-besluit aan tot {say_date(until)}")
    await live(demo, lambda town: town.state(GO) is State.DONE)
    demo.tell("De raad neemt het go-besluit; fase 1 begint terwijl fase 0 nog loopt")

    await live(demo, lambda town: town.state(PERMIT) is State.READY)
    demo.do(
        happened.ClockStopped(key=OccurrenceKey(PERMIT), reason="gegevens over geluid ontbreken", by="vergunningen")
    )
    demo.tell("Het bevoegd gezag vraagt gegevens op: de termijn van de vergunning staat stil")
    back = demo.today + timedelta(days=42)
    await live(demo, lambda town: town.today >= back, BEHIND | {PERMIT})
    demo.do(happened.ClockResumed(key=OccurrenceKey(PERMIT), by="vergunningen"))
    demo.do(happened.TermExtended(key=OccurrenceKey(PERMIT), reason="omvangrijke zienswijzen", by="vergunningen"))
    show_threats(demo)
    move_opening(demo)

    await live(demo, lambda town: town.cycle().anchors[AnchorId("opening")].actual is not None, BEHIND, most=900)
    opened = demo.cycle().anchors[AnchorId("opening")].actual
    assert opened is not None
    demo.tell(f"De eerste bewoners komen: de opvang is open sinds {say_date(opened)}")
    second = demo.definition.calendar.next_working_day(opened + timedelta(days=42))
    demo.do(happened.ItemsChanged(
        list=ListId("arrival"), items=(Item("eerste", opened, 40), Item("tweede", second, 50)), by="projectleider",
    ))  # fmt: skip
    await live(demo, lambda town: town.today >= second + timedelta(days=14), BEHIND | {ADJUST})
    busy = Counter(
        demo.definition.steps[key.step].phase
        for key, each in demo.cycle().occurrences.items()
        if each.state in (State.READY, State.IN_PROGRESS)
    )
    demo.tell(
        "Fasen lopen door elkaar: " + ", ".join(f"{phase} {count} bezig" for phase, count in sorted(busy.items()))
    )
    draw(demo, "plan-bij-opening.svg")

    await live(demo, lambda town: _ready_copy(town, ADJUST) is not None, frozenset({ADJUST}), most=500)
    key = _ready_copy(demo, ADJUST)
    assert key is not None
    demo.do(happened.GateDecided(
        key=key, outcome="uitbreiden", decided_by="bestuurder", reason="er zijn meer plekken nodig", by="bestuurder",
    ))  # fmt: skip
    demo.tell("Bijsturen: het bestuur besluit uit te breiden op dezelfde locatie")
    await rerun_cycle(
        demo.slug,
        "expansion-here",
        demo.today,
        f"demo:{key}",
        {"plekken": 180},
        {"opening": demo.today + timedelta(days=480), "einde": END},
    )
    demo.flow_runs += 1
    demo.cycle_number, demo.known = 2, None
    counts = Counter(each.state.value for each in demo.cycle().occurrences.values())
    demo.tell(
        f"Doorloop 2 begint: {counts['ready']} stappen kunnen starten, {counts['done']} zijn overgenomen, {counts['dropped']} vervallen"
    )
    later = demo.today + timedelta(days=45)
    await live(demo, lambda town: town.today >= later)
    draw(demo, "plan.svg", 1)
    draw(demo, "plan-doorloop-2.svg", 2)


def show_threats(demo: Demo) -> None:
    cycle, plan = settle(demo.cycle(), demo.today)
    for finding in plan.findings:
        if finding.code == "RG351":
            demo.tell(f"Dreiging: {explain_finding(finding, cycle.definition)[:200]}")


def move_opening(demo: Demo) -> None:
    """Look at the consequences first, then move the opening."""
    cycle, plan = settle(demo.cycle(), demo.today)
    late = next((finding for finding in plan.findings if finding.code == "RG351"), None)
    wanted = late.on if late is not None and late.on is not None else OPENING
    target = demo.definition.calendar.next_working_day(wanted + timedelta(days=21))
    event = happened.AnchorMoved(
        anchor=AnchorId("opening"), target=target, reason="de vergunning kwam later", by="projectleider"
    )
    changes: Changes = preview_event(demo.context, demo.traject_id, event, demo.clock())
    hit = {cycle.definition.steps[moved.key.step].responsible for moved in changes.moved}
    demo.tell(
        f"Vooraf gezien: opening naar {say_date(target)} verschuift {len(changes.moved)} stappen van {len(hit)} partners, "
        f"{len(changes.messages)} berichten"
    )
    demo.do(event)
    demo.tell(f"De projectleider verzet de opening naar {say_date(target)}")


def _ready_copy(demo: Demo, step: StepId) -> OccurrenceKey | None:
    return next(
        (key for key, each in demo.cycle().occurrences.items() if key.step == step and each.state is State.READY), None
    )


def draw(demo: Demo, name: str, number: int | None = None) -> None:
    cycle, plan = settle(demo.cycle(number), demo.today)
    title = f"Opvang De Wilg, doorloop {cycle.number}, {say_date(demo.today)}"
    (demo.folder / name).write_text(render_gantt(gantt_view(title, cycle, plan, demo.today)), encoding="utf-8")


def prepare(folder: Path) -> Path:
    """Make an empty folder; one that holds something else than an earlier demo is left alone."""
    mark = folder / f".{MARK}"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise RegieError(
            f"folder '{folder}' is not empty",
            code="folder-not-empty",
            hint="choose another with --folder",
            folder=str(folder),
        )
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "post").mkdir(parents=True)
    mark.touch()
    return folder


def settle_people(context: Context, definition: Definition, now: datetime) -> None:
    del now
    with write_scope(context.engine) as session:
        for role in definition.partner_roles():
            person = save_person(
                session, name=f"Contact {role}", email=f"{role}@partner.example", organisation=str(role)
            )
            bind_role(session, role, person)


def summarise(demo: Demo) -> None:
    with read_scope(demo.context.engine) as session:
        counts = outbox_counts(session)
        traject = load_traject(session, demo.traject_id, demo.context.shelf, for_change=False, whole=True)
    done = sum(each.state is State.DONE for cycle in traject.cycles for each in cycle.occurrences.values())
    print()
    print(
        f"  {done} stappen klaar in {len(traject.cycles)} doorlopen; {demo.post.count} mails aan {len(demo.post.readers)} mensen;"
    )
    print(
        f"  {demo.flow_runs} Prefect-runs; {say_count((demo.today - START).days, 'd')} geleefd in {time.monotonic() - demo.began:.0f} seconden."
    )
    print("  Mails: " + ", ".join(f"{count}x {kind}" for kind, count in demo.post.subjects.most_common(8)))
    print("  Post: " + ", ".join(f"{count} {status.value}" for status, count in counts.items() if count))
    print()
    print(f"  Bekijk het in {demo.folder}:")
    print("    post/*.eml             de mails, zoals partners ze kregen")
    print("    plan.svg               het plan met de fasen, vandaag en de kritieke keten")
    print("    plan-bij-opening.svg   hetzelfde rond de opening: fase 1, 2 en 3 door elkaar")
    print("    documenten/            startnota, indicatorenblad en stuurgroeprapport, door Regie gemaakt")
    print("    regie.db               de database")
    print()
    print("  Verder:  REGIE_DATA_DIR=" + str(demo.folder) + " regie traject show de-wilg")
    print("           REGIE_DATA_DIR=" + str(demo.folder) + " regie up")


def run(folder: Path) -> int:
    from aiosmtpd.controller import Controller

    print("Regie leeft een traject door: van startnota tot uitbreiding.\n", flush=True)
    folder = prepare(folder.resolve())
    port = _free_port()
    environment = prefect_environment(folder / "prefect", port)
    (folder / "prefect").mkdir()
    server = Child("prefect-server", server_command(port), environment, folder / "prefect-server.log")
    began = time.monotonic()
    server.start()
    post = Postbox(folder / "post")
    mail = Controller(post, hostname="127.0.0.1", port=_free_port())
    mail.start()
    try:
        clock = VirtualClock(datetime.combine(START, clock_time(9, 0), ZONE).astimezone(UTC))
        engine = create_engine_for(f"sqlite:///{folder / 'regie.db'}")
        upgrade(engine)
        key = load_audit_key(load_settings(data_dir=folder)).get_secret_value().encode()
        context = Context.on(engine, key, brake_at=100_000)
        definition = load_definition("opvang")
        settle_people(context, definition, clock())
        sender = AppriseSender(
            f"mailto://127.0.0.1:{mail.port}", Mailbox("regie@gemeente.example", "Regie Voorbeeldstad"), clock=clock
        )
        demo = Demo(folder, context, definition, clock, sender, post, began=began)
        os.environ.update(
            {name: value for name, value in environment.items() if name.startswith(("PREFECT_", "DO_NOT"))}
        )
        # Prefect takes seconds to import: meanwhile its server starts
        from flows.setting import Setting, use

        wait_until_ready(port, server)
        print(f"  Prefect-server, mailserver en database draaien ({time.monotonic() - began:.0f} s)\n", flush=True)
        use(Setting(context, clock, sender, Postage(), folder / "documenten", load_calendar("nl"), owner="demo"))
        sources_of("opvang")
        asyncio.run(play(demo))
        summarise(demo)
    finally:
        mail.stop()
        server.stop()
    return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Run the demo; errors in one line."""
    parser = argparse.ArgumentParser(
        prog="regie demo", description="Leef een heel traject door in ongeveer een minuut."
    )
    parser.add_argument("--folder", type=Path, default=Path("demo-uit"))
    try:
        return run(parser.parse_args().folder)
    except RegieError as error:
        refusal = say_refusal(error)
        print(f"fout [{error.code}]: {refusal.message} {refusal.advice}".rstrip(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gestopt; niets is half opgeslagen", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
