"""Rows in, core values out: SQLModel on SQLite or PostgreSQL."""
