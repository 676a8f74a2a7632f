"""From a path to the files of a definition, read and put together with the place of everything in them.

Checks what can be known before the schema: that files are there, that their text may be trusted, that
each step stands in one file. Knows nothing of what the keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from regie.definitions.calendars import workflow_defs_dir
from regie.definitions.findings import LONGEST_NAME, Mark, Report, quote
from regie.definitions.places import Places, Source, Table, kind_of
from regie.definitions.yaml_text import MOST_BYTES, Budget, decode, read_yaml

MAIN_FILE = "workflow.yaml"
MOST_FILES = 50
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]+\.yaml")
_BEGINS_DEFINITION = re.compile(r"^regie *:", re.MULTILINE)


class Files(Protocol):
    """Where the files of a definition come from: a folder, or the store."""

    @property
    def main(self) -> str:
        """Name of the file that begins the definition."""

    def read(self, name: str, asked_at: Mark | None, report: Report) -> Source | None:
        """Give a file; ``None``, and a finding, when that cannot be."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Files on disk. ``shown`` is how findings name the folder."""

    path: Path
    main: str
    shown: str = ""

    def read(self, name: str, asked_at: Mark | None, report: Report) -> Source | None:
        shown = f"{self.shown}/{name}" if self.shown else name
        code, mark = ("RG130", asked_at) if asked_at else ("RG101", Mark(shown, 1, 1))
        path = self.path / name
        try:
            # a symbolic link may not lead out of the folder
            if asked_at and path.exists() and path.resolve().parent != self.path.resolve():
                report.add(code, mark, f"file {quote(name)} lies outside the folder of this file", "move it here")
                return None
            if not path.is_file():
                what = "is not a file" if path.exists() else "does not exist"
                others = sorted(each.name for each in self.path.glob("*.yaml")) if asked_at else []
                report.add(
                    code,
                    mark,
                    f"file {quote(name if asked_at else shown, LONGEST_NAME)} {what}",
                    word=name,
                    known=others,
                )
                return None
            with path.open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
        except OSError as error:
            report.add(code, mark, f"file {quote(shown, LONGEST_NAME)} cannot be read: {error.strerror or error}")
            return None
        return decode(shown, content, report)


@dataclass(frozen=True, slots=True)
class Stored:
    """Files as they were kept: text by name."""

    texts: Mapping[str, str]
    main: str

    def read(self, name: str, asked_at: Mark | None, report: Report) -> Source | None:
        text = self.texts.get(name)
        if text is None:
            report.add(
                "RG130" if asked_at else "RG101",
                asked_at or Mark(name, 1, 1),
                f"there is no file {quote(name)}",
            )
            return None
        return Source(name, text.removeprefix("\ufeff"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the files say, put together.

    Args:
        root: everything in one group of keys, with the steps of all files; ``None`` when the main file fails.
        sources: the text of each file that is there, by its name in the folder; the main file first.
        shown: the same texts by the names that findings use.
        is_complete: every file could be read and trusted.
    """

    root: Table | None
    sources: Mapping[str, str]
    shown: Mapping[str, str]
    is_complete: bool

    @property
    def places(self) -> Places:
        assert self.root is not None  # asked only of what could be read
        return Places(self.root)


def find_files(path: Path | str, report: Report) -> Files | None:
    """Find the files that a path, or the id of a definition in ``workflow_defs``, stands for."""
    text = str(path)
    if "\0" in text or not text:
        report.add("RG101", Mark(text.replace("\0", "?") or "?", 1, 1), "this is not a path")
        return None
    given = Path(path)
    try:
        if given.is_dir():
            return Folder(given, MAIN_FILE, given.as_posix())
        if given.exists() or isinstance(path, Path) or given.suffix or len(given.parts) > 1:
            parent = given.parent
            return Folder(parent, given.name, "" if parent == Path() else parent.as_posix())
        known = workflow_defs_dir()
        if (known / text / MAIN_FILE).is_file():
            return Folder(known / text, MAIN_FILE, _shown(known / text))
        if (known / f"{text}.yaml").is_file():
            return Folder(known, f"{text}.yaml", _shown(known))
        ids = sorted(each.parent.name for each in known.glob(f"*/{MAIN_FILE}"))
    except OSError as error:
        report.add("RG101", Mark(text, 1, 1), f"{quote(text)} cannot be read: {error.strerror or error}")
        return None
    report.add(
        "RG101",
        Mark(text, 1, 1),
        f"there is no file, folder or definition {quote(text)}",
        word=text,
        known=ids,
    )
    return None


def _shown(folder: Path) -> str:
    """Name a folder from where the user stands, if it lies below that."""
    here = Path.cwd()
    return (folder.relative_to(here) if folder.is_relative_to(here) else folder).as_posix()


def stored_files(texts: Mapping[str, str]) -> Stored:
    """Take texts as files; the main one is the first that begins a definition."""
    main = next(
        (name for name, text in texts.items() if _BEGINS_DEFINITION.search(text)),
        next(iter(texts), MAIN_FILE),
    )
    return Stored(texts, main)


def read_workflow(files: Files, report: Report) -> Reading:
    """Read the main file and those it includes; findings go to ``report``."""
    sources: dict[str, str] = {}
    shown: dict[str, str] = {}
    budget = Budget()
    is_complete = True

    def read(name: str, asked_at: Mark | None = None) -> Table | None:
        source = files.read(name, asked_at, report)
        if source is None:
            return None
        sources[name] = shown[source.name] = source.text
        return read_yaml(source, report, budget)

    root = read(files.main)
    if root is None:
        return Reading(None, sources, shown, is_complete=False)
    for number, name in enumerate(_included(root)):
        asked_at = Places(root).at("include", number)
        if not _FILE_NAME.fullmatch(name):
            continue  # the schema says so
        if name == files.main:
            report.add("RG130", asked_at, f"file {quote(name)} includes itself", "leave it out")
        elif name in sources:
            report.add("RG130", asked_at, f"file {quote(name)} is included twice", "leave one out")
        elif len(sources) > MOST_FILES:
            is_complete = False
            report.add("RG130", asked_at, f"more than {MOST_FILES} files are included")
            break
        else:
            part = read(name, asked_at)
            if part is None:
                is_complete = False
            else:
                _add_steps(root, part, report)
    if is_complete and "steps" not in root:
        report.add("RG120", root.spot.mark, "key 'steps' is missing", "like: steps: {f0-a: {title: A}}")
    return Reading(root, sources, shown, is_complete)


def _included(root: Table) -> list[str]:
    names = root.get("include")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _add_steps(root: Table, part: Table, report: Report) -> None:
    """Add the steps of an included file to those of the main one, with their places."""
    for key, spot in part.key_spots.items():
        if key == "include":
            report.add("RG130", spot.mark, "an included file cannot include others", "include it from the main file")
        elif key != "steps":
            report.add("RG121", spot.mark, f"unknown key {quote(key)} in an included file", "it holds steps only")
    steps = part.get("steps")
    if not isinstance(steps, Table):
        if "steps" in part:
            report.add(
                "RG122",
                part.value_spots["steps"].mark,
                f"'steps' must be a group of keys, not {kind_of(steps)}",
                "like: f0-a: {title: A}",
            )
        else:
            report.add("RG120", part.spot.mark, "key 'steps' is missing", "an included file holds steps")
        return
    ours = root.get("steps")
    if ours is None:
        ours = root["steps"] = Table(steps.spot)
        root.key_spots["steps"], root.value_spots["steps"] = (
            part.key_spots["steps"],
            part.value_spots["steps"],
        )
    if not isinstance(ours, Table):
        return  # the schema says so
    for step, value in steps.items():
        spot = steps.key_spots[step]
        first = ours.key_spots.setdefault(step, spot)
        if first is not spot:
            where = f"{first.source.name}:{first.line}"
            report.add(
                "RG131",
                spot.mark,
                f"step {quote(step)} stands in two files",
                f"the first is {where}; keep one",
            )
            continue
        ours[step] = value
        ours.value_spots[step] = steps.value_spots[step]
