"""The look of one municipality: its logo and its style, checked before they are given to anybody."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from regie.errors import Incomplete, Refused
from regie.settings import Settings

MOST_BYTES = 200_000
_SIGNATURES = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|(.))", re.DOTALL)
_FROM_ELSEWHERE = re.compile(r"@import|(?:url|src|image|image-set|cross-fade)\(", re.IGNORECASE)
_HARMLESS_URL = re.compile(r"url\(\s*[\"']?data:image/", re.IGNORECASE)
_SCRIPT_IN_SVG = re.compile(rb"<script|<foreignobject|javascript:|\son\w+\s*=|<!entity", re.IGNORECASE)


def read_theme(settings: Settings) -> dict[str, bytes]:
    """Read the files of the installation: ``theme.css`` and ``logo.<kind>``, as far as they are set or were handed over.

    Raises:
        Refused: ``theme-unusable``, naming the variable and the file.
    """
    found = {}
    if settings.theme_css is not None:
        found["theme.css"] = _checked_style(settings.theme_css)
    if settings.logo is not None:
        found[f"logo{settings.logo.suffix.lower()}"] = _checked_logo(settings.logo)
    kept = kept_look(settings)
    if any(name in LOGOS for name in kept):
        found = {name: body for name, body in found.items() if name not in LOGOS}
    return found | kept


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


# --- what an administrator hands over ----------------------------------------------------------------

FOLDER = "huisstijl"
"""In the folder with data; what lies there goes before the settings."""
STYLE = "theme.css"
LOGOS = ("logo.svg", "logo.png", "logo.jpg", "logo.jpeg")
_RULE = re.compile(r"\s*([^{}]*)\{([^{}]*)\}")
_SELECTORS = frozenset({":root", "html", "body", ".voorbeeld-theme", ".regie-body"})
_TOKEN = re.compile(r"--[A-Za-z0-9_-]{1,120}")
_VALUE = re.compile(r"[A-Za-z0-9 \t\r\n#%.,()+*/'\"_-]{1,300}")
_CALLS = frozenset({"var", "calc", "min", "max", "clamp", "rgb", "rgba", "hsl", "hsla", "oklch", "oklab", "color-mix"})
_CALL = re.compile(r"([A-Za-z-]+)\s*\(")
_HEAVY_IN_SVG = re.compile(
    rb"<!doctype|<!entity|<\?xml-stylesheet|<script|<foreignobject|<style|<animate|<set\b|<image|<a[\s>]"
    rb"|\son\w+\s*=|javascript:|url\(\s*[\"']?(?!#)|href\s*=\s*[\"']?\s*(?!#|[\"'\s])",
    re.IGNORECASE,
)


def folder_of(settings: Settings) -> Path:
    return settings.data_dir / FOLDER


def stamp_of(settings: Settings) -> tuple[tuple[str, int, int], ...]:
    """When what was handed over last changed, so that every process sees it: one look at a small folder."""
    try:
        with os.scandir(folder_of(settings)) as entries:
            found = [(each.name, each.stat()) for each in entries if each.name == STYLE or each.name in LOGOS]
    except OSError:
        return ()
    return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in found))


def clean_style(body: bytes) -> str:
    """Give a style back with its tokens only, one a line, in the one selector that pages use.

    Raises:
        Refused: ``theme-style-unusable``, naming what is not a token.
    """
    if len(body) > MOST_BYTES:
        raise _no_style("it is larger than 200 kB", "size")
    try:
        text = _COMMENT.sub(" ", body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _no_style("it is not text in UTF-8", "text") from None
    tokens: dict[str, str] = {}
    place = 0
    while rule := _RULE.match(text, place):
        place = rule.end()
        if not {each.strip() for each in rule[1].split(",")} <= _SELECTORS:
            raise _no_style(f"'{rule[1].strip()[:60]}' is no selector of a theme", "selector", rule[1].strip()[:60])
        for declaration in filter(str.strip, rule[2].split(";")):
            name, colon, value = (each.strip() for each in declaration.partition(":"))
            calls = {each.lower() for each in _CALL.findall(value)}
            if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value) or not calls <= _CALLS:
                raise _no_style(f"'{declaration.strip()[:60]}' is no token", "token", declaration.strip()[:60])
            tokens[name] = " ".join(value.split())
    if text[place:].strip() or not tokens:
        raise _no_style("it is not a list of tokens", "form")
    return ".voorbeeld-theme {\n" + "".join(f"  {name}: {value};\n" for name, value in tokens.items()) + "}\n"


def check_logo(name: str, body: bytes) -> str:
    """Give the name under which a logo is kept.

    Raises:
        Refused: ``theme-logo-unusable``.
    """
    kind = Path(name).suffix.lower()
    if len(body) > MOST_BYTES:
        raise _no_logo("size")
    if kind == ".svg":
        if not re.match(rb"\s*(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<svg[\s>]", body, re.DOTALL):
            raise _no_logo("kind")
        if _HEAVY_IN_SVG.search(body) or b"&#" in body:
            raise _no_logo("script")
    elif kind not in _SIGNATURES or not body.startswith(_SIGNATURES[kind]):
        raise _no_logo("kind")
    return f"logo{kind}"


def keep_look(settings: Settings, *, style: str | None = None, logo: tuple[str, bytes] | None = None) -> None:
    """Write what was checked; a new logo takes the place of the old one.

    Raises:
        Incomplete: ``theme-unwritable``.
    """
    folder = folder_of(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if style is not None:
            _write(folder / STYLE, style.encode())
        if logo is not None:
            _write(folder / logo[0], logo[1])
            for other in set(LOGOS) - {logo[0]}:
                (folder / other).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(error) from None


def drop_look(settings: Settings) -> None:
    """Take away what was handed over; the settings hold again. Errors as ``keep_look``."""
    try:
        for name in (STYLE, *LOGOS):
            (folder_of(settings) / name).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(error) from None


def kept_look(settings: Settings) -> dict[str, bytes]:
    """What was handed over, checked once more: somebody may have put something else in its place."""
    found: dict[str, bytes] = {}
    for name in (STYLE, *LOGOS):
        try:
            with (folder_of(settings) / name).open("rb") as file:
                body = file.read(MOST_BYTES + 1)
            found[name] = clean_style(body).encode() if name == STYLE else body
            if name != STYLE:
                check_logo(name, body)
        except (OSError, Refused):
            found.pop(name, None)
    return found


def seal_of(settings: Settings) -> str:
    """What stays the same as long as nobody hands over another look."""
    counted = hashlib.sha256()
    for name, body in kept_look(settings).items():
        counted.update(f"{name} {len(body)} ".encode() + body)
    return counted.hexdigest()


def _write(path: Path, body: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(body)
    draft.replace(path)


def _no_style(said: str, problem: str, part: str = "") -> Refused:
    facts = {"part": part} if part else {}
    return Refused(
        f"this style cannot be used: {said}",
        code="theme-style-unusable",
        hint="write tokens only, such as: --basis-color-action-1-color-default: #154273;",
        problem=problem,
        **facts,
    )


def _no_logo(problem: str) -> Refused:
    said = {
        "size": "it is larger than 200 kB",
        "kind": "it is no PNG, JPEG or SVG",
        "script": "it holds more than shapes",
    }
    return Refused(
        f"this logo cannot be used: {said[problem]}",
        code="theme-logo-unusable",
        hint="take a PNG, a JPEG or a plain SVG",
        problem=problem,
    )


def _unwritable(error: OSError) -> Incomplete:
    return Incomplete(
        f"the look cannot be written: {error.strerror}",
        code="theme-unwritable",
        hint="look at the rights and the room of the data folder",
    )
