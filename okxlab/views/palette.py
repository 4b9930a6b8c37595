"""The colours of marks and states, each readable on light and on dark.

Each has a contrast of 3 or more to white and to the near-black of dark notebooks
(WCAG 2.2, 1.4.11).
"""

from __future__ import annotations

from typing import Final

__all__ = ["ACCENT", "AMBER", "BUY", "NEUTRAL", "SELL", "STATES", "VIOLET"]

BUY: Final = "#0f9d76"
SELL: Final = "#e5484d"
ACCENT: Final = "#3b82f6"
AMBER: Final = "#cf8412"
VIOLET: Final = "#9166e8"
NEUTRAL: Final = "#808894"

STATES: Final = {
    "live": BUY,
    "open": BUY,
    "waiting": ACCENT,
    "connecting": AMBER,
    "reconnecting": AMBER,
    "resyncing": AMBER,
    "lagging": AMBER,
    "backoff": AMBER,
    "refused": SELL,
    "failed": SELL,
    "closed": NEUTRAL,
}
"""What a stream or a connection is doing, and its light."""
