"""Regie: keeps the opening of a reception location moving, and says why each date is what it is.

Holds the version and nothing else, so that importing regie costs milliseconds.
"""

__version__ = "0.1.0"
