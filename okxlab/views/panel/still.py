"""What stands in the file where a panel was shown."""

from __future__ import annotations

from html import escape

__all__ = ["still_html"]


def still_html(*parts: str, closing: str) -> str:
    """Return the parts of a panel that can be read without a kernel.

    Parameters
    ----------
    *parts
        HTML, from top to bottom; empty ones are left out.
    closing
        What is said below them.
    """
    shown = "".join(f"<div>{part}</div>" for part in parts if part)
    return f'{shown}<div style="opacity:0.6">{escape(closing)}</div>'
