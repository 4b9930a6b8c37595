"""The words of a picture: heading, legend, tags, tables."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["legend", "marked_up", "plain_text", "table", "tag", "text"]

_MARK = re.compile(r"<(/?)(\w+)([^>]*)>")
_COLOUR = re.compile(r"color:\s*([^;\"']+)")
_LETTER = 0.58
"""Usual width of a letter, as part of its size."""
_ROW = 24
"""Height of a row of a table [px]."""


def text(
    x: float, y: float, body: str, *, size: int = 12, anchor: str = "start"
) -> str:
    """Return a text; `body` is markup already, as `marked_up` makes it."""
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}"{end}>{body}</text>'


def marked_up(said: Any) -> str:
    """Return a text of plotly, which has some HTML in it, for a text of SVG.

    Parameters
    ----------
    said
        Bold parts and coloured ones stay; a new line becomes a space.
    """
    parts, styles = [], [""]
    rest = str(said)
    at = 0
    for mark in _MARK.finditer(rest):
        parts.append(_piece(rest[at : mark.start()], styles[-1]))
        at = mark.end()
        closes, name, attributes = mark.groups()
        if name == "br":
            parts.append(" ")
        elif closes:
            styles = styles[:-1] or [""]
        else:
            styles.append(styles[-1] + _style(name, attributes))
    parts.append(_piece(rest[at:], styles[-1]))
    return "".join(parts)


def _style(name: str, attributes: str) -> str:
    if name == "b":
        return ' font-weight="600"'
    colour = _COLOUR.search(attributes)
    return f' fill="{html.escape(colour[1].strip())}"' if colour else ""


def _piece(part: str, style: str) -> str:
    shown = html.escape(html.unescape(part)).replace("  ", "\N{NO-BREAK SPACE} ")
    return f"<tspan{style}>{shown}</tspan>" if style and shown else shown


def plain_text(said: Any) -> str:
    """Return a text of plotly without its markup."""
    return html.unescape(_MARK.sub("", str(said)))


def legend(names: Sequence[tuple[str, str]], right: float, y: float) -> str:
    """Return names with their colours in one line that ends at `right`.

    Parameters
    ----------
    names
        Name and colour.
    right, y
        Where the line ends, and its foot [px].
    """
    parts = []
    for name, colour in reversed(names):
        right -= len(name) * 11 * _LETTER
        parts.append(text(right, y, html.escape(name), size=11))
        parts.append(
            f'<circle cx="{right - 9:.0f}" cy="{y - 4:.0f}" r="4" '
            f'fill="{html.escape(colour)}"/>'
        )
        right -= 26
    return "".join(parts)


def tag(note: dict[str, Any], x: float, y: float) -> str:
    """Return a note where it stands, with what is behind it.

    Parameters
    ----------
    note
        An annotation of plotly.
    x, y
        Its place [px].
    """
    said = note.get("text") or ""
    size = int(note.get("font", {}).get("size") or 12)
    wide = len(plain_text(said)) * size * _LETTER + 8
    share = {"left": 0.0, "right": 1.0}.get(note.get("xanchor", ""), 0.5)
    x -= share * wide
    lift = {"top": 1.2, "bottom": -0.4}.get(note.get("yanchor", ""), 0.35)
    body = marked_up(said)
    ground, colour = note.get("bgcolor"), note.get("font", {}).get("color")
    box = ""
    if ground:
        box = (
            f'<rect x="{x:.0f}" y="{y - size * 0.75:.0f}" width="{wide:.0f}" '
            f'height="{size * 1.5:.0f}" fill="{html.escape(str(ground))}"/>'
        )
    if colour:
        body = f'<tspan fill="{html.escape(str(colour))}">{body}</tspan>'
    return box + text(x + 4, y + lift * size, body, size=size)


def table(trace: dict[str, Any], left: float, top: float, wide: float) -> str:
    """Return a table of plotly as rows of texts.

    Parameters
    ----------
    trace
        Of type ``table``.
    left, top, wide
        Its place [px].
    """
    cells = trace.get("cells", {}).get("values") or []
    heads = trace.get("header", {}).get("values") or [""] * len(cells)
    aligned = trace.get("cells", {}).get("align") or "left"
    if not cells:
        return ""
    weights = trace.get("columnwidth") or [1] * len(cells)
    unit = wide / sum(weights)
    parts = []
    for place, (head, column) in enumerate(zip(heads, cells, strict=False)):
        width = weights[place % len(weights)] * unit
        align = aligned if isinstance(aligned, str) else aligned[place % len(aligned)]
        x = left + (width - 8 if align == "right" else 8)
        anchor = "end" if align == "right" else "start"
        for row, said in enumerate(_rows(head, column)):
            y = top + _ROW * (row + 0.7)
            parts.append(text(x, y, marked_up(said), anchor=anchor))
        left += width
    return "".join(parts)


def _rows(head: Any, column: Sequence[Any]) -> Iterator[Any]:
    yield head
    yield from column
