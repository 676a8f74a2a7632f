"""Prefect and nothing but Prefect: thin async wrappers around actions, short and idempotent.

A missed, doubled or cancelled run costs time, never correctness: state lives in Regie's own tables.
"""
