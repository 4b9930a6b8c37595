"""What stands in the file where a live figure was shown.

Only a picture: JupyterLab's own drawing of a static plotly figure writes a PNG of
60 kB into the file beside it, and nbconvert does not know it at all.  Who wants to
zoom has ``stream.chart()``.
"""

from __future__ import annotations

import logging
from typing import Any

from okxlab.views.figure.picture import picture

__all__ = ["bundle"]

_log = logging.getLogger("okxlab.views")


def bundle(figure: dict[str, Any], text: str) -> dict[str, Any]:
    """Return representations by MIME type.

    Parameters
    ----------
    figure
        ``data`` and ``layout`` as plotly's own JSON has them, with arrays in them.
    text
        What a terminal shows.

    Returns
    -------
    dict
        Never without a text; a figure that cannot be drawn is logged.
    """
    found: dict[str, Any] = {"text/plain": text}
    try:
        found["image/svg+xml"] = picture(figure)
    except Exception:  # noqa: BLE001  # a repr that raises puts a traceback into the cell
        _log.exception("no picture can be drawn of this figure")
    return found
