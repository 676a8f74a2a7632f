"""Let ``python -m regie`` be the command ``regie``."""

import sys

if __name__ == "__main__":
    try:
        from regie.cli.main import run
    except KeyboardInterrupt:  # before there was anything to stop
        sys.exit(130)
    run()
