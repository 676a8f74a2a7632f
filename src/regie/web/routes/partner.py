"""The page behind the link in a mail: one step, one question. Looking changes nothing; every act is a form of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from regie.actions.act_by_link import act_by_link, ask_again, finish_by_link, hand_over_by_link
from regie.actions.apply_event import Applied
from regie.core.events import DatePromised, DateProposed, QuestionAsked, StepDeclined, StepEvent, StepFinished
from regie.core.privacy import has_citizen_number
from regie.errors import Conflict, Incomplete, Refused, RegieError
from regie.reports.partner_step import Act, PartnerStep, open_partner_step
from regie.uploads import KINDS, Upload
from regie.web.deps import Now, Reading, Shell, ShellNow, file_room, ring
from regie.web.language import N_
from regie.web.pages import FormError, refusal_words

router = APIRouter()

Sure = Annotated[str, Form(max_length=4)]
LONGEST = 2_000
ACCEPT = ",".join(f".{each}" for each in KINDS)
_FORMS = (Act.PROPOSE, Act.COLLEAGUE, Act.NOT_OURS, Act.ASK)
"""What has a page of its own; the rest stands on the first page."""

_FIELD_OF = {
    "date-in-the-past": "datum",
    "reason-missing": "reden",
    "text-missing": "vraag",
    "evidence-missing": "bewijs",
    "address-invalid": "email",
    "name-missing": "naam",
}
"""Which field of a form a refusal is about; a refusal of anything else stands above the form."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody filled in, to give back when it cannot be done."""

    values: dict[str, str] = field(default_factory=dict)
    errors: Sequence[FormError] = ()

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


@router.get("/actie/{token}")
def show_step(request: Request, shell: ShellNow, session: Reading, now: Now, token: str, gedaan: str = "") -> Response:
    """What is asked, by whom, why and by when; and the way to answer."""
    step = _open(request, shell, session, now, token)
    return _show(request, shell, step, token, done=gedaan if gedaan in [*Act] else "")


@router.get("/actie/{token}/{act}")
def show_form(request: Request, shell: ShellNow, session: Reading, now: Now, token: str, act: Act) -> Response:
    """The form of one answer."""
    step = _open(request, shell, session, now, token)
    if step is None or not step.is_live or act not in _FORMS or act not in step.acts:
        return _show(request, shell, step, token)
    return _show_form(request, shell, step, token, act, Typed())


@router.post("/actie/{token}/klaar")
def post_done(
    request: Request,
    shell: ShellNow,
    session: Reading,
    now: Now,
    token: str,
    versie: Annotated[int, Form()],
    opmerking: Annotated[str, Form(max_length=LONGEST)] = "",
    bewijs: Annotated[str, Form(max_length=LONGEST)] = "",
    bestand: UploadFile | None = None,
    toch: Sure = "",
) -> Response:
    """The step is finished."""
    uploads = [Upload(bestand.filename, bestand.file)] if bestand is not None and bestand.filename else []

    given = (bewijs.strip(),) if bewijs.strip() else ()
    make = partial(StepFinished, seen_version=versie, note=opmerking.strip(), evidence=given)
    typed = {"opmerking": opmerking, "bewijs": bewijs, "toch": toch}
    return _do(
        request, shell, session, token, Act.DONE, typed,
        lambda number: finish_by_link(
            shell.context, file_room(shell), token, make, uploads, now, request_id=f"{number}-{versie}"
        ),
    )  # fmt: skip


@router.post("/actie/{token}/akkoord")
def post_accept(
    request: Request, shell: ShellNow, session: Reading, now: Now, token: str, versie: Annotated[int, Form()],
    datum: Annotated[date, Form()],
) -> Response:  # fmt: skip
    """The date that is asked is promised."""
    return _event(
        request, shell, session, now, token, Act.ACCEPT, versie, {},
        partial(DatePromised, seen_version=versie, on=datum),
    )  # fmt: skip


@router.post("/actie/{token}/andere-datum")
def post_propose(
    request: Request, shell: ShellNow, session: Reading, now: Now, token: str, versie: Annotated[int, Form()],
    datum: Annotated[str, Form(max_length=40)] = "", reden: Annotated[str, Form(max_length=LONGEST)] = "", toch: Sure = "",
) -> Response:  # fmt: skip
    """Another date is proposed, with the reason; the lead answers."""
    typed = {"datum": datum, "reden": reden, "toch": toch}
    try:
        on = date.fromisoformat(datum.strip())
    except ValueError:
        return _again(request, shell, session, now, token, Act.PROPOSE, typed, "datum", N_("Kies een datum."))
    return _event(
        request, shell, session, now, token, Act.PROPOSE, versie, typed,
        partial(DateProposed, seen_version=versie, on=on, reason=reden),
    )  # fmt: skip


@router.post("/actie/{token}/collega")
def post_colleague(
    request: Request, shell: ShellNow, session: Reading, now: Now, token: str, versie: Annotated[int, Form()],
    naam: Annotated[str, Form(max_length=200)] = "", email: Annotated[str, Form(max_length=254)] = "",
    reden: Annotated[str, Form(max_length=LONGEST)] = "", toch: Sure = "",
) -> Response:  # fmt: skip
    """A colleague does it from now on, and gets a link of their own."""
    typed = {"naam": naam, "email": email, "reden": reden, "toch": toch}
    return _do(
        request, shell, session, token, Act.COLLEAGUE, typed,
        lambda number: hand_over_by_link(
            shell.context, token, naam, email, reden, now, seen_version=versie, request_id=f"{number}-{versie}"
        ),
    )  # fmt: skip


@router.post("/actie/{token}/niet-van-ons")
def post_not_ours(
    request: Request, shell: ShellNow, session: Reading, now: Now, token: str, versie: Annotated[int, Form()],
    reden: Annotated[str, Form(max_length=LONGEST)] = "", toch: Sure = "",
) -> Response:  # fmt: skip
    """It is not for this organisation; the lead hears it."""
    return _event(
        request, shell, session, now, token, Act.NOT_OURS, versie, {"reden": reden, "toch": toch},
        partial(StepDeclined, seen_version=versie, reason=reden),
    )  # fmt: skip


@router.post("/actie/{token}/vraag")
def post_question(
    request: Request, shell: ShellNow, session: Reading, now: Now, token: str, versie: Annotated[int, Form()],
    vraag: Annotated[str, Form(max_length=LONGEST)] = "", toch: Sure = "",
) -> Response:  # fmt: skip
    """A question to the lead."""
    return _event(
        request, shell, session, now, token, Act.ASK, versie, {"vraag": vraag, "toch": toch},
        partial(QuestionAsked, seen_version=versie, text=vraag),
    )  # fmt: skip


@router.post("/actie/{token}/nieuwe-link")
def post_fresh_link(request: Request, shell: ShellNow, session: Reading, now: Now, token: str) -> Response:
    """A fresh link, to the address on file. The answer is the same whether or not there is one."""
    step = _open(request, shell, session, now, token)
    if step is not None:
        ask_again(shell.context, step.link, now)
        ring(shell)
    return shell.pages.render(request, "partner/asked.html")


@router.post("/nieuwe-link")
def post_fresh_links(
    request: Request, shell: ShellNow, now: Now, email: Annotated[str, Form(max_length=1_000)] = ""
) -> Response:
    """Fresh links for all that an address may act on; the same answer for every address."""
    ask_again(shell.context, email, now)
    ring(shell)
    return shell.pages.render(request, "partner/asked.html")


# --- what they share -----------------------------------------------------------------------------------


def _open(request: Request, shell: Shell, session: Reading, now: Now, token: str) -> PartnerStep | None:
    context = shell.context
    language = shell.pages.chosen_language(request)
    step = open_partner_step(session, context.shelf, token, now, language, secret=context.link_key)
    if step is not None:
        shell.pages.prefer(request, step.link.language)
    return step


def _event(
    request: Request, shell: Shell, session: Reading, now: Now, token: str, act: Act, version: int,
    typed: dict[str, str], make: Callable[..., StepEvent],
) -> Response:  # fmt: skip
    return _do(
        request, shell, session, token, act, typed,
        lambda number: act_by_link(shell.context, token, make, now, request_id=f"{number}-{version}"),
    )  # fmt: skip


def _do(
    request: Request, shell: Shell, session: Reading, token: str, act: Act, typed: dict[str, str],
    work: Callable[[str], Applied],
) -> Response:  # fmt: skip
    """Do it and show the receipt; when it cannot be done say why, with what was typed still there."""
    now = shell.clock()
    step = _open(request, shell, session, now, token)
    if step is None:
        return _show(request, shell, None, token)
    session.rollback()  # what was read is old once something is saved
    if any(map(has_citizen_number, typed.values())) and not typed.get("toch"):
        return _refuse(request, shell, step, token, act, typed, [FormError("toch", _words(request, shell, _PRIVATE))])
    try:
        applied = work(f"link-{step.link.id}-{act}")
    except (Refused, Conflict, Incomplete) as error:
        return _refuse(request, shell, _open(request, shell, session, now, token), token, act, typed, [], error)
    if applied.changes is not None:
        ring(shell, step.link.traject_id, applied.changes)
    return RedirectResponse(f"/actie/{token}?gedaan={act}", 303)


_PRIVATE = N_(
    "Hierin lijkt een burgerservicenummer (BSN) te staan. Regie bewaart geen gegevens van bewoners: haal het nummer weg, "
    "of zeg dat het iets anders is."
)


def _again(
    request: Request, shell: Shell, session: Reading, now: Now, token: str, act: Act, typed: dict[str, str],
    name: str, message: str,
) -> Response:  # fmt: skip
    step = _open(request, shell, session, now, token)
    return _refuse(request, shell, step, token, act, typed, [FormError(name, _words(request, shell, message))])


def _refuse(
    request: Request, shell: Shell, step: PartnerStep | None, token: str, act: Act, typed: dict[str, str],
    errors: list[FormError], error: RegieError | None = None,
) -> Response:  # fmt: skip
    if step is None or not step.is_live or act not in step.acts:
        # what stood open is over: the page says what became of it, and who was first
        return _show(request, shell, step, token, status=409 if step is not None else 404)
    if error is not None:
        errors = [*errors, FormError(_FIELD_OF.get(error.code, ""), refusal_words(error, shell.pages, request))]
    status = 409 if isinstance(error, Conflict) else 422
    if act in _FORMS:
        return _show_form(request, shell, step, token, act, Typed(typed, errors), status)
    return _show(request, shell, step, token, typed=Typed(typed, errors), status=status)


def _show(
    request: Request, shell: Shell, step: PartnerStep | None, token: str, *, done: str = "",
    typed: Typed | None = None, status: int = 200,
) -> Response:  # fmt: skip
    if step is None:
        return shell.pages.render(request, "partner/unknown.html", status=404)
    template = "partner/step.html" if step.is_live else "partner/ended.html"
    return shell.pages.render(
        request, template, status=status, step=step, base=f"/actie/{token}", done=done, typed=typed or Typed(),
        accept=ACCEPT, most_mb=shell.settings.file_max_mb, longest=LONGEST,
    )  # fmt: skip


def _show_form(
    request: Request, shell: Shell, step: PartnerStep, token: str, act: Act, typed: Typed, status: int = 200
) -> Response:
    return shell.pages.render(
        request, "partner/form.html", status=status, step=step, act=act.value, base=f"/actie/{token}", typed=typed,
        longest=LONGEST,
    )  # fmt: skip


def _words(request: Request, shell: Shell, text: str) -> str:
    return shell.pages.words(request, text)
