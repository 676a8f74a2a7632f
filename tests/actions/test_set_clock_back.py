"""A clock that stood far ahead: what it noted keeps every sweep from its work, until somebody sets it back."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from regie.actions.reconcile import reconcile
from regie.actions.set_clock_back import set_clock_back
from regie.errors import Refused
from regie.store.brake import find_sweep
from regie.store.history import verify
from regie.store.session import read_scope
from tests.reliability.conftest import AUDIT_KEY, START, Town, moment, town

__all__ = ["town"]

FAR_AHEAD, DUE_SOON = date(2037, 1, 5), date(2027, 1, 5)


def test_given_a_clock_ten_years_ahead_when_it_is_set_back_then_sweeps_go_on_and_it_is_on_record(town: Town) -> None:
    traject_id = town.starts()
    reconcile(town.context, moment(FAR_AHEAD))
    assert reconcile(town.context, moment(DUE_SOON)).looked_at == 0

    assert set_clock_back(town.context, moment(START, 12), by="beheer", reason="de tijdserver was stuk") == 1

    with read_scope(town.engine) as session:
        last = find_sweep(session)
        assert last is not None
        assert last.began_at == moment(START, 12)
        assert verify(session, AUDIT_KEY) == ()
    assert town.number("history WHERE event = 'ClockSetBack'") == 1
    assert reconcile(town.context, moment(date(2027, 1, 12))).looked_at == 1
    with town.engine.connect() as connection:
        checked = connection.execute(text(f"SELECT checked_at FROM traject WHERE id = {traject_id}")).scalar_one()
    assert str(checked).startswith("2027-01")


def test_clock_that_did_not_stand_ahead_is_not_set_back(town: Town) -> None:
    town.starts()
    reconcile(town.context, moment(START))

    with pytest.raises(Refused, match="did not stand ahead"):
        set_clock_back(town.context, moment(START, 10), by="beheer", reason="x")


def test_setting_back_needs_a_reason(town: Town) -> None:
    with pytest.raises(Refused, match="say why"):
        set_clock_back(town.context, moment(START), by="beheer", reason=" ")
