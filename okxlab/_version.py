"""The version, said once: hatchling and the user agents read it here."""

__version__ = "0.1.0"
