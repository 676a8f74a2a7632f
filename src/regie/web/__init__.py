"""What people see in a browser: FastAPI, Jinja and htmx. Decides nothing; see ``docs/web.md`` for how to add a page."""
