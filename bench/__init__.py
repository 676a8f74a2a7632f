"""Benchmarks: run with ``make bench``. Nothing here is part of the product."""
