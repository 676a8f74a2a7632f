"""T33: what may come in as a file, and what is refused, by content and by name."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie.errors import Refused
from regie.text.refusals import say_refusal
from regie.uploads import (
    CHUNK,
    KINDS,
    LONGEST_NAME,
    LONGEST_NAME_BYTES,
    MOST_ENTRIES,
    MOST_FILES,
    MOST_RATIO,
    MOST_UNPACKED_BYTES,
    RATIO_FROM_BYTES,
    Judged,
    Upload,
    check_number,
    check_upload,
    clean_name,
    download_headers,
    extension_of,
)
from tests.support.documents import (
    JPEG,
    PDF,
    PNG,
    locked,
    lying,
    office,
    open_document,
    overlapping,
    package,
    pdf_of,
)

LIMIT = 2 * 1024 * 1024
HTML = b"<!DOCTYPE html><html><body><script>alert(document.domain)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
ZEROS = b"\0" * (RATIO_FROM_BYTES + 1024)


def judged(name: str, content: bytes, limit: int = LIMIT) -> Judged:
    return check_upload(Upload(name, io.BytesIO(content)), limit)


OUTCOMES = {
    "",
    "file-empty",
    "file-content-differs",
    "file-damaged",
    "file-encrypted",
    "file-has-macros",
    "file-unpacks-too-large",
}


def outcome(name: str, content: bytes) -> str:
    """The code of a refusal; empty when it is taken. Any other error flies."""
    try:
        judged(name, content)
    except Refused as refused:
        return refused.code
    return ""


def code_of(name: str, content: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(Refused) as refused:
        judged(name, content, limit)
    return refused.value.code


# --- what is taken -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("besluit.pdf", PDF),
        ("BESLUIT.PDF", PDF),
        ("plattegrond.png", PNG),
        ("foto.jpg", JPEG),
        ("foto.jpeg", JPEG),
        ("foto-van-telefoon.jpg", JPEG + b"more pictures of the same telephone"),
        ("nota.docx", office("docx")),
        ("begroting.xlsx", office("xlsx")),
        ("presentatie.pptx", office("pptx")),
        ("nota.odt", open_document("odt")),
        ("begroting.ods", open_document("ods")),
        ("met-plaatje.docx", office("docx", word__media__image1_dot_png=PNG)),
        ("veel-herhaling.xlsx", office("xlsx", xl__sheet_dot_xml=b"<c/>" * (RATIO_FROM_BYTES // 8))),
        ("a.exe.pdf", PDF),
    ],
)
def test_what_people_send_is_taken_for_what_it_is(name: str, content: bytes) -> None:
    found = judged(name, content)

    assert found.media_type == KINDS[extension_of(name)]
    assert (found.name, found.size) == (name, len(content))


def test_a_file_is_left_at_its_beginning_and_sealed_over_all_of_it() -> None:
    import hashlib

    source = io.BytesIO(PDF)
    source.seek(7)

    found = check_upload(Upload("a.pdf", source), LIMIT)

    assert source.tell() == 0
    assert found.sha256 == hashlib.sha256(PDF).hexdigest()


# --- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        pytest.param("leeg.pdf", b"", "file-empty", id="empty"),
        pytest.param("groot.pdf", pdf_of(LIMIT + 1), "file-too-large", id="one-over-the-limit"),
        pytest.param("plaatje.svg", SVG, "file-kind-unknown", id="svg"),
        pytest.param("pagina.html", HTML, "file-kind-unknown", id="html"),
        pytest.param("start.js", b"alert(1)", "file-kind-unknown", id="script"),
        pytest.param("start.exe", b"MZ\x90\0", "file-kind-unknown", id="program"),
        pytest.param("start.pdf.exe", PDF, "file-kind-unknown", id="program-behind-a-document"),
        pytest.param("oud.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file-kind-unknown", id="old-form"),
        pytest.param("macros.docm", office(), "file-kind-unknown", id="name-of-macros"),
        pytest.param("archief.zip", package({"a": b"a"}), "file-kind-unknown", id="archive"),
        pytest.param("pdf", PDF, "file-kind-unknown", id="no-extension"),
        pytest.param(".pdf", PDF, "file-kind-unknown", id="only-an-extension"),
        pytest.param("nota.pdf", HTML, "file-content-differs", id="html-called-pdf"),
        pytest.param("nota.pdf", b"MZ\x90\0" + PDF, "file-content-differs", id="program-called-pdf"),
        pytest.param("nota.pdf", b"\n" + PDF, "file-content-differs", id="pdf-that-begins-later"),
        pytest.param("nota.pdf", b"%PDF-1.7<script>alert(1)</script>\n%%EOF", "file-content-differs", id="page-in-header"),
        pytest.param("nota.pdf", PDF[:9] + b"%" + HTML + PDF[9:], "file-content-differs", id="pdf-and-page"),
        pytest.param("nota.pdf", PDF + package({"a": b"a"}), "file-content-differs", id="pdf-and-archive"),
        pytest.param("foto.jpg", JPEG + package({"a": b"a"}), "file-content-differs", id="picture-and-archive"),
        pytest.param("foto.jpg", JPEG[:20] + SVG + JPEG[20:], "file-content-differs", id="picture-and-svg"),
        pytest.param("foto.png", SVG, "file-content-differs", id="svg-called-png"),
        pytest.param("foto.png", JPEG, "file-content-differs", id="jpeg-called-png"),
        pytest.param("nota.docx", PDF, "file-content-differs", id="pdf-called-docx"),
        pytest.param("nota.pdf", office(), "file-content-differs", id="docx-called-pdf"),
        pytest.param("nota.docx", office("xlsx"), "file-content-differs", id="xlsx-called-docx"),
        pytest.param("nota.docx", package({"a.txt": b"a"}), "file-content-differs", id="archive-called-docx"),
        pytest.param("nota.odt", open_document("odg"), "file-content-differs", id="drawing-called-odt"),
        pytest.param("nota.odt", office(), "file-content-differs", id="docx-called-odt"),
        pytest.param("nota.pdf", PDF[:40], "file-damaged", id="half-a-pdf"),
        pytest.param("foto.png", PNG[:-5], "file-damaged", id="half-a-png"),
        pytest.param("foto.png", PNG + b"more", "file-damaged", id="something-behind-a-png"),
        pytest.param("foto.jpg", JPEG[:-2], "file-damaged", id="half-a-jpeg"),
        pytest.param("nota.docx", office()[:-30], "file-damaged", id="half-a-package"),
        pytest.param("nota.docx", office() + b"MZ", "file-damaged", id="something-behind-a-package"),
        pytest.param("nota.docx", b"PK\x03\x04" + b"x" * 100, "file-damaged", id="nothing-of-a-package"),
        pytest.param("nota.docx", office(word__vbaProject_dot_bin=b"x"), "file-has-macros", id="macros"),
        pytest.param("nota.docx", office(WORD__VBAPROJECT_dot_BIN=b"x"), "file-has-macros", id="macros-in-capitals"),
        pytest.param("nota.odt", open_document(Basic__Standard__m_dot_xml=b"x"), "file-has-macros", id="basic"),
        pytest.param("nota.odt", open_document(Scripts__python__m_dot_py=b"x"), "file-has-macros", id="python"),
        pytest.param("nota.docx", locked(office()), "file-encrypted", id="locked-package"),
        pytest.param("nota.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file-encrypted", id="password"),
        pytest.param(
            "nota.odt", open_document(manifest=b"<manifest:encryption-data/>"), "file-encrypted", id="locked-odt"
        ),
        pytest.param("bom.docx", office(word__a_dot_xml=ZEROS), "file-unpacks-too-large", id="bomb-by-ratio"),
        pytest.param(
            "bom.docx",
            package({f"{number}": b"" for number in range(MOST_ENTRIES + 1)}),
            "file-unpacks-too-large",
            id="bomb-of-entries",
        ),
        pytest.param("bom.docx", lying(office(word__a_dot_xml=ZEROS), 100), "file-damaged", id="bomb-that-lies"),
        pytest.param(
            "bom.docx", lying(office(), MOST_UNPACKED_BYTES + 1), "file-unpacks-too-large", id="more-than-there-is"
        ),
        pytest.param("bom.docx", lying(office(), 1000), "file-damaged", id="less-than-it-says"),
        pytest.param("bom.docx", overlapping(200), "file-damaged", id="bomb-of-one-entry-many-times"),
    ],
)  # fmt: skip
def test_what_nobody_should_send_is_refused(name: str, content: bytes, code: str) -> None:
    assert code_of(name, content) == code


def test_the_bomb_is_small_and_would_be_large() -> None:
    bomb = office(word__a_dot_xml=ZEROS)

    assert len(bomb) < 20_000
    assert len(ZEROS) > MOST_RATIO * len(bomb)


def test_a_file_at_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    assert judged("a.pdf", pdf_of(LIMIT)).size == LIMIT
    assert code_of("a.pdf", pdf_of(LIMIT + 1)) == "file-too-large"


def test_reading_stops_at_the_limit() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, *_: int) -> int:
            return 0

        def read(self, size: int = -1) -> bytes:
            Endless.given += size
            return b"%" * size

    with pytest.raises(Refused) as refused:
        check_upload(Upload("a.pdf", Endless()), LIMIT)  # type: ignore[arg-type]

    assert refused.value.code == "file-too-large"
    assert Endless.given <= LIMIT + CHUNK


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", pdf_of(LIMIT)),
        ("a.docx", office(word__a_dot_xml=ZEROS[: RATIO_FROM_BYTES - 4096])),
        ("a.docx", package({f"{number}": b"" for number in range(MOST_ENTRIES + 1)})),
    ],
    ids=["pdf-at-the-limit", "package-that-unpacks-wide", "package-of-entries"],
)
def test_memory_stays_flat(name: str, content: bytes) -> None:
    source = io.BytesIO(content)
    tracemalloc.start()
    try:
        with contextlib.suppress(Refused):  # what memory it takes to refuse is asked as well
            check_upload(Upload(name, source), LIMIT)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 768 * 1024


@given(st.binary(max_size=3000), st.sampled_from(sorted(KINDS)))
def test_whatever_comes_in_is_judged_or_refused_and_nothing_else(content: bytes, extension: str) -> None:
    for start in (b"", PDF[:10], PNG[:33], JPEG[:12], office()[:200]):
        assert outcome(f"a.{extension}", start + content) in OUTCOMES


@given(st.integers(0, len(office()) - 1), st.integers(1, 255))
def test_a_package_with_one_wrong_byte_is_judged_or_refused_and_nothing_else(at: int, change: int) -> None:
    made = bytearray(office())
    made[at] ^= change

    assert outcome("a.docx", bytes(made)) in OUTCOMES


def test_no_more_files_at_once_than_anybody_means_to_send() -> None:
    check_number([object()] * MOST_FILES)

    with pytest.raises(Refused) as refused:
        check_number([object()] * (MOST_FILES + 1))

    assert refused.value.code == "too-many-files"


def test_a_refusal_names_the_file_and_says_what_to_do_in_both_languages() -> None:
    with pytest.raises(Refused) as refused:
        judged("../../plaatje.svg", SVG)

    dutch, english = say_refusal(refused.value), say_refusal(refused.value, "en")
    assert dutch.message == "Zo een bestand als 'plaatje.svg' neemt Regie niet aan."
    assert dutch.advice.startswith("Stuur het als pdf, png,")
    assert english.message == "'plaatje.svg' is of a kind that is not taken"


# --- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("besluit.pdf", "besluit.pdf"),
        ("Begroting 2027 (déf).xlsx", "Begroting 2027 (déf).xlsx"),
        ("../../x", "x"),
        ("..\\..\\windows\\x.pdf", "x.pdf"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\an\\besluit.pdf", "besluit.pdf"),
        ("..", "bestand"),
        (".", "bestand"),
        ("", "bestand"),
        ("///", "bestand"),
        ("CON", "_CON"),
        ("con.pdf", "_con.pdf"),
        ("LPT1.tar.pdf", "_LPT1.tar.pdf"),
        ("console.pdf", "console.pdf"),
        ("a\x00b\r\nc.pdf", "ab c.pdf"),
        ("rekening\u202efdp.exe", "rekeningfdp.exe"),
        ("a\u200bb\ufeff.pdf", "ab.pdf"),
        ("half\ud800.pdf", "half.pdf"),
        ('a"b;c<d>|e?*:f.pdf', "a_b;c_d__e___f.pdf"),
        ("  .. spaties .pdf", "spaties.pdf"),
        ("besluit.pdf. . ", "besluit.pdf"),
        ("e\u0301.pdf", "é.pdf"),
    ],
)  # fmt: skip
def test_a_name_is_made_harmless(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


def test_three_hundred_bytes_of_letters_are_cut_and_keep_their_extension() -> None:
    cut = clean_name("ë" * 300 + ".pdf")
    emoji = clean_name("😀" * 75 + ".docx")

    assert cut.endswith("ë.pdf")
    assert emoji.endswith("😀.docx")
    assert len(cut) <= LONGEST_NAME
    assert len(emoji.encode()) <= LONGEST_NAME_BYTES


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_harms_nobody_and_stays_so(name: str) -> None:
    cleaned = clean_name(name)

    assert cleaned
    assert cleaned == clean_name(cleaned)
    assert len(cleaned) <= LONGEST_NAME + 1
    assert len(cleaned.encode()) <= LONGEST_NAME_BYTES + 1
    assert not {"/", "\\", "\0", "\n", '"'} & set(cleaned)
    assert cleaned not in (".", "..")
    assert all(unicodedata.category(each)[0] != "C" for each in cleaned)


# --- going out ---------------------------------------------------------------------------------------


def test_a_file_goes_out_as_attachment_and_is_not_guessed_at() -> None:
    headers = download_headers('Besluit "é".pdf', "application/pdf", 12)

    assert headers["Content-Disposition"] == (
        "attachment; filename=\"Besluit _e_.pdf\"; filename*=UTF-8''Besluit%20_%C3%A9_.pdf"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/pdf"
    assert "sandbox" in headers["Content-Security-Policy"]


@given(st.text(max_size=300))
def test_no_name_can_end_a_header(name: str) -> None:
    for value in download_headers(name, "text/html", 1).values():
        assert value.isascii()
        assert value.isprintable()

    assert download_headers(name, "text/html", 1)["Content-Type"] == "application/octet-stream"
