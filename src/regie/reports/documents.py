"""The documents that automated steps make: startnota, indicator sheet, report for the steering group."""

from __future__ import annotations

from regie.reports.indicators import make_indicator_sheet
from regie.reports.startnota import make_startnota
from regie.reports.status import make_steering_report
from regie.reports.subject import Document, Subject, phase_windows

__all__ = [
    "Document",
    "Subject",
    "make_indicator_sheet",
    "make_startnota",
    "make_steering_report",
    "phase_windows",
]
