"""E-mail addresses that mail servers take, and nothing that does more than address one person."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regie.errors import Refused
from regie.mailbox import Mailbox, check_email, parse_mailbox


@pytest.mark.parametrize(
    "address",
    ["an@partner.nl", "a.b-c_d+opvang@sub.partner.example", "o'brien@x1.co", "A@B.NL", "x@xn--exmple-cua.nl"],
)
def test_ordinary_address_is_taken_as_it_is(address: str) -> None:
    assert check_email(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "an",
        "an@",
        "@partner.nl",
        "an@partner",
        "an@@partner.nl",
        "an@partner..nl",
        ".an@partner.nl",
        "an.@partner.nl",
        "an@-partner.nl",
        "an@partner.nl.",
        "an@partner.nl ",
        "an dijk@partner.nl",
        "an@partner.nl\n",
        "an@partner.nl\r\nBcc: x@y.nl",
        "an@partner.nl\x00",
        "an@partner.nl,x@y.nl",
        "an@partner.nl;x@y.nl",
        "An <an@partner.nl>",
        '"an"@partner.nl',
        "an@[10.0.0.1]",
        "zoë@partner.nl",
        "an@pärtner.nl",
        "a" * 65 + "@partner.nl",
        "an@" + "a" * 64 + ".nl",
        "an@" + ".".join(["a" * 60] * 5) + ".nl",
    ],
)
def test_anything_else_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(Refused, match="not an e-mail address") as refused:
        check_email(address)

    assert refused.value.code == "address-invalid"
    assert "partner" not in str(refused.value)


@settings(deadline=None)  # other work may have the machine
@given(st.text(st.characters(exclude_categories=[]), max_size=40) | st.from_regex(r"[!-~\s]{1,9}@[!-~\s]{1,9}"))
def test_address_that_is_taken_is_plain_and_addresses_one(text: str) -> None:
    try:
        address = check_email(text)
    except Refused:
        return

    assert address.isascii()
    assert address.isprintable()
    assert address.count("@") == 1
    assert not set(address) & set(' ,;<>()[]:"\\')


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("regie@stad.nl", Mailbox("regie@stad.nl")),
        ("  Regie Stad <regie@stad.nl> ", Mailbox("regie@stad.nl", "Regie Stad")),
        ('"Regie, Stad" <regie@stad.nl>', Mailbox("regie@stad.nl", "Regie, Stad")),
        ("<regie@stad.nl>", Mailbox("regie@stad.nl")),
    ],
)
def test_mailbox_is_read_with_or_without_a_name(text: str, mailbox: Mailbox) -> None:
    assert parse_mailbox(text) == mailbox


@pytest.mark.parametrize("text", ["Regie <regie>", "Regie regie@stad.nl", "a@b.nl <c@d.nl", "<a@b.nl> <c@d.nl>", ""])
def test_mailbox_that_is_unclear_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="not an e-mail address"):
        parse_mailbox(text)
