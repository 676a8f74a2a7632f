"""Two administrators who both want the next cycle, through Prefect."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from flows.rerun_cycle import rerun_cycle
from flows.setting import Setting
from regie.actions.start_cycle import NextCycle, start_cycle
from regie.actions.start_traject import NewTraject, start_traject
from regie.definitions import load_sources
from regie.errors import Conflict
from tests.flows.conftest import DEFINITION, START

pytestmark = pytest.mark.prefect


@pytest.mark.usefixtures("prefect_api")
def test_who_did_not_see_the_newest_cycle_is_told_of_it(town: Setting) -> None:
    sources = {"workflow.yaml": DEFINITION}
    targets = {"opening": date(2027, 4, 1)}
    new = NewTraject("De Wilg", START, targets=targets, slug="de-wilg")
    traject_id, _ = start_traject(town.context, sources, load_sources(sources), new, town.clock())
    again = NextCycle("improvement", START, "of-the-first", targets=targets, after=1)
    assert start_cycle(town.context, traject_id, again, town.clock())[0] == 2

    with pytest.raises(Conflict) as taken:
        asyncio.run(rerun_cycle("de-wilg", "improvement", START, 1, "of-the-second", {}, targets))

    assert taken.value.code == "cycle-taken"
