"""Write the next migration, for whoever changes the tables: ``python -m regie.store.migrations "what changes"``.

Works in a checkout only. What it writes is a draft: read it, and mind that the condition of a partial index is said
differently on SQLite and PostgreSQL.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from regie.store.migrations import HEAD, alembic_config
from regie.store.session import create_engine_for, upgrade


def write_migration(message: str) -> tuple[Path, ...]:
    """Compare the tables with the migrations so far, and write down the difference as the next one."""
    from alembic import command

    number = f"{int(HEAD) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine_for(f"sqlite:///{folder}/draft.db")
        try:
            upgrade(engine)
            with engine.begin() as connection:
                made = command.revision(alembic_config(connection), message, autogenerate=True, rev_id=number)
        finally:
            engine.dispose()
    package = Path(__file__).with_name("__init__.py")
    package.write_text(package.read_text().replace(f'HEAD = "{HEAD}"', f'HEAD = "{number}"'))
    scripts = made if isinstance(made, list) else [made]
    return tuple(Path(each.path) for each in scripts if each is not None)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('usage: python -m regie.store.migrations "what changes"')
    for path in write_migration(sys.argv[1].strip()):
        sys.stdout.write(f"{path}: a draft; read it before you commit it\n")
