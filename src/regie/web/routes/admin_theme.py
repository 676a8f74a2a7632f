"""The look of the municipality: what it is now, whether it can be read, and another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from regie.core.permissions import Actor, Permission
from regie.errors import RegieError
from regie.web import theme
from regie.web.contrast import measure
from regie.web.deps import Now, PagesNow, Shell, ShellNow, needs, note_theme
from regie.web.language import N_
from regie.web.pages import FormError, Pages, refusal_words

router = APIRouter()

HERE = "/beheer/huisstijl"
_NAMES: Mapping[str, str] = {
    "text": N_("gewone tekst"),
    "link": N_("links"),
    "button": N_("gewone knop"),
    "second-button": N_("tweede knop"),
    "field": N_("wat u invult"),
    "border": N_("rand van een invoerveld"),
    "error": N_("foutmelding"),
    "warning": N_("waarschuwing"),
    "footer": N_("onderkant van de pagina"),
}
_NOTHING = N_("Kies een logo of een stijl.")
_CHANGED = N_(
    "Iemand anders veranderde de huisstijl intussen. Hierboven ziet u hoe zij nu is. Wat u typte, staat er nog; kies het logo opnieuw."
)
Keeper = Annotated[Actor, needs(Permission.MANAGE_THEME)]


@router.get(HERE)
def show_theme(request: Request, actor: Keeper, pages: PagesNow, shell: ShellNow, gedaan: str = "") -> Response:
    """The look as it is, with its contrast and a form."""
    return _page(request, pages, shell, done=gedaan)


@router.post(HERE)
def change_theme(
    request: Request,
    actor: Keeper,
    pages: PagesNow,
    shell: ShellNow,
    now: Now,
    logo: Annotated[UploadFile | None, File()] = None,
    stijl: Annotated[str, Form(max_length=theme.MOST_BYTES)] = "",
    terug: Annotated[str, Form(max_length=5)] = "",
    gezien: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Take a logo or a style in use at once, or go back to those of the settings."""
    if gezien != theme.seal_of(shell.settings):
        meanwhile = FormError("stijl", pages.words(request, _CHANGED))
        return _page(request, pages, shell, errors=[meanwhile], typed=None if terug else stijl, status=409)
    if terug == "ja":
        theme.drop_look(shell.settings)
        note_theme(shell.context, actor, now, "settings")
        return RedirectResponse(f"{HERE}?gedaan=terug", 303)
    errors: list[FormError] = []
    named, body, style = "", b"", None
    if logo is not None and logo.filename:
        body = logo.file.read(theme.MOST_BYTES + 1)
        try:
            named = theme.check_logo(logo.filename, body)
        except RegieError as error:
            errors.append(FormError("logo", refusal_words(error, pages, request)))
    if stijl.strip():
        try:
            style = theme.clean_style(stijl.encode())
        except RegieError as error:
            errors.append(FormError("stijl", refusal_words(error, pages, request)))
    if not errors and not named and style is None:
        errors.append(FormError("logo", pages.words(request, _NOTHING)))
    if errors:
        return _page(request, pages, shell, errors=errors, typed=stijl)
    theme.keep_look(shell.settings, style=style, logo=(named, body) if named else None)
    note_theme(shell.context, actor, now, " ".join(filter(None, (named, "style" if style else ""))))
    return RedirectResponse(f"{HERE}?gedaan=ja", 303)


def _page(
    request: Request,
    pages: Pages,
    shell: Shell,
    *,
    done: str = "",
    errors: Sequence[FormError] = (),
    typed: str | None = None,
    status: int = 422,
) -> Response:
    static = pages.static
    own = [each for each in (theme.STYLE, *theme.LOGOS) if each in static.addresses]
    styles = [
        static.by_path[static.addresses[each].removeprefix("/static/")].body.decode("utf-8", "replace")
        for each in ("vendor/theme.css", theme.STYLE)
        if each in static.addresses
    ]
    kept = theme.kept_look(shell.settings)
    return pages.render(
        request,
        "admin/theme.html",
        status=status if errors else 200,
        errors=list(errors),
        typed=kept.get(theme.STYLE, b"").decode() if typed is None else typed,
        measured=[(pages.words(request, _NAMES[each.name]), each) for each in measure(styles)],
        uses=own,
        is_kept=bool(kept),
        seen=theme.seal_of(shell.settings),
        now=kept.get(theme.STYLE, b"").decode() if status == 409 else "",
        done=done in ("ja", "terug") and not errors,
    )
