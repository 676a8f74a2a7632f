"""``/api/v1`` for programs: what a lead can do in the browser. See ``docs/api.md`` and ``docs/adr/0022``."""
