"""Messages as files: what a rehearsal leaves behind."""

from __future__ import annotations

import os
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from regie.clock import VirtualClock
from regie.notify.channels import ChannelPolicy, check_channel
from regie.notify.sender import DeliveryOutcome, FolderSender
from tests.notify.conftest import OPENING_DAY, TOWN, a_message


def read(file: Path) -> EmailMessage:
    letter = message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(letter, EmailMessage)
    return letter


def test_message_becomes_a_file_that_a_mail_program_opens(tmp_path: Path) -> None:
    message = a_message()

    delivery = FolderSender(tmp_path / "post", TOWN, clock=VirtualClock(OPENING_DAY)).send(message)

    assert delivery.outcome is DeliveryOutcome.ACCEPTED
    (file,) = (tmp_path / "post").iterdir()
    assert file.name == "20270603T073000-b1946ac9-2f4c-1.eml"
    assert file.name in delivery.detail
    letter = read(file)
    assert letter["To"] == "An van Dijk <an@partner.nl>"
    assert letter["Subject"] == message.subject
    assert letter.get_body(("plain",)).get_content().replace("\r\n", "\n") == message.text  # type: ignore[union-attr]


def test_files_stand_in_the_order_of_time_and_no_attempt_is_lost(tmp_path: Path) -> None:
    clock = VirtualClock(OPENING_DAY)
    sender = FolderSender(tmp_path, clock=clock)

    for attempt in (1, 2):
        sender.send(a_message(attempt=attempt, subject=f"poging {attempt}"))
        clock.advance(hours=30)

    assert [read(file)["Subject"] for file in sorted(tmp_path.iterdir())] == ["poging 1", "poging 2"]
    assert clock() - OPENING_DAY == timedelta(hours=60)


@pytest.mark.parametrize(
    "message_id",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "a\x00b",
        "..",
        "con:aux|*?",
        "x" * 500,
        "é" * 200,
        "",
        "noord/1/f0-startnota",
    ],
)
def test_strange_id_gives_a_safe_name_inside_the_folder(tmp_path: Path, message_id: str) -> None:
    FolderSender(tmp_path / "post", clock=VirtualClock(OPENING_DAY)).send(a_message(message_id=message_id))

    (file,) = tmp_path.rglob("*.eml")
    assert file.parent == tmp_path / "post"
    assert len(os.fsencode(file.name)) < 120
    assert set(file.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")


def test_ids_that_look_alike_do_not_overwrite_each_other(tmp_path: Path) -> None:
    sender = FolderSender(tmp_path, clock=VirtualClock(OPENING_DAY))

    for message_id in ("noord/1", "noord:1", "noord-1"):
        sender.send(a_message(message_id=message_id))

    assert len(list(tmp_path.iterdir())) == 3


def test_folder_that_cannot_be_written_is_a_refusal_that_may_be_retried(tmp_path: Path) -> None:
    (tmp_path / "post").write_text("a file stands in the way")

    delivery = FolderSender(tmp_path / "post").send(a_message())

    assert (delivery.outcome, delivery.permanent) == (DeliveryOutcome.REFUSED, False)


def test_invalid_recipient_leaves_no_file(tmp_path: Path) -> None:
    delivery = FolderSender(tmp_path).send(a_message(to="geen adres"))

    assert (delivery.outcome, delivery.permanent) == (DeliveryOutcome.REFUSED, True)
    assert list(tmp_path.iterdir()) == []


def test_message_for_a_channel_is_written_without_its_secrets(tmp_path: Path) -> None:
    policy = ChannelPolicy(frozenset({"jsons"}), resolve=lambda _host: ("93.184.215.14",))
    channel = check_channel("jsons://regie:geheim@hook.example.nl/geheim", policy)

    FolderSender(tmp_path, clock=VirtualClock(OPENING_DAY)).send(a_message(channel=channel, to=""))

    (file,) = tmp_path.iterdir()
    assert read(file)["X-Regie-Channel"] == "jsons://hook.example.nl/…"
    assert b"geheim" not in file.read_bytes()
