"""The look of one municipality: its logo and its style, checked before they are given to anybody."""

from __future__ import annotations

import re
from pathlib import Path

from regie.errors import Refused
from regie.settings import Settings

MOST_BYTES = 200_000
_SIGNATURES = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|(.))", re.DOTALL)
_FROM_ELSEWHERE = re.compile(r"@import|(?:url|src|image|image-set|cross-fade)\(", re.IGNORECASE)
_HARMLESS_URL = re.compile(r"url\(\s*[\"']?data:image/", re.IGNORECASE)
_SCRIPT_IN_SVG = re.compile(rb"<script|<foreignobject|javascript:|\son\w+\s*=|<!entity", re.IGNORECASE)


def read_theme(settings: Settings) -> dict[str, bytes]:
    """Read the files of the installation: ``theme.css`` and ``logo.<kind>``, as far as they are set.

    Raises:
        Refused: ``theme-unusable``, naming the variable and the file.
    """
    found = {}
    if settings.theme_css is not None:
        found["theme.css"] = _checked_style(settings.theme_css)
    if settings.logo is not None:
        found[f"logo{settings.logo.suffix.lower()}"] = _checked_logo(settings.logo)
    return found


def _checked_style(path: Path) -> bytes:
    variable = "REGIE_THEME_CSS"
    if path.suffix.lower() != ".css":
        raise _unusable(variable, path, "kind")
    body = _read(variable, path)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _unusable(variable, path, "kind") from None
    said = _HARMLESS_URL.sub("", _unescaped(_COMMENT.sub("", text)))
    if _FROM_ELSEWHERE.search(said) or _FROM_ELSEWHERE.search(_HARMLESS_URL.sub("", text)):
        raise _unusable(variable, path, "elsewhere")
    return body


def _unescaped(text: str) -> str:
    """CSS without its escapes: ``\\75rl(`` is ``url(`` to a browser."""

    def plain(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[2]
        number = int(found[1], 16)
        return chr(number) if number < 0x110000 else "\ufffd"

    return _ESCAPE.sub(plain, text)


def _checked_logo(path: Path) -> bytes:
    variable, kind = "REGIE_LOGO", path.suffix.lower()
    body = _read(variable, path)
    if kind == ".svg":
        if b"<svg" not in body or _SCRIPT_IN_SVG.search(body):
            raise _unusable(variable, path, "kind")
    elif kind not in _SIGNATURES or not body.startswith(_SIGNATURES[kind]):
        raise _unusable(variable, path, "kind")
    return body


def _read(variable: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError:
        raise _unusable(variable, path, "unreadable") from None
    if len(body) > MOST_BYTES:
        raise _unusable(variable, path, "size")
    return body


_SAID = {
    "kind": "it is not of a kind that can be shown",
    "elsewhere": "it fetches something from elsewhere",
    "unreadable": "it cannot be read",
    "size": f"it is larger than {MOST_BYTES:,} bytes",
}


def _unusable(variable: str, path: Path, problem: str) -> Refused:
    return Refused(
        f"{variable}: '{path}' cannot be used: {_SAID[problem]}",
        code="theme-unusable",
        hint="see docs/settings.md",
        variable=variable,
        file=str(path),
        problem=problem,
    )
