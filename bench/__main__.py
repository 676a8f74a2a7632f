"""Measure Regie: ``make bench``, or ``python -m bench plan step start sweep process pages``.

Medians, and ratios against the least SQL that does the same, by hand, in the same run. Figures in seconds depend on
the machine; ratios less so.
"""

from __future__ import annotations

import gc
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.pages import bench_pages
from bench.raw import (
    KNOWN_BEFORE_A_CHANGE,
    KNOWN_BEFORE_A_START,
    do_the_least,
    least_writes,
    open_raw,
    read_rows,
    timed,
)
from bench.towns import NOW, copy_traject, new_traject, open_town, start_one
from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.reconcile import find_chunk, reconcile, reconcile_chunk
from regie.actions.start_traject import start_traject
from regie.core.definition import Case, Definition, Duration, NoticePolicy, Phase, Relation, RelationType, Step
from regie.core.events import StepFinished
from regie.core.ids import OccurrenceKey, PhaseId, StepId
from regie.core.network import build_network
from regie.core.plan import PlanInput, make_plan
from regie.core.span import Span
from regie.core.traject import Occurrence
from regie.definitions.calendars import load_calendar

FIRST = OccurrenceKey(StepId("f0-opdracht-projectorganisatie"))
START = date(2027, 1, 4)


def say(what: str, *figures: str) -> None:
    print(f"{what:58}", *(f"{figure:>16}" for figure in figures), flush=True)


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms"


def made_up(count: int) -> Definition:
    """A network of ``count`` steps with two predecessors each, one in seven finish-to-finish."""
    chance = random.Random(1)
    steps = []
    for number in range(count):
        needs = []
        for other in sorted({chance.randrange(max(0, number - 20), number) for _ in range(2)} if number else ()):
            kind = RelationType.FINISH_TO_FINISH if chance.random() < 0.14 else RelationType.FINISH_TO_START
            needs.append(Relation(StepId(f"s{other}"), kind, Span.parse("2wd") if chance.random() < 0.1 else None))
        length = Duration(Span.parse(f"{chance.randrange(1, 20)}wd"))
        steps.append(
            Step(StepId(f"s{number}"), {"nl": "S"}, PhaseId("p"), None, needs=tuple(needs), takes=(Case(length),))
        )
    policy = NoticePolicy({}, (), (), Span.parse("1wd"))
    by_id, phases = {step.id: step for step in steps}, {PhaseId("p"): Phase(PhaseId("p"), {"nl": "P"})}
    return Definition(
        "made-up", "1", {"nl": "x"}, "x", by_id, phases,
        {}, {}, {}, {}, {}, {}, {}, policy, load_calendar("nl"), load_calendar("nl-wettelijk"),
    )  # fmt: skip


def bench_plan() -> None:
    for count, rounds in ((110, 300), (10_000, 15)):
        definition = made_up(count)
        keys = [OccurrenceKey(step) for step in definition.steps]
        given = PlanInput(
            build_network(definition, {}, keys), START, START, {key: Occurrence(key) for key in keys}, {}, {}
        )
        passes = statistics.median(timed(partial(make_plan, given)) for _ in range(rounds))
        whole = statistics.median(timed(partial(_with_everything, given)) for _ in range(rounds))
        say(f"plan {count:,} steps: both passes", ms(passes), f"n={rounds}")
        say(f"plan {count:,} steps: and every date with its drivers", ms(whole), f"n={rounds}")


def _with_everything(given: PlanInput) -> None:
    plan = make_plan(given)
    for place in range(len(given.network.activities)):
        plan.planned(place)
        plan.start_reasons(place)


def bench_step(folder: Path) -> None:
    _complete(folder / "step.db", "complete a step, durably, on a day that was swept", swept=True)
    _complete(folder / "unswept.db", "the same, nobody looked for nine days", swept=False)


def _complete(path: Path, what: str, *, swept: bool, rounds: int = 60) -> None:
    context, definition, sources = open_town(path)
    ids = [start_one(context, definition, sources, number) for number in range(rounds)]
    moment = NOW + timedelta(days=9)
    if swept:
        reconcile(context, moment)

    def complete(number: int) -> int:
        apply_event(context, ids[number], StepFinished(key=FIRST), moment)
        return ids[number]

    _compare(path, what, rounds, complete, KNOWN_BEFORE_A_CHANGE)


def bench_start(folder: Path, rounds: int = 40) -> None:
    context, definition, sources = open_town(folder / "start.db")
    start_one(context, definition, sources, 10_000)

    def start(number: int) -> int:
        return start_traject(context, sources, definition, new_traject(number), NOW)[0]

    _compare(folder / "start.db", "start a traject of 110 steps", rounds, start, KNOWN_BEFORE_A_START)


def _compare(path: Path, what: str, rounds: int, work: Callable[[int], int], reads: Sequence[str]) -> float:
    """Do the work by Regie, and right after each piece the least of the same by hand, on a copy.

    Args:
        work: does one piece, and gives the id of its traject.

    Returns:
        Median seconds of the raw side.
    """
    copy_path = path.with_suffix(".raw")
    with closing(open_raw(path)) as whole, closing(open_raw(copy_path)) as copy:
        whole.backup(copy)
        after = read_rows(whole)
        ours, least, rows = [], [], []
        for number in range(rounds):
            before = after
            gc.freeze()  # the copies of all rows that this bench holds are no garbage of Regie's
            began = time.perf_counter()
            traject_id = work(number)
            ours.append(time.perf_counter() - began)
            gc.unfreeze()
            after = read_rows(whole)
            writes = least_writes(before, after)
            least.append(do_the_least(copy, reads, writes, traject_id))
            rows.append(sum(len(given) for _, given in writes))
        if read_rows(copy) != after:
            raise SystemExit(f"{what}: the raw side did not do the same")
    regie, raw = statistics.median(ours), statistics.median(least)
    say(
        what, ms(regie), f"raw {ms(raw)}", f"ratio {regie / raw:.1f}", f"n={rounds}, {statistics.median(rows):.0f} rows"
    )
    return raw


def bench_sweep(folder: Path, sizes: tuple[int, ...] = (1_000, 10_000)) -> None:
    context, definition, sources = open_town(folder / "look.db")
    ids = [start_one(context, definition, sources, number) for number in range(60)]
    moment = NOW + timedelta(days=9)

    def look(number: int) -> int:
        reconcile_chunk(context, ids[number : number + 1], moment)
        return ids[number]

    plain = _compare(folder / "look.db", "look at one traject", 60, look, KNOWN_BEFORE_A_CHANGE)
    context, definition, sources = open_town(folder / "sweep.db")
    original = start_one(context, definition, sources, 0)
    made, days = 0, 9
    for size in sizes:
        copy_traject(context.engine, original, made, size)
        made = size
        for share in (0.01, 1.0):
            days += 1
            _one_sweep(context, size, share, NOW + timedelta(days=days), plain)


def _one_sweep(context: Context, size: int, share: float, moment: datetime, plain: float) -> None:
    wanted = max(int(size * share), 1)
    with context.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE traject SET next_look_on = '2099-01-01'")
        connection.exec_driver_sql(
            "UPDATE traject SET next_look_on = '2026-12-01' WHERE id IN (SELECT id FROM traject ORDER BY id LIMIT ?)",
            (wanted,),
        )
        rows = connection.exec_driver_sql("SELECT count(*) FROM occurrence").scalar_one()
    began = time.perf_counter()
    swept = reconcile(context, moment)
    took = time.perf_counter() - began
    each = took / max(swept.looked_at, 1)
    say(
        f"sweep {size:,} trajects ({rows:,} occurrences), {share:.0%} need a look",
        f"{took:.2f} s", f"{ms(each)} each", f"ratio {each / plain:.1f}", f"n={swept.looked_at}",
    )  # fmt: skip
    with context.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE traject SET next_look_on = '2099-01-01'")
    empty = statistics.median(timed(lambda: find_chunk(context, moment)) for _ in range(50))
    say(f"   the sweep right after it, that finds nothing ({rows:,} rows)", ms(empty), "n=50")


def bench_process(folder: Path) -> None:
    del folder
    python = [sys.executable, "-m", "regie"]
    for what, arguments in (
        ("regie --help, whole process", ["--help"]),
        ("regie plan opvang, whole process", ["plan", "opvang", "--start", "2026-12-01", "--json"]),
    ):
        times = []
        for _ in range(10):
            began = time.perf_counter()
            subprocess.run([*python, *arguments], check=True, capture_output=True)
            times.append(time.perf_counter() - began)
        say(what, f"{statistics.median(times):.3f} s", "n=10")


BENCHES: dict[str, Callable[[Path], None]] = {
    "plan": lambda _folder: bench_plan(),
    "step": bench_step,
    "start": bench_start,
    "sweep": bench_sweep,
    "process": bench_process,
    "pages": bench_pages,
}


def main() -> None:
    """Run the benches that were named, or all."""
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}, WAL, synchronous=FULL"
    )
    for name in sys.argv[1:] or BENCHES:
        with tempfile.TemporaryDirectory(prefix="regie-bench-") as folder:
            BENCHES[name](Path(folder))


if __name__ == "__main__":
    main()
