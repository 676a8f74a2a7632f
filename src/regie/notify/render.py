"""A letter to subject, text and HTML. Pure: the same letter gives the same mail, to the last character.

What is said about each line comes from ``regie.text``; here it is put in order: the first line says who asks
what before when, then the rest, most urgent first. The text part is complete by itself.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from regie.core.definition import Kind
from regie.core.lines import Line
from regie.links import link_address
from regie.notify.page import Group, Item, Page, Section, as_html, as_text, without_control
from regie.text.letter import Letter, LetterPart
from regie.text.lines import (
    ANSWERED,
    ASKING,
    GROUPS,
    LISTED,
    Fact,
    Told,
    asks_to_act,
    group_of,
    is_hidden,
    is_own,
    subject_of,
    tell,
    traject_of,
)
from regie.text.phrases import LANGUAGES, say, words_in
from regie.text.rules import say_role

LONGEST_SUBJECT = 140
LONGEST_SEEN = 78
"""As much of a subject do most lists of mails show."""
LONGEST_NAME = 30
"""As much of a traject's name is in a subject."""


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(letter: Letter, *, base_url: str = "", reply_hint: str = "", environment: str = "") -> Rendered:
    """Write a letter in the language of its reader.

    Args:
        base_url: where the pages live; without it there is no link, and a reply is asked for.
        reply_hint: what happens with a reply; else that the project lead reads it.
        environment: label of a test environment, shown on top.
    """
    hidden = {part.traject_id for part in letter.parts if is_hidden(part)}
    parts = tuple(replace(part, is_hidden=part.traject_id in hidden) for part in letter.parts)
    page = _page(replace(letter, parts=parts), base_url, reply_hint, environment)
    return Rendered(page.subject, as_text(page), as_html(page))


def render_code(letter: Letter, code: str, *, environment: str = "") -> Rendered:
    """Write a sign-in code. It stands in the text and not in the subject, which a locked telephone shows."""
    language = letter.to.language if letter.to.language in LANGUAGES else "nl"
    half = len(code) // 2
    page = Page(
        language,
        say("code_subject", language),
        say("environment", language, name=environment) if environment else "",
        say("hello" if letter.to.name else "hello_nameless", language, name=letter.to.name),
        say("code_is", language, code=f"{code[:half]} {code[half:]}"),
        None,
        (),
        "",
        "",
        "",
        (say("code_lasts", language), say("code_not_asked", language)),
        say("regards", language),
        ("Regie",),
        (say("sent", language), say("mark", language, mark=letter.message_id)),
    )
    return Rendered(page.subject, as_text(page), as_html(page))


# --- the whole ----------------------------------------------------------------------------------------

_TOLD = Sequence[tuple[LetterPart, Line, Told]]


def _page(letter: Letter, base_url: str, reply_hint: str, environment: str) -> Page:
    language = letter.to.language if letter.to.language in LANGUAGES else "nl"
    count = sum(len(part.lines) for part in letter.parts)
    told = [
        (part, line, tell(letter, part, line, language, is_brief=count > 1))
        for part in letter.parts
        for line in sorted(part.lines, key=_urgency)
    ]
    opening = _opening(letter, told, language)
    traject = _traject(letter, language)
    link = _link(told[0][0], told[0][1], base_url) if count == 1 else ""
    sections = _sections(letter, told, language, base_url, traject if not opening else None)
    lead = next((part for part in letter.parts if part.lead_name), None)
    has_links = any(item.link for section in sections for group in section.groups for item in group.items)
    is_asked = any(each.asks for _, _, each in told)
    return Page(
        language,
        _named(letter, _subject(letter, told, language)),
        say("environment", language, name=environment) if environment else "",
        say("hello" if letter.to.name else "hello_nameless", language, name=letter.to.name),
        opening,
        traject if opening else None,
        sections,
        say("what_now", language) if is_asked or link else "",
        say("act_link", language) if link else "",
        link,
        tuple(_replies(letter, lead, told, language, reply_hint, link, has_links=has_links)),
        say("regards", language),
        _signed(letter, lead, language),
        tuple(_footer(letter, lead, language)),
    )


_OWN_ANSWERS = {
    Kind.DATE_PROPOSED: "own_answer_proposal",
    Kind.DECLINED: "own_answer_declined",
    Kind.QUESTION_ASKED: "own_answer_question",
}
"""How who leads the traject answers what somebody said."""


def _urgency(line: Line) -> tuple[int, date, str]:
    return GROUPS.index(group_of(line)), line.due_on or date.max, str(line.key)


def _opening(letter: Letter, told: _TOLD, language: str) -> str:
    """The first line of a mail about several things; one thing speaks for itself."""
    asked = sorted(((_urgency(line), part, each) for part, line, each in told if each.asks), key=lambda each: each[0])
    if len(told) < 2 or len(asked) == 1:
        return ""
    if not asked:
        causes = {each.cause for _, _, each in told}
        if all(line.kind is Kind.DATE_MOVED for _, line, _ in told):
            cause = f" {causes.pop()}" if len(causes) == 1 and causes != {""} else ""
            return say("ask_moved", language, count=len(told), cause=cause)
        return say("ask_none", language, count=len(told))
    _, part, first = asked[0]
    own = is_own(letter, part) or not part.lead_name
    return say(
        "ask_several_own" if own else "ask_several",
        language,
        who=part.lead_name,
        count=len(asked),
        step=first.title,
        by=first.by,
    )


def _traject(letter: Letter, language: str) -> Fact | None:
    """Which traject it is about, when it is about one; several stand above their own lines."""
    parts = [part for part in letter.parts if part.lines]
    if len({part.traject_id for part in parts}) != 1:
        return None
    return Fact(say("traject", language), (traject_of(parts[0], language),))


def _replies(
    letter: Letter,
    lead: LetterPart | None,
    told: _TOLD,
    language: str,
    reply_hint: str,
    link: str,
    *,
    has_links: bool,
) -> Iterator[str]:
    """What a reader can do besides following the link; who leads the traject need not write to themselves."""
    kinds = {line.kind for _, line, _ in told}
    is_asked = any(each.asks for _, _, each in told)
    if lead is not None and is_own(letter, lead):
        if has_links:
            yield say("links", language)
            if kinds & set(_OWN_ANSWERS):
                yield say("own_answer_too", language)
        elif is_asked and not link:
            asked = [line for _, line, each in told if each.asks]
            if kinds <= set(_OWN_ANSWERS) | ANSWERED:
                yield say(_OWN_ANSWERS[asked[0].kind] if len(asked) == 1 else "own_answer_many", language)
                return
            own = "own_step_now" if all(line.part == "responsible" for line in asked) else "own_now"
            yield say(own if len(asked) == 1 else f"{own}_many", language)
        return
    if has_links:
        yield say("links_or_reply", language)
    elif link and is_asked:
        yield say("reply_too", language)
    elif is_asked:
        says = (
            "reply_ask" if kinds & ASKING else "reply_news" if kinds <= set(_OWN_ANSWERS) | ANSWERED else "reply_help"
        )
        yield say(says, language)
    else:
        yield say("reply_moved" if Kind.DATE_MOVED in kinds else "reply_news", language)
    if reply_hint:
        yield reply_hint
    elif lead is not None:
        yield say("reply_read_by", language, name=lead.lead_name)


def _signed(letter: Letter, lead: LetterPart | None, language: str) -> tuple[str, ...]:
    if lead is None or is_own(letter, lead):
        return ("Regie",)
    role = lead.definition.policy.lead
    return (lead.lead_name, say_role(lead.definition, role, language)) if role else (lead.lead_name,)


def _footer(letter: Letter, lead: LetterPart | None, language: str) -> Iterator[str]:
    yield say("no_residents", language)
    is_for = lead is not None and not is_own(letter, lead)
    yield say("sent_for", language, name=lead.lead_name) if lead and is_for else say("sent", language)
    yield say("mark", language, mark=letter.message_id)


# --- subjects -----------------------------------------------------------------------------------------


def _subject(letter: Letter, told: _TOLD, language: str) -> str:
    words = words_in(language)
    if not told:
        return words.subjects[Kind.DIGEST]
    asked = [each for each in told if each[2].asks]
    part, line, first = min(asked or told, key=lambda each: _urgency(each[1]))
    count = len(told)
    if count == 1 or (len(asked) == 1 and not letter.is_digest):
        return _fit(*subject_of(part, line, language))
    if letter.is_digest:
        late = sum(each.group in ("threat", "late") for _, _, each in told)
        said = say("subject_late", language, count=late) if late else ""
        return _fit(say("subject_digest", language, count=count, late=said), "")
    count = len(asked) or count
    rest = say("rest_one" if count == 2 else "rest_more", language, count=count - 1)
    name = "subject_several" if asked else "subject_several_news"
    if all(each.kind is Kind.DATE_MOVED for _, each, _ in told):
        name = "subject_several_moved"
    return _fit(say(name, language, count=count, first="{title}", kind=first.kind, rest=rest), first.title)


def _named(letter: Letter, subject: str) -> str:
    """Say of which traject a mail is, so that who has several can tell them apart; not before it may be told."""
    parts = [part for part in letter.parts if part.lines]
    if len({part.traject_id for part in parts}) != 1 or any(is_hidden(part) for part in parts):
        return subject
    title = " ".join(without_control(parts[0].traject_title).split())
    if not title or title in subject:
        return subject
    room = max(LONGEST_SEEN - len(subject) - len(" - "), LONGEST_NAME // 2)
    name = textwrap.shorten(title, min(room, LONGEST_NAME), placeholder="…")
    named = f"{subject} - {name}"
    return subject if name == "…" or len(named) > LONGEST_SUBJECT else named


def _fit(pattern: str, title: str) -> str:
    """Put a title into a subject; when that gets too long the title gives way, never a date."""
    title = without_control(title)
    room = LONGEST_SUBJECT - len(pattern) + len("{title}")
    if len(title) > room:
        title = textwrap.shorten(title, max(room, 2), placeholder="…")
    # no format here: a title may hold braces of its own
    return " ".join(without_control(pattern.replace("{title}", title)).split())[:LONGEST_SUBJECT]


# --- sections, groups, items --------------------------------------------------------------------------


def _sections(letter: Letter, told: _TOLD, language: str, base_url: str, traject: Fact | None) -> tuple[Section, ...]:
    """One section per traject; two cycles of one traject are told together."""
    by_traject = {part.traject_id: part for part in letter.parts if part.lines}
    only_listed = len({each.group for _, _, each in told}) == 1 and told[0][2].group in LISTED
    sections: list[Section] = []
    for traject_id, part in by_traject.items():
        groups: list[Group] = []
        for name in GROUPS:
            found = [each for each in told if each[0].traject_id == traject_id and each[2].group == name]
            # the first words of a mail are what is asked, no heading
            is_first = traject is not None and not sections and not groups
            heading = "" if len(told) == 1 or is_first or only_listed else words_in(language).groups[name]
            if found and len(told) > 1 and name in LISTED:
                groups.append(_list(heading, found))
            elif found:
                links_to = base_url if len(told) > 1 else ""
                groups.append(_group(heading, found, links_to, traject if is_first else None))
        if groups:
            sections.append(Section(traject_of(part, language) if len(by_traject) > 1 else "", tuple(groups)))
    return tuple(sections)


def _group(heading: str, found: _TOLD, base_url: str, traject: Fact | None) -> Group:
    whys = tuple(dict.fromkeys(each.why_many for _, _, each in found))
    is_shared = len(whys) == 1 and len(found) > 1
    items = tuple(
        Item(
            each.ask,
            (traject, *each.facts) if traject and not number else each.facts,
            _link(part, line, base_url),
            "" if is_shared else each.why,
            each.is_confidential,
        )
        for number, (part, line, each) in enumerate(found)
    )
    return Group(heading, items, (), whys if is_shared else ())


def _list(heading: str, found: _TOLD) -> Group:
    """Lines that ask nothing, each on one row; what they have in common is said once, below."""
    told = [each for _, _, each in found]
    causes, whys = {each.cause for each in told}, {each.why for each in told}
    rows = [
        " ".join(
            [each.brief or each.ask]
            + ([each.cause] if each.brief and len(causes) > 1 else [])
            + ([each.why] if len(whys) > 1 else [])
        ).strip()
        for each in told
    ]
    # without a heading it is all that the mail is about, and the first line said it
    cause = causes.pop() if len(causes) == 1 and heading else ""
    why = "" if len(whys) > 1 else told[0].why_many if len(told) > 1 else told[0].why
    return Group(heading, (), tuple(rows), tuple(each for each in (cause, why) if each))


def _link(part: LetterPart, line: Line, base_url: str) -> str:
    """Where to act; only of a line that asks the reader to. The address names nothing of what it opens."""
    token = part.links.get(line.key, "") if asks_to_act(line) else ""
    return link_address(base_url, token) if base_url and token else ""
