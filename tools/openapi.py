"""Write the OpenAPI document of the API. ``make openapi``; a test refuses one that is not up to date."""

from __future__ import annotations

from pathlib import Path

from regie.web.api.openapi import document_text

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "api" / "openapi.json"


def main() -> None:
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
