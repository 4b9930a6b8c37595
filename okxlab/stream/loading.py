"""The past that a stream begins with, while it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Load", "Loading", "State", "loading_of"]

State = Literal["waiting", "loading", "loaded", "failed", "stopped"]


class _Work(Protocol):
    @property
    def pages(self) -> int:
        """Pages there are."""

    @property
    def done(self) -> int:
        """Pages that are there."""


class Loading(msgspec.Struct, frozen=True, kw_only=True):
    """How far the past is that a stream begins with."""

    state: State
    """``waiting`` for its turn or for another attempt, ``loading``, ``loaded``,
    ``failed`` (see `error`), or ``stopped`` by its user."""
    pages: int
    """Requests there are to make; 0 until that is known."""
    done: int
    """Those that were answered."""
    error: str
    """What went wrong last, in words; "" if nothing did."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it will come."""
        return self.state in ("loaded", "failed", "stopped")


class Load:
    """The past of one arg on its way.

    Attributes
    ----------
    state, error
        As in `Loading`.

    Notes
    -----
    Written on the loop thread, read anywhere.
    """

    def __init__(self) -> None:
        self.state: State = "waiting"
        self.error = ""
        self._work: _Work | None = None
        self._cancel: Callable[[], object] | None = None

    @property
    def pages(self) -> int:
        """Pages there are, as far as it is known."""
        return self._work.pages if self._work is not None else 0

    @property
    def done(self) -> int:
        """Pages that are there."""
        return self._work.done if self._work is not None else 0

    def begin(self, work: _Work, cancel: Callable[[], object]) -> None:
        """Note who works on it, and how that is ended."""
        self.state, self._work, self._cancel = "loading", work, cancel

    def fail(self, why: str, *, is_final: bool) -> None:
        """Note that it does not come, or not yet."""
        self.state, self.error = ("failed" if is_final else "waiting"), why

    def end(self) -> None:
        """Note that it is there."""
        self.state, self.error = "loaded", ""

    def stop(self) -> None:
        """Let whoever works on it work on it no more."""
        self.state = "stopped"
        if self._cancel is not None:
            self._cancel()


def loading_of(loads: Iterable[Load]) -> Loading | None:
    """Return how far several are together; None if there are none."""
    held = tuple(loads)
    if not held:
        return None
    states = {one.state for one in held}
    order: tuple[State, ...] = ("loading", "waiting", "failed", "stopped", "loaded")
    return Loading(
        state=next(one for one in order if one in states),
        pages=sum(one.pages for one in held),
        done=sum(one.done for one in held),
        error=next((one.error for one in held if one.error), ""),
    )
