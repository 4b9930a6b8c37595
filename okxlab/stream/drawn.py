"""From a stream to a figure: what `Stream.chart` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.views.charts import chart_of

if TYPE_CHECKING:
    from okxlab.stream.stream import Stream

__all__ = ["draw"]


def draw(
    stream: Stream,
    name: str | None,
    *,
    inst_id: str | None,
    last: int | None,
    theme: str,
    tick: float | None,
) -> Any:
    """Draw a stream; see `Stream.chart`."""
    subject = stream._subject(name, last)  # noqa: SLF001 # one package
    if inst_id is not None:
        subject = subject.of(inst_id)
    subject = msgspec.structs.replace(subject, tick=tick)
    return chart_of(subject, name).figure(subject, theme)
