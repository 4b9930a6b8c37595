"""From a stream to a figure: what `Stream.chart` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from okxlab.views.charts import chart_of

if TYPE_CHECKING:
    from okxlab.stream.stream import Stream
    from okxlab.views.charts import Subject

__all__ = ["draw", "subject_of"]

_PATIENCE: Final = 0.3
"""How long the first picture of an instrument waits for the step of its price [s]."""


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
    subject = subject_of(stream, name, inst_id, last, tick, patience=_PATIENCE)
    return chart_of(subject, name).figure(subject, theme)


def subject_of(
    stream: Stream,
    name: str | None,
    inst_id: str | None,
    last: int | None,
    tick: float | None,
    *,
    patience: float = 0.0,
) -> Subject:
    """Return what a chart of a stream is drawn of.

    Parameters
    ----------
    stream
        What is drawn.
    name, inst_id, last, tick
        As for `Stream.chart`.
    patience
        How long the step of the price is worth a wait, if it was never asked for [s].

    Raises
    ------
    ChannelError
        If there is no such instrument; with the near miss.
    """
    found = stream._subject(name, last)  # noqa: SLF001  # one package
    if inst_id is not None:
        found = found.of(inst_id)
    if tick is not None:
        return msgspec.structs.replace(found, tick=tick)
    listed = stream._listed_tick(found.held[:1], patience)  # noqa: SLF001  # one package
    return msgspec.structs.replace(found, listed_tick=listed)
