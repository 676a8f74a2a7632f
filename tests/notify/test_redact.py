"""What never reaches a log, whoever writes it and whichever handler prints it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

import pytest
from apprise import Apprise, AppriseAsset

import regie.notify.mail  # noqa: F401 - knows how to import Apprise without a warning
from regie.notify.redact import install_redaction, redact

SECRET = "Zeer9Geheim"


@pytest.fixture
def redaction() -> Iterator[None]:
    undo = install_redaction()
    yield
    undo()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"mailtos://regie:{SECRET}@smtp.example.nl:587?mode=starttls", "mailtos://***"),
        (f"Unparseable URL jsons://user:{SECRET}@:99999/x", "Unparseable URL jsons://***"),
        (f"workflows://prod.example.com/{SECRET}/{SECRET}", "workflows://***"),
        (f"postgresql+psycopg://regie:{SECRET}@db/regie", "postgresql+psycopg://***"),
        (f"https://regie:{SECRET}@example.nl/pad", "https://example.nl/pad"),
        (f"https://example.nl/pad?sleutel={SECRET}", "https://example.nl/pad?***"),
        (f"GET /a/{SECRET}aB3dE5fG7hI9 HTTP/1.1", "GET /a/*** HTTP/1.1"),
        (f"Authorization: Bearer {SECRET}", "Authorization: ***"),
        (f"{{'Authorization': 'Basic {SECRET}'}}", "{'Authorization': '***'}"),
        (f"sent Bearer {SECRET} along", "sent Bearer *** along"),
        (f"password={SECRET} user=regie", "password=*** user=regie"),
        (f'{{"api_key": "{SECRET}", "x": 1}}', '{"api_key": ***, "x": 1}'),
        (f"REGIE_MAIL_PASSWORD='{SECRET}'", "REGIE_MAIL_PASSWORD=***"),
        (
            f"An invalid MessageBird API Key ({SECRET}) was specified.",
            "An invalid MessageBird API Key (***) was specified.",
        ),
        (f"login regie:{SECRET}@smtp.example.nl", "login ***"),
        ("mail to An.van-Dijk+opvang@partner.example.nl failed", "mail to *** failed"),
    ],
)
def test_secret_is_hidden_and_the_rest_is_kept(said: str, kept: str) -> None:
    assert redact(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "step.due traject=noord step=f0-startnota due_on=2027-06-03",
        "GET /api/flow_runs/3f2a9c1e-7b1d-4a4e-9a57-0c5d7ad0a1b2 200",
        "http://127.0.0.1:4200/api/health took 3 ms",
        "12:30 sweep of 1,000 trajects, sqlite:////data/regie.db",
        "workflow_defs/opvang/fase-0.yaml:41:7 RG204 step waits for itself",
    ],
)
def test_ordinary_line_is_left_as_it_is(said: str) -> None:
    assert redact(said) == said


def test_secret_that_is_known_is_hidden_in_any_surroundings() -> None:
    assert redact("he said hunter/2 and hunter%2F2", ["hunter/2"]) == "he said *** and ***"


def test_long_line_costs_linear_time() -> None:
    started = time.perf_counter()

    for sign in ("a", "a.", "/aB3", "x:", "@", "a@", "Bearer ", "://"):
        redact(sign * (200_000 // len(sign)))

    assert time.perf_counter() - started < 10


@pytest.mark.usefixtures("redaction")
@pytest.mark.parametrize(
    "url",
    [
        f"jsons://user:{SECRET}@:99999/x",
        f"mailto://user:{SECRET}@@",
        f"msgbird://{SECRET}/x",
        f"workflows://host.nl/{SECRET}",
        f"onzin://user:{SECRET}@host/{SECRET}",
    ],
)
def test_apprise_never_logs_a_secret_of_an_address(all_logs: Callable[[], str], url: str) -> None:
    logging.getLogger("apprise").setLevel(1)  # even if somebody turns it up again

    Apprise(asset=AppriseAsset(secure_logging=False)).add(url)

    assert "***" in all_logs()
    assert SECRET not in all_logs()


def test_without_the_redaction_apprise_does_log_it(all_logs: Callable[[], str]) -> None:
    """Proves that the tests above can fail."""
    Apprise().add(f"workflows://host.nl/{SECRET}")

    assert SECRET in all_logs()


@pytest.mark.usefixtures("redaction")
def test_apprise_and_its_http_library_stay_above_debug() -> None:
    assert not logging.getLogger("apprise").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)


@pytest.mark.usefixtures("redaction")
def test_loggers_and_handlers_that_come_later_are_covered(all_logs: Callable[[], str]) -> None:
    later = logging.getLogger("regie.later")

    later.warning("mail.failed to=%s url=%s tries=%d", "an@partner.nl", f"jsons://x:{SECRET}@h/", 3)
    later.warning("facts %(password)s and password=%(password)s", {"password": SECRET})

    assert "mail.failed to=*** url=jsons://*** tries=3" in all_logs()
    assert f"password={SECRET}" not in all_logs()


@pytest.mark.usefixtures("redaction")
def test_traceback_is_kept_without_its_secrets(all_logs: Callable[[], str]) -> None:
    try:
        try:
            raise OSError(f"password={SECRET}")
        except OSError as error:
            raise RuntimeError("could not log in") from error
    except RuntimeError:
        logging.getLogger("regie").exception("mail.failed")

    assert "RuntimeError: could not log in" in all_logs()
    assert "password=***" in all_logs()
    assert SECRET not in all_logs()


@pytest.mark.usefixtures("redaction")
def test_line_that_cannot_be_read_is_withheld_and_breaks_nothing(all_logs: Callable[[], str]) -> None:
    logging.getLogger("regie").warning(f"{SECRET} %d", "no number")  # noqa: G004 - what goes wrong here is the point

    assert "withheld" in all_logs()
    assert SECRET not in all_logs()


@pytest.mark.usefixtures("redaction")
def test_access_log_keeps_the_parts_its_formatter_takes_apart() -> None:
    records: list[logging.LogRecord] = []
    logger = logging.getLogger("regie.access")
    logger.setLevel(logging.INFO)
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger.addHandler(handler)

    logger.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1", "GET", f"/a/{SECRET}aB3dE5fG7hI9", "1.1", 200)
    logger.removeHandler(handler)

    assert records[0].args == ("127.0.0.1", "GET", "/a/***", "1.1", 200)


def test_secrets_of_the_settings_are_hidden_everywhere(all_logs: Callable[[], str]) -> None:
    undo = install_redaction(("abc", "Zeer9Geheim", "Zeer9Geheim/2"))

    logging.getLogger("regie").warning("abc Zeer9Geheim/2")
    undo()
    logging.getLogger("regie").warning("after")

    assert all_logs().splitlines() == ["abc ***", "after"]
