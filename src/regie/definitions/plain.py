"""Read a small YAML file that is no definition (a calendar, a rehearsal) within the same limits."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from regie.definitions.findings import Report
from regie.definitions.schema import Part
from regie.definitions.yaml_text import MOST_BYTES, Budget, decode, read_yaml
from regie.errors import NotFound, Refused

P = TypeVar("P", bound=Part)


def read_part(path: Path, kind: type[P], code: str) -> P:
    """Read a file into a part of the format.

    Raises:
        NotFound: ``unknown-file``.
        Refused: with ``code``, naming the file and the place.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotFound(f"cannot read {path}: {error.strerror}", code="unknown-file", file=str(path)) from None
    report = Report()
    source = decode(str(path), content, report)
    table = read_yaml(source, report, Budget()) if source else None
    if table is None or report.findings:
        said = str(report.findings[0]) if report.findings else f"{path} cannot be read"
        raise Refused(said, code=code, file=str(path))
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        raise Refused(
            f"{path}: {place}: {first['msg']}", code=code, file=str(path), place=place, trouble=first["type"]
        ) from None
