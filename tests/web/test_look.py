"""Everything that browsers fetch comes from us, is what we wrote down, and may be kept for a year."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from regie.errors import Refused
from regie.text.refusals import say_refusal
from regie.web.static_files import FOLDER
from tests.web.conftest import Browse
from tools.vendor_css import COMPONENTS, HTMX, LICENCES, THEME

VENDOR = FOLDER / "vendor"
RECORD = (VENDOR / "VENDOR.md").read_text(encoding="utf-8")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def test_what_was_made_elsewhere_is_exactly_what_was_written_down() -> None:
    written = dict(re.findall(r"^\| ([\w.]+) \| `([0-9a-f]{64})` \|$", RECORD, flags=re.MULTILINE))
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir() if path.suffix != ".md"
    }

    assert written == found


def test_every_pinned_package_is_written_down_with_a_licence_that_fits() -> None:
    lines = set(re.findall(r"^\| (\S+) \| ([\d.]+) \| (\S+) \|$", RECORD, flags=re.MULTILINE))

    assert {(name, version) for name, version, _ in lines} == {*COMPONENTS.items(), THEME, HTMX}
    assert {licence for _, _, licence in lines} <= LICENCES


@pytest.mark.parametrize("path", sorted(p for p in FOLDER.rglob("*") if p.is_file()), ids=lambda path: path.name)
def test_nothing_points_outside_the_own_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")

    assert not re.search(r"https?://|//[\w-]+\.\w|sourceMappingURL|@import", text.replace("// ", ""))
    if path.suffix == ".css":
        assert "url(" not in text


def test_every_class_in_the_templates_has_its_style() -> None:
    styles = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.css"))
    templates = "".join(path.read_text(encoding="utf-8") for path in (FOLDER.parent / "templates").rglob("*.html"))
    used = set(
        re.findall(
            r"\b((?:nl|utrecht|regie)-[a-z]+(?:-[a-z0-9]+)*(?:__[a-z-]+)?(?:--[a-z0-9-]*[a-z0-9])?)(?![\w{-])",
            templates,
        )
    )

    missing = {name for name in used if f".{name}" not in styles}

    assert len(used) > 40
    assert missing <= {"regie-badge--neutral", "regie-main", "utrecht-breadcrumb-nav", "regie-languages"}, missing


def test_file_keeps_its_address_while_its_content_stays_and_browsers_keep_it(browse: Browse) -> None:
    browser = browse()
    page = browser.get("/").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)

    assert len(addresses) == 6
    for address in addresses:
        answer = browser.get(address, headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "set-cookie" not in answer.headers
        assert hashlib.sha256(answer.content).hexdigest()[:12] in address


def test_files_are_sent_packed_to_who_can_unpack(browse: Browse) -> None:
    browser = browse()
    address = browser.app.state.shell.pages.static.url("vendor/theme.css")  # type: ignore[attr-defined]

    with browser.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == (VENDOR / "theme.css").read_bytes()
    assert len(packed) < 20_000


@pytest.mark.parametrize(
    "path",
    [
        "regie.css",
        "../app.py",
        "%2e%2e/app.py",
        "..%2fapp.py",
        "/etc/passwd",
        "vendor/VENDOR.md",
        "vendor",
        "",
        "vendor%00",
    ],
)
def test_nothing_else_can_be_fetched(browse: Browse, path: str) -> None:
    assert browse().get(f"/static/{path}").status_code == 404


# --- the look of one municipality ----------------------------------------------------------------------


def test_theme_and_logo_are_served_from_the_own_host_after_ours(browse: Browse, tmp_path: Path) -> None:
    (tmp_path / "huis.css").write_text(".voorbeeld-theme { --basis-heading-color: #a00; }", encoding="utf-8")
    (tmp_path / "logo.png").write_bytes(PNG)
    browser = browse(theme_css=tmp_path / "huis.css", logo=tmp_path / "logo.png")
    page = browser.get("/").text

    sheets = re.findall(r'<link rel="stylesheet" href="/static/([\w/]+)\.', page)
    (logo,) = re.findall(r'<img class="regie-brand__logo" src="([^"]+)" alt="">', page)

    assert sheets == ["vendor/theme", "vendor/components", "regie", "theme"]
    assert browser.get(logo).content == PNG


@pytest.mark.parametrize(
    "style",
    [
        "@import 'x.css';",
        "@IMPORT url(x.css);",
        "a { background: url(https://elders.nl/x.png) }",
        "a { background: url( '//elders.nl/x.png') }",
        "a { background: \\75 rl(//elders.nl) }",
        "@\\69mport 'x.css';",
        "a { background: image-set('x.png' 1x) }",
        "a { background: u/**/rl(x) } b { background: url/**/(x) }",
        "a { background: url(data:text/html,x) }",
        "/* \\*/ a { background: url(x) } /* */",
    ],
)
def test_theme_that_fetches_from_elsewhere_is_refused(browse: Browse, tmp_path: Path, style: str) -> None:
    (tmp_path / "huis.css").write_text(style, encoding="utf-8")

    with pytest.raises(Refused, match="REGIE_THEME_CSS") as refused:
        browse(theme_css=tmp_path / "huis.css")

    assert refused.value.facts["problem"] == "elsewhere"
    assert "haalt iets van elders" in say_refusal(refused.value).message


def test_theme_may_hold_a_small_picture_and_signs(browse: Browse, tmp_path: Path) -> None:
    style = "a { background: url(data:image/svg+xml;base64,AAAA) } b::before { content: '\\201C' }"
    (tmp_path / "huis.css").write_text(style, encoding="utf-8")

    assert browse(theme_css=tmp_path / "huis.css").get("/").status_code == 200


@pytest.mark.parametrize(
    ("setting", "name", "content", "problem"),
    [
        ("theme_css", "huis.txt", b"a{}", "kind"),
        ("theme_css", "huis.css", b"\xff\xfe", "kind"),
        ("theme_css", "huis.css", b"a" * 200_001, "size"),
        ("theme_css", "huis.css", None, "unreadable"),
        ("logo", "logo.png", b"GIF89a", "kind"),
        ("logo", "logo.gif", b"GIF89a", "kind"),
        ("logo", "logo.svg", b"<svg><script>1</script></svg>", "kind"),
        ("logo", "logo.svg", b"<svg onload='x'></svg>", "kind"),
        ("logo", "logo.svg", b"<p>", "kind"),
        ("logo", "logo.jpg", b"\xff\xd8\xff" + bytes(200_000), "size"),
    ],
)
def test_file_that_cannot_be_shown_is_refused_at_the_start(
    browse: Browse, tmp_path: Path, setting: str, name: str, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(Refused) as refused:
        browse(**{setting: tmp_path / name})

    assert (refused.value.code, refused.value.facts["problem"]) == ("theme-unusable", problem)
    assert str(tmp_path / name) in say_refusal(refused.value).message
