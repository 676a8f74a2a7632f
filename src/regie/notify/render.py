"""A letter to subject, text and HTML. Pure: the same letter gives the same mail, to the last character.

The first line says who asks what before when. A confidential line names no traject and no place.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from regie.core.definition import Kind, text_in
from regie.core.ids import OccurrenceKey, StepId
from regie.core.messages import THREAT, Line
from regie.text.letter import Letter, LetterPart
from regie.text.phrases import ASKS, SUBJECTS, WORDS
from regie.text.sentences import say, say_count, say_date, say_day, say_step

if TYPE_CHECKING:
    from jinja2 import Template

LONGEST_SUBJECT = 140
WIDTH = 72
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

# Most urgent first; a digest is read from the top.
_ORDER = (
    Kind.ESCALATED,
    Kind.OVERDUE,
    Kind.DUE,
    Kind.DECISION_NEEDED,
    Kind.DUE_SOON,
    Kind.READY,
    Kind.HANDED_OVER,
    Kind.DATE_MOVED,
    Kind.DECISION_TAKEN,
    Kind.DONE,
    Kind.CYCLE_STARTED,
    Kind.DIGEST,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a letter, in words."""

    ask: str
    done_when: str
    facts: tuple[tuple[str, str], ...]
    neighbours: tuple[tuple[str, tuple[str, ...]], ...]
    link: str
    why: str


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    items: tuple[Item, ...]


def render(letter: Letter, *, base_url: str = "", environment: str = "") -> Rendered:
    """Write a letter in the language of its reader.

    Args:
        base_url: where the pages live; without it there is no link, and a reply is asked for.
        environment: label of a test environment, shown on top.
    """
    language = letter.to.language if letter.to.language in WORDS else "nl"
    sections = tuple(_section(letter, part, language, base_url) for part in letter.parts)
    subject = _subject(letter, language)
    label = say("environment", language, name=environment) if environment else ""
    hello = say("hello", language, name=letter.to.name) if letter.to.name else ""
    sender = next((part.lead_name for part in letter.parts if part.lead_name), "Regie")
    text = _text(sections, language, hello=hello, sender=sender, mark=letter.message_id, environment=label)
    html = _template().render(
        language=language,
        subject=subject,
        parts=sections,
        words=WORDS[language],
        hello=hello,
        sender=sender,
        mark=letter.message_id,
        environment=label,
    )
    return Rendered(subject, text, _inlined(html))


def _subject(letter: Letter, language: str) -> str:
    found = [(part, line) for part in letter.parts for line in _sorted(part.lines)]
    if not found:
        return SUBJECTS[language][Kind.DIGEST]
    if letter.is_digest:
        return say("digest", language, count=len(found))
    part, line = min(found, key=lambda each: _ORDER.index(each[1].kind))
    first = _subject_of(part, line, language)
    said = first if len(found) == 1 else say("several", language, count=len(found), first=first)
    return _CONTROL.sub(" ", said).strip()[:LONGEST_SUBJECT]


def _subject_of(part: LetterPart, line: Line, language: str) -> str:
    return SUBJECTS[language][line.kind].format(
        step=_title(part, line.key, language),
        traject=_traject(part, line, language),
        old=say_date(line.old_on, language) if line.old_on else "",
        due=say_date(line.due_on, language) if line.due_on else "",
    )


def _sorted(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (_ORDER.index(line.kind), line.due_on is None, line.due_on, str(line.key)))


def _section(letter: Letter, part: LetterPart, language: str, base_url: str) -> Section:
    hidden = any(line.is_confidential for line in part.lines)
    heading = f"{WORDS[language]['traject']}: {WORDS[language]['confidential'] if hidden else part.traject_title}"
    return Section(heading, tuple(_item(letter, part, line, language, base_url) for line in _sorted(part.lines)))


def _item(letter: Letter, part: LetterPart, line: Line, language: str, base_url: str) -> Item:
    step = part.definition.steps.get(line.key.step)
    asked = line.kind in (Kind.READY, Kind.DUE_SOON, Kind.DUE, Kind.OVERDUE, Kind.DECISION_NEEDED, Kind.HANDED_OVER)
    facts = []
    if line.due_on and line.kind not in (Kind.DECISION_TAKEN, Kind.DONE, Kind.CYCLE_STARTED):
        facts.append((WORDS[language]["due"], say_day(line.due_on, language)))
    if line.legal_on:
        facts.append((WORDS[language]["legal"], say_day(line.legal_on, language)))
    neighbours = [
        (WORDS[language][word], tuple(_other(part, key, language) for key in keys))
        for word, keys in (("waits_for", line.waits_for), ("waited_by", line.waited_by))
        if keys and line.kind is not Kind.CYCLE_STARTED
    ]
    return Item(
        _ask(part, line, language),
        text_in(step.done_when, language) if step and asked else "",
        tuple(facts),
        tuple(neighbours),
        _link(part, line, base_url) if step else "",
        _why(letter, part, line, language),
    )


def _ask(part: LetterPart, line: Line, language: str) -> str:
    words = WORDS[language]
    due = say_date(line.due_on, language) if line.due_on else ""
    days = say_count(line.working_days, "wd", language)
    if line.rung == THREAT:
        anchor = part.definition.anchors.get(line.cause.removeprefix("anchor:"))  # type: ignore[call-overload]
        title = text_in(anchor.title, language) if anchor else ""
        word = "threat_anchor" if anchor else "threat_law"
        return words[word].format(anchor=title, step=_title(part, line.key, language), due=due, days=days)
    return ASKS[language][line.kind].format(
        who=part.lead_name or words["lead"],
        step=_title(part, line.key, language),
        traject=_traject(part, line, language),
        by=words["by"].format(date=due) if due else "",
        on_due=words["on_due"].format(date=due) if due else "",
        old=say_date(line.old_on, language) if line.old_on else "",
        due=due,
        days=days,
        cause=_cause(part, line, language),
        outcome=_outcome(part, line, language),
    )


def _cause(part: LetterPart, line: Line, language: str) -> str:
    if not line.cause or line.cause == str(line.key):
        return ""
    if line.cause.startswith("anchor:"):
        found = next((a for a in part.definition.anchors.values() if a.id == line.cause.removeprefix("anchor:")), None)
        title = text_in(found.title, language) if found else line.cause
    else:
        step, _, key = line.cause.partition("@")
        title = say_step(part.definition, OccurrenceKey(StepId(step), key), language)
    return say("cause", language, cause=title)


def _outcome(part: LetterPart, line: Line, language: str) -> str:
    step = part.definition.steps.get(line.key.step)
    outcome = step.gate.outcomes.get(line.outcome) if step and step.gate else None
    return text_in(outcome.title, language) if outcome else line.outcome


def _why(letter: Letter, part: LetterPart, line: Line, language: str) -> str:
    role = part.definition.roles.get(line.role)
    name = text_in(role.title, language) if role else str(line.role)
    if line.for_role_without_people:
        said = say("why_nobody", language, role=name)
    elif line.part == "lead" or (part.definition.policy.lead == line.role and line.part not in WORDS[language]):
        said = say("why_lead", language)
    else:
        said = say("why_role", language, part=WORDS[language].get(line.part, line.part), role=name)
    if line.deputy_for:
        said += " " + say("why_deputy", language, name=letter.deputy_names.get(line.deputy_for, line.deputy_for))
    return said


def _other(part: LetterPart, key: OccurrenceKey, language: str) -> str:
    title = _title(part, key, language)
    if key not in part.finishes:
        return title
    return f"{title} ({say('expected', language, date=say_date(part.finishes[key], language))})"


def _title(part: LetterPart, key: OccurrenceKey, language: str) -> str:
    return say_step(part.definition, key, language)


def _traject(part: LetterPart, line: Line, language: str) -> str:
    return WORDS[language]["confidential"] if line.is_confidential else part.traject_title


def _link(part: LetterPart, line: Line, base_url: str) -> str:
    if not base_url or line.is_confidential:
        return ""
    path = "/".join(quote(each) for each in (part.traject_slug, str(line.cycle), str(line.key)))
    return f"{base_url.rstrip('/')}/stap/{path}"


def _text(sections: Sequence[Section], language: str, *, hello: str, sender: str, mark: str, environment: str) -> str:
    words = WORDS[language]
    blocks = [environment, hello]
    for section in sections:
        blocks.append(section.heading)
        blocks += ["\n".join(_item_lines(item, language)) for item in section.items]
    blocks += [_wrap(words["reply"]), sender, "-- \n" + _wrap(words["no_residents"]) + f"\n{words['mark']}: {mark}"]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _item_lines(item: Item, language: str) -> Iterator[str]:
    yield _wrap(item.ask)
    if item.done_when:
        yield _wrap(f"{WORDS[language]['done_when']}: {item.done_when}")
    for name, value in item.facts:
        yield f"{name}: {value}"
    for name, others in item.neighbours:
        yield f"{name}:"
        yield from (textwrap.fill(other, WIDTH, initial_indent="- ", subsequent_indent="  ") for other in others)
    if item.link:
        yield f"{WORDS[language]['act']}: {item.link}"
    yield _wrap(item.why)


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("regie.notify", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("mail.html")


@lru_cache(maxsize=256)
def _inlined(html: str) -> str:
    import css_inline

    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False).inline(html)
