"""Static HTML of what a notebook shows when a cell ends in an object."""

from __future__ import annotations

import html
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["stream_html"]

_log = logging.getLogger("okxlab.views")


def stream_html(headline: str, rows: pd.DataFrame) -> str:
    """Return a headline above a table of rows.

    Parameters
    ----------
    headline
        Plain text; escaped here.
    rows
        Shown newest last.

    Returns
    -------
    str
        HTML without colours of its own, so that it is readable in dark and
        light themes.  Never raises: a table that cannot be drawn is left out
        and logged.
    """
    head = f"<p><code>{html.escape(headline)}</code></p>"
    try:
        return head + str(rows.to_html(max_rows=5, notebook=True))
    except Exception:  # noqa: BLE001  # a repr that raises puts a traceback into the cell
        _log.exception("the rows of %s cannot be drawn", headline)
        return head
