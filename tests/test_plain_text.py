"""Texts from people: what is refused, by which name, and that nothing is kept of it."""

from __future__ import annotations

import pytest

from regie.core.events import GateDecided, ItemsChanged, StepFinished, Tick
from regie.core.ids import ListId
from regie.core.traject import Item
from regie.errors import Refused
from regie.plain_text import check_plain, check_texts
from tests.support import builders as b


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("\x00", id="nul"),
        pytest.param("\x1b", id="escape"),
        pytest.param("\x0b", id="vertical-tab"),
        pytest.param("\x7f", id="delete"),
        pytest.param("\x85", id="next-line-of-another-world"),
        pytest.param("\udce9", id="half-a-surrogate-pair"),
    ],
)
def test_control_character_is_refused_in_names_and_in_long_texts(character: str) -> None:
    for is_long in (False, True):
        with pytest.raises(Refused, match=r"'reason' holds .* at place 4") as refused:
            check_plain(f"abc{character}d", "reason", is_long=is_long)

        assert refused.value.code == "control-character"
        assert refused.value.facts == {"field": "reason", "character": f"U+{ord(character):04X}"}


@pytest.mark.parametrize("character", ["\n", "\t", "\r", "\u2028"])
def test_lines_and_tabs_are_for_long_texts_only(character: str) -> None:
    text = f"eerst{character}dan"

    assert check_plain(text, "reason", is_long=True) == text
    with pytest.raises(Refused):
        check_plain(text, "title")


@pytest.mark.parametrize("text", ["", "Opvang ’t Hof – 120 plekken × 2", "ünïcödé", "日本", "👩\u200d👩\u200d👧"])
def test_what_people_write_is_left_as_it_is(text: str) -> None:
    assert check_plain(text, "title") == text


def test_the_text_itself_is_never_repeated() -> None:
    with pytest.raises(Refused) as refused:
        check_plain("geheim\x00", "note", is_long=True)

    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        pytest.param(StepFinished(key=b.key("a"), note="x\x00"), "note", id="remark"),
        pytest.param(StepFinished(key=b.key("a"), evidence=("zaak/1", "zaak\n2")), "evidence", id="evidence"),
        pytest.param(StepFinished(key=b.key("a@x\x00")), "key", id="key-of-a-copy"),
        pytest.param(StepFinished(key=b.key("a"), by="an\tna"), "by", id="who"),
        pytest.param(GateDecided(key=b.key("a"), outcome="go", decided_by="raad\n"), "decided_by", id="decider"),
        pytest.param(ItemsChanged(list=ListId("l"), items=(Item("een"), Item("twee\x00"))), "key", id="item-key"),
        pytest.param({"plekken": 3, "gebouw": "units\x00"}, "answers gebouw", id="answer"),
        pytest.param({"gebouw": frozenset({"\x00"})}, "answers gebouw", id="answer-of-many"),
        pytest.param({"\x00": 3}, "answers", id="name-of-a-question"),
    ],
)
def test_every_text_in_a_value_is_looked_at_and_named(value: object, field: str) -> None:
    with pytest.raises(Refused) as refused:
        check_texts(value, "answers")

    assert refused.value.facts["field"] == field


def test_remark_over_lines_and_what_holds_no_text_are_taken() -> None:
    check_texts(StepFinished(key=b.key("a"), note="een\ntwee", evidence=("zaak/1",), on=b.MONDAY))
    check_texts(Tick())
    check_texts(b"\x00", "seal")
