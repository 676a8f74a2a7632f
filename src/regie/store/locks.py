"""Locks on a subject, for whoever writes what follows from what they read: a next number, a free name, that nobody changed it.

A row lock cannot hold what is not there yet. SQLite needs none: a transaction that writes is alone already.
"""

from __future__ import annotations

from enum import IntEnum

from sqlmodel import Session


class Lock(IntEnum):
    """What is locked, by the number that PostgreSQL knows it by; 7304411 is that of the migrations."""

    PEOPLE = 7_304_412
    """With their absences and roles."""
    ACCOUNTS = 7_304_413
    DEFINITIONS = 7_304_414


def take_lock(session: Session, lock: Lock) -> None:
    """Wait until nobody else has this lock, and keep it until the transaction ends; again is no wait."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock.value})")
