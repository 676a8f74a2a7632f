"""What left the building, in a real browser: an administrator revokes a link, and the partner's page says so."""

from __future__ import annotations

CARE = "f1-zorgafspraken"
