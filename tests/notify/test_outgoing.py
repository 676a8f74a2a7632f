"""A message as a letter: what stands in it, and what nobody can smuggle into it."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regie.errors import Refused
from regie.notify.outgoing import OutgoingMessage, clean_header, compose_letter
from tests.notify.conftest import OPENING_DAY, TOWN, a_message

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "X-Regie-Id",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
]


def as_read(message: OutgoingMessage) -> EmailMessage:
    letter = message_from_bytes(compose_letter(message, TOWN, OPENING_DAY).as_bytes(), policy=default)
    assert isinstance(letter, EmailMessage)
    return letter


def test_letter_says_who_writes_to_whom_about_what_and_when() -> None:
    letter = as_read(a_message(list_id="traject-noord.regie.example", reply_to="lead@voorbeeldstad.nl"))

    assert letter["From"] == "Regie Voorbeeldstad <regie@voorbeeldstad.nl>"
    assert letter["To"] == "An van Dijk <an@partner.nl>"
    assert letter["Reply-To"] == "lead@voorbeeldstad.nl"
    assert letter["Subject"] == "Vandaag: Startnota opstellen"
    assert letter["Date"].datetime == OPENING_DAY
    assert letter["Message-ID"] == "<b1946ac9-2f4c@voorbeeldstad.nl>"
    assert letter["X-Regie-Id"] == "b1946ac9-2f4c"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Id"] == "<traject-noord.regie.example>"
    assert letter["Content-Language"] == "nl"


def test_text_comes_first_so_that_a_reader_of_html_sees_html() -> None:
    parts = [part.get_content_type() for part in as_read(a_message()).iter_parts()]

    assert parts == ["text/plain", "text/html"]


def test_attachments_keep_name_type_and_content() -> None:
    agenda = ("startnota é.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")

    (attached,) = as_read(a_message(attachments=(agenda,))).iter_attachments()

    assert attached.get_filename() == "startnota é.ics"
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_payload(decode=True) == agenda[2]


@pytest.mark.parametrize("reply_to", [None, "lead@voorbeeldstad.nl"])
def test_answers_go_to_the_person_named_or_else_to_the_town(reply_to: str | None) -> None:
    letter = compose_letter(a_message(reply_to=reply_to), TOWN, OPENING_DAY, "opvang@voorbeeldstad.nl")

    assert letter["Reply-To"] == (reply_to or "opvang@voorbeeldstad.nl")


def test_id_that_is_no_word_still_gives_one_message_id_for_ever() -> None:
    strange = a_message(message_id="noord/1/f0-startnota/<x>\r\nBcc: a@b.nl")

    first, second = as_read(strange), as_read(strange)

    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].startswith("<")
    assert first["Message-ID"].endswith("@voorbeeldstad.nl>")
    assert first["Bcc"] is None


def test_long_subject_is_cut_with_a_sign_that_says_so() -> None:
    subject = as_read(a_message(subject="a" * 500))["Subject"]

    assert subject == "a" * 199 + "…"


def test_half_a_character_does_not_make_a_message_that_fails_for_ever() -> None:
    letter = as_read(a_message(subject="half \ud83d", text="half \ud83d teken", html="<p>\ud83d</p>", to_name="\udc00"))

    assert letter["Subject"] == "half"
    assert letter["To"] == "an@partner.nl"
    assert letter.get_body(("plain",)).get_content().startswith("half ? teken")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "address",
    [
        "an@partner.nl\r\nBcc: x@y.nl",
        "an@partner.nl, x@y.nl",
        "an",
        "",
        "an@[10.0.0.1]",
        "=?utf-8?q?=0D=0ABcc=3Ax=40y.nl?=@partner.nl",
    ],
)
def test_address_that_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="not an e-mail address") as refused:
        compose_letter(a_message(to=address), TOWN, OPENING_DAY)

    assert refused.value.code == "address-invalid"
    assert "partner" not in str(refused.value)


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=120)
NASTY = ANY_TEXT | st.lists(
    st.sampled_from(
        [
            "\r\n",
            "\n",
            "\r",
            "\x00",
            "\x85",
            "\u2028",
            "Bcc: x@y.nl",
            '"',
            ">",
            "<x@y.nl>",
            ",",
            ":",
            ";",
            "=?",
            "=?utf-8?q?a=0D=0ABcc=3A_x=40y.nl?=",
            "=?utf-8?b?DQpCY2M6IHhAeS5ubA==?=",
            "é",
            " ",
        ]
    ),
    max_size=12,
).map("".join)


def test_a_long_name_with_signs_that_mean_something_stays_one_name() -> None:
    name = "Boer, Jan de (afdeling Maatschappelijke Ontwikkeling; team Opvang), gemeente Voorbeeldstad"

    letter = as_read(a_message(to_name=name))

    (to,) = letter["To"].addresses
    assert to.addr_spec == "an@partner.nl"
    assert to.display_name == "Boer Jan de afdeling Maatschappelijke Ontwikkeling team Opvang gemeente Voorbeeldstad"


@settings(deadline=None)  # other work may have the machine
@given(subject=NASTY, name=NASTY, message_id=NASTY, language=NASTY)
def test_nothing_in_a_subject_name_or_id_becomes_a_header_or_a_recipient(
    subject: str, name: str, message_id: str, language: str
) -> None:
    message = a_message(subject=subject, to_name=name, message_id=message_id, language=language)

    letter = as_read(message)

    assert letter.keys() == HEADERS
    assert [address.addr_spec for address in letter["To"].addresses] == ["an@partner.nl"]
    assert letter["Subject"] == clean_header(subject)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,60}", letter["X-Regie-Id"])
    assert letter["Message-ID"] == f"<{letter['X-Regie-Id']}@voorbeeldstad.nl>"


def test_encoded_word_in_the_name_of_an_attachment_stays_a_name() -> None:
    hidden = "=?utf-8?q?a=0D=0AX-Evil=3A_x?=.pdf"

    letter = as_read(a_message(attachments=((hidden, "application/pdf", b"%PDF"),)))

    (attachment,) = letter.iter_attachments()
    assert attachment["X-Evil"] is None


@pytest.mark.parametrize("length", range(60, 80))
def test_subject_starts_on_the_line_of_its_name(length: int) -> None:
    subject = ("Besloten: " + "woord " * 20)[:length].rstrip(" ") + "."

    raw = compose_letter(a_message(subject=subject), TOWN, OPENING_DAY).as_bytes()

    assert b"\r\nSubject: Besloten: woord" in raw
    assert as_read(a_message(subject=subject))["Subject"] == subject


@pytest.mark.parametrize("length", range(40, 140))
def test_subject_with_other_letters_reads_back_as_it_was_wherever_it_is_folded(length: int) -> None:
    subject = ("Uiterlijk morgen: besluit over de opvanglocatie " * 3)[:length].rstrip() + " één café"

    assert as_read(a_message(subject=subject))["Subject"] == subject


@settings(deadline=None)  # other work may have the machine
@given(text=ANY_TEXT)
def test_cleaning_a_header_twice_is_cleaning_it_once(text: str) -> None:
    once = clean_header(text)

    assert clean_header(once) == once
    assert len(once) <= 200
    assert once.isprintable()
