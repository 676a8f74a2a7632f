"""What stands in the access log, in words; a deed that is not here is called by its own name."""

from __future__ import annotations

from collections.abc import Mapping

from regie.web.language import N_

WHATS: Mapping[str, str] = {
    "sign-in-password": N_("aanmelden met wachtwoord"),
    "sign-in-code": N_("aanmelden met code"),
    "sign-in-link": N_("aanmelden met eenmalige link"),
    "sign-in-oidc": N_("aanmelden met organisatieaccount"),
    "sign-in-tried": N_("aanmelden geprobeerd"),
    "sign-out": N_("afgemeld"),
    "code-asked": N_("code gevraagd"),
    "link-made": N_("link gemaakt"),
    "token-used": N_("token gebruikt"),
    "not-allowed": N_("wilde iets zonder recht"),
    "account-added": N_("account toegevoegd"),
    "account-disabled": N_("account uitgezet"),
    "account-enabled": N_("account aangezet"),
    "right-given": N_("recht gegeven"),
    "right-taken": N_("recht afgenomen"),
    "password-set": N_("wachtwoord gezet"),
    "sessions-ended": N_("sessies beëindigd"),
    "token-added": N_("token toegevoegd"),
    "token-revoked": N_("token ingetrokken"),
    "definition-added": N_("versie van stappenplan bewaard"),
    "definition-activated": N_("versie van stappenplan geactiveerd"),
    "definition-retired": N_("versie van stappenplan uit gebruik genomen"),
    "definition-discarded": N_("concept van stappenplan weggegooid"),
    "audit-exported": N_("vastlegging geëxporteerd"),
    "mail-tested": N_("testmail verstuurd"),
    "theme-changed": N_("huisstijl veranderd"),
    "webhook-added": N_("webhook toegevoegd"),
    "webhook-paused": N_("webhook stilgezet"),
    "webhook-resumed": N_("webhook hervat"),
    "webhook-rotated": N_("webhook kreeg een nieuw geheim"),
    "webhook-removed": N_("webhook verwijderd"),
    "delivery-retried": N_("bericht opnieuw klaargezet"),
    "delivery-released": N_("tegengehouden berichten losgelaten"),
    "feed-ended": N_("agendalink gestopt"),
    "partner-added": N_("partner toegevoegd"),
    "partner-changed": N_("partner veranderd"),
    "partner-erased": N_("partner gewist"),
    "partners-imported": N_("lijst van partners ingelezen"),
    "role-bound": N_("rol gegeven aan iemand"),
    "role-unbound": N_("rol afgenomen van iemand"),
}
