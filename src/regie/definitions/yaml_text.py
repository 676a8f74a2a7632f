"""From YAML text to plain values that remember where they stood.

Reads the parser's events one by one and applies every limit before it builds anything, so that a
hostile file costs little. What the values mean is not known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.parser import Parser

from regie.definitions.findings import Mark, Report, quote
from regie.definitions.places import Row, Source, Spot, Table, Value, kind_of

MOST_BYTES = 1_000_000
MOST_LEVELS = 30
MOST_NODES = 100_000
LONGEST_TEXT = 4_000
LONGEST_KEY = 200
MOST_CHARACTER_FINDINGS = 20

_BOM = "\ufeff"
# Control characters; line ends that only some programs see; marks that turn the reading direction; halves of
# characters. Nobody sees them, so they could make a file say something else than it shows.
_UNWELCOME = re.compile(
    "\r(?!\n)|[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class Budget:
    """How many parts a definition may still have, over all its files together."""

    nodes_left: int = MOST_NODES


class _Stop(Exception):
    """Reading on makes no sense; the finding has been made."""


def decode(name: str, content: bytes, report: Report) -> Source | None:
    """Turn the bytes of a file into text, or say why they are none."""
    if len(content) > MOST_BYTES:
        report.add("RG103", Mark(name, 1, 1), "file is larger than 1 MB", "split it with include")
        return None
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        report.add("RG102", Mark(name, 1, 1), "file is UTF-16, not UTF-8", "save it as UTF-8")
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        mark = Mark(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
        report.add("RG102", mark, f"file is not UTF-8: byte 0x{content[error.start]:02x} here", "save it as UTF-8")
        return None
    return Source(name, text.removeprefix(_BOM))


def read_yaml(source: Source, report: Report, budget: Budget) -> Table | None:
    """Read one file; ``None`` when what it says cannot be trusted, with the findings in ``report``."""
    if len(source.text) > MOST_BYTES or len(source.text.encode("utf-8", "replace")) > MOST_BYTES:
        report.add("RG103", Mark(source.name, 1, 1), "file is larger than 1 MB", "split it with include")
        return None
    if _has_unwelcome_characters(source, report):
        return None
    reader = _Reader(source, budget.nodes_left, quick=True)
    root = reader.read()
    if reader.failed and reader.is_quick:
        # libyaml refuses some texts that are fine, such as {ask: Hoeveel?, why: daarom}
        reader = _Reader(source, budget.nodes_left, quick=False)
        root = reader.read()
    report.findings += reader.report.findings
    budget.nodes_left = reader.nodes_left
    if reader.stopped:
        return None
    if isinstance(root, Table):
        return None if reader.untrusted else root
    found = "is empty" if root is None else f"holds {kind_of(root)}"
    report.add("RG114", Mark(source.name, 1, 1), f"file {found}", "a definition begins with: regie: 1")
    return None


def _has_unwelcome_characters(source: Source, report: Report) -> bool:
    found = False
    for count, match in enumerate(_UNWELCOME.finditer(source.text)):
        if count >= MOST_CHARACTER_FINDINGS:
            break
        found = True
        before = source.text.rfind("\n", 0, match.start())
        mark = Mark(source.name, source.text.count("\n", 0, match.start()) + 1, match.start() - before)
        if match[0] == "\t":
            report.add("RG105", mark, "tab", "use spaces")
        else:
            report.add("RG104", mark, f"control character U+{ord(match[0]):04X}", "leave it out")
    return found


class _Reader:
    """Builds values from parser events, without recursion."""

    def __init__(self, source: Source, nodes_left: int, *, quick: bool) -> None:
        self.source = source
        self.report = Report()
        self.nodes_left = nodes_left
        # libyaml where it is installed: thirty times as fast
        self.yaml = YAML(typ="safe", pure=not quick)
        self.failed = False
        self.stopped = False
        self.untrusted = False
        self.open: list[Table | Row] = []
        # one for each open collection: the key whose value comes next. _NO_KEY: a key comes next.
        self.keys: list[str | _Marker] = []
        self.root: Value = None

    @property
    def is_quick(self) -> bool:
        return self.yaml.Parser is not Parser

    def read(self) -> Value:
        """Read the whole text; with ``stopped`` there is no telling what it says."""
        documents = 0
        try:
            for event in self.yaml.parse(self.source.text):
                name = type(event).__name__
                if name == "DocumentStartEvent":
                    documents += 1
                    if documents > 1:
                        self.stop(
                            "RG111",
                            self.spot(event).mark,
                            "a second document begins here",
                            "one file, one document",
                        )
                self.take(name, event)
        except YAMLError as error:
            self.failed = self.stopped = True
            self.report.add("RG106", self.mark_of(error), *_explain(error))
        except _Stop:
            self.stopped = True
        return self.root

    def take(self, name: str, event: Any) -> None:
        match name:
            case "ScalarEvent":
                self.look_at(event)
                self.scalar(event)
            case "MappingStartEvent" | "SequenceStartEvent":
                self.look_at(event)
                self.begin(Table(self.spot(event)) if name == "MappingStartEvent" else Row(self.spot(event)))
            case "MappingEndEvent" | "SequenceEndEvent":
                self.open.pop()
                self.keys.pop()
            case "AliasEvent":
                self.refuse(
                    "RG109",
                    self.spot(event).mark,
                    f"alias *{quote(event.anchor)[1:-1]}",
                    "write it out again here",
                )
                self.put(None, self.spot(event))
            case _:
                pass  # where the stream and the document begin and end

    def look_at(self, event: Any) -> None:
        """Refuse what no definition needs: tags, anchors, and too much of anything."""
        self.nodes_left -= 1
        if self.nodes_left < 0:
            self.stop(
                "RG113",
                self.spot(event).mark,
                f"more than {MOST_NODES:,} parts",
                "make the definition smaller",
            )
        if event.anchor is not None:
            self.refuse(
                "RG109",
                self.spot(event).mark,
                f"anchor &{quote(event.anchor)[1:-1]}",
                "write it out where it is used",
            )
        if event.tag is not None:
            self.refuse("RG108", self.spot(event).mark, f"tag {quote(event.tag)}", "leave it out")

    def begin(self, collection: Table | Row) -> None:
        if len(self.open) >= MOST_LEVELS:
            self.stop(
                "RG107",
                collection.spot.mark,
                f"nested more than {MOST_LEVELS} levels deep",
                "make it flatter",
            )
        self.put(collection, collection.spot)
        self.open.append(collection)
        self.keys.append(_NO_KEY)

    def scalar(self, event: Any) -> None:
        text, spot = event.value, self.spot(event)
        is_key = bool(self.open) and isinstance(self.open[-1], Table) and self.keys[-1] is _NO_KEY
        longest = LONGEST_KEY if is_key else LONGEST_TEXT
        if len(text) > longest:
            self.refuse("RG112", spot.mark, f"text of {len(text):,} characters", f"at most {longest:,}")
            text = text[:longest]
        if event.style in ('"', "'") and (match := _UNWELCOME.search(text)):
            self.refuse("RG104", spot.mark, f"control character U+{ord(match[0]):04X} in this text", "leave it out")
        if is_key:
            self.keys[-1] = text
            self.note_key(text, spot)
        else:
            self.put(_resolve(text) if event.implicit[0] else text, spot)

    def note_key(self, key: str, spot: Spot) -> None:
        table = self.open[-1]
        assert isinstance(table, Table)  # only tables have keys
        if key == "<<":
            self.refuse("RG109", spot.mark, "merge key <<", "write it out here")
        first = table.key_spots.setdefault(key, spot)
        if first is not spot:
            self.report.add(
                "RG110",
                spot.mark,
                f"key {quote(key)} stands here twice",
                f"the first is on line {first.line}; keep one",
            )
            self.keys[-1] = _DOUBLED

    def put(self, value: Value, spot: Spot) -> None:
        """Put a value where it belongs: in the list, under the key, or as the root."""
        if not self.open:
            self.root = value
            return
        parent, key = self.open[-1], self.keys[-1]
        if isinstance(parent, Row):
            parent.append(value)
            parent.item_spots.append(spot)
        elif key is _NO_KEY:
            self.refuse("RG115", spot.mark, f"a key must be a word, not {kind_of(value)}", "write: key: value")
            self.keys[-1] = _DOUBLED
        else:
            if isinstance(key, str):
                parent[key] = value
                parent.value_spots[key] = spot
            self.keys[-1] = _NO_KEY

    def spot(self, event: Any) -> Spot:
        mark = event.start_mark
        return Spot(self.source, mark.line + 1, mark.column + 1, mark.index, event.end_mark.index)

    def mark_of(self, error: Any) -> Mark:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        if mark is None:
            return Mark(self.source.name, 1, 1)
        return Mark(self.source.name, mark.line + 1, mark.column + 1)

    def refuse(self, code: str, mark: Mark, message: str, hint: str = "") -> None:
        """Make a finding about something whose meaning is not known; what is read after it is not used."""
        self.untrusted = True
        self.report.add(code, mark, message, hint)

    def stop(self, code: str, mark: Mark, message: str, hint: str = "") -> None:
        self.report.add(code, mark, message, hint)
        raise _Stop


class _Marker:
    """Says something that no key can say."""


_NO_KEY = _Marker()
_DOUBLED = _Marker()


def _resolve(text: str) -> Value:
    """Read a plain text as YAML 1.2 does, with one exception: it is a number only when that loses nothing.

    So ``NO``, ``012``, ``12:30`` and ``2026.10`` are texts, as their author wrote them.
    """
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.fullmatch(text) else text


_EXPLANATIONS = (
    ("could not find expected ':'", "this line has no ':' after its key", "write: key: value"),
    (
        "mapping values are not allowed",
        "a ':' that is not expected here",
        "put a text with ': ' in it between quotes",
    ),
    ("did not find expected key", "the indentation does not fit here", "line it up with the keys around it"),
    ("expected <block end>", "the indentation does not fit here", "line it up with the keys around it"),
    ("did not find expected '-'", "the indentation does not fit here", "line it up with the items around it"),
    ("expected ',' or ']'", "a list in brackets is not closed", "close it with ]"),
    ("expected ',' or '}'", "keys in braces are not closed", "close them with }"),
    ("unexpected end of stream", "the file stops within a quoted text", "close the quotes"),
    (
        "found character that cannot start",
        "a text cannot begin with this character",
        "put the text between quotes",
    ),
)


def _explain(error: Any) -> tuple[str, str]:
    problem = str(getattr(error, "problem", "") or getattr(error, "context", "") or "it cannot be read")
    for part, message, hint in _EXPLANATIONS:
        if part in problem:
            return message, hint
    return f"this is not valid YAML: {quote(problem)[1:-1]}", ""
