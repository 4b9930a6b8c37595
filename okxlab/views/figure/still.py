"""What stands in the file where a live figure was shown."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from okxlab.views.figure.picture import picture

__all__ = ["bundle"]

_log = logging.getLogger("okxlab.views")

_PLOTLY = "application/vnd.plotly.v1+json"


def bundle(figure: dict[str, Any], text: str, *, with_plotly: bool) -> dict[str, Any]:
    """Return representations by MIME type.

    Parameters
    ----------
    figure
        ``data`` and ``layout`` as plotly's own JSON has them, with arrays in them.
    text
        What a terminal shows.
    with_plotly
        Add the figure itself, which JupyterLab and VS Code draw with a plotly of
        their own.

    Returns
    -------
    dict
        Never without a text; a figure that cannot be drawn is logged.
    """
    found: dict[str, Any] = {"text/plain": text}
    try:
        found["image/svg+xml"] = picture(figure)
        if with_plotly:
            found[_PLOTLY] = _plotly(figure)
    except Exception:  # noqa: BLE001  # a repr that raises puts a traceback into the cell
        _log.exception("no picture can be drawn of this figure")
    return found


def _plotly(figure: dict[str, Any]) -> dict[str, Any]:
    import plotly.graph_objects as go

    # Written as plotly writes it: numbers in base64, a third of the length of text.
    written = go.Figure(figure).to_json()
    return dict(msgspec.json.decode(written), config={"displaylogo": False})
