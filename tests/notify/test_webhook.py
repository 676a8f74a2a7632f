"""To which addresses an event may go, and that the connection goes there and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from regie.errors import Refused
from regie.notify.webhook import (
    Patience,
    WebhookPolicy,
    WebhookSender,
    check_address,
    find_server,
)
from tests.support.receivers import Receiver
from tests.support.servers import write_certificate

PUBLIC = "93.184.215.14"


def policy(*hosts: str, internal: tuple[str, ...] = (), at: tuple[str, ...] = (PUBLIC,)) -> WebhookPolicy:
    return WebhookPolicy(frozenset(hosts), frozenset(internal), lambda host: at)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://elders.example/haak", "webhook-host"),
        ("https://hooks.example.evil.example/", "webhook-host"),
        ("http://hooks.example/haak", "webhook-address"),
        ("ftp://hooks.example/haak", "webhook-address"),
        ("https://jan:geheim@hooks.example/", "webhook-address"),
        ("https://hooks.example\\@evil.example/", "webhook-address"),
        ("https://hooks.example/#stuk", "webhook-address"),
        ("https://hooks.example:99999/", "webhook-address"),
        ("https:///haak", "webhook-address"),
        ("//hooks.example/haak", "webhook-address"),
        ("https://hooks.example/een pad", "webhook-address"),
        ("https://hooks.example/\r\nHost: evil", "webhook-address"),
        ("https://hooks.example/" + "x" * 2_000, "webhook-address"),
        ("https://hööks.example/", "webhook-address"),
        ("", "webhook-address"),
    ],
)
def test_an_address_that_is_not_on_the_list_or_not_plain_is_refused(url: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        check_address(url, policy("hooks.example"))
    assert caught.value.code == code
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "172.16.0.9", "0.0.0.0", "::1", "fe80::1", "fd00::1",
     "::ffff:10.0.0.1", "100.64.0.1"],
)  # fmt: skip
def test_a_host_that_stands_on_an_internal_network_is_refused_unless_it_was_named(address: str) -> None:
    found = check_address("https://hooks.example/", policy("hooks.example"))

    with pytest.raises(Refused) as caught:
        find_server(found, policy("hooks.example", at=(PUBLIC, address)))
    assert caught.value.code == "webhook-internal"
    assert find_server(found, policy(internal=("hooks.example",), at=(address,))) == (address,)


def test_a_host_that_nobody_knows_is_refused_by_name() -> None:
    found = check_address("https://hooks.example/", policy("hooks.example"))
    with pytest.raises(Refused, match="cannot be found"):
        find_server(found, policy("hooks.example", at=()))


def test_plain_http_is_for_this_machine_only() -> None:
    assert check_address("http://127.0.0.1:8000/x", policy(internal=("127.0.0.1",))).is_plain
    with pytest.raises(Refused, match="https"):
        check_address("http://intern.example/x", policy(internal=("intern.example",)))
    with pytest.raises(Refused, match="not on the list"):
        check_address("http://127.0.0.1:8000/x", policy("hooks.example"))


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as elsewhere, Receiver(location=elsewhere.url()) as receiver:
        receiver.default_status = 307
        answer = WebhookSender(policy(internal=("127.0.0.1",), at=("127.0.0.1",))).send(receiver.url(), b"{}", {})

    assert (answer.is_taken, answer.detail) == (False, "answered 307")
    assert len(receiver.calls) == 1
    assert elsewhere.calls == []


def test_the_connection_goes_to_the_address_that_was_judged_under_the_name_that_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path, "hooks.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    asked: list[str] = []

    def resolve(host: str) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("10.0.0.1",)

    with Receiver(certificate=certificate) as receiver:
        sender = WebhookSender(WebhookPolicy(frozenset(), frozenset({"hooks.example"}), resolve))
        answer = sender.send(receiver.url("hooks.example"), b"{}", {"webhook-id": "x"})

    assert answer.is_taken, answer.detail
    assert asked == ["hooks.example"], "the name is looked up once"
    assert receiver.calls[0].headers["host"] == f"hooks.example:{receiver.port}"


def test_a_certificate_of_another_host_or_of_nobody_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = write_certificate(tmp_path, "ander.example")
    with Receiver(certificate=certificate) as receiver:
        sender = WebhookSender(policy(internal=("hooks.example",), at=("127.0.0.1",)))
        nobody = sender.send(receiver.url("hooks.example"), b"{}", {})
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        other = sender.send(receiver.url("hooks.example"), b"{}", {})

    assert not nobody.is_taken
    assert not other.is_taken
    assert nobody.detail.startswith("the certificate was not accepted")
    assert other.detail.startswith("the certificate was not accepted")
    assert receiver.calls == []


def test_a_receiver_that_drips_its_answer_is_cut_off() -> None:
    sender = WebhookSender(policy(internal=("127.0.0.1",), at=("127.0.0.1",)), Patience(2, 15, 0.2))
    with Receiver(drips=True) as receiver:
        answer = sender.send(receiver.url(), b"{}", {})

    assert (answer.is_taken, answer.detail) == (False, "no answer in time")


def test_nobody_there_is_an_answer_and_no_error() -> None:
    with Receiver() as receiver:
        url = receiver.url()
    answer = WebhookSender(policy(internal=("127.0.0.1",), at=("127.0.0.1",))).send(url, b"{}", {})

    assert not answer.is_taken
    assert answer.detail == "no connection: ConnectionRefusedError"
