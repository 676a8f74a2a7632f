"""The whole story on a real Prefect server, with mail read from a real SMTP server."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from flows.deliver import deliver
from flows.digest import digest
from flows.reconcile import reconcile
from flows.rerun_cycle import rerun_cycle
from flows.setting import Setting
from flows.start_traject import start_traject
from regie.actions.apply_event import apply_event
from regie.core.events import GateDecided, StepFinished
from regie.core.ids import OccurrenceKey, StepId
from regie.core.traject import Cycle, State
from regie.reports.documents import Document
from regie.store.session import read_scope
from regie.store.trajects import load_traject
from tests.flows.conftest import START, moment
from tests.support.servers import MailServer

pytestmark = pytest.mark.prefect


def key(step: str, copy: str = "") -> OccurrenceKey:
    return OccurrenceKey(StepId(step), copy)


def cycle(town: Setting, traject_id: int, number: int = 1) -> Cycle:
    with read_scope(town.context.engine) as session:
        found = load_traject(session, traject_id, town.context.shelf, for_change=False, whole=True).cycle(number)
    assert found is not None
    return found


def subjects(server: MailServer, who: str) -> list[str]:
    return [str(mail.letter["Subject"]) for mail in server.mail_to(f"{who}@partner.example")]


def turn_to(town: Setting, day: date) -> None:
    town.clock.set_to(moment(day))  # type: ignore[attr-defined]


@pytest.mark.usefixtures("prefect_api")
def test_given_a_location_when_it_is_lived_through_then_partners_hear_what_is_asked(
    town: Setting, mail_server: MailServer, definition_file: Path
) -> None:
    targets = {"opening": date(2027, 4, 1)}

    traject_id = asyncio.run(start_traject("De Wilg", START, str(definition_file), {}, targets, by="lead"))
    assert cycle(town, traject_id).occurrences[key("plan")].state is State.READY
    assert subjects(mail_server, "ggd") == ["Begonnen: De Wilg"]
    assert "Plan maken" in subjects(mail_server, "lead")[0]

    # the sweep runs the automated step: the document exists and the step has begun
    asyncio.run(reconcile(reason="test"))
    begun = cycle(town, traject_id).occurrences[key("plan")]
    assert begun.state is State.IN_PROGRESS
    assert begun.evidence == ("de-wilg/doorloop-1/startnota.md", "de-wilg/doorloop-1/startnota.html")
    assert "# Startnota: De Wilg" in (town.documents / begun.evidence[0]).read_text(encoding="utf-8")

    apply_event(town.context, traject_id, StepFinished(key=key("plan"), by="lead"), town.clock())
    asyncio.run(deliver(reason="test"))
    assert subjects(mail_server, "ggd")[-1] == "U kunt beginnen: Advies geven - De Wilg"
    assert "Plekken regelen" in subjects(mail_server, "school")[-1]

    # nobody does anything: nearly due, late, and then the accountable hears it
    for days in range(1, 15):
        turn_to(town, START + timedelta(days=days))
        asyncio.run(reconcile(reason="test"))
        asyncio.run(deliver(reason="test"))
    assert "Te laat: Advies geven - De Wilg" in subjects(mail_server, "ggd")
    assert subjects(mail_server, "ggd").count("Te laat: Advies geven - De Wilg") == 1
    assert "Vraagt uw aandacht: Advies geven - De Wilg" in subjects(mail_server, "lead")

    # the gate is held, then passed
    for step in ("advies", "plekken"):
        apply_event(town.context, traject_id, StepFinished(key=key(step), by="lead"), town.clock())
    hold = GateDecided(
        key=key("besluit"), outcome="hold", decided_by="college", reason="eerst overleg", held_until=date(2027, 2, 1)
    )
    apply_event(town.context, traject_id, hold, town.clock())
    assert cycle(town, traject_id).occurrences[key("open")].state is State.NOT_YET
    turn_to(town, date(2027, 2, 1))
    apply_event(
        town.context, traject_id, GateDecided(key=key("besluit"), outcome="go", decided_by="college"), town.clock()
    )
    apply_event(town.context, traject_id, StepFinished(key=key("open")), town.clock())
    assert cycle(town, traject_id).occurrences[key("overleg", "1")].state is State.READY

    # an improvement cycle: asked twice, opened once; what runs on is not copied
    numbers = [
        asyncio.run(
            rerun_cycle("de-wilg", "improvement", date(2027, 2, 1), 1, "same-key", {}, {"opening": date(2027, 9, 1)})
        )
        for _ in range(2)
    ]
    assert numbers == [2, 2]
    assert not [each for each in cycle(town, traject_id, 2).occurrences if each.step == "overleg"]

    every = [mail.letter for mail in mail_server.messages]
    assert all(len(mail.recipients) == 1 for mail in mail_server.messages)
    assert len({message["X-Regie-Id"] for message in every}) == len(every)
    assert asyncio.run(deliver(reason="again"))["sent"] == 0


@pytest.mark.usefixtures("prefect_api")
def test_runs_have_names_tags_and_artifacts_that_can_be_found(town: Setting, definition_file: Path) -> None:
    traject_id = asyncio.run(
        start_traject("Het Hof", START, str(definition_file), {}, {"opening": date(2027, 4, 1)}, slug="het-hof")
    )
    asyncio.run(reconcile(reason="names"))
    asyncio.run(digest(reason="names"))

    async def look() -> tuple[set[str], dict[str, set[str]], set[str]]:
        async with get_client() as client:
            runs = await client.read_flow_runs(limit=200)
            artifacts = await client.read_artifacts(limit=200)
        names = {run.name for run in runs}
        tags = {run.name: set(run.tags) for run in runs}
        return names, tags, {artifact.key for artifact in artifacts if artifact.key}

    names, tags, keys = asyncio.run(look())
    assert {"start Het Hof", "reconcile: names", "digest: names", "het-hof/plan/plan"} <= names
    assert tags["start Het Hof"] == tags["het-hof/plan/plan"] == {"traject:het-hof"}
    assert {f"traject-{traject_id}-fasen", f"traject-{traject_id}-voortgang"} <= keys


@pytest.mark.usefixtures("prefect_api")
def test_a_second_sweep_at_the_same_moment_changes_nothing(town: Setting, definition_file: Path) -> None:
    asyncio.run(start_traject("Dubbel", START, str(definition_file), {}, {"opening": date(2027, 4, 1)}))
    turn_to(town, START + timedelta(days=8))

    async def both() -> list[dict[str, int]]:
        return list(await asyncio.gather(reconcile(reason="one"), reconcile(reason="two")))

    results = asyncio.run(both())
    again = asyncio.run(reconcile(reason="three"))

    assert sum(result["notices"] for result in results) > 0
    assert again["notices"] == 0


@pytest.mark.usefixtures("prefect_api")
def test_automation_that_fails_delays_nobody_and_is_tried_at_the_next_sweep(
    town: Setting, definition_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_subject: object) -> tuple[Document, ...]:
        raise RuntimeError("the printer is on fire")

    traject_id = asyncio.run(
        start_traject("Printer", START, str(definition_file), {}, {"opening": date(2027, 4, 1)}, slug="printer")
    )
    with monkeypatch.context() as broken:
        broken.setattr("flows.automations.AUTOMATIONS", {"startnota-skelet": fail})
        first = asyncio.run(reconcile(reason="broken"))
    before = cycle(town, traject_id).occurrences[key("plan")].state

    second = asyncio.run(reconcile(reason="mended"))

    assert (first["failed_runs"], before) == (1, State.READY)
    assert (second["failed_runs"], cycle(town, traject_id).occurrences[key("plan")].state) == (0, State.IN_PROGRESS)
