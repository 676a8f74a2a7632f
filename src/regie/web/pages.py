"""Turn a template and its data into a page: language, look and form tokens are there for every template."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from regie.actions.sign_in import Visitor
from regie.errors import RegieError
from regie.reports.gantt_drawing import STYLE
from regie.settings import Settings
from regie.text.dates import say_date, say_day, say_moment
from regie.text.refusals import say_refusal
from regie.web import form_token, theme, visitor
from regie.web.language import words_of
from regie.web.static_files import StaticFiles, read_static

_LANGUAGE_NAMES = {"nl": "Nederlands", "en": "English"}


@dataclass(frozen=True, slots=True)
class FormError:
    """What is wrong with one field: its id in the page, and what to do, already in words."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the main menu.

    Args:
        title: in Dutch; said in the language of the page.
        current: ``page`` when this is the page, ``true`` when the page is further in, empty elsewhere.
    """

    path: str
    title: str
    current: str = ""


def read_look(settings: Settings) -> StaticFiles:
    """Read every file that browsers get: ours, the shapes of the timeline, and what the municipality set.

    Raises:
        Refused: ``theme-unusable``.
    """
    return read_static({"gantt.css": STYLE.encode(), **theme.read_theme(settings)})


class Pages:
    """Everything that a page needs and no route should look up by itself.

    Args:
        key: for form tokens.
    """

    def __init__(self, settings: Settings, static: StaticFiles, key: bytes) -> None:
        self.settings = settings
        self._static = static
        self._stamp = theme.stamp_of(settings)
        self.key = key
        self.secure = visitor.is_secure(settings.base_url)
        self.find_reader: Callable[[Request], Visitor | None] = lambda _: None
        """Says who is signed in; set by the application, which has the database."""
        self.find_places: Callable[[Visitor | None, str], Sequence[Place]] = lambda reader, path: ()
        """Says where the reader may go from any page; set by the application, which knows its routes."""
        self._environments = {language: _environment(language) for language in visitor.LANGUAGES}

    @property
    def static(self) -> StaticFiles:
        """The files for browsers, read again when an administrator changed the look, in whichever process."""
        stamp = theme.stamp_of(self.settings)
        if stamp != self._stamp:
            self._stamp, self._static = stamp, read_look(self.settings)
        return self._static

    def language(self, request: Request) -> str:
        return visitor.language_of(request, self.settings.language, secure=self.secure)

    def chosen_language(self, request: Request) -> str:
        """The language that the reader chose by themselves; empty when they chose none."""
        return visitor.chosen_language(request, secure=self.secure)

    def prefer(self, request: Request, language: str) -> None:
        """Let a page be in the language of who is known to read it, as long as they choose no other."""
        setattr(request.state, visitor.PREFERRED, language)

    def render(
        self,
        request: Request,
        template: str,
        /,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        asks_who: bool = True,
        **data: Any,
    ) -> HTMLResponse:
        """Give a page.

        Args:
            template: name under ``templates/``.
            asks_who: without it the page does not say who is signed in, nor that nobody is.
            data: what the template shows; a name that it uses and is not here is an error.
        """
        language = self.language(request)
        cookies = dict(request.cookies)
        name = visitor.cookie_name("browser", secure=self.secure)
        is_new = name not in cookies
        if is_new:
            cookies[name] = secrets.token_urlsafe(24)
        reader = self.find_reader(request) if asks_who else None
        text = (
            self._environments[language]
            .get_template(template)
            .render(
                language=language,
                languages=_LANGUAGE_NAMES,
                here=here(request),
                settings=self.settings,
                static=self.static,
                reader=reader,
                menu=self.find_places(reader, request.url.path),
                reader_is_known=asks_who,
                form_token=partial(self._token, cookies),
                say_date=partial(say_date, language=language),
                say_day=partial(say_day, language=language),
                say_moment=partial(self._moment, language),
                **data,
            )
        )
        response = HTMLResponse(text, status, headers=dict(headers or {}))
        response.headers["Content-Language"] = language
        if is_new:
            response.set_cookie(name, cookies[name], path="/", secure=self.secure, httponly=True, samesite="lax")
        return response

    def words(self, request: Request, text: str) -> str:
        """A text of the source in the language of a request."""
        return words_of(self.language(request)).gettext(text)

    def _token(self, cookies: Mapping[str, str], action: str) -> str:
        """The token for a form that is sent to a path."""
        return form_token.make_token(self.key, visitor.binding_of(action, cookies, secure=self.secure))

    def _moment(self, language: str, moment: datetime) -> str:
        return say_moment(moment, self.settings.timezone, language)


def refusal_words(error: RegieError, pages: Pages, request: Request) -> str:
    """What was refused and what to do, for beside a field."""
    said = say_refusal(error, pages.language(request))
    return f"{said.message} {said.advice}".strip()


def read_day(text: str) -> date | None:
    """The day that a field of a form holds; None when it holds none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def here(request: Request) -> str:
    """The address of this page without its host and without a language, to come back to after choosing one."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "taal"]
    path = request.scope.get("raw_path", b"").decode("ascii", "replace").split("?")[0] or request.url.path
    return visitor.own_path(f"{path}?{urlencode(kept)}" if kept else path)


@lru_cache(maxsize=4)
def _environment(language: str) -> Environment:
    """The templates of a language, each compiled once, however many applications there are."""
    environment = Environment(
        loader=PackageLoader("regie.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(words_of(language), newstyle=True)  # type: ignore[attr-defined]
    environment.tests["day"] = lambda value: isinstance(value, date) and not isinstance(value, datetime)
    return environment
