"""A state machine lives with a real database next to a plain model: what should be so, is so, after every step."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import timedelta
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text

from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.clock import VirtualClock
from regie.core.events import StepFinished, StepReopened, StepStarted, StepTakenUpAgain, StepWaived, Tick
from regie.core.ids import OccurrenceKey, StepId
from regie.errors import Refused
from regie.notify.sender import Delivery, DeliveryOutcome, OutgoingMessage
from regie.store.history import verify
from regie.store.session import create_engine_for, read_scope, upgrade
from tests.reliability.conftest import START, Town, moment, settle_in
from tests.reliability.model import ORDER, Model

STEPS = st.sampled_from(ORDER)


class ScriptedSender:
    """A channel that answers as the story says, and remembers what it was handed."""

    def __init__(self) -> None:
        self.next = DeliveryOutcome.ACCEPTED
        self.handed: Counter[str] = Counter()

    def send(self, message: OutgoingMessage) -> Delivery:
        self.handed[message.message_id] += 1
        return Delivery(self.next, "scripted")


class Life(RuleBasedStateMachine):
    """People finish, waive and reopen; time goes on and back; sweeps, post and crashes happen."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="regie-life-")
        self.url = f"sqlite:///{Path(self.folder.name) / 'life.db'}"
        engine = create_engine_for(self.url)
        upgrade(engine)
        self.town: Town = settle_in(engine)
        self.traject_id = self.town.starts()
        self.model = Model(START)
        self.sender = ScriptedSender()
        self.requests = count(1)
        self.uncertain: set[str] = set()

    def happen(self, event: object, *, refused: bool) -> None:
        before = self.town.everything()
        try:
            self.town.happens(self.traject_id, event, self.model.today, request_id=f"r{next(self.requests)}")  # type: ignore[arg-type]
        except Refused:
            assert refused, event
            assert self.town.everything() == before
            return
        assert not refused, event

    @rule(step=STEPS)
    def finish(self, step: str) -> None:
        allowed = self.model.may_finish(step)
        self.happen(StepFinished(key=OccurrenceKey(StepId(step))), refused=not allowed)
        if allowed:
            self.model.finish(step)

    @rule(step=STEPS)
    def start(self, step: str) -> None:
        allowed = self.model.state(step) == "ready"
        self.happen(StepStarted(key=OccurrenceKey(StepId(step))), refused=not allowed)
        if allowed:
            self.model.busy.add(step)
            self.model.records += 1

    @rule(step=STEPS)
    def waive(self, step: str) -> None:
        allowed = step not in self.model.waived | self.model.done
        self.happen(StepWaived(key=OccurrenceKey(StepId(step)), reason="r", approved_by="x"), refused=not allowed)
        if allowed:
            self.model.waived.add(step)
            self.model.records += 1

    @rule(step=STEPS)
    def take_up_again(self, step: str) -> None:
        allowed = step in self.model.waived
        self.happen(StepTakenUpAgain(key=OccurrenceKey(StepId(step))), refused=not allowed)
        if allowed:
            self.model.waived.discard(step)
            self.model.records += 1

    @rule(step=STEPS, says_which=st.booleans())
    def reopen(self, step: str, says_which: bool) -> None:
        allowed = step in self.model.done and step not in self.model.waived
        allowed = allowed and (says_which or not self.model.dependents(step))
        also = () if says_which else None
        self.happen(StepReopened(key=OccurrenceKey(StepId(step)), reason="r", also=also), refused=not allowed)
        if allowed:
            self.model.reopen(step)

    @rule(days=st.integers(1, 9))
    def time_goes_by(self, days: int) -> None:
        self.model.pass_days(days)

    @rule()
    def sweep_twice(self) -> None:
        self.town.happens(self.traject_id, Tick(), self.model.today)
        once = self.town.everything()
        applied = self.town.happens(self.traject_id, Tick(), self.model.today)
        assert applied.saved is not None
        assert applied.saved.new_notices == 0
        assert self.town.everything() == once
        self.model.records = self.town.number("history")

    @rule(hours=st.integers(1, 48))
    def clock_goes_back(self, hours: int) -> None:
        self.town.happens(self.traject_id, Tick(), self.model.today)
        self.model.records = self.town.number("history")
        before = self.town.everything()
        from regie.actions.apply_event import apply_event

        earlier = moment(self.model.today) - timedelta(hours=hours)
        changes = apply_event(self.town.context, self.traject_id, Tick(), earlier).changes
        assert changes is not None
        assert changes.clock_went_back
        assert self.town.everything() == before

    @rule(outcome=st.sampled_from(list(DeliveryOutcome)))
    def post_goes_out(self, outcome: DeliveryOutcome) -> None:
        self.sender.next = outcome
        clock = VirtualClock(moment(self.model.today, 12))
        deliver(self.town.context, self.sender, clock, "life", Postage())

    @precondition(lambda self: hasattr(self, "town"))
    @rule()
    def crash(self) -> None:
        self.town.engine.dispose()
        engine = create_engine_for(self.url)
        context = Context.on(engine, b"k" * 32, ids=self.town.context.ids, brake_at=1_000_000)
        self.town = Town(engine, context)

    @invariant()
    def states_are_those_of_the_model(self) -> None:
        if hasattr(self, "town"):
            found = {row[2]: row[4] for row in self.town.everything()["occurrence"]}
            assert found == {step: self.model.state(step) for step in ORDER}

    @invariant()
    def each_notice_exists_once(self) -> None:
        if hasattr(self, "town"):
            notices = self.town.everything()["notice"]
            assert len(notices) == len(set(notices))

    @invariant()
    def the_record_is_whole_and_grew_once_per_act(self) -> None:
        if hasattr(self, "town"):
            with read_scope(self.town.engine) as session:
                assert verify(session, b"k" * 32) == ()
            assert self.town.number("history") == self.model.records

    @invariant()
    def nothing_sent_is_sent_again_and_nothing_uncertain_a_third_time(self) -> None:
        if hasattr(self, "town"):
            with self.town.engine.connect() as connection:
                rows = connection.execute(text("SELECT id, status, attempt FROM message")).all()
            for message_id, status, attempt in rows:
                assert self.sender.handed[message_id] <= attempt
                assert status != "sending"
            assert sum(self.town.states().values()) == len(rows)

    def teardown(self) -> None:
        if hasattr(self, "town"):
            self.town.engine.dispose()
            self.folder.cleanup()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
