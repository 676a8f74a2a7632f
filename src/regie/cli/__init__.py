"""The command line. Heavy imports stand inside the commands, so that ``regie --help`` is quick."""
