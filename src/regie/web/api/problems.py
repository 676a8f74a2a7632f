"""From what went wrong to ``application/problem+json``: RFC 9457 with a stable ``code``, and every error with its place.

Sources: NLGov API Design Rules, error handling; RFC 9457.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from regie.errors import RegieError
from regie.text.refusals import say_refusal

MEDIA_TYPE = "application/problem+json"
TITLES: Mapping[int, str] = {
    400: "Ongeldig verzoek",
    401: "Niet aangemeld",
    403: "Niet toegestaan",
    404: "Niet gevonden",
    405: "Methode niet toegestaan",
    409: "Strijdig met hoe het er nu voor staat",
    412: "Intussen gewijzigd",
    413: "Te groot",
    415: "Soort inhoud wordt niet ondersteund",
    428: "If-Match ontbreekt",
    429: "Te vaak geprobeerd",
    500: "Er ging bij ons iets mis",
    503: "Even niet bereikbaar",
}
_WITHOUT_ERROR: Mapping[int, tuple[str, str]] = {
    400: ("request-invalid", "Het verzoek klopt niet; kijk in 'errors' wat er moet veranderen."),
    401: ("token-missing", "Geef een geldig token mee: Authorization: Bearer regie_..."),
    403: ("not-allowed", "Dit token mag dit niet."),
    404: ("nothing-here", "Op dit adres is niets. Controleer het pad; een schuine streep aan het eind hoort er niet."),
    405: ("method-not-allowed", "Deze methode kan hier niet; de header Allow noemt wat wel kan."),
    413: ("body-too-large", "De inhoud van het verzoek is te groot."),
    415: ("not-json", "Stuur de inhoud als application/json."),
    500: ("fault", "Probeer het straks opnieuw, en geef anders het nummer in 'instance' door."),
    503: ("unavailable", "Er is niets veranderd. Probeer het over een paar minuten opnieuw."),
}

AT_ODDS = frozenset({
    "already-assigned", "already-declined", "already-started", "already-suspended", "anchor-happened", "anchor-unmoved",
    "cycle-ended", "dependents-undecided", "finish-held-back", "gate-needs-decision", "message-not-waiting",
    "no-extension", "no-proposal", "no-question", "no-term", "not-a-gate", "not-assigned", "not-pinned",
    "not-suspended", "step-not-ready", "traject-closed", "transition-refused",
})  # fmt: skip
"""Refusals that are about how things stand now and not about the request itself: 409, for later it may be fine."""

_OWN_STATUS: Mapping[str, int] = {
    "token-refused": 401,
    "not-allowed": 403,
    "scope-missing": 403,
    "resource-changed": 412,
    "if-match-missing": 428,
    "too-many-tries": 429,
    "database-locked": 503,
}
_OF_FAMILY: Mapping[str, int] = {
    "refused": 400,
    "definition-invalid": 400,
    "not-found": 404,
    "conflict": 409,
    "incomplete": 503,
    "delivery-failed": 503,
}
RETRY_AFTER_SECONDS: Mapping[str, int] = {"too-many-tries": 600, "database-locked": 2}

NAMED_BY_BODY = frozenset({
    "definition-not-offered", "unknown-cycle-kind", "unknown-file", "unknown-person", "unknown-question", "unknown-role",
})  # fmt: skip
"""What was not found because the body named it: the address was right, so that is no 404."""


def status_of(error: RegieError) -> int:
    """The status of an error under ``/api``; a family that is not known is a fault of ours."""
    if error.code in _OWN_STATUS:
        return _OWN_STATUS[error.code]
    if error.code in AT_ODDS:
        return 409
    return 400 if error.code in NAMED_BY_BODY else _OF_FAMILY.get(error.family, 500)


def make_problem(
    status: int,
    number: str,
    error: RegieError | None = None,
    *,
    language: str = "nl",
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    more: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """Write down what went wrong.

    Args:
        number: of the request.
        error: what it says is for the caller, unless the trouble is on our side: then it may name a machine.
        errors: each with ``in``, ``location``, ``code`` and ``detail``.
        more: members of this problem alone.
    """
    if status >= 500:
        error = None
    code, detail = _WITHOUT_ERROR.get(status, (f"http-{status}", TITLES.get(status, "Dit kan niet")))
    hint = ""
    if error is not None:
        said = say_refusal(error, language)
        code, detail, hint = error.code, said.message, said.advice
        troubles = error.facts.get("troubles")
        if not errors and isinstance(troubles, Sequence):
            errors = [_trouble(each, language) for each in troubles if isinstance(each, RegieError)]
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Dit kan niet"),
        "status": status,
        "detail": detail,
        "instance": f"urn:regie:request:{number}",
        "code": code,
    }
    body |= ({"hint": hint} if hint else {}) | ({"errors": [*errors]} if errors else {}) | dict(more or {})
    wait = RETRY_AFTER_SECONDS.get(code)
    sent = {**(headers or {}), **({"Retry-After": str(wait)} if wait else {})}
    if status == 401:
        sent.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(body, status, headers=sent, media_type=MEDIA_TYPE)


def number_of(request: Request) -> str:
    """The number of a request, as in its log line."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def _trouble(error: RegieError, language: str) -> dict[str, str]:
    name = error.facts.get("question") or error.facts.get("anchor")
    part = "antwoorden" if "question" in error.facts else "streefdatums"
    place = pointer([part, name]) if name else "#"
    return {"in": "body", "location": place, "code": error.code, "detail": say_refusal(error, language).message}


# --- what is wrong with the form of a request ---------------------------------------------------------

_CONTEXT = re.compile(r"\{(\w+)\}")
_SAID: Mapping[str, str] = {
    "missing": "Dit ontbreekt.",
    "extra_forbidden": "Deze eigenschap is er niet.",
    "json_invalid": "De inhoud is geen geldige JSON.",
    "string_type": "Dit moet tekst zijn.",
    "string_too_short": "Dit moet minstens {min_length} tekens hebben.",
    "string_too_long": "Dit mag hoogstens {max_length} tekens hebben.",
    "string_pattern_mismatch": "Dit voldoet niet aan het patroon {pattern}.",
    "int_type": "Dit moet een geheel getal zijn.",
    "int_parsing": "Dit moet een geheel getal zijn.",
    "int_from_float": "Dit moet een geheel getal zijn.",
    "int_parsing_size": "Dit getal is te groot.",
    "bool_type": "Dit moet true of false zijn.",
    "bool_parsing": "Dit moet true of false zijn.",
    "enum": "Dit moet een van deze zijn: {expected}.",
    "literal_error": "Dit moet een van deze zijn: {expected}.",
    "date_form": "Schrijf een datum als 2027-06-03.",
    "date_far": "Deze datum ligt te ver weg; kies een dag van 2000 tot en met 2199.",
    "greater_than_equal": "Dit moet minstens {ge} zijn.",
    "less_than_equal": "Dit mag hoogstens {le} zijn.",
    "too_long": "Dit mogen er hoogstens {max_length} zijn.",
    "too_short": "Dit moeten er minstens {min_length} zijn.",
    "base64_form": "Schrijf de inhoud in base64, zonder regeleinden.",
    "bytes_type": "Dit moet tekst zijn.",
    "list_type": "Dit moet een lijst zijn.",
    "dict_type": "Dit moet een object zijn.",
    "model_attributes_type": "Dit moet een object zijn.",
    "timezone_aware": "Zet er een tijdzone bij, zoals 2027-06-03T08:30:00Z.",
    "one_day": "Geef beginOp of eindeOp.",
}


def wrong_parts(errors: Sequence[Any]) -> Iterator[dict[str, str]]:
    """Say of every part of a request that is wrong where it is, and what."""
    for each in errors:
        where, *rest = each["loc"] or ("body",)
        code, facts = each["type"], each.get("ctx") or {}
        pattern = _SAID.get(code)
        said = _CONTEXT.sub(lambda gap, facts=facts: str(facts.get(gap[1], "?")), pattern) if pattern else each["msg"]  # type: ignore[misc]
        if code == "json_invalid":
            rest = []
        place = pointer(rest) if where == "body" else str(rest[0] if rest else "")
        yield {"in": str(where), "location": place, "code": code.replace("_", "-"), "detail": said}


def pointer(parts: Sequence[object]) -> str:
    """A place in the body as a JSON Pointer in a URI fragment (RFC 6901, section 6)."""
    return "#" + "".join(f"/{str(each).replace('~', '~0').replace('/', '~1')}" for each in parts)
