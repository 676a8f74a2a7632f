"""Anything people, clocks, channels and crashes can do, in any order, on real databases: the promises hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.digest import make_morning_digests
from regie.actions.reconcile import reconcile, reconcile_chunk
from regie.actions.start_cycle import NextCycle, start_cycle
from regie.actions.start_traject import NewTraject, start_traject
from regie.clock import local_date
from regie.core.events import (
    AnchorMoved,
    DateProposed,
    Event,
    GateDecided,
    HandedToColleague,
    ProposalAnswered,
    QuestionAnswered,
    QuestionAsked,
    StepDeclined,
    StepFinished,
    StepReopened,
    StepTakenUpAgain,
    StepWaived,
)
from regie.core.ids import AnchorId, OccurrenceKey, PersonId, RoleId, StepId
from regie.definitions import load_sources
from regie.errors import Refused
from regie.failpoints import FailpointReached, set_failpoints
from regie.notify.sender import Delivery, DeliveryOutcome, OutgoingMessage
from regie.store.definitions import save_definition
from regie.store.history import verify
from regie.store.outbox import release_held, retry
from regie.store.people import bind_role, save_person, unbind_role
from regie.store.session import read_scope, write_scope
from regie.store.tables import metadata
from tests.reliability.conftest import START, moment
from tests.reliability.model import NEEDS, RESPONSIBLE, STAGES, Letter, Model, Work, working_days
from tests.support.databases import KINDS, Databases, engine_on

KEY = b"sealed with thirty-two characters"
BRAKE_AT = 25
SHARDS, DEEDS = 4, 50
LIVES = {"sqlite": 200, "postgresql": 20}
NIGHTLY = 100
EVERYTHING = {
    name: f"SELECT * FROM {name} ORDER BY {', '.join(column.name for column in metadata.tables[name].primary_key)}"
    for name in sorted(metadata.tables)
}
SOURCES = {
    "workflow.yaml": """
regie: 1
id: machine
title: Machine
calendar: weekdays
roles:
  maker: {title: Maker}
  baas: {title: Baas}
  ander: {title: Ander}
  lezer: {title: Lezer, hears: daily}
  lead: {title: Leider}
anchors:
  opening: {title: Opening, target: required, set_by: e}
cycle_kinds:
  verbeteren: {title: Verbeteren}
notices: {lead: lead, remind: 5wd}
steps:
  a:
    title: A
    takes: 3wd
    responsible: maker
    accountable: baas
    informed: [lezer, ander]
    due: 5wd after start
    rerun: {verbeteren: keep}
  b: {title: B, takes: 5wd, responsible: ander, accountable: baas, needs: a, due: 20wd after start}
  c: {title: C, takes: 2wd, responsible: baas, informed: lezer, needs: b, due: 3wd before opening, gate: {decided_by: lead}}
  d: {title: D, takes: 2wd, responsible: ander, due: 10wd before opening, rerun: {verbeteren: drop}}
  e: {title: E, takes: 1d, responsible: maker, needs: [c, d], due: on opening}
  f: {title: F, takes: 1wd, responsible: lezer, repeats: {every: 2w, from: start, until: opening}}
"""
}
DEFINITION = load_sources(SOURCES)
NEWER_SOURCES = {"workflow.yaml": SOURCES["workflow.yaml"].replace("title: Machine", "title: Machine 2")}
VERSIONS = ((SOURCES, DEFINITION), (NEWER_SOURCES, load_sources(NEWER_SOURCES)))
LOADED_AGAIN = tuple(load_sources(sources) for sources, _ in VERSIONS)
PEOPLE = {role: (f"{role}-1", f"{role}-2") for role in ("maker", "baas", "ander", "lezer", "lead")}
OUTCOMES = {
    "accepted": Delivery(DeliveryOutcome.ACCEPTED, "250"),
    "refused": Delivery(DeliveryOutcome.REFUSED, "451"),
    "refused-for-good": Delivery(DeliveryOutcome.REFUSED, "550", permanent=True),
    "uncertain": Delivery(DeliveryOutcome.UNCERTAIN, "no answer"),
}
steps = st.sampled_from(sorted(NEEDS))
outcomes = st.lists(st.sampled_from(sorted(OUTCOMES)), max_size=6)
afterwards = st.sampled_from(["accepted", "accepted", "refused", "uncertain"])


class Channel:
    """Answers as the script says, and after that always the same; remembers who was handed what."""

    def __init__(self, script: list[str], afterwards: str = "accepted") -> None:
        self._script = iter(script)
        self._afterwards = afterwards
        self.calls: list[tuple[str, str]] = []

    def send(self, message: OutgoingMessage) -> Delivery:
        outcome = next(self._script, self._afterwards)
        self.calls.append((message.message_id, outcome))
        return OUTCOMES[outcome]


class Machine(RuleBasedStateMachine):
    """One town in one database; ``databases`` and ``kind`` are set by the test."""

    databases: Databases
    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.engine.dispose()
        self.databases.renew(self.engine.url.render_as_string(hide_password=False))
        self._ids, self._owners = count(1), count(1)
        self.model = Model()
        self.now = self.seen_until = moment(START)
        self._restart()

    def teardown(self) -> None:
        try:
            self.run_until_quiet()
        finally:
            self.eyes.close()

    def _restart(self) -> None:
        """Forget everything but the database. The engine stays: it knows no rows, and has learned its SQL."""
        if hasattr(self, "eyes"):
            self.eyes.close()
        self.engine.dispose()
        self.eyes = self.engine.execution_options(regie_reading=True).connect()
        self.context = Context.on(self.engine, KEY, ids=lambda: f"id-{next(self._ids):06}", brake_at=BRAKE_AT)

    @property
    def today(self) -> date:
        return local_date(self.now)

    @property
    def clock_is_right(self) -> bool:
        """Not behind what the town has seen."""
        return self.now >= self.seen_until

    # --- what people do -----------------------------------------------------------------------------

    @initialize()
    def people_move_in(self) -> None:
        with write_scope(self.engine) as session:
            for role, names in PEOPLE.items():
                for name in names:
                    save_person(session, name=name, email=f"{name}@partner.example")
                bind_role(session, RoleId(role), self._person(names[0]))

    def _person(self, name: str) -> PersonId:
        number = [each for names in PEOPLE.values() for each in names].index(name) + 1
        return PersonId(f"p{number}")

    @precondition(lambda self: len(self.model.works) < 3)
    @rule(weeks=st.integers(3, 12))
    def start(self, weeks: int) -> None:
        opening = working_days(self.today + timedelta(weeks=weeks), 1)
        new = NewTraject(f"Locatie {len(self.model.works)}", self.today, targets={"opening": opening}, by="p9")
        traject_id, _ = start_traject(self.context, SOURCES, DEFINITION, new, self.now)
        self.model.works[traject_id, 1] = Work(self.today, opening, follows=DEFINITION.content_hash)
        self.model.definitions.add(DEFINITION.content_hash)
        self._saw()

    @precondition(lambda self: 0 < len(self.model.works) < 5)
    @rule(number=st.integers(0, 2), weeks=st.integers(3, 12), version=st.integers(0, 1))
    def rerun_asked_twice(self, number: int, weeks: int, version: int) -> None:
        trajects = self.model.trajects()
        traject_id = trajects[number % len(trajects)]
        last = self.model.last_cycle(traject_id)
        opening = working_days(self.today + timedelta(weeks=weeks), 1)
        new = NextCycle("verbeteren", self.today, f"press-{next(self._ids)}", targets={"opening": opening}, by="p9")
        sources, definition = VERSIONS[version]
        before = self._all("occurrence")

        opened, first = start_cycle(self.context, traject_id, new, self.now, definition=definition, sources=sources)

        after = self.everything()
        assert (opened, first.repeated) == (last + 1, False)
        assert [
            row for row in self._all("occurrence") if (row["traject_id"], row["cycle"]) != (traject_id, opened)
        ] == before
        work = self.model.works[traject_id, last]
        self.model.works[traject_id, opened] = work.rerun(self.today, opening, definition.content_hash)
        self.model.definitions.add(definition.content_hash)
        self._saw()
        again = start_cycle(self.context, traject_id, new, self.now, definition=definition, sources=sources)
        assert (again[0], again[1].repeated) == (opened, True)
        self._must_be(self.everything(), after)

    @rule(version=st.integers(0, 1))
    def import_twice(self, version: int) -> None:
        sources, definition = VERSIONS[version]
        before = self.everything()
        with write_scope(self.engine) as session:
            save_definition(session, sources, definition, self.now)
        after = self.everything()
        if definition.content_hash in self.model.definitions:
            assert after == before
        self.model.definitions.add(definition.content_hash)
        with write_scope(self.engine) as session:
            save_definition(session, sources, LOADED_AGAIN[version], self.now + timedelta(days=1))
        assert self.everything() == after

    def _saw(self) -> None:
        self.seen_until = max(self.seen_until, self.now)

    def _pick(self, number: int) -> tuple[int, int, Work]:
        places = sorted(self.model.works)
        traject_id, cycle = places[number % len(places)]
        return traject_id, cycle, self.model.works[traject_id, cycle]

    def _happens(self, traject_id: int, event: Event, *, allowed: bool, request_id: str = "") -> bool:
        """Let something happen; when the model says that it may not, nothing may change."""
        before = None if allowed else self.everything()
        try:
            apply_event(self.context, traject_id, event, self.now, request_id=request_id)
        except Refused:
            assert not allowed or not self.clock_is_right, f"refused: {event}"
            assert before is None or self.everything() == before, f"refused, yet something changed: {event}"
            return False
        assert allowed, f"should have been refused: {event}"
        self._saw()
        return True

    @precondition(lambda self: self.model.works)
    @rule(number=st.integers(0, 2), step=steps)
    def finish(self, number: int, step: str) -> None:
        traject_id, cycle, work = self._pick(number)
        key = OccurrenceKey(StepId(step))
        event: Event = StepFinished(key=key, cycle=cycle, by="p9")
        if step == "c":
            event = GateDecided(key=key, cycle=cycle, by="p9", outcome="go", decided_by="college")
        allowed = work.is_ready(step)
        before = None if allowed else self.everything()
        if self._happens(traject_id, event, allowed=allowed):
            work.done[step] = self.today
            work.said[step].is_over()
            if step == "e":
                work.opening = self.today
        elif before is not None:
            assert self.everything() == before

    @precondition(lambda self: self.model.works)
    @rule(number=st.integers(0, 2), step=steps)
    def finish_by_a_double_press(self, number: int, step: str) -> None:
        traject_id, cycle, work = self._pick(number)
        if step in ("c", "e") or not work.is_ready(step):
            return
        event = StepFinished(key=OccurrenceKey(StepId(step)), cycle=cycle, by="p9")
        request_id = f"press-{next(self._ids)}"
        if self._happens(traject_id, event, allowed=True, request_id=request_id):
            work.done[step] = self.today
            work.said[step].is_over()
            before = self.everything()
            assert apply_event(self.context, traject_id, event, self.now, request_id=request_id).repeated
            assert self.everything() == before

    @precondition(lambda self: self.model.works)
    @rule(number=st.integers(0, 2), step=st.sampled_from(["a", "b", "d"]))
    def reopen(self, number: int, step: str) -> None:
        traject_id, cycle, work = self._pick(number)
        event = StepReopened(key=OccurrenceKey(StepId(step)), cycle=cycle, by="p9", reason="toch niet", also=())
        if self._happens(traject_id, event, allowed=step in work.done):
            del work.done[step]

    @precondition(lambda self: self.model.works)
    @rule(number=st.integers(0, 2), step=st.sampled_from(["a", "b", "d"]))
    def waive(self, number: int, step: str) -> None:
        traject_id, cycle, work = self._pick(number)
        event = StepWaived(key=OccurrenceKey(StepId(step)), cycle=cycle, by="p9", reason="niet nodig", approved_by="p9")
        if self._happens(traject_id, event, allowed=work.is_open(step)):
            work.waived.add(step)
            work.said[step].is_over()

    @precondition(lambda self: self.model.works)
    @rule(number=st.integers(0, 2), step=st.sampled_from(["a", "b", "d"]))
    def take_up_again(self, number: int, step: str) -> None:
        traject_id, cycle, work = self._pick(number)
        event = StepTakenUpAgain(key=OccurrenceKey(StepId(step)), cycle=cycle, by="p9", reason="toch wel")
        if self._happens(traject_id, event, allowed=step in work.waived):
            work.waived.discard(step)

    @precondition(lambda self: self.model.works)
    @rule(
        number=st.integers(0, 2),
        step=steps,
        deed=st.sampled_from(["propose", "decline", "ask"]),
        days=st.integers(-1, 30),
    )
    def partner_says(self, number: int, step: str, deed: str, days: int) -> None:
        traject_id, cycle, work = self._pick(number)
        said, on = work.said[step], self.today + timedelta(days=days)
        about = {"key": OccurrenceKey(StepId(step)), "cycle": cycle, "by": self._person(PEOPLE[RESPONSIBLE[step]][0])}
        may = {"propose": days >= 0, "decline": not said.declined, "ask": True}
        events: dict[str, Event] = {
            "propose": DateProposed(on=on, reason="lukt niet eerder", **about),
            "decline": StepDeclined(reason="niet van ons", **about),
            "ask": QuestionAsked(text="welke kaart?", **about),
        }
        if self._happens(traject_id, events[deed], allowed=work.is_open(step) and may[deed]):
            said.declined = {"propose": False, "decline": True, "ask": said.declined}[deed]
            said.proposed = on if deed == "propose" else said.proposed
            said.asked = said.asked or deed == "ask"

    @precondition(lambda self: self.model.works)
    @rule(number=st.integers(0, 2), step=steps, deed=st.sampled_from(["agree", "disagree", "answer"]))
    def lead_answers(self, number: int, step: str, deed: str) -> None:
        traject_id, cycle, work = self._pick(number)
        said = work.said[step]
        about = {"key": OccurrenceKey(StepId(step)), "cycle": cycle, "by": "p9"}
        may = {
            "agree": said.proposed is not None and said.proposed >= self.today,
            "disagree": said.proposed is not None,
            "answer": said.asked or said.declined,
        }
        events: dict[str, Event] = {
            "agree": ProposalAnswered(accepted=True, **about),
            "disagree": ProposalAnswered(accepted=False, reason="te laat", **about),
            "answer": QuestionAnswered(text="de tweede", **about),
        }
        if self._happens(traject_id, events[deed], allowed=work.is_open(step) and may[deed]):
            if deed == "answer":
                said.asked = said.declined = False
            else:
                said.proposed = None

    @precondition(lambda self: self.model.works)
    @rule(number=st.integers(0, 2), step=steps, to=st.sampled_from([None, "maker-1", "ander-2", "lezer-1"]))
    def hand_over_step(self, number: int, step: str, to: str | None) -> None:
        traject_id, cycle, work = self._pick(number)
        said, person = work.said[step], self._person(to) if to else None
        event = HandedToColleague(key=OccurrenceKey(StepId(step)), cycle=cycle, by="p9", to=person)
        if self._happens(traject_id, event, allowed=work.is_open(step) and said.handed_to != person):
            said.handed_to, said.declined = person, False

    @precondition(lambda self: self.model.works)
    @rule(number=st.integers(0, 2), days=st.integers(1, 40))
    def move_opening(self, number: int, days: int) -> None:
        traject_id, cycle, work = self._pick(number)
        target = working_days(self.today, days)
        event = AnchorMoved(anchor=AnchorId("opening"), cycle=cycle, target=target, by="p9", reason="uitgesteld")
        if self._happens(traject_id, event, allowed="e" not in work.done and target != work.opening):
            work.opening = target

    @rule(role=st.sampled_from(sorted(PEOPLE)))
    def add_or_remove_recipient(self, role: str) -> None:
        name = PEOPLE[role][1]
        with write_scope(self.engine) as session:
            if not unbind_role(session, RoleId(role), self._person(name)):
                bind_role(session, RoleId(role), self._person(name))

    @rule()
    def administrator_releases(self) -> None:
        with write_scope(self.engine) as session:
            release_held(session, self.now, by="p9")
        for letter in self.model.letters.values():
            if letter.status == "held":
                letter.status = "pending"

    @rule()
    def administrator_retries(self) -> None:
        for message_id, status, not_before in self._rows("SELECT id, status, not_before_at FROM message ORDER BY id"):
            if status in ("failed", "uncertain") and not_before is None:
                with write_scope(self.engine) as session:
                    retry(session, str(message_id), "p9")
                self.model.letters[str(message_id)].consent()

    # --- what clocks do -----------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 3, 24, 24, 72, 24 * 9, 24 * 20]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(hours=st.sampled_from([2, 30]))
    def clock_jumps_back(self, hours: int) -> None:
        self.now -= timedelta(hours=hours)

    @rule()
    def clock_is_put_right(self) -> None:
        self.now = max(self.now, self.seen_until)

    @rule()
    def sweep(self) -> None:
        known = self._all("notice")
        late = self.model.sweep_is_late(self.now)

        reconcile(self.context, self.now)

        self.model.swept(self.now)
        told = self._all("notice")
        after = self.everything()
        reconcile(self.context, self.now)
        self._must_be(self.everything(), after)
        # a look that nobody asked for may bring planned dates up to the day, on a Saturday, and no more
        reconcile_chunk(self.context, self.model.trajects(), self.now)
        forced = self.everything()
        for table in ("notice", "message", "history"):
            self._must_be({table: forced[table]}, {table: after[table]})
        reconcile_chunk(self.context, self.model.trajects(), self.now)
        self._must_be(self.everything(), forced)
        if self.clock_is_right:
            self._saw()
            self._check_sweep(known, told, late)

    def _must_be(self, found: dict[str, list[tuple]], expected: dict[str, list[tuple]]) -> None:
        news = {name: [row for row in rows if row not in expected[name]] for name, rows in found.items()}
        assert found == expected, f"a second sweep wrote {news}"

    @rule(days=st.integers(15, 40))
    def nobody_sweeps_for_long(self, days: int) -> None:
        self.sweep()
        self.now += timedelta(days=days)
        self.sweep()

    @precondition(lambda self: self.model.works)
    @rule(hours=st.sampled_from([2, 30]))
    def sweep_with_a_clock_that_is_behind(self, hours: int) -> None:
        looked_at = {row["id"]: row["checked_at"] for row in self._all("traject")}
        behind = [number for number, at in looked_at.items() if at > self.now - timedelta(hours=hours)]
        before = self.everything()

        swept = reconcile_chunk(self.context, behind, self.now - timedelta(hours=hours))

        assert swept.clock_went_back == len(behind)
        assert self.everything() == before

    def _check_sweep(self, before: list[dict], after: list[dict], late: bool) -> None:
        known = {(row["id"], row["state"]) for row in before}
        for row in after:
            work = self.model.works[row["traject_id"], row["cycle"]]
            if (row["id"], row["state"]) in known or row["kind"] not in STAGES or row["step"] not in NEEDS:
                continue
            mine = (row["traject_id"], row["cycle"], row["step"])
            asked_on = {
                local_date(old["created_at"])
                for old in before
                if (old["traject_id"], old["cycle"], old["step"]) == mine
                and (old["kind"], old["state"] == "withdrawn") == ("ready", False)
            }
            assert work.may_be_told_in_a_sweep(row["step"], row["kind"], asked_on, self.today), row
            assert not late or row["state"] == "held", f"a late sweep did not hold {row}"
        for place, work in self.model.works.items():
            for step in NEEDS:
                told = {
                    (row["kind"], row["due_on"], local_date(row["created_at"]))
                    for row in after
                    if ((row["traject_id"], row["cycle"]), row["step"]) == (place, step) and row["state"] != "withdrawn"
                }
                if work.is_ready(step):
                    assert work.says_enough(step, told, self.today), (place, step, told, self.today)

    @rule()
    def digests(self) -> None:
        make_morning_digests(self.context, self.now, DEFINITION.calendar)
        before = self.everything()
        make_morning_digests(self.context, self.now, DEFINITION.calendar)
        assert self.everything() == before

    # --- what channels and crashes do ---------------------------------------------------------------

    @rule(script=outcomes, then=afterwards)
    def hand_over(self, script: list[str], then: str) -> None:
        channel = Channel(script, then)
        self._deliver(channel)
        self._note(channel.calls)

    def _deliver(self, channel: Channel) -> None:
        owner = f"owner-{next(self._owners)}"
        deliver(self.context, channel, lambda: self.now, owner, Postage())

    def _note(self, calls: list[tuple[str, str]]) -> None:
        for message_id, outcome in calls:
            self.model.letters[message_id].hand_over(outcome)
        self._check_truth({message_id for message_id, _ in calls})

    def _check_truth(self, handed_over: set[str]) -> None:
        """Of what was handed over just now, nothing that still counts as told is untrue."""
        rows = self._rows("SELECT message_id, traject_id, cycle, step, kind FROM notice WHERE state = 'queued'")
        for message_id, traject_id, cycle, step, kind in rows:
            if message_id not in handed_over or step not in NEEDS:
                continue
            work = self.model.works[traject_id, cycle]
            if kind in STAGES:
                assert work.is_open(step), (message_id, step, kind)
            if kind == "done":
                assert step in work.done, (message_id, step)
            said = work.said[step]
            waits = {"date-proposed": said.proposed, "declined": said.declined, "question-asked": said.asked}
            assert waits.get(kind, True), (message_id, step, kind)

    @rule()
    def channel_never_answers(self) -> None:
        for _ in range(3):
            self.hand_over([], "uncertain")
            self.every_message_stands_where_it_may()
            self.now += timedelta(hours=1)

    @rule(script=outcomes, then=afterwards, where=st.sampled_from(["after_mark_sending", "after_send", "after_mark"]))
    def hand_over_and_crash(self, script: list[str], then: str, where: str) -> None:
        channel = Channel(script, then)
        with self._crash_at(f"deliver.{where}") as crashed:
            self._deliver(channel)
        calls = channel.calls
        if crashed and where == "after_send":
            calls = [*calls[:-1], (calls[-1][0], "lost")]
        self._note(calls)

    @precondition(lambda self: self.model.works)
    @rule(number=st.integers(0, 2), step=st.sampled_from(["a", "b", "d"]))
    def crash_before_the_commit(self, number: int, step: str) -> None:
        traject_id, cycle, work = self._pick(number)
        before = self.everything()
        if not (work.is_ready(step) and self.clock_is_right):
            return
        with self._crash_at("sweep.before_commit") as crashed:
            apply_event(
                self.context, traject_id, StepFinished(key=OccurrenceKey(StepId(step)), cycle=cycle, by="p9"), self.now
            )
        assert crashed
        assert self.everything() == before

    @contextmanager
    def _crash_at(self, name: str) -> Iterator[list[str]]:
        crashed: list[str] = []
        set_failpoints({name: "raise"})
        try:
            yield crashed
        except FailpointReached as reached:
            crashed.append(str(reached))
        finally:
            set_failpoints({})
        self._restart()

    # --- what must always hold ----------------------------------------------------------------------

    @invariant()
    def every_message_stands_where_it_may(self) -> None:
        rows = self._rows("SELECT id, status, detail, not_before_at FROM message")
        assert {str(row[0]) for row in rows} >= self.model.letters.keys(), "a message vanished"
        for message_id, status, detail, not_before in rows:
            letter = self.model.letters.setdefault(message_id, Letter(status, was_held=status == "held"))
            letter.becomes(status)
            waits_for_nobody = status == "uncertain" and letter.in_doubt < 2
            if status in ("held", "expired", "withdrawn", "failed", "uncertain"):
                assert detail, f"{message_id} is {status} without a reason"
            if status == "pending" or waits_for_nobody:
                assert not_before is not None, f"{message_id} is {status} and would never leave"
        self._brake_holds_a_flood()

    @invariant()
    def every_notice_is_there_once_and_stays(self) -> None:
        rows = self._rows("SELECT traject_id, cycle, step, key, kind, about, recipient, channel, due_on FROM notice")
        keys = {tuple(row) for row in rows}
        assert len(keys) == len(rows)
        assert keys >= self.model.notice_keys
        self.model.notice_keys = keys

    @invariant()
    def record_is_whole_and_only_grows(self) -> None:
        with read_scope(self.engine) as session:
            assert verify(session, KEY) == ()
        rows = {(row[0], row[1]): row[2] for row in self._rows("SELECT traject_id, seq, mac FROM history")}
        assert self.model.history.items() <= rows.items()
        self.model.history = rows

    @invariant()
    def steps_stand_where_facts_put_them(self) -> None:
        for work in self.model.works.values():
            work.note_rounds(self.today)
        if not self.clock_is_right:
            return
        for row in self._all("occurrence"):
            place, step = (row["traject_id"], row["cycle"]), row["step"]
            if step not in NEEDS:
                continue
            work = self.model.works[place]
            assert row["state"] == work.state(step), (place, step, row["state"])
            said = work.said[step]
            assert (row["proposed_on"], row["declined"], bool(row["askers"]), row["assigned_to"]) == (
                said.proposed, said.declined, said.asked, said.handed_to,
            ), (place, step)  # fmt: skip
            if work.is_open(step):
                assert row["due_on"] == work.due(step), (place, step, row["due_on"])

    @invariant()
    def every_cycle_follows_the_version_it_started_with(self) -> None:
        rows = self._rows("SELECT traject_id, number, definition_hash FROM cycle")
        expected = {(*place, work.follows) for place, work in self.model.works.items()}
        assert len(rows) == len(expected)
        assert set(rows) == expected
        assert {row[0] for row in self._rows("SELECT content_hash FROM definition")} == self.model.definitions

    def _brake_holds_a_flood(self) -> None:
        rows = self._all("message")
        free = [
            row["created_at"] for row in rows if not self.model.letters[row["id"]].was_held and not row["digest_on"]
        ]
        for last in set(free):
            within = [each for each in free if last - timedelta(hours=24) < each <= last]
            assert len(within) <= BRAKE_AT, last

    def run_until_quiet(self) -> None:
        """In the end nothing is on its way for ever."""
        self.every_message_stands_where_it_may()
        self.now = max(self.now, self.seen_until)
        for _ in range(12):
            self.now += timedelta(hours=13)
            channel = Channel([])
            self._deliver(channel)
            self._note(channel.calls)
        self.every_message_stands_where_it_may()
        waiting = self._rows("SELECT id, status, not_before_at FROM message WHERE status IN ('pending', 'sending')")
        assert not waiting

    # --- looking ------------------------------------------------------------------------------------

    def _rows(self, query: str) -> list[tuple]:
        return self._look({"": query})[""]

    def _look(self, queries: dict[str, str]) -> dict[str, list[tuple]]:
        """Ask the driver itself: what it gives is compared, seldom read."""
        with self.eyes.begin(), closing(self.eyes.connection.cursor()) as cursor:
            found = {}
            for name, query in queries.items():
                cursor.execute(query)
                found[name] = cursor.fetchall()
            return found

    def _all(self, table: str) -> list[dict]:
        found = metadata.tables[table]
        with self.eyes.begin():
            rows = self.eyes.execute(found.select().order_by(*found.primary_key.columns))
            return [dict(row._mapping) for row in rows]

    def everything(self) -> dict[str, list[tuple]]:
        return self._look(EVERYTHING)


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("kind", KINDS)
def test_promises_hold_whatever_happens_in_whatever_order(kind: str, shard: int, databases: Databases) -> None:
    """Each shard is a run of its own; hypothesis gives them different lives, and prints how to repeat one."""
    url = databases.new(kind)
    lives = LIVES[kind] * (NIGHTLY if settings.default.max_examples > 100 else 1)

    with engine_on(url) as engine:
        machine = type(f"Machine{shard}", (Machine,), {"databases": databases, "engine": engine})
        run_state_machine_as_test(
            machine, settings=settings(max_examples=lives // SHARDS, stateful_step_count=DEEDS, deadline=None)
        )
    databases.drop(url)
