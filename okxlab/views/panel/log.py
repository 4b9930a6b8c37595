"""The newest log records of okxlab, for people."""

from __future__ import annotations

import logging
from collections import deque
from html import escape
from time import gmtime, strftime
from typing import Final

from okxlab.views.palette import AMBER, NEUTRAL, SELL

__all__ = ["RecentLog"]

_KEPT: Final = 60
_COLOURS: Final = {"WARNING": AMBER, "ERROR": SELL, "CRITICAL": SELL}


class RecentLog(logging.Handler):
    """Keeps the newest records of okxlab's loggers, escaped, newest first.

    Notes
    -----
    Records come from any thread; nothing is printed.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; one that cannot be formatted is passed over."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)
        clock = strftime("%H:%M:%S", gmtime(record.created))
        colour = _COLOURS.get(record.levelname, NEUTRAL)
        self.note(f'<span style="color:{colour}">{clock}</span> {escape(text)}')

    def say(self, text: str) -> None:
        """Keep a message of the panel itself; escaped."""
        self.note(f"<b>{escape(text)}</b>")

    def note(self, line: str) -> None:
        """Keep a line of HTML."""
        self._lines.appendleft(line)
        self.count += 1

    @property
    def html(self) -> str:
        """The lines, newest first."""
        body = "".join(f"<div>{line}</div>" for line in tuple(self._lines))
        style = "font-family:monospace;font-size:0.85em;line-height:1.5"
        return f'<div style="{style}">{body or "nothing yet"}</div>'
