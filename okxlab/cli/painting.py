"""How rows get onto a terminal, or into a file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    import pandas as pd

    from okxlab.stream import Stream

__all__ = ["Lines", "Painter", "Terminal"]


class Painter(Protocol):
    """Shows a stream and the rows that come."""

    every: float
    """Shortest pause between two frames [s]."""

    def say(self, stream: Stream) -> None:
        """Show the stream's status, which may change without a row."""

    def show(self, stream: Stream, frame: pd.DataFrame) -> None:
        """Show rows that have come."""


class Lines:
    """Writes new rows as CSV, with the names of the columns first."""

    every = 0.0

    def __init__(self) -> None:
        self._header = True
        self._status = ""

    def say(self, stream: Stream) -> None:
        """Tell stderr when the stream's status has changed."""
        if stream.status != self._status:
            self._status = stream.status
            click.echo(f"okxlab: {self._status}", err=True)

    def show(self, stream: Stream, frame: pd.DataFrame) -> None:
        """Write the rows of a frame."""
        del stream
        text = frame.to_csv(header=self._header, lineterminator="\n")
        click.echo(text, nl=False)
        self._header = False


class Terminal:
    """Paints the newest rows over the former ones."""

    every = 0.25
    """Shortest pause between two paintings [s]: what an eye can follow."""

    def say(self, stream: Stream) -> None:
        """Paint the status, which may change without a row."""
        self._paint(stream)

    def show(self, stream: Stream, frame: pd.DataFrame) -> None:
        """Paint the newest rows of the window, these among them."""
        del frame
        self._paint(stream)

    def _paint(self, stream: Stream) -> None:
        width, height = shutil.get_terminal_size()
        frame = stream.frame(last=max(1, height - 5))
        # pandas wraps what is too wide into blocks; the first has the columns that
        # fit whole: a number cut off by the margin would be a wrong number.
        table, *_rest = frame.to_string(line_width=width - 1).split("\n\n")
        rows = [line.rstrip(" \\") for line in table.splitlines()]
        # Home, then every line cleared to its end: no flicker, unlike a clear.
        painted = "".join(
            f"{line[: width - 1]}\x1b[K\n" for line in (repr(stream), "", *rows)
        )
        click.echo(f"\x1b[H{painted}\x1b[J", nl=False)
