"""What stands in the file where a live figure was shown.

Only a picture: JupyterLab's own drawing of a static plotly figure writes a PNG of
60 kB into the file beside it, and nbconvert does not know it at all.  Who wants to
zoom has ``stream.chart()``.
"""

from __future__ import annotations

import base64
import logging
from html import escape
from typing import Any

from okxlab.views.figure.picture import picture
from okxlab.views.figure.words import plain_text

__all__ = ["bundle", "image"]

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
        Never without a text; a figure that cannot be drawn is logged.  The same
        picture stands in it as SVG and in HTML: JupyterLab draws no SVG for
        whoever does not trust the notebook, and GitHub takes images out of HTML.
    """
    found: dict[str, Any] = {"text/plain": text}
    try:
        drawn = picture(figure)
        title = figure["layout"].get("title") or ""
        said = title.get("text") or "" if isinstance(title, dict) else title
        found |= {"image/svg+xml": drawn, "text/html": image(drawn, plain_text(said))}
    except Exception:  # noqa: BLE001  # a repr that raises puts a traceback into the cell
        _log.exception("no picture can be drawn of this figure")
    return found


def image(svg: str, said: str) -> str:
    """Return a picture as HTML of which sanitisers leave all or nothing.

    Parameters
    ----------
    svg
        A whole document.
    said
        What is read where it cannot be seen; escaped here.
    """
    encoded = base64.b64encode(svg.encode()).decode()
    return (
        f'<img alt="{escape(said)}" width="100%" '
        f'src="data:image/svg+xml;base64,{encoded}">'
    )
