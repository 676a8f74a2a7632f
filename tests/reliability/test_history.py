"""What four processes were told about the same steps at the same time is what the record says happened.

Each process writes down when it asked, when it was answered, and what; one of them is killed half-way. Afterwards
the record is replayed: it must be one line of versions per step that explains every answer.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.core.events import DatePinned, StepEvent, StepFinished, StepReopened
from regie.core.ids import OccurrenceKey, StepId
from regie.errors import RegieError
from regie.store.history import verify
from regie.store.session import read_scope
from tests.reliability.child import open_town
from tests.reliability.conftest import AUDIT_KEY, START, Town, moment
from tests.reliability.processes import start

WORKERS = ("anna", "bram", "chris", "dina")
VICTIM = "dina"
ASKED = 60
"""Operations of each process."""

STEPS = ("a", "b", "c")


# --- what each process does -------------------------------------------------------------------------


def work(url: str, traject_id: int, name: str, folder: Path) -> None:
    """Finish, reopen and pin steps as somebody would who looks first; write down each question and answer."""
    context = open_town(url)
    chance = random.Random(name)
    with (folder / f"{name}.jsonl").open("w", buffering=1) as log:
        for number in range(ASKED):
            request_id = f"{name}-{number}"
            step = chance.choice(STEPS)
            state, version = look_at(context.engine, traject_id, step)
            # now and then somebody has had the page open for long
            seen = version - 1 if chance.random() < 0.1 else version
            event = choose(chance, step, state, seen, request_id)
            asked = {"id": request_id, "step": step, "event": type(event).__name__, "seen": seen}
            log.write(json.dumps({**asked, "called": time.monotonic_ns()}) + "\n")
            log.write(json.dumps({"id": request_id, **ask(context, traject_id, event, request_id)}) + "\n")
            if chance.random() < 0.1:
                again = ask(context, traject_id, event, request_id)
                log.write(json.dumps({"id": request_id, "again": again["answer"]}) + "\n")


def look_at(engine: Engine, traject_id: int, step: str) -> tuple[str, int]:
    with read_scope(engine) as session:
        query = text("SELECT state, version FROM occurrence WHERE traject_id = :id AND step = :step")
        row = session.connection().execute(query, {"id": traject_id, "step": step}).one()
    return row.state, row.version


def choose(chance: random.Random, step: str, state: str, seen: int, why: str) -> StepEvent:
    key = OccurrenceKey(StepId(step))
    if state == "done":
        return StepReopened(key=key, seen_version=seen, reason=why, also=())
    if state == "ready" and chance.random() < 0.7:
        return StepFinished(key=key, seen_version=seen, note=why)
    return DatePinned(key=key, seen_version=seen, finish_on=START, reason=why)


def ask(context: Context, traject_id: int, event: StepEvent, request_id: str) -> dict[str, Any]:
    seq = 0
    try:
        applied = apply_event(context, traject_id, event, moment(START), request_id=request_id)
    except RegieError as error:
        answer = error.code
    else:
        answer = "repeated" if applied.repeated else "saved"
        seq = applied.saved.seq if applied.saved else 0
    return {"answer": answer, "seq": seq, "returned": time.monotonic_ns()}


# --- what they were told ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One question; without an answer when the process died before it came."""

    id: str
    step: str
    event: str
    seen: int
    called: int
    answer: str = ""
    seq: int = 0
    returned: int = 0
    again: str = ""


def read_logs(folder: Path) -> Mapping[str, Asked]:
    found: dict[str, dict[str, Any]] = {}
    for path in folder.glob("*.jsonl"):
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):  # the last line of who was killed may be half a line
                entry = json.loads(line)
                found.setdefault(entry["id"], {}).update(entry)
    return {id_: Asked(**entry) for id_, entry in found.items()}


@dataclass(frozen=True)
class Recorded:
    """One row of the record: whose question it was, about which step, and which other steps came to another state."""

    seq: int
    request_id: str
    event: str
    step: str
    touched: frozenset[str]


def read_record(town: Town, traject_id: int) -> list[Recorded]:
    query = text("SELECT seq, request_id, event, payload FROM history WHERE traject_id = :id ORDER BY seq")
    with town.engine.connect() as connection:
        rows = connection.execute(query, {"id": traject_id}).all()
    record = []
    for row in rows:
        body = json.loads(row.payload)
        step = body["event"].get("key", [""])[0]
        moved = {name for _, name, before, _, _ in body["transitions"] if before is not None}
        record.append(Recorded(row.seq, row.request_id or "", row.event, step, frozenset({*moved, step} - {""})))
    return record


def run_at_once(town: Town, url: str, folder: Path) -> int:
    """Let four processes work on one traject, and kill one half-way; give the traject."""
    traject_id = town.starts()
    town.engine.dispose()
    processes = {name: start(work, url, traject_id, name, folder) for name in WORKERS}
    log = folder / f"{VICTIM}.jsonl"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (log.exists() and log.read_text().count("\n") > ASKED):
        time.sleep(0.005)
    processes[VICTIM].kill()
    for process in processes.values():
        process.join(60)
    codes = {name: process.exitcode for name, process in processes.items()}
    assert codes == {name: -9 if name == VICTIM else 0 for name in WORKERS}
    return traject_id


# --- what must be so --------------------------------------------------------------------------------


@pytest.mark.timeout(60)
def test_given_four_processes_on_the_same_steps_then_the_record_explains_every_answer(
    town: Town, database_url: str, tmp_path: Path
) -> None:
    traject_id = run_at_once(town, database_url, tmp_path)

    asked = read_logs(tmp_path)
    record = read_record(town, traject_id)
    check_answers(asked, record)
    check_versions(asked, record, town, traject_id)
    check_order(asked)
    check_database(town, traject_id)


def check_answers(asked: Mapping[str, Asked], record: list[Recorded]) -> None:
    """No success is missing, nothing refused is there, and of an answer that never came at most one."""
    recorded = [each for each in record if each.request_id]
    by_request = {each.request_id: each for each in recorded}
    assert len(by_request) == len(recorded), "a request was recorded twice"
    assert by_request.keys() <= asked.keys(), "the record holds what nobody asked"
    for each in asked.values():
        found = by_request.get(each.id)
        if each.answer == "saved":
            assert found is not None, f"{each.id} was answered with success, and is not in the record"
            assert (found.seq, found.step, found.event) == (each.seq, each.step, each.event)
        elif each.answer:
            assert each.answer == "occurrence-changed"
            assert found is None, f"{each.id} was refused, and is in the record"
        if each.again and each.answer == "saved":
            assert each.again == "repeated"
    answers = Counter(each.answer for each in asked.values())
    assert answers["saved"] > ASKED
    assert answers["occurrence-changed"] > 0


def check_versions(asked: Mapping[str, Asked], record: list[Recorded], town: Town, traject_id: int) -> None:
    """Replayed in order, each step has one line of versions, and who succeeded had seen the last one."""
    versions = dict.fromkeys(STEPS, 0)
    for row in record:
        question = asked.get(row.request_id)
        if question is not None:
            assert versions[row.step] == question.seen, f"{row.request_id} won with a version that was gone"
        for step in row.touched:
            versions[step] += 1
    assert {step: look_at(town.engine, traject_id, step)[1] for step in STEPS} == versions


def check_order(asked: Mapping[str, Asked]) -> None:
    """What was answered before something else was asked, happened before it."""
    saved = sorted((each for each in asked.values() if each.answer == "saved"), key=lambda each: each.seq)
    latest_call = 0
    for each in saved:
        assert each.returned > latest_call, f"{each.id} was answered before one that came before it was asked"
        latest_call = max(latest_call, each.called)


def check_database(town: Town, traject_id: int) -> None:
    with read_scope(town.engine) as session:
        assert verify(session, AUDIT_KEY) == ()
    with town.engine.connect() as connection:
        seqs = list(connection.scalars(text("SELECT seq FROM history ORDER BY seq")))
        version = connection.scalar(text("SELECT version FROM traject"))
        key = "traject_id, cycle, step, key, kind, about, recipient, channel, due_on"
        twice = connection.execute(text(f"SELECT {key} FROM notice GROUP BY {key} HAVING count(*) > 1")).all()
        astray = (
            "SELECT count(*) FROM message WHERE id NOT IN (SELECT message_id FROM notice WHERE message_id IS NOT NULL)"
        )
        assert connection.scalar(text(astray)) == 0
    assert seqs == list(range(1, version + 1))
    assert twice == []
