"""Mail to a real server: what arrives, and what is certain when something goes wrong."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from regie.errors import Incomplete, Refused
from regie.mailbox import Mailbox
from regie.notify.channels import ChannelPolicy, check_channel
from regie.notify.redact import install_redaction
from regie.notify.sender import AppriseSender, Delivery, DeliveryOutcome, Timeouts
from regie.settings import load_settings
from tests.notify.conftest import IMPATIENT, OPENING_DAY, TOWN, a_message, sender_for
from tests.support.servers import LOOPBACK, Behaviour, MailServer, WebhookServer, write_certificate

ACCEPTED, REFUSED, UNCERTAIN = DeliveryOutcome.ACCEPTED, DeliveryOutcome.REFUSED, DeliveryOutcome.UNCERTAIN


def closed_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def test_message_arrives_with_text_and_html_as_given(server: MailServer) -> None:
    message = a_message()

    delivery = sender_for(server.url).send(message)

    assert delivery.outcome is ACCEPTED
    (mail,) = server.messages
    assert (mail.sender, mail.recipients) == ("regie@voorbeeldstad.nl", ("an@partner.nl",))
    assert mail.text == message.text
    assert mail.html.rstrip("\n") == message.html
    assert "https://regie.example/a/x1" in mail.text


def test_lines_that_start_with_a_dot_arrive_whole(server: MailServer) -> None:
    text = ".\n..\n.verborgen\nslot\n"

    sender_for(server.url).send(a_message(text=text))

    assert server.messages[0].text == text


def test_message_without_html_is_a_plain_letter(server: MailServer) -> None:
    sender_for(server.url).send(a_message(html=""))

    assert server.messages[0].letter.get_content_type() == "text/plain"


def test_accents_and_long_lines_arrive_whole_by_a_server_of_seven_bits(server: MailServer) -> None:
    text = "Café Zoë, € 12,- en 👍 " + "lang " * 400 + "\n"

    sender_for(server.url).send(a_message(text=text, subject="Zoë 👍"))

    (mail,) = server.messages
    assert mail.raw.isascii()
    assert max(map(len, mail.raw.splitlines())) <= 998
    assert mail.text == text
    assert mail.letter["Subject"] == "Zoë 👍"


def test_two_attempts_carry_one_id_so_that_a_double_is_recognised(server: MailServer) -> None:
    sender = sender_for(server.url)

    sender.send(a_message(attempt=1))
    sender.send(a_message(attempt=2))

    first, second = server.messages
    assert first.letter["X-Regie-Id"] == second.letter["X-Regie-Id"] == "b1946ac9-2f4c"
    assert first.letter["Message-ID"] == second.letter["Message-ID"]


@pytest.mark.parametrize(
    ("behaviour", "outcome", "permanent", "arrived"),
    [
        pytest.param(Behaviour.REFUSE_RECIPIENT, REFUSED, True, 0, id="550-unknown-recipient"),
        pytest.param(Behaviour.DEFER, REFUSED, False, 0, id="451-try-later"),
        pytest.param(Behaviour.REJECT_LETTER, REFUSED, True, 0, id="554-after-the-letter"),
        pytest.param(Behaviour.HANG_UP, REFUSED, False, 0, id="hangs-up-at-once"),
        pytest.param(Behaviour.DROP_AFTER_RECIPIENT, REFUSED, False, 0, id="gone-before-the-letter"),
        pytest.param(Behaviour.DROP_AFTER_LETTER, UNCERTAIN, False, 1, id="gone-after-the-letter"),
        pytest.param(Behaviour.SLOW, UNCERTAIN, False, 1, id="silent-after-the-letter"),
    ],
)
def test_outcome_says_only_what_is_certain(
    server: MailServer, behaviour: Behaviour, outcome: DeliveryOutcome, permanent: bool, arrived: int
) -> None:
    server.will(behaviour)

    delivery = sender_for(server.url).send(a_message())

    assert (delivery.outcome, delivery.permanent) == (outcome, permanent)
    assert len(server.messages) == arrived
    assert server.connections == 1
    assert "an@partner.nl" not in delivery.detail


def test_server_that_broke_off_takes_the_next_attempt(server: MailServer) -> None:
    server.will(Behaviour.HANG_UP)
    sender = sender_for(server.url)

    outcomes = [sender.send(a_message(attempt=attempt)).outcome for attempt in (1, 2)]

    assert outcomes == [REFUSED, ACCEPTED]


def test_closed_port_is_a_certain_refusal_that_may_be_retried() -> None:
    delivery = sender_for(f"mailto://{LOOPBACK}:{closed_port()}").send(a_message())

    assert (delivery.outcome, delivery.permanent) == (REFUSED, False)
    assert "no connection" in delivery.detail


def test_mail_server_may_be_given_by_a_version_six_address() -> None:
    delivery = sender_for("mailto://[::1]:9").send(a_message())

    assert (delivery.outcome, delivery.permanent) == (REFUSED, False)
    assert "no connection" in delivery.detail


def test_unknown_mail_server_is_a_certain_refusal_that_may_be_retried() -> None:
    delivery = sender_for("mailto://mail.nergens.invalid:25").send(a_message())

    assert (delivery.outcome, delivery.permanent) == (REFUSED, False)
    assert "cannot be found" in delivery.detail


def test_silent_server_is_left_before_the_letter_and_that_is_certain() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        sender = AppriseSender(
            f"mailto://{LOOPBACK}:{silent.getsockname()[1]}", TOWN, timeouts=Timeouts(connect_seconds=0.3)
        )

        delivery = sender.send(a_message())

    assert (delivery.outcome, delivery.permanent) == (REFUSED, False)
    assert "in time" in delivery.detail


def test_invalid_recipient_never_reaches_the_server(server: MailServer) -> None:
    delivery = sender_for(server.url).send(a_message(to="an@partner.nl\r\nRCPT TO:<x@y.nl>"))

    assert (delivery.outcome, delivery.permanent) == (REFUSED, True)
    assert server.connections == 0


def test_starttls_that_is_not_offered_sends_nothing_in_clear(server: MailServer) -> None:
    url = f"mailtos://{LOOPBACK}:{server.port}?mode=starttls"

    delivery = sender_for(url).send(a_message())

    assert (delivery.outcome, delivery.permanent) == (REFUSED, False)
    assert "STARTTLS" in delivery.detail
    assert server.messages == []


@pytest.mark.parametrize("mode", ["starttls", "ssl"])
def test_login_and_letter_travel_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    certificate = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    users = {"regie@voorbeeldstad.nl": "zeer/geheim"}

    with MailServer(users=users, certificate=certificate, encrypted_from_start=mode == "ssl") as server:
        url = f"mailtos://regie%40voorbeeldstad.nl:zeer%2Fgeheim@{LOOPBACK}:{server.port}?mode={mode}"
        delivery = sender_for(url).send(a_message())

    assert delivery.outcome is ACCEPTED, delivery
    assert server.messages[0].was_encrypted
    assert server.messages[0].login == "regie@voorbeeldstad.nl"


@pytest.mark.parametrize("mode", ["starttls", "ssl"])
def test_certificate_nobody_vouches_for_gets_no_letter(tmp_path: Path, mode: str) -> None:
    certificate = write_certificate(tmp_path)

    with MailServer(certificate=certificate, encrypted_from_start=mode == "ssl") as server:
        delivery = sender_for(f"mailtos://{LOOPBACK}:{server.port}?mode={mode}").send(a_message())

    assert (delivery.outcome, delivery.permanent) == (REFUSED, False)
    assert "certificate" in delivery.detail
    assert server.messages == []


def test_wrong_password_is_permanent_and_shows_nowhere(all_logs: Callable[[], str]) -> None:
    undo = install_redaction(["fout-maar-geheim"])
    with MailServer(users={"regie": "goed"}) as server:
        url = f"mailto://regie:fout-maar-geheim@{LOOPBACK}:{server.port}"
        delivery = sender_for(url).send(a_message())
    undo()

    assert (delivery.outcome, delivery.permanent) == (REFUSED, True)
    assert "535" in delivery.detail
    assert server.messages == []
    for told in (delivery.detail, all_logs(), repr(vars(sender_for(url)))):
        assert "fout-maar-geheim" not in told


def test_password_with_signs_that_cannot_be_sent_is_explained_without_it() -> None:
    with MailServer(users={"regie": "x"}) as server:
        delivery = sender_for(f"mailto://regie:w%C3%A9%C3%A9t@{LOOPBACK}:{server.port}").send(a_message())

    assert (delivery.outcome, delivery.permanent) == (REFUSED, True)
    assert "signs" in delivery.detail
    assert "wéét" not in delivery.detail


def test_password_never_crosses_the_network_unencrypted() -> None:
    delivery = sender_for("mailto://regie:geheim@smtp.voorbeeldstad.nl:25").send(a_message())

    assert (delivery.outcome, delivery.permanent) == (REFUSED, True)
    assert "unencrypted" in delivery.detail


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("smtp://mail.voorbeeldstad.nl", "channel-scheme", id="other-scheme"),
        pytest.param("jsons://mail.voorbeeldstad.nl", "channel-scheme", id="no-mail"),
        pytest.param("mailtos://mail.voorbeeldstad.nl?verify=no", "channel-option", id="no-certificate-check"),
        pytest.param("mailtos://mail.voorbeeldstad.nl?retry=3", "channel-option", id="retries"),
        pytest.param("mailtos://mail.voorbeeldstad.nl?mode=insecure", "channel-option", id="mode-undoes-the-s"),
        pytest.param("mailtos://mail.voorbeeldstad.nl?to=x@y.nl", "channel-option", id="other-recipient"),
        pytest.param("mailtos://u:p w@mail.voorbeeldstad.nl", "address-invalid", id="space"),
        pytest.param("mailtos://", "address-invalid", id="no-server"),
    ],
)
def test_mail_server_address_that_is_not_right_is_refused_at_once(url: str, code: str) -> None:
    with pytest.raises(Refused, match=r".") as refused:
        sender_for(url)

    assert refused.value.code == code


def test_everything_of_a_test_environment_goes_to_one_address(server: MailServer) -> None:
    sender = AppriseSender(
        server.url, TOWN, redirect_to="tester@voorbeeldstad.nl", environment_label="TEST", timeouts=IMPATIENT
    )

    sender.send(a_message())
    sender.send(a_message(language="en"))

    dutch, english = server.messages
    assert dutch.recipients == english.recipients == ("tester@voorbeeldstad.nl",)
    assert dutch.letter["Subject"] == "[TEST: an@partner.nl] Vandaag: Startnota opstellen"
    assert dutch.text.startswith("Proefomgeving TEST: dit bericht was bedoeld voor an@partner.nl.\n\nBeste An,")
    assert "<body><p>Proefomgeving TEST: dit bericht was bedoeld voor an@partner.nl.</p>" in dutch.html
    assert english.text.startswith("Test environment TEST: this message was meant for an@partner.nl.")


def test_test_environment_does_not_write_to_a_channel(server: MailServer) -> None:
    with WebhookServer() as hook:
        policy = ChannelPolicy(frozenset({"json"}), frozenset({LOOPBACK}))
        channel = check_channel(f"json://{LOOPBACK}:{hook.port}/geheim", policy)
        sender = AppriseSender(
            server.url, TOWN, redirect_to="tester@voorbeeldstad.nl", environment_label="TEST", policy=policy
        )

        delivery = sender.send(a_message(channel=channel))

    assert delivery.outcome is ACCEPTED
    assert hook.posts == []
    assert server.messages[0].recipients == ("tester@voorbeeldstad.nl",)
    assert "geheim" not in server.messages[0].text


def test_sender_is_built_from_the_settings(server: MailServer) -> None:
    settings = load_settings(mail_url=server.url, mail_from="Regie Noord <noord@voorbeeldstad.nl>", reply_to="a@b.nl")

    delivery = AppriseSender.from_settings(settings, lambda: OPENING_DAY).send(a_message())

    assert delivery.outcome is ACCEPTED
    assert server.messages[0].letter["From"] == "Regie Noord <noord@voorbeeldstad.nl>"
    assert server.messages[0].letter["Reply-To"] == "a@b.nl"
    assert server.messages[0].letter["Date"].datetime == OPENING_DAY


def test_without_a_mail_server_nothing_pretends_to_send() -> None:
    with pytest.raises(Incomplete, match="REGIE_MAIL_URL"):
        AppriseSender.from_settings(load_settings(), lambda: OPENING_DAY)


def webhook_channel(port: int) -> tuple[AppriseSender, dict[str, object]]:
    allowed = ChannelPolicy(frozenset({"json"}), frozenset({LOOPBACK}))
    sender = sender_for("mailto://127.0.0.1:9", policy=allowed)
    return sender, {"channel": check_channel(f"json://{LOOPBACK}:{port}/pad", allowed)}


def test_channel_gets_the_text_with_the_link_and_the_reference() -> None:
    with WebhookServer() as hook:
        sender, to_channel = webhook_channel(hook.port)

        delivery = sender.send(a_message(**to_channel))

    assert delivery == Delivery(ACCEPTED, f"accepted by json://{LOOPBACK}:{hook.port}/…")
    (post,) = hook.posts
    assert "https://regie.example/a/x1" in post
    assert "Kenmerk: b1946ac9-2f4c" in post
    assert "Vandaag: Startnota opstellen" in post


@pytest.mark.parametrize("status", [403, 500])
def test_channel_that_fails_is_uncertain_and_asked_once(status: int) -> None:
    with WebhookServer(status) as hook:
        sender, to_channel = webhook_channel(hook.port)

        delivery = sender.send(a_message(**to_channel))

    assert (delivery.outcome, delivery.permanent) == (UNCERTAIN, False)
    assert len(hook.posts) == 1


def test_channel_that_sends_us_on_elsewhere_is_not_followed() -> None:
    with WebhookServer() as elsewhere, WebhookServer(302, f"http://{LOOPBACK}:{elsewhere.port}/") as hook:
        sender, to_channel = webhook_channel(hook.port)

        delivery = sender.send(a_message(**to_channel))

    assert delivery.outcome is UNCERTAIN
    assert elsewhere.posts == []


@pytest.mark.parametrize(
    ("today", "permanent"),
    [pytest.param(("10.0.0.5",), True, id="internal-today"), pytest.param((), False, id="not-found-today")],
)
def test_channel_whose_name_points_elsewhere_by_now_gets_nothing(today: tuple[str, ...], permanent: bool) -> None:
    answers = iter([("93.184.215.14",), today])
    policy = ChannelPolicy(frozenset({"json"}), resolve=lambda _host: next(answers))
    channel = check_channel("json://hook.partner.nl/pad", policy)

    delivery = sender_for("mailto://127.0.0.1:9", policy=policy).send(a_message(channel=channel))

    assert (delivery.outcome, delivery.permanent) == (REFUSED, permanent)


def test_mail_channel_goes_by_its_own_server_with_our_letter(server: MailServer) -> None:
    policy = ChannelPolicy(frozenset({"mailto"}), frozenset({LOOPBACK}))
    channel = check_channel(server.url, policy)

    delivery = sender_for("mailto://127.0.0.1:9", policy=policy).send(a_message(channel=channel))

    assert delivery.outcome is ACCEPTED
    assert server.messages[0].letter["To"] == "An van Dijk <an@partner.nl>"


def test_importing_the_sender_does_not_import_apprise() -> None:
    code = "import sys, regie.notify.sender; print('apprise' in sys.modules, 'pydantic' in sys.modules)"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.split() == ["False", "False"]


def test_sender_name_with_a_comma_stays_one_sender(server: MailServer) -> None:
    town = Mailbox("regie@voorbeeldstad.nl", "Regie, opvang <noord>")

    AppriseSender(server.url, town, timeouts=IMPATIENT).send(a_message())

    (sender,) = server.messages[0].letter["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Regie, opvang <noord>", "regie@voorbeeldstad.nl")
