"""Colours: the same marks on light and on dark, with text and grid that follow."""

from __future__ import annotations

from typing import Any, Final

from okxlab.protocol.channels import near_miss
from okxlab.views.palette import ACCENT, AMBER, BUY, NEUTRAL, SELL, VIOLET

__all__ = [
    "ACCENT",
    "AMBER",
    "BUY",
    "NEUTRAL",
    "SELL",
    "SERIES",
    "THEMES",
    "VIOLET",
    "check_theme",
    "faint",
    "template",
]

SERIES: Final = (ACCENT, AMBER, VIOLET, BUY, "#d6569b", "#0e93a8", SELL, NEUTRAL)
"""Colours of things that are neither bought nor sold, in turn."""

_FONT: Final = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
)
_CLEAR: Final = "rgba(0,0,0,0)"

_ROLES: Final = {
    # Nobody knows what is behind it: grey text has a contrast of 4 to both.
    "auto": {
        "text": "#7a808a",
        "grid": "rgba(128,136,148,0.20)",
        "line": "rgba(128,136,148,0.45)",
        "paper": _CLEAR,
        "box": "rgba(28,31,37,0.94)",
        "box_text": "#e8eaed",
    },
    "light": {
        "text": "#3c424b",
        "grid": "#eceef1",
        "line": "#c9ced6",
        "paper": "#ffffff",
        "box": "rgba(255,255,255,0.96)",
        "box_text": "#22262c",
    },
    "dark": {
        "text": "#b8bec8",
        "grid": "#262a31",
        "line": "#444a54",
        "paper": "#131519",
        "box": "rgba(32,36,43,0.96)",
        "box_text": "#e8eaed",
    },
}

THEMES: Final = tuple(_ROLES)
"""``auto`` is readable on any background; the others bring their own."""


def check_theme(theme: str) -> None:
    """Refuse a theme that there is not.

    Raises
    ------
    ValueError
        With the near miss and the list.
    """
    if theme not in _ROLES:
        raise ValueError(
            f"no theme {theme!r}{near_miss(str(theme), THEMES)}; "
            f"there is {', '.join(THEMES)}"
        )


def template(theme: str = "auto") -> dict[str, Any]:
    """Return what a theme decides, as a template of plotly.

    All that depends on the theme is here and nothing of it in a figure itself, so
    that a page changes the theme of a figure by changing its template.

    Parameters
    ----------
    theme
        ``"auto"``, ``"light"`` or ``"dark"``.

    Raises
    ------
    ValueError
        If there is no such theme.
    """
    check_theme(theme)
    role = _ROLES[theme]
    axis = {
        "gridcolor": role["grid"],
        "linecolor": role["line"],
        "zerolinecolor": role["line"],
        "tickcolor": role["line"],
        "spikecolor": role["text"],
        # Plotly draws a white halo around these lines unless it knows the background.
        "showspikes": theme != "auto",
        "spikethickness": 1,
        "spikedash": "dot",
        "zeroline": False,
        "automargin": True,
    }
    return {
        "layout": {
            "font": {"family": _FONT, "size": 12, "color": role["text"]},
            "paper_bgcolor": role["paper"],
            "plot_bgcolor": _CLEAR,
            "colorway": list(SERIES),
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": role["box"],
                "bordercolor": role["line"],
                "font": {"family": _FONT, "size": 12, "color": role["box_text"]},
                "align": "left",
            },
            "legend": {"bgcolor": _CLEAR, "font": {"size": 11}},
            "modebar": {
                "bgcolor": _CLEAR,
                "color": role["line"],
                "activecolor": role["text"],
            },
            "annotationdefaults": {"font": {"color": role["text"]}},
        }
    }


def faint(colour: str, share: float) -> str:
    """Return a colour of which only a share is seen.

    Parameters
    ----------
    colour
        As ``#rrggbb``.
    share
        From 0, nothing, to 1.
    """
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share:g})"
