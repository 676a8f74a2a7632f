"""Two administrators at the same moment, on both kinds of database: one is first, the other is told, and nothing is lost."""

# ruff: noqa: B023 - what is made in a turn is done before the turn ends

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from regie.actions import keep_accounts, keep_definitions, keep_people
from regie.actions.context import Context
from regie.actions.keep_accounts import seen_account
from regie.actions.keep_people import PartnerForm
from regie.core.ids import PersonId, RoleId
from regie.core.permissions import Actor, Right, Role
from regie.definitions import load_sources
from regie.errors import RegieError
from regie.store.accounts import (
    add_account,
    disable_account,
    get_account,
    give_right,
    list_accounts,
    sign_in_from_provider,
)
from regie.store.definitions import list_definitions, save_definition
from regie.store.people import get_person, list_people
from regie.store.session import in_transaction, read_scope
from regie.store.tables import DefinitionStatus
from tests.store.world import at_once

ROUNDS = 8
"""Two threads do not always meet; in so many rounds they did, before there were locks."""

NOW = datetime(2027, 6, 3, 8, 30, tzinfo=UTC)
ADMINISTRATOR = Right(Role.ADMINISTRATOR)
ANNA, BRAM = (Actor(f"account:{number}", frozenset({ADMINISTRATOR})) for number in (101, 102))
PLAN = {
    "workflow.yaml": """
regie: 1
id: klein
version: "1"
title: {nl: Klein plan}
calendar: weekdays
roles: {lead: {title: {nl: Leider}}}
steps: {a: {title: {nl: A}, takes: 1wd, responsible: lead}}
"""
}


@pytest.fixture
def house(engine: Engine) -> Context:
    return Context.on(engine, b"k" * 32)


def number_of(house: Context, table: str) -> int:
    with read_scope(house.engine) as session:
        return int(session.connection().scalar(text(f"SELECT count(*) FROM {table}")))


def heard(work: Callable[[], object]) -> str:
    """What somebody hears: that it went well, or the code of why not."""
    try:
        work()
    except RegieError as error:
        return error.code
    return "done"


def both(anna: Callable[[Actor], object], bram: Callable[[Actor], object]) -> list[str]:
    return sorted(at_once([lambda: heard(lambda: anna(ANNA)), lambda: heard(lambda: bram(BRAM))]))


def test_two_who_change_somebody(house: Context) -> None:
    own = keep_people.add_partner(house, ANNA, PartnerForm(name="Gita"), NOW)

    def change(actor: Actor, name: str, seen: dict[str, str]) -> None:
        keep_people.change_partner(house, actor, own, PartnerForm(name=name), seen, NOW)

    for turn in range(ROUNDS):
        with read_scope(house.engine) as session:
            seen = dict(keep_people.seen_of(get_person(session, own)))
        said = both(lambda who: change(who, f"Anna {turn}", seen), lambda who: change(who, f"Bram {turn}", seen))
        assert said == ["done", "seen-changed"], turn


def test_two_who_let_somebody_else_play_a_role(house: Context) -> None:
    people = [keep_people.add_partner(house, ANNA, PartnerForm(name=name), NOW) for name in ("Gita", "Coen")]

    for turn in range(ROUNDS):
        role = RoleId(f"rol-{turn}")

        def play(actor: Actor, person: PersonId, role: RoleId = role) -> bool:
            return keep_people.play_role(house, actor, role, person, 0, [], NOW)

        said = both(lambda who: play(who, people[0]), lambda who: play(who, people[1]))
        with read_scope(house.engine) as session:
            players = keep_people.players_seen(list_people(session), role, 0)
        assert (said, len(players)) == (["done", "seen-changed"], 1), turn


def test_two_who_add_somebody(house: Context) -> None:
    for turn in range(ROUNDS):
        said = both(
            lambda who: keep_people.add_partner(house, who, PartnerForm(name="Gita"), NOW),
            lambda who: keep_people.add_partner(house, who, PartnerForm(name="Coen"), NOW),
        )
        assert (said, number_of(house, "person")) == (["done", "done"], 2 * turn + 2)


def test_two_who_add_the_same_address(house: Context) -> None:
    for turn in range(ROUNDS):
        form = PartnerForm(name="Gita", email=f"gita{turn}@ggd.example")
        said = both(*[lambda who: keep_people.add_partner(house, who, form, NOW)] * 2)
        assert (said, number_of(house, "person")) == (["address-taken", "done"], turn + 1)


def test_two_who_import_the_same_list(house: Context) -> None:
    for turn in range(ROUNDS):
        listed = f"naam,e-mail,rol\nGita,gita{turn}@ggd.example,ggd\n"
        seal = keep_people.weigh_list(house, ANNA, listed, 0, None).seal
        said = both(*[lambda who: keep_people.import_list(house, who, listed, 0, None, seal, NOW)] * 2)
        assert (said, number_of(house, "person")) == (["done", "people-changed"], turn + 1)


def test_two_who_open_the_same_account(house: Context) -> None:
    def make(actor: Actor, turn: int) -> int:
        return keep_accounts.open_account(house, actor, name=f"Lies {turn}", email="", language="nl", now=NOW)

    for turn in range(ROUNDS):
        said = both(*[lambda who: make(who, turn)] * 2)
        assert (said, number_of(house, "account")) == (["account-taken", "done"], turn + 1)


def test_somebody_who_signs_in_for_the_first_time_from_two_browsers(house: Context) -> None:
    def sign_in(subject: str) -> int | None:
        return in_transaction(
            house.engine,
            lambda session: sign_in_from_provider(
                session, issuer="https://login.example", subject=subject, name=subject, email="", now=NOW,
                rights=[Right(Role.LEAD), Right(Role.READER)],
            ),
        )  # fmt: skip

    for turn in range(ROUNDS):
        one, other = at_once([lambda: sign_in(f"lies-{turn}")] * 2)
        assert one == other
        assert number_of(house, "account") == turn + 1


def test_two_who_add_another_text_as_the_same_version(house: Context) -> None:
    for turn in range(ROUNDS):
        texts = [PLAN["workflow.yaml"].replace('"1"', f'"{turn}"').replace("Klein", name) for name in ("Groot", "Mooi")]

        def draft(actor: Actor, text: str) -> str:
            sources = {"workflow.yaml": text}
            return keep_definitions.keep_draft(house, actor, sources, load_sources(sources), NOW)

        said = both(lambda who: draft(who, texts[0]), lambda who: draft(who, texts[1]))
        assert (said, number_of(house, "definition")) == (["done", "version-taken"], turn + 1)


def test_two_who_give_and_take_a_right(house: Context) -> None:
    own = keep_accounts.open_account(house, ANNA, name="Lies", email="", language="nl", now=NOW)
    with read_scope(house.engine) as session:
        seen = list(seen_account(get_account(session, own)))

    for turn in range(ROUNDS):
        right = Right(Role.LEAD)
        said = both(
            *[lambda who: keep_accounts.change_right(house, who, own, right, give=True, seen=seen, now=NOW)] * 2
        )
        assert said == ["done", "seen-changed"], turn
        with read_scope(house.engine) as session:
            now = list(seen_account(get_account(session, own)))
        keep_accounts.change_right(house, ANNA, own, right, give=False, seen=now, now=NOW)


def test_two_who_shut_each_other_out(house: Context) -> None:
    def add(session: Session, name: str) -> int:
        own = add_account(session, name=name, email="", language="nl", by="cli:x", now=NOW)
        give_right(session, own, ADMINISTRATOR, "cli:x", NOW)
        return own

    for turn in range(ROUNDS):
        one, other = (
            in_transaction(house.engine, lambda session: add(session, name)) for name in (f"A{turn}", f"B{turn}")
        )
        with read_scope(house.engine) as session:
            seen = {each: list(seen_account(get_account(session, each))) for each in (one, other)}
        said = both(
            lambda _: keep_accounts.close_account(house, _as(other), one, seen[one], NOW),
            lambda _: keep_accounts.close_account(house, _as(one), other, seen[other], NOW),
        )
        assert said == ["done", "last-administrator"], turn
        with read_scope(house.engine) as session:
            (left,) = [each for each in list_accounts(session) if each.disabled_at is None]
        in_transaction(house.engine, lambda session: disable_account(session, left.id, "cli:x", NOW))


def _as(number: int) -> Actor:
    return Actor(f"account:{number}", frozenset({ADMINISTRATOR}))


def test_two_who_put_another_version_in_use(house: Context) -> None:
    in_use = load_sources(PLAN)
    in_transaction(house.engine, lambda session: save_definition(session, PLAN, in_use, NOW))
    for turn in range(ROUNDS):
        newer = [{"workflow.yaml": PLAN["workflow.yaml"].replace('"1"', f'"{turn}.{each}"')} for each in (1, 2)]
        hashes = [load_sources(each).content_hash for each in newer]

        def draft(session: Session, newer: list[dict[str, str]] = newer) -> None:
            for each in newer:
                save_definition(session, each, load_sources(each), NOW, DefinitionStatus.DRAFT)

        in_transaction(house.engine, draft)

        def activate(actor: Actor, content_hash: str) -> None:
            keep_definitions.activate(house, actor, content_hash, "draft", NOW, replaces=True)

        said = both(lambda who: activate(who, hashes[0]), lambda who: activate(who, hashes[1]))
        with read_scope(house.engine) as session:
            active = [each for each in list_definitions(session) if each.status is DefinitionStatus.ACTIVE]
        assert said in (["definition-changed", "done"], ["done", "done"]), turn
        assert len(active) == 1, turn
