"""The table of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.clients.report import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.clients.running import Outcome

SHOWN = {"ok": "ok", "failed": "FAILED", "unknown": "-"}
"""A check that a client has no means for is neither passed nor failed."""


def rows(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the lines of the table; nothing without outcomes."""
    cells = [
        [
            outcome.peer.name,
            outcome.version,
            outcome.checksum,
            *(SHOWN[result] for result, _ in outcome.results.values()),
        ]
        for outcome in outcomes
    ]
    if not cells:
        return
    cells.insert(0, ["client", "version", "checksum", *CHECKS])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"| {' | '.join(padded)} |"
