from __future__ import annotations

from tests.support.databases import database_url, databases, empty_database_url, engine

__all__ = ["database_url", "databases", "empty_database_url", "engine"]
