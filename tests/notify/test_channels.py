"""Which addresses may be a channel. A refusal here keeps Regie from being used against its own network."""

from __future__ import annotations

import pytest
from apprise import Apprise
from hypothesis import given, settings
from hypothesis import strategies as st

import regie.notify.mail  # noqa: F401 - knows how to import Apprise without a warning
from regie.errors import Refused
from regie.notify.channels import ChannelPolicy, check_channel, mask
from regie.settings import load_settings

PUBLIC = "93.184.215.14"
EVERY_SCHEME = frozenset(
    {"mailto", "mailtos", "workflows", "signals", "msgbird", "ntfys", "json", "jsons", "nctalks", "o365"}
)


def policy(*addresses: str, internal: frozenset[str] = frozenset()) -> ChannelPolicy:
    """Names stand for these addresses; addresses stand for themselves."""
    return ChannelPolicy(EVERY_SCHEME, internal, resolve=lambda _host: addresses or (PUBLIC,))


def refusal(url: str, allowed: ChannelPolicy) -> str:
    with pytest.raises(Refused, match=r".") as refused:
        check_channel(url, allowed)
    return refused.value.code


ORDINARY = [
    (
        "workflows://prod-12.westeurope.logic.azure.com:443/abc123/SIGnature_1/",
        "prod-12.westeurope.logic.azure.com",
    ),
    ("workflows://gemeente.example.nl/abc/SIG?ver=2016-06-01&pa=yes", "gemeente.example.nl"),
    ("ntfys://tk_abc@ntfy.example.nl/opvang?priority=high", "ntfy.example.nl"),
    ("nctalks://regie:geheim@cloud.example.nl/kamer?url_prefix=/nextcloud", "cloud.example.nl"),
    ("signals://gateway.example.nl:8443/31612345678/31687654321", "gateway.example.nl"),
    ("jsons://hook.example.nl/pad", "hook.example.nl"),
    ("mailtos://regie:geheim@smtp.example.nl:587?mode=starttls", "smtp.example.nl"),
    ("msgbird://abcdefghijklmnopqrstuvwxy/31612345678/31687654321", None),
    ("o365://regie@example.nl/tenant/client/secret", None),
]


@pytest.mark.parametrize(("url", "host"), ORDINARY)
def test_ordinary_channel_is_allowed(url: str, host: str | None) -> None:
    channel = check_channel(url, policy())

    assert (channel.host, channel.url) == (host, url)


@pytest.mark.parametrize(("url", "host"), ORDINARY)
def test_apprise_reads_an_allowed_channel_as_we_do(url: str, host: str | None) -> None:
    plugin = Apprise.instantiate(url)

    assert plugin is not None
    assert host in {None, plugin.host}


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "syslog://localhost",
        "dbus://",
        "apprise://apprise.example.nl/token",
        "form://hook.example.nl",
        "https://hook.example.nl",
        "exec://bin/sh",
    ],
)
def test_kind_of_channel_that_is_not_listed_is_refused(url: str) -> None:
    assert refusal(url, policy()) in {"channel-scheme", "address-invalid"}


def test_listing_a_kind_that_regie_does_not_know_does_not_open_it() -> None:
    assert refusal("form://hook.example.nl", ChannelPolicy(frozenset({"form"}))) == "channel-scheme"


def test_webhooks_are_off_unless_the_operator_adds_them() -> None:
    as_installed = ChannelPolicy.from_settings(load_settings())
    opened = ChannelPolicy.from_settings(load_settings(channel_schemes="jsons, Mailtos"))

    assert refusal(f"jsons://{PUBLIC}/pad", as_installed) == "channel-scheme"
    assert check_channel(f"jsons://{PUBLIC}/pad", opened).scheme == "jsons"


@pytest.mark.parametrize(
    "option",
    [
        "template=/etc/passwd",
        "attach=/etc/passwd",
        "attach=http://169.254.169.254/",
        "+Authorization=Bearer%20x",
        "%2BAuthorization=x",
        "+X-Header=x",
        "-param=x",
        ":payload=x",
        "retry=5",
        "redirect=yes",
        "verify=no",
        "Verify=no",
        "v%65rify=no",
        "pa=yes&verify=no",
        "pa=yes;verify=no",
        "smtp=10.0.0.1",
        "port=22",
        "user=x",
        "password=x",
        "to=31600000000",
        "overflow=split",
        "pa=yes@10.0.0.1",
        "pa=%2e%2e",
        "verify",
    ],
)
@pytest.mark.parametrize("url", ["workflows://gemeente.example.nl/abc/SIG", "jsons://hook.example.nl/pad"])
def test_option_that_is_not_listed_is_refused(url: str, option: str) -> None:
    assert refusal(f"{url}?{option}", policy()) == "channel-option"


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.8.9.1", id="all-of-loopback"),
        pytest.param("0.0.0.0", id="this-host"),
        pytest.param("10.1.2.3", id="private-10"),
        pytest.param("172.16.0.1", id="private-172"),
        pytest.param("192.168.1.1", id="private-192"),
        pytest.param("100.64.0.1", id="carrier"),
        pytest.param("169.254.169.254", id="metadata"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("::1", id="v6-loopback"),
        pytest.param("::", id="v6-unspecified"),
        pytest.param("fe80::1", id="v6-link-local"),
        pytest.param("fe80::1%eth0", id="v6-link-local-with-zone"),
        pytest.param("fc00::1", id="v6-private"),
        pytest.param("fd00:ec2::254", id="v6-metadata"),
        pytest.param("fec0::1", id="v6-site-local"),
        pytest.param("ff02::1", id="v6-multicast"),
        pytest.param("::ffff:127.0.0.1", id="v4-mapped-loopback"),
        pytest.param("::ffff:a9fe:a9fe", id="v4-mapped-metadata"),
        pytest.param("::127.0.0.1", id="v4-compatible"),
        pytest.param("64:ff9b::a9fe:a9fe", id="nat64"),
        pytest.param("2002:7f00:1::", id="6to4"),
        pytest.param("2001:0:7f00:1::", id="teredo"),
    ],
)
def test_channel_never_reaches_the_own_network(address: str) -> None:
    assert refusal("jsons://hook.example.nl/pad", policy(address)) == "channel-internal-host"
    assert refusal("jsons://hook.example.nl/pad", policy(PUBLIC, address)) == "channel-internal-host"


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::1111", "::ffff:93.184.215.14"])
def test_public_address_may_be_reached(address: str) -> None:
    assert check_channel("jsons://hook.example.nl/pad", policy(address)).host == "hook.example.nl"


@pytest.mark.parametrize(
    "url",
    [
        "jsons://127.0.0.1/",
        "jsons://localhost/",
        "jsons://localhost./",
        "jsons://LOCALHOST/",
        "jsons://127.1/",
        "jsons://0x7f.1/",
        "jsons://2130706433/",
        "jsons://017700000001/",
        "jsons://[::1]/",
        "jsons://[::ffff:127.0.0.1]/",
        "jsons://[::ffff:7f00:1]:8080/",
        "jsons://169.254.169.254/latest/meta-data",
        "jsons://user:pass@127.0.0.1/",
        "mailto://127.0.0.1:25",
    ],
)
def test_own_network_is_recognised_in_every_spelling_with_the_real_resolver(url: str) -> None:
    assert refusal(url, ChannelPolicy(EVERY_SCHEME)) in {"channel-internal-host", "address-invalid"}


def test_operator_can_open_one_internal_host_and_no_other() -> None:
    opened = policy("10.0.0.8", internal=frozenset({"signal.intern", "10.0.0.8"}))

    assert check_channel("signals://signal.intern:8080/316/317", opened).host == "signal.intern"
    assert check_channel("signals://Signal.Intern.:8080/316/317", opened).host == "signal.intern"
    assert check_channel("signals://10.0.0.8:8080/316/317", opened).host == "10.0.0.8"
    assert refusal("signals://andere.intern:8080/316/317", opened) == "channel-internal-host"


def test_name_that_cannot_be_found_is_no_verdict_on_the_address() -> None:
    assert refusal("jsons://bestaat.niet.invalid/", ChannelPolicy(EVERY_SCHEME)) == "channel-host-unknown"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("jsons", id="word"),
        pytest.param("jsons:hook.example.nl", id="no-slashes"),
        pytest.param("jsons:///pad", id="no-host"),
        pytest.param("jsons://hook.example.nl:99999/", id="port-too-high"),
        pytest.param("jsons://hook.example.nl:geheim/", id="port-no-number"),
        pytest.param("jsons://hook.example.nl@10.0.0.1@hook.example.nl/", id="two-ats"),
        pytest.param("jsons://10.0.0.1\\@hook.example.nl/", id="backslash"),
        pytest.param("jsons://hook.example.nl#@10.0.0.1/", id="fragment"),
        pytest.param("jsons://hook.example.nl/?a=1?verify=no", id="two-questions"),
        pytest.param("jsons://hook.example.nl/\r\nX: y", id="line-break"),
        pytest.param("jsons://hook.exa\tmple.nl/", id="tab"),
        pytest.param(" jsons://hook.example.nl/", id="space-before"),
        pytest.param("jsons://hook.example.nl/ jsons://10.0.0.1/", id="two-addresses"),
        pytest.param("jsons://hook.exämple.nl/", id="not-ascii"),
        pytest.param("jsons://hook%2eexample.nl/", id="escaped-host"),
        pytest.param("jsons://[::1/", id="half-bracket"),
        pytest.param("jsons://[fe80::1%25eth0]x/", id="after-bracket"),
        pytest.param("jsons://hook.example.nl/" + "a" * 2000, id="too-long"),
    ],
)
def test_address_that_two_readers_may_read_differently_is_refused(url: str) -> None:
    assert refusal(url, policy()) == "address-invalid"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "nctalks://regie:geheim@cloud.example.nl:8443/kamer?url_prefix=talk",
            "nctalks://cloud.example.nl:8443/…",
        ),
        ("workflows://gemeente.example.nl/geheim/geheim2", "workflows://gemeente.example.nl/…"),
        ("jsons://[2606:4700::1111]/geheim", "jsons://[2606:4700::1111]/…"),
        ("msgbird://geheimesleutel/van/naar", "msgbird://…"),
        ("slack://geheim/geheim/geheim", "slack://…"),
        ("jsons://user:ge heim@host", "(unreadable address)"),
        ("geheim", "(unreadable address)"),
    ],
)
def test_shown_address_keeps_its_secrets(url: str, shown: str) -> None:
    assert mask(url) == shown


def test_checked_channel_can_be_printed_without_its_secrets() -> None:
    channel = check_channel("nctalks://regie:geheim@cloud.example.nl/kamer", policy())

    assert "geheim" not in f"{channel} {channel!r}"


@settings(deadline=None)  # other work may have the machine
@given(st.text(max_size=60) | st.from_regex(r"[a-z]{1,9}://[!-~]{0,40}", fullmatch=True))
def test_any_text_is_either_refused_or_a_channel(url: str) -> None:
    try:
        channel = check_channel(url, policy("10.0.0.1"))
    except Refused:
        channel = None

    assert channel is None or channel.host is None
    assert mask(url)


def test_refusal_does_not_repeat_secrets() -> None:
    with pytest.raises(Refused, match="option") as refused:
        check_channel("nctalks://regie:geheim@cloud.example.nl/kamer?geheim=geheim", policy())

    assert "geheim" not in str(refused.value)
