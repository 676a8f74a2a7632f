"""Keep secrets and personal data out of the logs.

Knows the forms in which they turn up, plus the secrets it was told. Does not know who logs: it
stands where every log record is made.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, Iterable
from urllib.parse import quote

HIDDEN = "***"
SHORTEST_SECRET = 4  # hiding anything shorter would blank ordinary words
_OPEN_SCHEMES = frozenset({"http", "https", "file", "sqlite"})
_PRINT_SECRETS_AT_DEBUG = ("apprise", "urllib3")

# Each repetition is bounded, so that a long line costs linear time.
_URL = re.compile(r"\b(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30})://(?P<rest>\S*)")
_HEADER = re.compile(
    r"(?i)(?P<key>authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?)(?:(?:basic|bearer|digest)\s+)?[^\s\"',}]+"
)
_BEARER = re.compile(r"\b(?P<key>(?:Bearer|Basic)\s{1,3})[A-Za-z0-9+/=._~-]{8,}")
_NAMED = re.compile(
    r"(?i)(?P<key>(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|signature)[\"']?\s{0,3}[:=]\s{0,3})"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s,;&}\"']+)"
)
_COMPLAINT = re.compile(r"(?i)(?P<key>\binvalid [\w /~-]{1,60} \()[^)]*\)")  # Apprise, of a key it rejects
_LOGIN = re.compile(r"[^\s:/@\"'<>]{1,100}:[^\s@\"'<>]{1,200}@(?=[\w\[])")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# Links in messages carry a random token as a step in their path: letters of both sizes and digits.
_PATH_TOKEN = re.compile(r"(?<=/)(?=[\w~%.-]{0,99}[a-z])(?=[\w~%.-]{0,99}[A-Z])(?=[\w~%.-]{0,99}[0-9])[\w~%.-]{20,}")

# An action link, whatever its token looks like: also cut off, in capitals, or as part of another address.
_ACTION_LINK = re.compile(r"(?i)(?P<key>(?:(?<!\w)|(?<=%2f))actie(?:/|%2f))[^\s/?#\"'<>&]+")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return text without secrets, tokens, channel addresses and e-mail addresses.

    Args:
        secrets: values that must never show, whatever stands around them.
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
    text = _URL.sub(_without_url_secrets, text)
    text = _ACTION_LINK.sub(rf"\g<key>{HIDDEN}", text)
    text = _PATH_TOKEN.sub(HIDDEN, text)
    text = _HEADER.sub(rf"\g<key>{HIDDEN}", text)
    text = _BEARER.sub(rf"\g<key>{HIDDEN}", text)
    text = _NAMED.sub(rf"\g<key>{HIDDEN}", text)
    text = _COMPLAINT.sub(rf"\g<key>{HIDDEN})", text)
    text = _LOGIN.sub(f"{HIDDEN}@", text)
    return _EMAIL.sub(HIDDEN, text)


def _without_url_secrets(found: re.Match[str]) -> str:
    scheme, rest = found["scheme"].lower(), found["rest"]
    if scheme.partition("+")[0] not in _OPEN_SCHEMES:
        return f"{scheme}://{HIDDEN}"
    place, question, _ = rest.partition("?")
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}{question and '?' + HIDDEN}"


class Redaction(logging.Filter):
    """A filter that takes the secrets out of a record and lets it pass."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        # Longest first, so that a secret that is part of another leaves nothing of it behind.
        worthwhile = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        self._secrets = tuple(sorted(worthwhile, key=len, reverse=True))

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.INFO and record.name.partition(".")[0] in _PRINT_SECRETS_AT_DEBUG:
            # They spell out addresses part by part, in forms that nobody can list.
            record.msg, record.args = "(withheld below INFO)", None
            return False
        try:
            self._clean(record)
        except Exception:  # noqa: BLE001 - a log line must never break the work it reports on, nor go out unread
            record.msg, record.args = "(a log line was withheld: it could not be read)", None
            record.exc_info, record.exc_text = None, None
        return True

    def _clean(self, record: logging.LogRecord) -> None:
        # The arguments first and one by one: some formatters (access logs) take them apart.
        if isinstance(record.args, tuple):
            record.args = tuple(redact(part, self._secrets) if isinstance(part, str) else part for part in record.args)
        said = record.getMessage()
        cleaned = redact(said, self._secrets)
        if cleaned != said:
            record.msg, record.args = cleaned, None
        if record.exc_info and record.exc_info[1] is not None:
            told = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
            cleaned = redact(told, self._secrets)
            if cleaned != told:
                record.exc_info, record.exc_text = None, cleaned


def install_redaction(secrets: Iterable[str] = ()) -> Callable[[], None]:
    """Redact every log record of this process from now on; returns a function that undoes it.

    A filter on a logger does not see what its children hand up, and a filter on a handler does not
    see the handlers that come later. So the redaction works where records are made; the filters on
    the root and Apprise loggers are there in case someone replaces that place.
    """
    redaction = Redaction(secrets)
    make_record = logging.getLogRecordFactory()

    def make_clean_record(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        redaction.filter(record)
        return record

    logging.setLogRecordFactory(make_clean_record)
    filtered = (logging.getLogger(), logging.getLogger("apprise"))
    for logger in filtered:
        logger.addFilter(redaction)
    quietened = {logging.getLogger(name): logging.getLogger(name).level for name in _PRINT_SECRETS_AT_DEBUG}
    for logger in quietened:
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))

    def undo() -> None:
        logging.setLogRecordFactory(make_record)
        for logger in filtered:
            logger.removeFilter(redaction)
        for logger, level in quietened.items():
            logger.setLevel(level)

    return undo
