"""Fetch the look: pinned CSS packages of NL Design System and htmx, into ``src/regie/web/static/vendor``.

Needs npm; only whoever raises a version runs it. What it writes is committed, so that neither users nor CI need node.
Refuses a package whose licence does not go with the EUPL-1.2, and text that points outside the own host.

    python tools/vendor_css.py
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[1] / "src" / "regie" / "web" / "static" / "vendor"

UTRECHT = {
    "alert": "4.0.2",
    "breadcrumb-nav": "3.0.1",
    "checkbox": "3.0.1",
    "form-field": "3.0.1",
    "form-field-description": "3.0.1",
    "form-field-error-message": "3.0.1",
    "form-fieldset": "3.0.1",
    "form-label": "3.0.1",
    "link-button": "3.0.1",
    "radio-button": "3.0.1",
    "select": "3.0.1",
    "table": "3.0.1",
    "textarea": "3.0.1",
    "textbox": "3.0.1",
}
CANDIDATE = {
    "button": "1.1.0",
    "data-badge": "1.0.5",
    "heading": "1.1.3",
    "link": "2.0.3",
    "paragraph": "2.1.3",
    "skip-link": "1.0.5",
}
COMPONENTS = {f"@utrecht/{name}-css": version for name, version in UTRECHT.items()} | {
    f"@nl-design-system-candidate/{name}-css": version for name, version in CANDIDATE.items()
}
THEME = ("@nl-design-system-unstable/voorbeeld-design-tokens", "7.4.1")
HTMX = ("htmx.org", "4.0.1")
LICENCES = {"EUPL-1.2", "0BSD", "BSD-0-Clause", "MIT"}
"""What may be shipped beside code under the EUPL-1.2: the same licence, or one that asks no more than its notice."""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_OUTSIDE = re.compile(r"@import|url\(|https?://|sourceMappingURL", re.IGNORECASE)
_TOKEN = re.compile(r"^\s*--(basis|utrecht|nl|voorbeeld)-")


def main() -> int:
    """Fetch, check and write everything; give an exit code."""
    with tempfile.TemporaryDirectory() as folder:
        packages = {name: _fetch(name, version, Path(folder)) for name, version in [*COMPONENTS.items(), THEME, HTMX]}
        _check_licences(packages)
        components = "\n".join(_stylesheet(packages[name]) for name in sorted(COMPONENTS))
        files = {
            "components.css": f"/* NL Design System components, EUPL-1.2; see VENDOR.md */\n{components}\n",
            "theme.css": f"/* NL Design System example theme, EUPL-1.2; see VENDOR.md */\n{_theme(packages[THEME[0]])}\n",
            "htmx.min.js": _script(packages[HTMX[0]]),
        }
        for name, text in files.items():
            if found := _OUTSIDE.search(text) if name.endswith(".css") else re.search("sourceMappingURL", text):
                raise SystemExit(f"{name} points outside the own host: {found.group()}")
        VENDOR.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (VENDOR / name).write_text(text, encoding="utf-8")
        (VENDOR / "VENDOR.md").write_text(_record(packages, files), encoding="utf-8")
    print(*(f"{name}: {len(text.encode()):,} bytes" for name, text in files.items()), sep="\n")
    return 0


def _fetch(name: str, version: str, folder: Path) -> Path:
    """Bring one package here; give the folder that it unpacks to."""
    done = subprocess.run(
        ["npm", "pack", "--silent", "--json", f"{name}@{version}"],  # noqa: S607
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    packed = json.loads(done.stdout)
    entry = packed[0] if isinstance(packed, list) else next(iter(packed.values()))
    archive = folder / str(entry["filename"]).replace("@", "").replace("/", "-")
    unpacked = folder / archive.stem
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    return unpacked / "package"


def _check_licences(packages: dict[str, Path]) -> None:
    for name, folder in packages.items():
        if (licence := _facts(folder)["license"]) not in LICENCES:
            raise SystemExit(f"{name} has licence {licence}, which Regie does not ship")


def _facts(folder: Path) -> dict[str, str]:
    facts: dict[str, str] = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return facts


def _stylesheet(folder: Path) -> str:
    component = _facts(folder)["name"].split("/")[1].removesuffix("-css")
    for name in ("index.min.css", "index.css", f"{component}.css"):
        if (path := folder / "dist" / name).is_file():
            return _slim(path.read_text(encoding="utf-8"))
    raise SystemExit(f"{folder} has no stylesheet that is known")


def _theme(folder: Path) -> str:
    """The tokens of the layers in use; the rest of the package is for components of others."""
    text = _slim((folder / "dist" / "theme.css").read_text(encoding="utf-8"))
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("--") or _TOKEN.match(line)]
    return "\n".join(line.strip() for line in kept)


def _script(folder: Path) -> str:
    text = (folder / "dist" / "htmx.min.js").read_text(encoding="utf-8")
    return re.sub(r"\n?//# sourceMappingURL=\S*", "", text).strip() + "\n"


def _slim(text: str) -> str:
    without = _COMMENT.sub("", text).replace("\ufeff", "").replace('@charset "UTF-8";', "")
    return "\n".join(line.rstrip() for line in without.splitlines() if line.strip())


def _record(packages: dict[str, Path], files: dict[str, str]) -> str:
    lines = [
        "# What was made elsewhere",
        "",
        "Written by `tools/vendor_css.py`; do not edit. Comments are left out, and of the theme the tokens that no component here uses.",
        "",
        "| Package | Version | Licence |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {_facts(folder)['version']} | {_facts(folder)['license']} |" for name, folder in packages.items()
    ]
    lines += ["", "| File | SHA-256 |", "|---|---|"]
    lines += [f"| {name} | `{hashlib.sha256(text.encode()).hexdigest()}` |" for name, text in files.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
