"""The part that needs Apprise: our own mail plugin, and the way to other channels.

Apprise's mail plugin reads the address of the server; the letter and the talk with the server are
ours, because Apprise cannot take our text part, drops the targets of links and says only yes or no.
Here it matters where a failure falls: until the closing dot of a letter was sent the server has
taken nothing, and after it only its answer tells.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import smtplib
import socket
import ssl
import warnings
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from regie.notify.channels import ChannelAddress
from regie.notify.outgoing import Delivery, DeliveryOutcome
from regie.notify.redact import redact

with warnings.catch_warnings():
    # Apprise imports a module that Python is about to drop, and has an answer for that day.
    warnings.simplefilter("ignore", DeprecationWarning)
    from apprise import Apprise, AppriseAsset, NotifyFormat
    from apprise.manager_plugins import NotificationManager
    from apprise.plugins.email import NotifyEmail

if TYPE_CHECKING:
    from regie.notify.sender import Timeouts

LONGEST_DETAIL = 300
FAREWELL_SECONDS = 5.0
_UNKNOWN = Delivery(DeliveryOutcome.UNCERTAIN, "the talk with the mail server broke off without a known end")
_NOT_TAKEN = Delivery(DeliveryOutcome.REFUSED, "Apprise did not take the message")


class RegieMail(NotifyEmail):  # type: ignore[no-untyped-call]  # Apprise types part of itself
    """Mail as Regie sends it: one letter, one recipient, one attempt, and where it failed."""

    service_name = "Regie mail"
    protocol = "regiemail"
    secure_protocol = "regiemails"

    letter: EmailMessage
    sender: str
    recipient: str
    delivery: Delivery = _NOT_TAKEN

    def send(self, body: str, title: str = "", *args: Any, **kwargs: Any) -> bool:
        """Send the letter that was put in; Apprise's own body and title are not used."""
        # Apprise swallows exceptions: what is not overwritten below must not read as "not sent".
        self.delivery = _UNKNOWN
        self.delivery = self._hand_over()
        return self.delivery.outcome is DeliveryOutcome.ACCEPTED

    def _hand_over(self) -> Delivery:
        smtp: smtplib.SMTP | None = None
        try:
            smtp = self._connect()
            self._log_in(smtp)
            self._announce(smtp)
        except (OSError, UnicodeError) as error:
            self._part(smtp)
            return self._refused(error)
        try:
            smtp.send(b".\r\n")
            code, reply = smtp.getreply()
        except OSError as error:
            self._part(smtp)
            return self._tell(DeliveryOutcome.UNCERTAIN, f"the letter was sent, then: {self._explain(error)}")
        self._part(smtp)
        return self._judge(code, reply)

    def _connect(self) -> smtplib.SMTP:
        host, port, patience = self.smtp_host.strip("[]"), int(self.port or 0), self.socket_connect_timeout
        smtp = (
            smtplib.SMTP_SSL(host, port, timeout=patience, context=ssl.create_default_context())
            if self.secure_mode == "ssl"
            else smtplib.SMTP(host, port, timeout=patience)
        )
        assert smtp.sock is not None  # it was given a host, so it has connected
        smtp.sock.settimeout(self.socket_read_timeout)
        # Or the closing dot, a packet of its own, waits 40 ms for company.
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return smtp

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        if self.secure_mode == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        if self.user and self.password:
            smtp.login(self.user, self.password)
        smtp.ehlo_or_helo_if_needed()

    def _announce(self, smtp: smtplib.SMTP) -> None:
        """Send everything but the closing dot: until then nothing counts."""
        content = self.letter.as_bytes()
        size = (f"size={len(content)}",) if smtp.has_extn("size") else ()
        _expect(2, smtp.mail(self.sender, size))
        _expect(2, smtp.rcpt(self.recipient))
        _expect(3, smtp.docmd("DATA"))
        if not content.endswith(b"\r\n"):
            content += b"\r\n"
        smtp.send(re.sub(rb"(?m)^\.", b"..", content))

    def _judge(self, code: int, reply: bytes) -> Delivery:
        said = f"{code} {reply.decode('utf-8', 'replace')}"
        if 200 <= code < 300:
            return self._tell(DeliveryOutcome.ACCEPTED, f"accepted by the mail server: {said}")
        if 400 <= code < 600:
            return self._tell(DeliveryOutcome.REFUSED, f"the mail server answered {said}", code >= 500)
        return self._tell(DeliveryOutcome.UNCERTAIN, f"the mail server answered something else: {said}")

    def _refused(self, error: OSError | UnicodeError) -> Delivery:
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
        permanent = 500 <= code < 600 or isinstance(error, UnicodeError)
        return self._tell(DeliveryOutcome.REFUSED, self._explain(error), permanent)

    def _explain(self, error: OSError | UnicodeError) -> str:
        match error:
            case smtplib.SMTPResponseException():
                text = error.smtp_error
                said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
                return f"the mail server answered {error.smtp_code} {said}"
            case smtplib.SMTPServerDisconnected():
                silent = isinstance(error.__context__, TimeoutError)
                return "the mail server did not answer in time" if silent else "the mail server hung up"
            case smtplib.SMTPException():
                return f"the mail server cannot do what was asked: {error}"
            case ssl.SSLCertVerificationError():
                return f"the certificate of the mail server was not accepted: {error.verify_message}"
            case ssl.SSLError():
                return f"no secure connection with the mail server: {error.reason}"
            case socket.gaierror():
                return f"the mail server '{self.smtp_host}' cannot be found"
            case TimeoutError():
                return "the mail server did not answer in time"
            case UnicodeError():  # its own text would repeat the password
                return "the user name or password has signs that mail servers do not take"
            case OSError():
                reason = error.strerror or error
                return f"no connection with the mail server '{self.smtp_host}:{self.port}': {reason}"

    def _tell(self, outcome: DeliveryOutcome, detail: str, permanent: bool = False) -> Delivery:
        told = redact(" ".join(detail.split()), (self.password,) if self.password else ())
        return Delivery(outcome, told[:LONGEST_DETAIL], permanent)

    def _part(self, smtp: smtplib.SMTP | None) -> None:
        """Say goodbye; whatever happens now changes nothing."""
        if smtp is None or smtp.sock is None:
            return
        with contextlib.suppress(OSError):
            smtp.sock.settimeout(FAREWELL_SECONDS)
            smtp.quit()
        smtp.close()


def _expect(kind: int, answer: tuple[int, bytes]) -> None:
    code, text = answer
    if code // 100 != kind:
        raise smtplib.SMTPResponseException(code, text)


# Added to the registry that Prefect's notification blocks use too; nothing of theirs is changed.
_PLUGINS: Any = NotificationManager()  # type: ignore[no-untyped-call]
if RegieMail.protocol not in _PLUGINS:
    _PLUGINS.add(RegieMail)


def hand_over_letter(
    server: ChannelAddress, letter: EmailMessage, sender: str, recipient: str, timeouts: Timeouts
) -> Delivery:
    """Send one letter by the mail server at a checked address."""
    schema = RegieMail.secure_protocol if server.scheme == "mailtos" else RegieMail.protocol
    arguments = RegieMail.parse_url(schema + server.url[len(server.scheme) :])  # type: ignore[no-untyped-call]
    plugin = arguments and _instantiate(arguments | {"from_addr": sender, "targets": [recipient]})
    if plugin is None or not plugin.smtp_host:
        return _never(f"Apprise cannot use the address {server}")
    if plugin.password and plugin.secure_mode == "insecure" and not _is_this_machine(plugin.smtp_host):
        return _never("the password would cross the network unencrypted; use mailtos:// with mode=starttls")
    plugin.letter, plugin.sender, plugin.recipient = letter, sender, recipient
    _notify(plugin, "Regie", "Regie", timeouts)
    delivery: Delivery = plugin.delivery
    return delivery


def hand_over_channel(channel: ChannelAddress, title: str, body: str, timeouts: Timeouts) -> Delivery:
    """Send a text to a checked channel.

    Apprise tells only whether it went well. What failed may have been a refusal, or an answer that
    was lost after the channel had taken the message: so a failure counts as uncertain.
    """
    plugin = _instantiate(channel.url)
    if plugin is None or not _same_host(plugin.host, channel.host):
        return _never(f"Apprise cannot use the address {channel}")
    if _notify(plugin, title, body, timeouts):
        return Delivery(DeliveryOutcome.ACCEPTED, f"accepted by {channel}")
    return Delivery(DeliveryOutcome.UNCERTAIN, f"{channel} failed without a reason; it may have taken the message")


def _instantiate(address: str | dict[str, Any]) -> Any:
    options: dict[str, Any] = {"async_mode": False, "http_redirects": False, "secure_logging": True}
    if "service_timeout" in inspect.signature(AppriseAsset).parameters:
        options["service_timeout"] = 0  # Apprise 2 would leave after a minute, with the letter under way
    asset = AppriseAsset(app_id="Regie", app_desc="Regie", app_url="", **options)
    return Apprise.instantiate(address, asset=asset)


def _notify(plugin: Any, title: str, body: str, timeouts: Timeouts) -> bool:
    plugin.retry = 0  # trying again is the outbox's decision
    plugin.socket_connect_timeout = timeouts.connect_seconds
    plugin.socket_read_timeout = timeouts.answer_seconds
    apprise = Apprise(asset=plugin.asset)
    apprise.add(plugin)
    # Apprise 1 gives a bool here and Apprise 2 an object: only its truth is used.
    return bool(apprise.notify(body=body, title=title, body_format=NotifyFormat.TEXT))


def _never(reason: str) -> Delivery:
    return Delivery(DeliveryOutcome.REFUSED, reason, permanent=True)


def _same_host(as_apprise_reads_it: str | None, as_checked: str | None) -> bool:
    return as_checked in {None, (as_apprise_reads_it or "").strip("[]").rstrip(".").lower()}


def _is_this_machine(host: str) -> bool:
    return host.strip("[]") in {"localhost", "::1"} or host.startswith("127.")
