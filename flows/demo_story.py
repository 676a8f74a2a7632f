"""The story of the demo: what people do with De Wilg, from startnota to expansion. Knows no servers."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from textwrap import shorten

from flows.demo_town import Demo, draw, live
from regie.actions.apply_event import preview_event
from regie.core import events as happened
from regie.core.changes import Changes
from regie.core.ids import AnchorId, BodyId, ListId, OccurrenceKey, StepId
from regie.core.settle import settle
from regie.core.traject import Item, State
from regie.text.sentences import explain_finding, say_date

START, OPENING, END = date(2026, 12, 1), date(2028, 7, 3), date(2032, 7, 1)
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
    cycle = demo.cycle()
    planned = sum(not each.state.is_out for each in cycle.occurrences.values())
    demo.tell(f"Traject 'Opvang De Wilg' gestart: {planned} stappen gepland, opening op {say_date(OPENING)}")

    await live(demo, lambda town: town.today >= date(2027, 2, 22), frozenset({VISION}))
    demo.tell("De visie bleef liggen: herinnering, te laat, dan de portefeuillehouder, dan de projectleider")
    await live(demo, lambda town: town.state(GO) is State.READY)
    held = demo.definition.calendar.next_working_day(demo.today + timedelta(days=35))
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
        1,
        f"demo:{key}",
        {"plekken": 180},
        {"opening": demo.today + timedelta(days=480), "einde": END},
    )
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
            demo.tell(f"Dreiging: {shorten(explain_finding(finding, cycle.definition), 240, placeholder=' ...')}")


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
