"""What automated steps leave behind, and what a person who hears once a day gets: real store, real mail server."""

from __future__ import annotations

from datetime import date, timedelta

from flows.automations import run_automation
from flows.setting import Setting
from regie.actions.apply_event import apply_event
from regie.actions.deliver import deliver
from regie.actions.digest import make_morning_digests
from regie.actions.reconcile import reconcile
from regie.actions.start_traject import NewTraject, start_traject
from regie.core.definition import HearsWhen
from regie.core.events import DatePinned, StepFinished
from regie.core.ids import OccurrenceKey, StepId
from regie.definitions import load_sources
from regie.store.partners import find_person, save_person
from regie.store.session import read_scope, write_scope
from regie.store.trajects import load_traject
from tests.flows.conftest import DEFINITION, START, moment
from tests.support.servers import MailServer

REPORTED = DEFINITION.replace(
    "  overleg:",
    "  rapport: {title: Rapport, takes: 1wd, responsible: lead, automation: stuurgroeprapport,\n"
    "    repeats: {every: 1m, from: start}}\n  overleg:",
)


def key(step: str, copy: str = "") -> OccurrenceKey:
    return OccurrenceKey(StepId(step), copy)


def start(town: Setting, text: str, title: str) -> int:
    sources = {"workflow.yaml": text}
    new = NewTraject(title, START, targets={"opening": date(2027, 6, 1)}, by="lead")
    traject_id, _ = start_traject(town.context, sources, load_sources(sources), new, moment(START))
    return traject_id


def report(town: Setting, traject_id: int, copy: str, day: date) -> str:
    reconcile(town.context, moment(day))
    name = run_automation(town.context, traject_id, 1, "rapport", copy, moment(day), town.documents)
    if not name:
        return ""
    (path,) = town.documents.glob(f"*/doorloop-1/{name}")
    return path.read_text(encoding="utf-8")


def test_second_report_says_what_moved_since_the_first(town: Setting) -> None:
    traject_id = start(town, REPORTED, "De Wilg")
    first = report(town, traject_id, "1", START)
    later = START + timedelta(days=31)
    apply_event(town.context, traject_id, StepFinished(key=key("rapport", "1")), moment(START))
    apply_event(town.context, traject_id, StepFinished(key=key("plan"), evidence=("plan.pdf",)), moment(START))
    pin = DatePinned(key=key("plekken"), finish_on=date(2027, 4, 9), reason="pas dan een gebouw")
    apply_event(town.context, traject_id, pin, moment(START))

    second = report(town, traject_id, "2", later)

    assert "verschoven" not in first
    assert "## Wat is verschoven sinds 4 januari 2027?" in second
    assert "'Plekken regelen' is klaar op 9 april 2027 in plaats van" in second


def test_automation_that_runs_again_leaves_the_first_comparison_alone(town: Setting) -> None:
    traject_id = start(town, REPORTED, "De Wilg")
    report(town, traject_id, "1", START)

    assert report(town, traject_id, "1", START) == ""
    with read_scope(town.context.engine) as session:
        cycle = load_traject(session, traject_id, town.context.shelf, for_change=False).cycle(1)
    assert cycle is not None
    assert len(cycle.occurrences[key("rapport", "1")].evidence) == 2  # the report on paper and as text


def test_one_digest_tells_about_all_trajects_of_a_person(town: Setting, mail_server: MailServer) -> None:
    with write_scope(town.context.engine) as session:
        known = find_person(session, "school@partner.example")
        assert known is not None
        save_person(
            session, person_id=known, name="Contact school", email="school@partner.example", hears=HearsWhen.DAILY
        )
    trajects = [start(town, DEFINITION, title) for title in ("De Wilg", "De Beuk")]
    for traject_id in trajects:
        apply_event(town.context, traject_id, StepFinished(key=key("plan"), evidence=("plan.pdf",)), moment(START, 10))
    town.clock.set_to(moment(START, 17))  # type: ignore[attr-defined]
    deliver(town.context, town.sender, town.clock, "avond", town.postage)
    assert mail_server.mail_to("school@partner.example") == []

    morning = moment(START + timedelta(days=1), 8)
    town.clock.set_to(morning)  # type: ignore[attr-defined]
    made = [make_morning_digests(town.context, morning, town.calendar) for _ in range(2)]
    deliver(town.context, town.sender, town.clock, "ochtend", town.postage)

    assert made == [1, 0]
    (mail,) = mail_server.mail_to("school@partner.example")
    text = mail.text
    assert "De Wilg" in text
    assert "De Beuk" in text
    assert text.count("Plekken regelen") >= 2
