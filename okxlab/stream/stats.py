"""The counters of a stream, as one consistent copy."""

from __future__ import annotations

import msgspec

__all__ = ["Stats"]


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream has received and what went wrong.

    A copy of the moment it was asked for; all counts are since the stream was
    opened.
    """

    frames: int
    """Messages with rows of this stream."""
    rows: int
    """Rows received; an update of a bar or of a state counts as one."""
    rate: float
    """Rows a second over the last ten seconds; NaN in the first second."""
    lag: float
    """Receive time less exchange time of the newest row [s], by the exchange's clock
    as far as it is known; NaN if unknown."""
    gaps: int
    """Intervals in ``stream.gaps``."""
    reconnects: int
    """Times a connection of this stream was lost."""
    resyncs: int
    """Times an order book was rebuilt from a new snapshot."""
    skipped: int
    """Rows that a slow callback or ``async for`` will not get; each time is a gap."""
    conflated: int
    """Rows that gave way to newer ones of the same thing before a slow callback or
    ``async for`` came to them."""
    dropped: int
    """Keys of the arg that the exchange left out: rows are wider than asked."""
    errors: int
    """Frames or values that could not be read, and refusals."""
    notices: int
    """Announcements of the exchange on the stream's connections."""
    last_error: str
    """The newest error in words; "" if there was none."""
