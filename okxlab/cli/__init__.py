"""The command line: what the library does, for a terminal.

Data goes to stdout, everything said about them to stderr.  Exit codes: 0 done,
1 error, 2 wrong usage, 130 interrupted.
"""

from okxlab.cli.program import cli, main

__all__ = ["cli", "main"]
