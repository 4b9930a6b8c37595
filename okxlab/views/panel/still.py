"""What stands in the file where a panel was shown."""

from __future__ import annotations

from typing import Final

__all__ = ["still_html"]

_GONE: Final = (
    "as the panel was; its buttons and fields are there while the kernel runs"
)


def still_html(*parts: str) -> str:
    """Return the parts of a panel that can be read without a kernel.

    Parameters
    ----------
    *parts
        HTML or SVG, from top to bottom; empty ones are left out.
    """
    shown = "".join(f"<div>{part}</div>" for part in parts if part)
    return f'{shown}<div style="opacity:0.6">{_GONE}</div>'
