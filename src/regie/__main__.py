"""Let ``python -m regie`` be the command ``regie``."""

from regie.cli.main import run

if __name__ == "__main__":
    run()
