"""What the pages about messages, links and webhooks call the states of these, and with which look."""

from __future__ import annotations

from collections.abc import Mapping

from regie.web.language import N_

State = tuple[str, str]
"""Text and kind of badge."""

MESSAGES: Mapping[str, State] = {
    "pending": (N_("staat klaar"), "info"),
    "sending": (N_("wordt verstuurd"), "info"),
    "sent": (N_("verstuurd"), "ok"),
    "uncertain": (N_("onzeker of het is verstuurd"), "warning"),
    "held": (N_("vastgehouden"), "warning"),
    "expired": (N_("verlopen"), "neutral"),
    "withdrawn": (N_("ingetrokken"), "neutral"),
    "failed": (N_("niet verstuurd"), "error"),
}
LINKS: Mapping[str, State] = {
    "": (N_("werkt"), "ok"),
    "revoked": (N_("ingetrokken"), "neutral"),
    "erased": (N_("persoon is gewist"), "neutral"),
    "not yours": (N_("persoon heeft deze rol niet meer"), "neutral"),
    "done": (N_("stap is klaar"), "neutral"),
    "left out": (N_("stap is overgeslagen of niet van toepassing"), "neutral"),
    "withdrawn": (N_("stap is ingetrokken"), "neutral"),
    "cycle ended": (N_("doorloop is afgesloten"), "neutral"),
    "expired": (N_("verlopen"), "neutral"),
}
WEBHOOKS: Mapping[str, State] = {"active": (N_("loopt"), "ok"), "paused": (N_("staat stil"), "warning")}
EVENTS: Mapping[str, State] = {
    "pending": (N_("staat klaar"), "info"),
    "sending": (N_("wordt verstuurd"), "info"),
    "sent": (N_("verstuurd"), "ok"),
    "dead": (N_("opgegeven"), "error"),
    "withdrawn": (N_("vervallen"), "neutral"),
}
OUTCOMES: Mapping[str, State] = {
    "": (N_("nog niet geprobeerd"), "neutral"),
    "ok": (N_("aangenomen"), "ok"),
    "failed": (N_("niet aangenomen"), "error"),
}
