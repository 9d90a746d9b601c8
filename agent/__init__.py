"""Shoal: an open AI scientist that hands over only what it can prove."""

__version__ = "0.1.0"
