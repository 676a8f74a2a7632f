"""Every text of the pages is there in every language, and nothing that is no longer said."""

from __future__ import annotations

import re

import pytest

from tools.catalog import LANGUAGES, compiled, extract, path_of, read, untranslated

_GAP = re.compile(r"%\((\w+)\)s")


def ids(catalog: object) -> set[str]:
    return {str(message.id) for message in catalog if message.id}  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_has_every_text_and_no_other(language: str) -> None:
    catalog, source = read(language), extract()

    assert len(ids(source)) > 40
    assert ids(catalog) == ids(source), "run: make catalog"
    assert not catalog.obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_looked_at(language: str) -> None:
    catalog = read(language)

    assert untranslated(catalog) == []
    assert [message.id for message in catalog if message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translation_fills_the_same_gaps(language: str) -> None:
    for message in read(language):
        if message.id:
            originals = message.id if isinstance(message.id, tuple | list) else (message.id,)
            strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
            wanted = {gap for text in originals for gap in _GAP.findall(text)}
            for text in strings:
                assert set(_GAP.findall(text)) == wanted, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_that_of_the_texts(language: str) -> None:
    assert path_of(language).with_suffix(".mo").read_bytes() == compiled(read(language)), "run: make catalog"
