"""Where a message stands and what happened to it, in the words of an administrator.

The outbox and the senders keep short English notes; here stands how each is said in Dutch. What a mail server said, and
what a person typed, is repeated as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from regie.text.dates import say_moment
from regie.text.phrases import words_in

STATUSES: Mapping[str, str] = {
    "pending": "staat klaar",
    "sending": "wordt verstuurd",
    "sent": "verstuurd",
    "uncertain": "onzeker of het is verstuurd",
    "held": "vastgehouden",
    "expired": "verlopen",
    "withdrawn": "ingetrokken",
    "failed": "niet verstuurd",
}

LINK_ENDS: Mapping[str, str] = {
    "revoked": "ingetrokken",
    "erased": "persoon is gewist",
    "not yours": "persoon heeft deze rol niet meer",
    "done": "stap is klaar",
    "left out": "stap is overgeslagen of niet van toepassing",
    "withdrawn": "stap is ingetrokken",
    "cycle ended": "doorloop is afgesloten",
    "expired": "verlopen",
}
"""Why a link works no longer."""

WEBHOOK_STATUSES: Mapping[str, str] = {"active": "loopt", "paused": "staat stil", "removed": "verwijderd"}
EVENT_STATUSES: Mapping[str, str] = {
    "pending": "staat klaar",
    "sending": "wordt verstuurd",
    "sent": "verstuurd",
    "dead": "opgegeven",
    "withdrawn": "vervallen",
}
"""Where an event for another program stands. ``dead``: it was tried for three days."""

EVENT_OUTCOMES: Mapping[str, str] = {"": "", "ok": "aangenomen:", "failed": "niet aangenomen:"}

_DETAILS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), said)
    for pattern, said in (
        (r"no longer true", "klopt niet meer"),
        (r"not sent within (\d+) days", "is niet binnen {0} dagen verstuurd"),
        (r"held by the brake", "vastgehouden: er kwamen te veel berichten tegelijk"),
        (r"held by (.*?) at (\S+): (.*)", "vastgehouden door {0} op {1}: {2}"),
        (r"discarded by (.*?) at (\S+): (.*)", "weggegooid door {0} op {1}: {2}"),
        (r"released by (.*)", "losgelaten door {0}"),
        (r"retried by (.*)", "opnieuw klaargezet door {0}"),
        (r"could not be written: (.*)", "kon niet worden geschreven: {0}"),
        (r"the sender stopped before it was handed over", "Regie stopte voor het bericht was aangeboden"),
        (r"the sender stopped while it was handed over", "Regie stopte terwijl het bericht werd aangeboden"),
        (r"the talk with the mail server broke off without a known end", "de verbinding met de mailserver brak af"),
        (r"the letter was sent, then: (.*)", "de mail is aangeboden, en daarna: {0}"),
        (r"accepted by (?:the mail server: )?(.*)", "aangenomen: {0}"),
        (r"the mail server answered something else: (.*)", "onbegrepen antwoord van de mailserver: {0}"),
        (r"the mail server answered (.*)", "de mailserver antwoordde: {0}"),
        (r"the mail server did not answer in time", "de mailserver antwoordde niet op tijd"),
        (r"the mail server hung up", "de mailserver verbrak de verbinding"),
        (r"the mail server cannot do what was asked: (.*)", "de mailserver kan dit niet: {0}"),
        (r"the mail server '(.*?)' cannot be found", "de mailserver '{0}' is niet te vinden"),
        (
            r"the certificate of the mail server was not accepted: (.*)",
            "het certificaat van de mailserver klopt niet: {0}",
        ),
        (r"no secure connection with the mail server: (.*)", "geen veilige verbinding met de mailserver: {0}"),
        (r"no connection with the mail server '(.*?)': (.*)", "geen verbinding met de mailserver '{0}' ({1})"),
        (
            r"the user name or password has signs that mail servers do not take",
            "in de naam of het wachtwoord voor de mailserver staan tekens die niet mogen",
        ),
        (
            r"the password would cross the network unencrypted;.*",
            "het wachtwoord zou onbeveiligd over het netwerk gaan; gebruik mailtos:// met mode=starttls",
        ),
        (
            r"(\S+) failed without a reason; it may have taken the message",
            "{0} gaf een fout; misschien kwam het toch aan",
        ),
        (r"Apprise did not take the message", "het kanaal nam het bericht niet aan"),
        (r"Apprise cannot use the address (.*)", "het adres {0} is niet te gebruiken"),
        (r"the folder cannot be written: (.*)", "in de map voor mails kan niet worden geschreven ({0})"),
        (r"written to (.*)", "als bestand bewaard: {0}"),
        (r"answered (\d+)", "antwoordde met {0}"),
        (r"no answer in time", "antwoordde niet op tijd"),
        (r"no connection: (.*)", "was niet bereikbaar ({0})"),
        (r"the certificate was not accepted: (.*)", "heeft geen geldig certificaat: {0}"),
        (r"the host '(.*?)' is not on the list", "host '{0}' staat niet op de lijst"),
        (r"the host '(.*?)' stands on an internal network", "host '{0}' staat op een intern netwerk"),
        (r"the host '(.*?)' cannot be found", "host '{0}' is niet te vinden"),
        (r"the sender stopped while it was sent", "Regie stopte tijdens het versturen"),
        (r"the sender broke: (.*)", "Regie liep vast bij het versturen ({0})"),
        (
            r"what was kept here cannot be read with the key that there is now",
            "adres en geheim zijn met deze sleutel niet te lezen",
        ),
        (r"this is not an e-mail address Regie can use.*", "dit e-mailadres kan Regie niet gebruiken"),
    )
)


def say_status(status: str, language: str = "nl") -> str:
    """``verstuurd``, ``niet verstuurd``."""
    return STATUSES[status] if words_in(language).code == "nl" else status


def say_detail(detail: str, zone: str, language: str = "nl") -> str:
    """What happened to a message: ``klopt niet meer``. A note that has no Dutch is said as it is."""
    if words_in(language).code == "nl":
        for pattern, said in _DETAILS:
            found = pattern.fullmatch(detail)
            if found:
                return said.format(*(_say_part(each, zone) for each in found.groups()))
    return detail


def _say_part(part: str, zone: str) -> str:
    """A moment in words; everything else as it is."""
    try:
        moment = datetime.fromisoformat(part)
    except ValueError:
        return part
    return say_moment(moment, zone) if moment.tzinfo else part


def say_counts(counts: Mapping[str, int], language: str = "nl") -> str:
    """``3 verstuurd, 1 vastgehouden``: how many messages stand where."""
    return ", ".join(f"{count} {say_status(status, language)}" for status, count in counts.items() if count)
