"""Rows of cells as lines of text."""

from __future__ import annotations

from okxlab.views.text import aligned


def test_columns_stand_below_one_another():
    """Each is as wide as its widest cell, and no line ends with blanks."""
    rows = [("path", "state", "args"), ("public", "open", ""), ("business", "", "3")]

    assert aligned(rows) == [
        "path      state  args",
        "public    open",
        "business         3",
    ]
