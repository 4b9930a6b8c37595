"""A progress bar, drawn on the thread that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["Progress"]

_DELAY = 0.5
"""What is there at once needs no bar [s]."""


class _Download(Protocol):
    @property
    def pages(self) -> int:
        """Pages there are."""

    @property
    def done(self) -> int:
        """Pages that are there."""


class Progress:
    """A bar of the pages of a download; nothing is drawn for a short one.

    Parameters
    ----------
    download
        Whose pages.
    title
        What stands before the bar.
    shown
        Whether there is to be a bar at all.

    Notes
    -----
    One thread, which waits for the download.
    """

    def __init__(self, download: _Download, title: str, *, shown: bool) -> None:
        self._download = download
        self._title = title
        self._shown = shown
        self._bar: Any = None

    def update(self) -> None:
        """Draw how far it is."""
        if not self._shown or not self._download.pages:
            return
        if self._bar is None:
            self._bar = _bar_type()(
                total=self._download.pages,
                desc=self._title,
                unit="page",
                delay=_DELAY,
                leave=False,
            )
        self._bar.update(self._download.done - self._bar.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self.update()
            self._bar.close()


def _bar_type() -> Any:
    """Return the bar of a notebook or of a terminal, without its watching thread."""
    from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[misc]  # it has no types
        monitor_interval = 0

    return Bar
