"""The past that a stream is to begin with, as a user asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.errors import ChannelError
from okxlab.history import Asked, check_history, parse_asked
from okxlab.table import Window

if TYPE_CHECKING:
    from okxlab.protocol.channels import Channel

__all__ = ["parse_past"]


def parse_past(
    entry: Channel, history: object, window: Window, instruments: int
) -> tuple[Asked | None, Window]:
    """Read how much of the past is wanted, and make room for it.

    Parameters
    ----------
    entry
        The channel.
    history
        A number of rows or a duration before the present; None for nothing.
    window
        The window that is asked for.
    instruments
        How many share it.

    Returns
    -------
    tuple
        What to ask for, None for nothing, and a window that holds it.

    Raises
    ------
    ChannelError
        If it is neither rows nor a duration, or OKX keeps no history of the channel.
    """
    if history is None:
        return None, window
    check_history(entry)
    if entry.kind == "series":
        raise ChannelError(
            f"a stream of {entry.name!r} begins with no past: what OKX keeps of it "
            f"are payments, which okxlab.history(...) returns"
        )
    asked = parse_asked(history)
    if asked.start_ms is not None:
        raise ChannelError(
            f'history={history!r} is a time: give a duration ("1D") or a number of '
            f"rows (2_000), and okxlab.history(...) for what lies between two times"
        )
    rows = None if asked.rows is None else asked.rows * instruments
    return asked, window.union(Window(rows, asked.duration_ms, window.max_rows))
