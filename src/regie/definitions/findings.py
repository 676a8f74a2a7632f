"""What is wrong with a workflow definition: findings with a place, a stable code and a hint.

Holds the register of codes. Knows nothing of YAML or of the schema; ``docs/finding-codes.md`` explains
each code to authors.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from regie.errors import DefinitionInvalid

MOST_SHOWN = 200
MOST_GUESSES = 100
MOST_CANDIDATES = 300
LONGEST_QUOTE = 60
LONGEST_NAME = 1_000


class Severity(StrEnum):
    """``error``: the definition is refused. ``warning``: it loads, and its author should look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What a code stands for in a few words, what to do when nothing better is known, how heavily it weighs."""

    title: str
    hint: str = ""
    severity: Severity = Severity.ERROR


def _warning(title: str, hint: str = "") -> CodeInfo:
    return CodeInfo(title, hint, Severity.WARNING)


CODES: Mapping[str, CodeInfo] = {
    # shape
    "RG101": CodeInfo("file cannot be read", "check the spelling"),
    "RG102": CodeInfo("file is not UTF-8"),
    "RG103": CodeInfo("file is too large"),
    "RG104": CodeInfo("control character"),
    "RG105": CodeInfo("tab"),
    "RG106": CodeInfo("not valid YAML", "look at the quotes and the indentation here"),
    "RG107": CodeInfo("nested too deeply"),
    "RG108": CodeInfo("tag"),
    "RG109": CodeInfo("anchor, alias or merge key"),
    "RG110": CodeInfo("doubled key"),
    "RG111": CodeInfo("more than one document"),
    "RG112": CodeInfo("text is too long"),
    "RG113": CodeInfo("too many parts", "make the definition smaller"),
    "RG114": CodeInfo("file holds no definition"),
    "RG115": CodeInfo("key is not a word"),
    "RG120": CodeInfo("key is missing", "add it"),
    "RG121": CodeInfo("unknown key", "leave it out"),
    "RG122": CodeInfo("wrong kind of value", "write what the key asks for"),
    "RG123": CodeInfo("not one of the possible values"),
    "RG124": CodeInfo("text in the wrong form"),
    "RG125": CodeInfo("too long, too short, too high or too low", "stay within the limit"),
    "RG126": CodeInfo("keys that do not go together", "say exactly one of them"),
    "RG130": CodeInfo("include cannot be followed", "name a file in the same folder"),
    "RG131": CodeInfo("step in two files"),
    "RG199": CodeInfo("more findings than are shown"),
    # network
    "RG201": CodeInfo("unknown step", "name a step that is there"),
    "RG202": CodeInfo("same relation twice"),
    "RG203": CodeInfo("join asks more than there is"),
    "RG204": CodeInfo("step waits for itself", "leave this relation out"),
    "RG205": CodeInfo("step can never apply"),
    "RG206": CodeInfo("gate cannot pass"),
    "RG207": CodeInfo("unknown phase", "declare it under phases"),
    "RG208": CodeInfo("unknown track", "declare it under tracks"),
    "RG209": CodeInfo("unknown list", "declare it under lists"),
    "RG210": CodeInfo("condition cannot be read", "like: plekken >= 100 and gebouw in [verbouw, units]"),
    "RG211": CodeInfo("condition does not fit the questions", "ask for a question or a decision that is there"),
    "RG212": CodeInfo("condition waits for a later decision"),
    "RG213": CodeInfo("answer cannot be used in a condition"),
    "RG214": CodeInfo("default does not fit the question"),
    "RG215": CodeInfo("nobody decides by that name", "declare it under bodies"),
    "RG216": CodeInfo("unknown cycle kind", "declare it under cycle_kinds"),
    "RG217": _warning("unknown automation", "leave it out"),
    "RG218": _warning("step does not say when it is done"),
    "RG219": _warning("step without a phase"),
    "RG220": _warning("case that is never reached"),
    # dates
    "RG301": CodeInfo("date rule cannot be read", "like: 10wd after start, 20wd before opening, on f0-go-besluit"),
    "RG302": CodeInfo("date rule counts from something unknown", "name an anchor, a step or a list"),
    "RG303": CodeInfo("date rule does not fit the step", "count from a step or an anchor"),
    "RG304": CodeInfo("calendar cannot be used", "choose a calendar that is there"),
    "RG305": CodeInfo("window closes before it opens"),
    "RG306": CodeInfo("due before it can be done"),
    "RG307": _warning("statutory value without its source"),
    "RG308": _warning("calendar has no confirmed years"),
    "RG309": CodeInfo("length must be more than zero"),
    "RG310": CodeInfo("rhythm without beginning"),
    "RG311": _warning("date that nothing sets"),
    "RG312": CodeInfo("period ends before it begins"),
    "RG313": _warning("body without meetings"),
    "RG314": _warning("name that means two things"),
    "RG315": _warning("due later than its anchor allows"),
    "RG316": _warning("period that no calendar knows", "name a period of the calendar"),
    # roles
    "RG401": CodeInfo("unknown role", "name a role, or responsible, accountable, consulted, informed or lead"),
    "RG402": _warning("step without anyone responsible"),
    "RG403": CodeInfo("role that nobody can fill"),
    "RG404": _warning("role that is never used"),
    "RG405": CodeInfo("unknown kind of notice", "like: ready, due, overdue, done"),
    "RG406": _warning("nobody leads"),
}
"""Codes are for ever: one that is no longer given stays listed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where."""

    code: str
    message: str
    hint: str
    mark: Mark
    severity: Severity

    def __str__(self) -> str:
        return f"{self.mark} {self.code} {self.message}{f' (hint: {self.hint})' if self.hint else ''}"


def make_finding(code: str, mark: Mark, message: str, hint: str = "") -> Finding:
    """Make a finding; its severity, and the hint when none is given, are the code's own."""
    return Finding(code, message, hint or CODES[code].hint, mark, CODES[code].severity)


class Report:
    """Gathers findings while a definition is read, so that its author hears all of them at once."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(
        self,
        code: str,
        mark: Mark,
        message: str,
        hint: str = "",
        *,
        word: str = "",
        known: Iterable[str] = (),
    ) -> None:
        """Add a finding.

        Args:
            word: a word that is not known; the hint then names the one of ``known`` that looks most like it.
        """
        # looking for words that look alike is slow
        if word and len(self.findings) < MOST_GUESSES:
            hint = did_you_mean(word, known, hint)
        self.findings.append(make_finding(code, mark, message, hint))

    @property
    def has_errors(self) -> bool:
        return any(map(is_error, self.findings))


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put findings in order of place, each once; past 200 a last one says how many more there are."""
    ordered = sorted(set(findings), key=lambda each: (each.mark, each.code, each.message))
    if len(ordered) <= MOST_SHOWN:
        return tuple(ordered)
    shown, left = ordered[:MOST_SHOWN], ordered[MOST_SHOWN:]
    if not any(is_error(each) for each in shown):
        # a definition is never refused over errors that nobody gets to see
        shown[-1:] = [each for each in left if is_error(each)][:1] or shown[-1:]
    rest = make_finding("RG199", shown[-1].mark, f"and {len(left):,} more", "repair these first, then check again")
    return (*shown, rest) if any(map(is_error, ordered)) else (*shown, _as_warning(rest))


def _as_warning(finding: Finding) -> Finding:
    return Finding(finding.code, finding.message, finding.hint, finding.mark, Severity.WARNING)


def is_error(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def invalid(name: str, findings: Iterable[Finding]) -> DefinitionInvalid:
    """Make the exception that carries all findings that are errors."""
    errors = sort_findings(each for each in findings if is_error(each))
    shown = [each for each in errors if each.code != "RG199"]
    count = "1 error" if len(errors) == 1 else f"{'' if len(shown) == len(errors) else 'over '}{len(shown)} errors"
    return DefinitionInvalid(f"definition {quote(name, LONGEST_NAME)} has {count}", errors, definition=name)


def render(findings: Iterable[Finding], sources: Mapping[str, str]) -> str:
    """Show findings with the line that they are about, a caret under the place, and the hint.

    Args:
        sources: the text of each file, by the name that the marks use.
    """
    return "\n".join(_render(each, sources.get(each.mark.file, "")) for each in findings)


def _render(finding: Finding, text: str) -> str:
    lines = [f"{finding.mark} {finding.severity} {finding.code} {finding.message}"]
    source_lines = text.splitlines()
    if 0 < finding.mark.line <= len(source_lines):
        number = str(finding.mark.line)
        line, column = _around(source_lines[finding.mark.line - 1], finding.mark.column)
        lines += [f" {number} | {line}", f" {' ' * len(number)} | {' ' * (column - 1)}^"]
    if finding.hint:
        lines.append(f"   = hint: {finding.hint}")
    return "\n".join(lines) + "\n"


def _around(line: str, column: int, width: int = 100) -> tuple[str, int]:
    """Cut a long line around a column; what could move a terminal's cursor becomes a question mark."""
    begin = max(0, min(column - 1 - width // 2, len(line) - width))
    cut = re.sub(r"[^\x20-\x7e\xa0-\ufffd\U00010000-\U0010ffff]", "?", line[begin : begin + width])
    return cut, min(column - begin, len(cut) + 1)


def quote(value: object, longest: int = LONGEST_QUOTE) -> str:
    """Quote a value of the author's in a message, never more than a glimpse of it."""
    text = str(value)
    short = text if len(text) <= longest else f"{text[:longest]}..."
    return f"'{''.join(sign if sign.isprintable() else '?' for sign in short)}'"


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Hint at the known word that looks most like ``word``; else at the few that exist."""
    candidates = [each for each in known if each]
    alike = [each for each in candidates if abs(len(each) - len(word)) <= len(word) // 2][:MOST_CANDIDATES]
    close = difflib.get_close_matches(word[:LONGEST_QUOTE], alike, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    if otherwise or not candidates:
        return otherwise
    listed = ", ".join(candidates[:8])
    return f"known: {listed}{', ...' if len(candidates) > 8 else ''}"
