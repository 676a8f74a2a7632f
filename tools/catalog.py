"""Bring the catalogues of the pages up to date with their source: take out, merge, compile. ``make catalog``.

The source is Dutch. What a catalogue misses stays empty for a person to fill in; a test refuses empty and stale lines.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).resolve().parents[1] / "src" / "regie" / "web"
LANGUAGES = ("en",)
_ALWAYS = datetime(2026, 1, 1, tzinfo=UTC)
_METHODS = [("templates/**.html", "jinja2.ext.babel_extract"), ("**.py", "python")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}


def path_of(language: str) -> Path:
    return WEB / "locale" / language / "LC_MESSAGES" / "regie.po"


def extract() -> Catalog:
    """Take all texts out of the source."""
    found = Catalog(project="Regie", charset="utf-8")
    options = {
        "templates/**.html": {
            "trim_blocks": "true",
            "lstrip_blocks": "true",
            "newstyle_gettext": "true",
            "silent": "false",
        }
    }
    for file, _line, message, _comments, _context in extract_from_dir(WEB, _METHODS, options, _KEYWORDS):
        found.add(message, locations=[(Path(file).as_posix(), 0)])
    return found


def read(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """The texts that have no translation, or not in every number."""
    strings = {
        str(each.id): each.string if isinstance(each.string, (list, tuple)) else (each.string,) for each in catalog
    }
    return [text for text, translations in strings.items() if text and not all(translations)]


def main() -> None:
    """Update and compile every catalogue."""
    for language in LANGUAGES:
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalog = read(language) if path.exists() else Catalog(locale=language, project="Regie", charset="utf-8")
        catalog.update(extract(), no_fuzzy_matching=True)
        catalog.obsolete.clear()
        # the same texts give the same file, whoever runs this and when
        catalog.fuzzy, catalog.header_comment = False, "# Translations of the pages of Regie; see docs/web.md."
        catalog.creation_date = catalog.revision_date = _ALWAYS
        catalog.msgid_bugs_address, catalog.last_translator = "-", "-"
        with path.open("wb") as file:
            write_po(file, catalog, width=120, omit_header=False, sort_output=True, include_lineno=False)
        catalog = read(language)
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        empty = untranslated(catalog)
        print(f"{language}: {len(catalog)} texts, {len(empty)} without translation", *empty, sep="\n  ")


if __name__ == "__main__":
    main()
