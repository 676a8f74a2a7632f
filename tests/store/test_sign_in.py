"""Sign in by code, link and password: once, in time, here, by whom it was for; and nothing of it stands in the database."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from regie.actions import sign_in as door
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.core.ids import PersonId
from regie.core.permissions import Right, Role, Scope
from regie.errors import Refused
from regie.notify.outgoing import Delivery, DeliveryOutcome, OutgoingMessage
from regie.settings import load_settings
from regie.store import accounts, hashes
from regie.store.access_log import Outcome, What, list_access
from regie.store.hashes import ScryptCost, check_password, code_of, hash_password
from regie.store.outbox import list_messages, preview_letter
from regie.store.people import erase_person, save_person
from regie.store.session import in_transaction, read_scope
from regie.store.sessions import Limits, find_session, list_sessions
from regie.store.tables import metadata

NOW = datetime(2027, 6, 3, 9, 0, tzinfo=UTC)
KEY = b"sealed with thirty-two characters"
CHEAP = ScryptCost(log_n=4, r=1, p=1)
LIMITS = Limits()
GOOD = "een zin van vier woorden"
ANNA, BEN = "anna@ggd.voorbeeld.nl", "ben@politie.voorbeeld.nl"
LAPTOP, PHONE = "browser-of-anna-00000000000000000", "another-browser-000000000000000000"


class Mailman:
    """Accepts every mail and keeps it."""

    def __init__(self) -> None:
        self.mails: list[OutgoingMessage] = []

    def send(self, message: OutgoingMessage) -> Delivery:
        self.mails.append(message)
        return Delivery(DeliveryOutcome.ACCEPTED, "")


class Town:
    """A database with two partners and a local account."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        numbers = itertools.count(1)
        self.context = Context.on(engine, KEY, ids=lambda: f"id-{next(numbers)}")
        self.secrets: list[str] = []
        self.mailman = Mailman()
        self.people: dict[str, PersonId] = {}

        def move_in(session: Any) -> int:
            for name, address in (("Anna", ANNA), ("Ben", BEN)):
                self.people[address] = save_person(session, name=name, email=address)
            own = accounts.add_account(session, name="Nood", by="test", now=NOW)
            accounts.give_right(session, own, Right(Role.LEAD), "test", NOW)
            accounts.set_password(session, own, GOOD, bytes(16), "test", NOW, CHEAP)
            return own

        self.account: int = in_transaction(engine, move_in)

    def chance(self) -> str:
        made = f"secret-number-{len(self.secrets):05}-abcdefghijklmnop"
        self.secrets.append(made)
        return made

    def asks(self, address: str = ANNA, browser: str = LAPTOP, at: datetime = NOW) -> None:
        door.request_code(self.context, address, browser, at, self.chance)

    def mailed(self, at: datetime = NOW) -> list[OutgoingMessage]:
        before = len(self.mailman.mails)
        deliver(self.context, self.mailman, lambda: at, "sender", Postage())
        return self.mailman.mails[before:]

    def code(self, address: str = ANNA, browser: str = LAPTOP, at: datetime = NOW) -> str:
        """Ask for a code and read it in the mail."""
        self.asks(address, browser, at)
        (mail,) = [each for each in self.mailed(at) if each.to == address]
        found = re.search(r"\b(\d{4} \d{4})\b", mail.text)
        assert found is not None
        return found[1]

    def enters(self, code: str, browser: str = LAPTOP, at: datetime = NOW) -> str:
        return door.sign_in_with_code(self.context, code, browser, at, self.chance)

    def password(self, name: str, password: str, at: datetime = NOW) -> str:
        return door.sign_in_with_password(self.context, name, password, at, self.chance, cost=CHEAP)

    def is_in(self, session_id: str, at: datetime = NOW) -> bool:
        with read_scope(self.engine) as session:
            return find_session(session, session_id, at, LIMITS) is not None

    def sessions(self) -> int:
        with read_scope(self.engine) as session:
            return len(list_sessions(session, NOW, LIMITS))

    def log(self, what: What) -> list[tuple[str, str, str]]:
        with read_scope(self.engine) as session:
            found = list_access(session, what=what, limit=1_000)
        return [(each.who, each.outcome.value, each.about) for each in reversed(found)]

    def write(self, work: Callable[[Any], Any]) -> Any:
        return in_transaction(self.engine, work)


@pytest.fixture
def town(engine: Engine) -> Town:
    return Town(engine)


def refused(attempt: Callable[[], object]) -> tuple[str, str, object]:
    """What somebody hears who does not get in."""
    with pytest.raises(Refused) as caught:
        attempt()
    return caught.value.code, str(caught.value), caught.value.facts


GENERIC = ("sign-in-refused", "this does not sign in (try again, or ask for a new code)", {})


@contextmanager
def counted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement and every digest, by its kind."""
    seen: list[str] = []

    def statement(_c: object, _cursor: object, text: str, *_rest: object) -> None:
        seen.append(" ".join(text.split())[:60])

    def counting(name: str, work: Any) -> Any:
        def run(*given: Any, **more: Any) -> Any:
            seen.append(name)
            return work(*given, **more)

        return run

    with monkeypatch.context() as patch:
        for module, name in (
            (hashes.hashlib, "scrypt"), (hashes.hashlib, "sha256"), (hashes.hmac, "digest"), (hashes.hmac, "new"),
            (hashes.hmac, "compare_digest"),
        ):  # fmt: skip
            patch.setattr(module, name, counting(name, getattr(module, name)))
        event.listen(engine, "before_cursor_execute", statement)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", statement)


# --- T24 ---------------------------------------------------------------------------------------------


def test_t24_a_code_from_the_mail_signs_in_the_person_it_was_for(town: Town) -> None:
    session_id = town.enters(town.code())

    visitor = door.who_is(town.context, session_id, NOW, LIMITS)
    assert visitor is not None
    assert visitor.actor.name == f"person:{town.people[ANNA]}"
    assert (visitor.session.account_id, visitor.session.person_id) == (None, town.people[ANNA])
    assert town.log(What.SIGN_IN_CODE) == [(f"person:{town.people[ANNA]}", "ok", "")]


def test_t24_a_code_is_good_once(town: Town) -> None:
    code = town.code()
    town.enters(code)

    assert refused(lambda: town.enters(code)) == GENERIC
    assert town.sessions() == 1


def test_t24_a_code_ends_after_ten_minutes(town: Town) -> None:
    code = town.code()

    assert refused(lambda: town.enters(code, at=NOW + timedelta(minutes=10))) == GENERIC
    assert town.sessions() == 0
    town.enters(code, at=NOW + timedelta(minutes=9, seconds=59))


def test_t24_a_code_works_in_the_browser_that_asked_and_in_no_other(town: Town) -> None:
    code = town.code()

    assert refused(lambda: town.enters(code, browser=PHONE)) == GENERIC
    assert refused(lambda: town.enters(code, browser="")) == GENERIC
    assert town.sessions() == 0
    town.enters(code)


def test_t24_a_code_of_one_person_does_not_sign_in_another(town: Town) -> None:
    of_anna, of_ben = town.code(ANNA, LAPTOP), town.code(BEN, PHONE)

    assert refused(lambda: town.enters(of_anna, PHONE)) == GENERIC
    assert refused(lambda: town.enters(of_ben, LAPTOP)) == GENERIC
    assert town.sessions() == 0


def test_t24_the_last_code_that_a_browser_asked_for_counts(town: Town) -> None:
    of_anna = town.code(ANNA)
    of_ben = town.code(BEN, at=NOW + timedelta(seconds=1))

    assert refused(lambda: town.enters(of_anna, at=NOW + timedelta(seconds=2))) == GENERIC
    town.enters(of_ben, at=NOW + timedelta(seconds=2))


def test_t24_after_five_wrong_codes_the_good_one_does_not_help(town: Town) -> None:
    code = town.code()
    wrong = "0000 0000" if code != "0000 0000" else "1111 1111"

    assert [refused(lambda: town.enters(wrong)) for _ in range(5)] == [GENERIC] * 5
    assert refused(lambda: town.enters(code)) == GENERIC
    assert town.sessions() == 0
    assert [each[2] for each in town.log(What.SIGN_IN_CODE)] == ["wrong"] * 5 + ["closed"]


def test_t24_after_four_wrong_codes_the_good_one_helps(town: Town) -> None:
    code = town.code()
    for _ in range(4):
        refused(lambda: town.enters("0"))

    town.enters(code.replace(" ", ""))


def test_t24_two_posts_at_once_give_one_session(town: Town) -> None:
    code = town.code()

    def attempt(number: int) -> str:
        try:
            return door.sign_in_with_code(town.context, code, LAPTOP, NOW, lambda: f"session-{number}")
        except Refused as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, range(4)))

    assert results.count("sign-in-refused") == 3
    assert town.sessions() == 1


def test_t24_many_wrong_posts_at_once_have_no_more_than_five_attempts(town: Town) -> None:
    town.code()

    def attempt(number: int) -> str:
        return refused(lambda: town.enters(f"{number:08}"))[0]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, range(12)))

    judged = [about for _, _, about in town.log(What.SIGN_IN_CODE)]
    assert (judged.count("wrong"), judged.count("closed")) == (5, 7)


# --- T25 ---------------------------------------------------------------------------------------------


def test_t25_known_and_unknown_address_take_the_same_statements_and_digests(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counted(town.engine, monkeypatch) as known:
        town.asks(ANNA)
    with counted(town.engine, monkeypatch) as unknown:
        town.asks("niemand@voorbeeld.nl")

    assert known == unknown
    assert sum("INSERT" in each for each in known) == 3
    assert sum(each in ("sha256", "new", "digest") for each in known) >= 3


def test_t25_two_hundred_requests_give_three_mails_an_hour_for_an_address(town: Town) -> None:
    for number in range(100):
        town.asks(ANNA, f"browser-{number}", NOW + timedelta(seconds=number))
        town.asks("niemand@voorbeeld.nl", f"browser-{number}", NOW + timedelta(seconds=number))

    later = NOW + timedelta(seconds=100)
    assert [each.to for each in town.mailed(later)] == [ANNA] * 3
    outcomes = [(who, outcome) for who, outcome, _ in town.log(What.CODE_ASKED)]
    assert outcomes.count((f"person:{town.people[ANNA]}", "ok")) == 3
    assert outcomes.count(("nobody", "ok")) == 3
    assert outcomes[-1] == ("nobody", "refused")

    town.asks(ANNA, LAPTOP, NOW + timedelta(hours=1, seconds=1))
    assert len(town.mailed(NOW + timedelta(hours=1, seconds=2))) == 1


def test_t25_requests_at_once_give_no_more_than_three_mails(town: Town) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda number: door.request_code(
                    town.context, ANNA, f"b{number}", NOW, iter([f"c{number}", f"m{number}"]).__next__
                ),
                range(8),
            )
        )

    assert len(town.mailed()) == 3


def test_t25_code_that_nobody_asked_and_a_wrong_one_take_the_same_work(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.code(ANNA, LAPTOP)
    town.asks("niemand@voorbeeld.nl", PHONE)
    found = []
    for browser in (LAPTOP, PHONE, "a browser that asked nothing"):
        with counted(town.engine, monkeypatch) as seen:
            refused(partial(town.enters, "12345678", browser))
        found.append(seen)

    assert found[0] == found[1] == found[2]


def test_t25_known_unknown_and_locked_accounts_take_the_same_work(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for name in ("nood", "niemand"):
        with counted(town.engine, monkeypatch) as seen:
            assert refused(partial(town.password, name, "x")) == GENERIC
        found.append(seen)
    for _ in range(4):
        refused(lambda: town.password("nood", "x"))
    with counted(town.engine, monkeypatch) as seen:
        assert refused(lambda: town.password("nood", GOOD)) == GENERIC

    assert found[0] == found[1] == seen
    assert seen.count("scrypt") == 1


# --- the code on its way -----------------------------------------------------------------------------


def test_the_code_stands_in_the_mail_and_nowhere_in_the_database(town: Town) -> None:
    code = town.code()
    (mail,) = town.mailman.mails

    assert code in mail.text
    assert code in mail.html
    assert code not in mail.subject
    assert mail.subject == "Uw code om aan te melden bij Regie"
    assert code.replace(" ", "") not in dump(town.engine)
    with read_scope(town.engine) as session:
        (entry,) = list_messages(session)
        with pytest.raises(Refused, match="sign-in code") as caught:
            preview_letter(session, entry.id, town.context.shelf, NOW)
    assert caught.value.code == "message-secret"


def test_a_code_that_ended_or_was_used_is_not_sent_any_more(town: Town) -> None:
    town.asks()

    assert town.mailed(NOW + timedelta(minutes=10)) == []
    with read_scope(town.engine) as session:
        assert [each.status.value for each in list_messages(session)] == ["withdrawn"]


def test_another_key_gives_other_codes() -> None:
    assert code_of(KEY, "id-1") != code_of(b"another key of thirty-two chars!", "id-1")
    assert len({code_of(KEY, f"id-{number}") for number in range(200)}) == 200
    assert all(re.fullmatch(r"\d{8}", code_of(KEY, str(number))) for number in range(200))


def test_who_is_erased_is_signed_out_and_has_no_code_left(town: Town) -> None:
    session_id = town.enters(town.code())
    town.code(at=NOW + timedelta(seconds=1))
    town.write(lambda session: erase_person(session, town.people[ANNA], NOW))

    assert not town.is_in(session_id)
    assert town.people[ANNA] not in [row["person_id"] for row in rows(town.engine, "sign_in_code")]


# --- sessions ----------------------------------------------------------------------------------------


def test_a_session_ends_when_it_is_not_used_and_when_it_is_old(town: Town) -> None:
    session_id = town.password("nood", GOOD)
    at = NOW
    while at < NOW + timedelta(hours=11, minutes=40):
        at += timedelta(minutes=20)
        assert door.who_is(town.context, session_id, at, LIMITS) is not None

    assert not town.is_in(session_id, NOW + timedelta(hours=12))
    other = town.password("nood", GOOD)
    assert town.is_in(other, NOW + timedelta(minutes=29, seconds=59))
    assert door.who_is(town.context, other, NOW + timedelta(minutes=30), LIMITS) is None


def test_use_is_noted_at_most_once_a_minute(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = town.password("nood", GOOD)
    with counted(town.engine, monkeypatch) as seen:
        for second in range(59):
            door.who_is(town.context, session_id, NOW + timedelta(seconds=second), LIMITS)
        assert not any("UPDATE" in each for each in seen)
        for second in (60, 61):
            door.who_is(town.context, session_id, NOW + timedelta(seconds=second), LIMITS)

    assert sum("UPDATE" in each for each in seen) == 1


def test_signing_in_gives_a_new_id_and_ends_the_one_before(town: Town) -> None:
    first = town.password("nood", GOOD)
    second = door.sign_in_with_password(town.context, "Nood", GOOD, NOW, town.chance, replaces=first, cost=CHEAP)

    assert first != second
    assert not town.is_in(first)
    assert town.is_in(second)


def test_signing_out_ends_one_session_and_everywhere_ends_all(town: Town) -> None:
    first, second, third = (town.password("nood", GOOD) for _ in range(3))
    door.sign_out(town.context, first, NOW, f"account:{town.account}")
    assert [town.is_in(each) for each in (first, second, third)] == [False, True, True]

    number = hashes.hash_token(second)[:12]
    assert town.write(lambda s: door.sign_out_account(s, town.account, "test", NOW, number=number)) == 1
    assert [town.is_in(each) for each in (second, third)] == [False, True]
    assert town.write(lambda s: door.sign_out_account(s, town.account, "test", NOW)) == 1
    assert not town.is_in(third)


def test_t43_sessions_and_tokens_end_when_the_account_is_disabled(town: Town) -> None:
    session_id = town.password("nood", GOOD)
    _, key = town.write(lambda s: token_for(s, town))
    assert town.write(lambda s: accounts.token_actor(s, key, NOW)) is not None

    assert town.write(lambda s: accounts.disable_account(s, town.account, "test", NOW)) == 1

    assert not town.is_in(session_id)
    assert town.write(lambda s: accounts.token_actor(s, key, NOW)) is None
    assert refused(lambda: town.password("nood", GOOD)) == GENERIC
    town.write(lambda s: accounts.enable_account(s, town.account, "test", NOW))
    assert not town.is_in(session_id)
    assert town.write(lambda s: accounts.token_actor(s, key, NOW)) is None
    town.password("nood", GOOD)


# --- passwords ---------------------------------------------------------------------------------------


def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour(town: Town) -> None:
    for _ in range(5):
        assert refused(lambda: town.password("nood", "verkeerd")) == GENERIC

    assert refused(lambda: town.password("nood", GOOD)) == GENERIC
    assert refused(lambda: town.password("nood", GOOD, NOW + timedelta(minutes=14, seconds=59))) == GENERIC
    later = NOW + timedelta(minutes=15)
    assert refused(lambda: town.password("nood", "verkeerd", later)) == GENERIC  # one wrong does not lock it anew
    town.password("NOOD", GOOD, later)


def test_a_good_password_forgets_the_wrong_ones(town: Town) -> None:
    for _ in range(3):
        for _ in range(4):
            refused(lambda: town.password("nood", "verkeerd"))
        town.password("nood", GOOD)


def test_passwords_at_once_have_no_more_than_five_attempts(town: Town) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: refused(lambda: town.password("nood", "verkeerd")), range(10)))

    judged = [about for _, _, about in town.log(What.SIGN_IN_PASSWORD)]
    assert (judged.count("wrong"), judged.count("closed")) == (5, 5)


def test_too_many_passwords_a_minute_are_not_judged_at_all(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(door.PASSWORDS_PER_MINUTE):
        refused(lambda: town.password("niemand", "x"))

    with counted(town.engine, monkeypatch) as seen:
        assert refused(lambda: town.password("nood", GOOD))[0] == "too-many-passwords"
    assert "scrypt" not in seen
    town.password("nood", GOOD, NOW + timedelta(minutes=1))


def test_a_hash_carries_its_own_parameters() -> None:
    cheap, dear = hash_password(GOOD, b"1" * 16, CHEAP), hash_password(GOOD, b"1" * 16, ScryptCost())

    assert cheap.startswith("scrypt$4$1$1$")
    assert dear.startswith("scrypt$15$8$3$")
    assert check_password(GOOD, cheap)
    assert check_password(GOOD, dear)
    assert not check_password(GOOD + " ", cheap)
    assert not check_password("", hashes.nobodys_password(CHEAP))


@pytest.mark.parametrize(("password", "code"), [("x" * 14, "password-too-short"), ("x" * 129, "password-too-long")])
def test_a_password_has_a_length(town: Town, password: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        town.write(lambda s: accounts.set_password(s, town.account, password, bytes(16), "test", NOW, CHEAP))
    assert caught.value.code == code


# --- the owner's link --------------------------------------------------------------------------------


def link(town: Town, at: datetime = NOW, **settings: object) -> str:
    address = door.owner_link(town.context, load_settings(**settings), "cli:jan", at, town.chance)
    assert address.startswith("http://127.0.0.1:8080/aanmelden/eenmalig/")
    return address.rpartition("/")[2]


def test_the_owner_signs_in_once_within_ten_minutes_and_leads_and_administers(town: Town) -> None:
    token = link(town)
    session_id = door.sign_in_with_link(town.context, token, NOW + timedelta(minutes=9), town.chance)

    visitor = door.who_is(town.context, session_id, NOW + timedelta(minutes=9), LIMITS)
    assert visitor is not None
    assert visitor.actor.rights == {Right(Role.ADMINISTRATOR), Right(Role.LEAD)}
    enter = lambda used, at: refused(lambda: door.sign_in_with_link(town.context, used, at, town.chance))  # noqa: E731
    assert enter(token, NOW + timedelta(minutes=9)) == GENERIC
    assert enter(link(town), NOW + timedelta(minutes=10)) == GENERIC
    assert enter("geraden", NOW) == GENERIC


def test_a_new_link_closes_the_one_before_and_makes_no_second_owner(town: Town) -> None:
    first, second = link(town), link(town, NOW + timedelta(seconds=1))

    assert refused(lambda: door.sign_in_with_link(town.context, first, NOW, town.chance)) == GENERIC
    door.sign_in_with_link(town.context, second, NOW + timedelta(seconds=2), town.chance)
    with read_scope(town.engine) as session:
        assert [each.name for each in accounts.list_accounts(session)] == ["Nood", door.OWNER]


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "https://regie.voorbeeldstad.nl"},
        {"base_url": "http://127.0.0.1.voorbeeld.nl"},
        {"base_url": "http://0.0.0.0:8080"},
        {
            "oidc_discovery_url": "https://login.voorbeeldstad.nl/.well-known/openid-configuration",
            "oidc_client_id": "regie",
            "oidc_client_secret": "geheim",
        },
    ],
)
def test_no_link_where_others_can_come_or_a_provider_is_set(town: Town, settings: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        link(town, **settings)
    assert caught.value.code == "owner-link-refused"


def test_a_code_of_a_mail_is_no_link(town: Town) -> None:
    town.asks()

    for each in town.secrets:
        assert refused(partial(door.sign_in_with_link, town.context, each, NOW, town.chance)) == GENERIC


# --- what stands in the database ---------------------------------------------------------------------


def token_for(session: Any, town: Town) -> tuple[int, str]:
    return accounts.add_token(
        session, account_id=town.account, name="koppeling", scopes={Scope.READ}, expires_at=NOW + timedelta(days=30),
        by="test", now=NOW, chance=town.chance,
    )  # fmt: skip


def rows(engine: Engine, table: str) -> list[dict[str, object]]:
    with engine.execution_options(regie_reading=True).connect() as connection:
        return [dict(row) for row in connection.execute(metadata.tables[table].select()).mappings()]


def dump(engine: Engine) -> str:
    """Every value in the database; on SQLite every byte of its files too."""
    everything = repr({name: rows(engine, name) for name in metadata.tables})
    if engine.dialect.name == "sqlite":
        for more in ("", "-wal"):
            file = Path(f"{engine.url.database}{more}")
            everything += file.read_bytes().decode("latin-1") if file.exists() else ""
    return everything


def test_a_whole_dump_holds_no_secret_no_code_no_token_and_no_typed_address(town: Town) -> None:
    code = town.code()
    partner = town.enters(code)
    owner = link(town)
    session_id = door.sign_in_with_link(town.context, owner, NOW, town.chance)
    by_password = town.password("nood", GOOD)
    refused(lambda: town.password("nood", "geheim-dat-fout-is"))
    refused(lambda: town.password("iemand-met-naam", "x"))
    _, key = town.write(lambda s: token_for(s, town))
    town.asks("onbekend.adres@voorbeeld.nl", PHONE)

    everything = dump(town.engine)

    assert "koppeling" in everything  # the dump sees what is there
    for secret in (
        code, code.replace(" ", ""), partner, owner, session_id, by_password, key, key.removeprefix("regie_"), GOOD,
        "geheim-dat-fout-is", "iemand-met-naam", LAPTOP, PHONE, "onbekend.adres", KEY.decode(),
    ):  # fmt: skip
        assert secret not in everything, secret
    log = repr(rows(town.engine, "access_log"))
    assert "@" not in log
    assert "Anna" not in log


def test_every_attempt_and_every_act_stands_in_the_log(town: Town) -> None:
    refused(lambda: town.password("nood", "x"))
    refused(lambda: town.password("niemand", "x"))
    town.password("nood", GOOD)

    own = f"account:{town.account}"
    assert town.log(What.SIGN_IN_PASSWORD) == [
        (own, "refused", "wrong"),
        ("nobody", "refused", "closed"),
        (own, "ok", ""),
    ]
    assert town.log(What.ACCOUNT_ADDED) == [("test", "ok", own)]
    assert town.log(What.RIGHT_GIVEN) == [("test", "ok", f"{own} lead all")]
    with read_scope(town.engine) as session:
        assert {each.outcome for each in list_access(session, outcome=Outcome.REFUSED)} == {Outcome.REFUSED}


@pytest.mark.parametrize("strange", ["", "\x00", "\ud800", "a\x00b@c.nl", "x" * 100_000, "' OR 1=1 --", "٣٤٥٦٧٨٩٠"])
def test_whatever_a_stranger_sends_is_a_wrong_secret_and_no_fault(town: Town, strange: str) -> None:
    town.code()
    town.asks(strange, strange)

    assert refused(lambda: town.enters(strange)) == GENERIC
    assert refused(lambda: town.enters(strange, strange)) == GENERIC
    assert refused(lambda: town.password(strange, strange)) == GENERIC
    assert refused(lambda: town.password("nood", strange)) == GENERIC
    assert refused(lambda: door.sign_in_with_link(town.context, strange, NOW, town.chance)) == GENERIC
    assert door.who_is(town.context, strange, NOW, LIMITS) is None
    assert town.write(lambda s: accounts.token_actor(s, strange, NOW)) is None
    assert town.mailed() == []
