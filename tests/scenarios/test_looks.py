"""A look on the days that were announced is enough: a hundred days, lived both ways."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from regie.core.definition import Definition, Window
from regie.core.events import StepFinished, Tick
from regie.core.ids import RoleId
from regie.errors import Refused
from tests.support.builders import MONDAY, after, definition, key, rule, started, step


def live(whole: Definition, deeds: dict[int, str], *, every_day: bool) -> tuple[list[object], int]:
    """Live a hundred days; give on which day who was told what, and how often was looked."""
    town, told, looks = started(whole), [], 0
    for offset in range(1, 100):
        day = MONDAY + timedelta(days=offset)
        due = town.next_look_on is not None and town.next_look_on <= day
        for event in [Tick()] * (every_day or due) + [
            StepFinished(key=key(deeds[offset])) for _ in range(offset in deeds)
        ]:
            looks += isinstance(event, Tick)
            try:
                town = after(town, day, event)
            except Refused:
                continue
            told += [(day, message.to, line) for message in town.messages for line in message.lines]
    return told, looks


@settings(max_examples=25)
@given(
    st.dictionaries(st.integers(1, 60).filter(lambda day: day % 7 < 5), st.sampled_from("abcd"), max_size=5),
    st.sampled_from(("", "+2w", "+5wd")),
    st.sampled_from((10, 14)),  # on a Monday, and on a Friday: what is late then is so on a day off
)
def test_looking_only_on_the_days_that_were_announced_tells_the_same_as_looking_every_day(
    deeds: dict[int, str], lag: str, due: int
) -> None:
    whole = definition(
        step("a", "3wd", due=f"{due}wd after start", accountable=RoleId("boss")),
        step("b", "5wd", [f"fs:a{lag}"], due=f"{due + 20}wd after start"),
        step("c", "2wd", ["b"], window=Window(opens=rule("40wd after start"))),
        step("d", due=f"{due + 50}wd after start"),
    )

    daily, most = live(whole, deeds, every_day=True)
    announced, fewest = live(whole, deeds, every_day=False)

    assert announced == daily
    assert fewest <= most
