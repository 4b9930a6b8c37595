"""Snapshots of accounts with much in them, which come in several messages."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["PAGE", "pages"]

PAGE: Final = 20
"""Positions, or currencies of the account, in one message."""

Rows = list[dict[str, Any]]


def pages(channel: str, rows: Rows) -> list[Rows]:
    """Return the rows of a snapshot, message by message.

    Parameters
    ----------
    channel
        ``account``, whose one row is told with some of its currencies at a time, or
        ``positions``.
    rows
        All of them.

    Returns
    -------
    list
        At least one page, which may be empty.
    """
    if channel == "positions":
        return _chunks(rows)
    (row,) = rows
    return [[{**row, "details": some}] for some in _chunks(row["details"])]


def _chunks(rows: Rows) -> list[Rows]:
    return [rows[i : i + PAGE] for i in range(0, len(rows) or 1, PAGE)]
