"""A mail in words, laid out as text and as HTML: the same words in the same order, twice.

The text part is complete by itself, for readers whose mail program shows no HTML.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from regie.text.lines import Fact
from regie.text.phrases import say

if TYPE_CHECKING:
    from css_inline import CSSInliner
    from jinja2 import Template

WIDTH = 72
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a letter: what is asked, what belongs to it, and where to act.

    ``why`` is empty when the group says it for all; ``link`` when the mail has one for the whole.
    """

    ask: str
    facts: tuple[Fact, ...]
    link: str
    why: str
    is_secret: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that ask the same of the reader, under one heading; what asks nothing is a list."""

    heading: str
    items: tuple[Item, ...]
    listed: tuple[str, ...]
    whys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """All about one traject. The heading is empty when the mail is about one traject only."""

    heading: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole mail in words; the text and the HTML part are two ways to lay it out.

    Args:
        traject: which it is about, when it is about one; without an opening it stands with the first line.
        link: of a mail about one thing; of several each has its own.
    """

    language: str
    subject: str
    environment: str
    hello: str
    opening: str
    traject: Fact | None
    sections: tuple[Section, ...]
    what_now: str
    link_says: str
    link: str
    replies: tuple[str, ...]
    regards: str
    signed: tuple[str, ...]
    footer: tuple[str, ...]


def without_control(said: str) -> str:
    """Take out what is no letter: line ends, and marks that turn the direction of writing."""
    return _CONTROL.sub(" ", said)


# --- as text ------------------------------------------------------------------------------------------


def as_text(page: Page) -> str:
    return "\n\n".join(_blocks(page)) + "\n"


def _blocks(page: Page) -> Iterator[str]:
    """The paragraphs of the text part, in order."""
    if page.environment:
        yield _wrap(page.environment)
    yield page.hello
    if page.opening:
        yield _wrap(page.opening)
    if page.traject:
        yield "\n".join(_fact_lines(page.traject))
    for section in page.sections:
        if section.heading:
            yield _underlined(section.heading, "=")
        for group in section.groups:
            yield from _group_blocks(group, page.language)
    replies = _wrap(" ".join(page.replies))
    if page.link:
        yield "\n".join([_underlined(page.what_now, "-"), _wrap(page.link_says), page.link])
    elif page.what_now and replies:
        replies = f"{_underlined(page.what_now, '-')}\n{replies}"
    if replies:
        yield replies
    yield page.regards + "\n\n" + "\n".join(page.signed)
    # two dashes and a space: mail programs know that what follows is no part of the message
    yield "-- \n" + "\n".join(_wrap(each) for each in page.footer)


def _group_blocks(group: Group, language: str) -> Iterator[str]:
    if group.heading:
        yield _underlined(group.heading, "-")
    if group.items:
        yield from (_wrap(why) for why in group.whys)
    for item in group.items:
        yield _wrap(item.ask)
        if item.is_secret:
            yield _wrap(say("keep_secret", language))
        if item.why:
            yield _wrap(item.why)
        if lines := [line for fact in item.facts for line in _fact_lines(fact)]:
            yield "\n".join(lines)
        if item.link:
            yield f"{say('open_step', language)}\n{item.link}"
    if group.listed:
        yield "\n".join(_wrap(each, "- ", "  ") for each in group.listed)
        yield from (_wrap(why) for why in group.whys)


def _underlined(heading: str, line: str) -> str:
    return f"{heading}\n{line * min(len(heading), WIDTH)}"


def _fact_lines(fact: Fact) -> Iterator[str]:
    if len(fact.values) == 1:
        yield _wrap(f"{fact.label}: {fact.values[0]}")
        return
    yield f"{fact.label}:"
    yield from (_wrap(value, "- ", "  ") for value in fact.values)


def _wrap(text: str, first: str = "", rest: str = "") -> str:
    clean = without_control(text)
    return textwrap.fill(
        clean, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


# --- as HTML ------------------------------------------------------------------------------------------


def as_html(page: Page) -> str:
    html = _template().render(page=page, say=lambda phrase: say(phrase, page.language))
    return _inliner().inline(html)


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("regie.notify", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("mail.html")


@lru_cache(maxsize=1)
def _inliner() -> CSSInliner:
    import css_inline

    # the rules for dark screens can not be inlined, so they stay in the head
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True, keep_style_tags=False)
