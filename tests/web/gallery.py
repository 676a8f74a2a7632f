"""A page with everything that pages are made of, and one form that works: for tests, and to look at.

python -m tests.web.gallery FOLDER PORT
"""

from __future__ import annotations

import sys
from datetime import date
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from jinja2 import DictLoader
from starlette.responses import RedirectResponse, Response

from regie.web.deps import PagesNow
from regie.web.pages import FormError, Pages

TEMPLATE = """
{% extends "base.html" %}
{% block title %}Proef{% endblock %}
{% block breadcrumb %}{{ parts.breadcrumb([("Start", "/"), ("Trajecten", "/trajecten"), ("Proef", "")]) }}{% endblock %}
{% block main %}
{{ forms.error_summary(errors) }}
{{ parts.heading("Een datum voorstellen") }}
{% call parts.alert("ok", "Opgeslagen") %}De datum is {{ say_day(on) }}.{% endcall %}
{% call parts.alert("warning") %}De opening komt in gevaar.{% endcall %}
<p class="nl-paragraph">{{ parts.badge("Klaar", "ok") }} {{ parts.badge("Te laat", "error") }} {{ parts.badge("Wacht", "warning") }} {{ parts.badge("Bezig", "info") }} {{ parts.badge("Nog niet") }}</p>
{{ parts.definitions([("Stap", title), ("Uiterlijk", say_date(on)), ("Wie", "Gemeente Voorbeeldstad, afdeling Vergunningen, Toezicht en Handhaving")]) }}
{{ parts.table("Stappen van deze week", ["Stap", "Wie", "Uiterlijk", "Speling in werkdagen"], [["Startnota opstellen", "Projectleider", "3 juni 2027", 5], ["Omgevingsanalyse", "Omgevingsmanager", "9 juni 2027", -2]], numeric=[3]) }}
{% call forms.form("/proef", files=true) %}
{{ forms.text_input("naam", "Uw naam", value=given.naam, hint="Zo noemen we u in het verslag.", errors=errors, autocomplete="name", maxlength=80) }}
{{ forms.date_input("datum", "Nieuwe datum", value=given.datum, errors=errors, earliest=on) }}
{{ forms.textarea("reden", "Waarom?", value=given.reden, errors=errors) }}
{{ forms.select("rol", "Uw rol", {"ggd": "GGD", "coa": "COA"}, value="coa", errors=errors, empty="Kies") }}
{{ forms.radios("keuze", "Lukt het?", {"ja": "Ja", "nee": "Nee"}, value="nee", errors=errors, hint="Kies er een.") }}
{{ forms.checkboxes("dagen", "Op welke dagen?", {"ma": "Maandag", "di": "Dinsdag"}, values=["di"], errors=errors) }}
{{ forms.file_input("bewijs", "Bewijs", required=false, errors=errors, accept=".pdf") }}
<div class="regie-actions">{{ forms.button("Versturen") }} {{ forms.link_button("Terug", "/") }}</div>
{% endcall %}
{% call forms.form("/actie/abc123/proef") %}{{ forms.button("Klaar", "secondary") }}{% endcall %}
{% endblock %}
"""

router = APIRouter()
ON = date(2027, 6, 3)


def add_template(pages: Pages, name: str = "proef.html", text: str = TEMPLATE) -> None:
    """Let the application know one more template."""
    for environment in pages._environments.values():
        kept = environment.loader

        class Both(DictLoader):
            def get_source(self, environment, template, kept=kept):  # type: ignore[no-untyped-def]
                if template in self.mapping:
                    return super().get_source(environment, template)
                return kept.get_source(environment, template)

        environment.loader = Both({name: text})


def draw(request: Request, pages: Pages, errors: list[FormError], **given: str) -> Response:
    filled = {"naam": "", "datum": "", "reden": "", **given}
    return pages.render(
        request, "proef.html", status=422 if errors else 200, errors=errors, given=filled, on=ON, title="<b>Plan</b>"
    )


@router.get("/proef")
def show(request: Request, pages: PagesNow) -> Response:
    return draw(request, pages, [])


@router.post("/proef")
def send(
    request: Request,
    pages: PagesNow,
    naam: Annotated[str, Form()] = "",
    datum: Annotated[str, Form()] = "",
    reden: Annotated[str, Form()] = "",
    keuze: Annotated[str, Form()] = "",
    bewijs: Annotated[UploadFile | None, File()] = None,
) -> Response:
    errors = [
        FormError(field, said)
        for field, value, said in (
            ("naam", naam, "Vul uw naam in."),
            ("datum", datum, "Kies een datum."),
            ("keuze", keuze, "Zeg of het lukt."),
        )
        if not value
    ]
    if errors:
        return draw(request, pages, errors, naam=naam, datum=datum, reden=reden)
    sent = len(bewijs.file.read()) if bewijs else 0
    return RedirectResponse(f"/proef?bytes={sent}", 303)


@router.post("/actie/{link}/proef")
def finish(link: str) -> Response:
    return Response(f"klaar {len(link)}")


def main() -> None:
    import uvicorn

    from regie.actions.context import Context
    from regie.clock import system_clock
    from regie.settings import load_settings
    from regie.store.session import create_engine_for
    from regie.web.app import ROUTERS, create_app

    settings = load_settings(data_dir=sys.argv[1])
    context = Context.on(create_engine_for(settings.database_url.get_secret_value()), b"k" * 32)
    app = create_app(context, settings, system_clock, routers=(*ROUTERS, router))
    add_template(app.state.shell.pages)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")


if __name__ == "__main__":
    main()
