"""Write a document: a Markdown template filled in, and the same as a page to print.

All that is filled in is escaped for Markdown in one place; the page is made from the Markdown, with raw HTML
switched off, so that no title can bring markup of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from regie.reports.subject import Document
from regie.text.phrases import words_in

if TYPE_CHECKING:
    from jinja2 import Environment
    from markdown_it import MarkdownIt

# also an underscore around a word, an entity, and what opens a heading, a list, a quote or a rule
_MEANS_SOMETHING = re.compile(
    r"([\\`*\[\]<|]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|^[#>~=]|^[+-](?=[ -])|(?<=^\d)[.)](?=\s)|(?<=^\d\d)[.)](?=\s))"
)
_BLANK_LINES = re.compile(r"\n{3,}")


def write(
    name: str, title: str, template: str, language: str, facts: Mapping[str, object], *, is_wide: bool = False
) -> tuple[Document, ...]:
    """Fill in a template in a language; give the Markdown and the page to print.

    Args:
        name: of the files, without what follows the dot.
        template: name of the template, without language.
        is_wide: the page lies on its side.
    """
    environment = _environment()
    filled = environment.get_template(f"{template}.{language}.md").render(facts)
    markdown = _BLANK_LINES.sub("\n\n", filled).strip() + "\n"
    page = environment.get_template("page.html").render(
        language=language, title=title, is_wide=is_wide, body=_body(markdown, language)
    )
    return (
        Document(f"{name}.md", "text/markdown; charset=utf-8", markdown.encode()),
        Document(f"{name}.html", "text/html; charset=utf-8", page.encode()),
    )


def _body(markdown: str, language: str) -> str:
    """The page inside its frame; on a narrow screen a wide table scrolls by itself, also by keyboard."""
    html = _unbroken(_markdown().render(markdown), language)
    return html.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")


def _unbroken(html: str, language: str) -> str:
    """Keep day, month and year on one line."""
    months = "|".join(words_in(language).months)
    return re.sub(rf"\b(\d{{1,2}}) ({months}) (\d{{4}})\b", r"\1&nbsp;\2&nbsp;\3", html)


def escape_markdown(said: object) -> object:
    """Make text mean itself in Markdown, and stay on its own line."""
    if not isinstance(said, str):
        return said
    return _MEANS_SOMETHING.sub(r"\\\1", " ".join(said.split()))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment as Jinja
    from jinja2 import PackageLoader, StrictUndefined, select_autoescape

    def finish(said: object) -> object:
        # what goes into the page is markup already, or escaped by Jinja itself
        return said if hasattr(said, "__html__") else escape_markdown(said)

    return Jinja(
        loader=PackageLoader("regie.reports", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        finalize=finish,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt as Markdown

    return Markdown("commonmark", {"html": False}).enable("table")
