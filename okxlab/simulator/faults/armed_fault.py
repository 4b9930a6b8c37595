"""One fault: where it strikes, how often, and how to lift it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

__all__ = ["ArmedFault", "Filter", "Target", "Targets"]


class Target(Protocol):
    """One open connection, as far as a fault needs it."""

    def send(self, frame: str | bytes) -> None:
        """Queue a frame of any content."""

    def notice(self, code: str, msg: str, close_after: float | None) -> None:
        """Queue a notice and perhaps hang up later [s]."""

    def close(self, code: int, reason: str) -> None:
        """End the connection with a close frame."""

    def abort(self) -> None:
        """End the connection without a word."""

    def cut(self) -> None:
        """End the connection in the middle of a frame."""

    @property
    def is_logged_in(self) -> bool:
        """Whether somebody has logged in on it."""


class Targets(Protocol):
    """What knows the open connections: the exchange."""

    def targets(self, where: Filter) -> Sequence[Target]:
        """Return the open connections that match, oldest first."""

    def reset_seq(self, inst_id: str) -> int:
        """Let the sequence of a book begin anew; return how many books did."""


class Filter(msgspec.Struct, frozen=True):
    """Where a fault strikes; ``None`` is anywhere."""

    path: str | None = None
    channel: str | None = None
    inst_id: str | None = None

    def admits(
        self, path: str | None, channel: str | None, inst_id: str | None
    ) -> bool:
        """Return whether an occasion lies inside."""
        return (
            self.path in {None, path}
            and self.channel in {None, channel}
            and self.inst_id in {None, inst_id}
        )


class ArmedFault:
    """A fault that waits for its occasion; made by the switches of `Faults`.

    Attributes
    ----------
    kind : str
        Name of the switch.
    hits : int
        How often it has struck.

    Notes
    -----
    Safe from any thread.
    """

    def __init__(
        self,
        kind: str,
        where: Filter,
        count: int | None,
        options: dict[str, Any],
        forget: Callable[[ArmedFault], None],
    ) -> None:
        if count is not None and count < 1:
            raise ValueError(
                f"count={count!r} would never strike; give a positive number, or None "
                "for a fault that stays until it is lifted"
            )
        self.kind = kind
        self.hits = 0
        self._where = where
        self._options = options
        self._forget = forget
        self._lock = threading.Lock()
        # Strikes to go, None for no end; under the lock.
        self._left = count

    @property
    def is_armed(self) -> bool:
        """Whether it can still strike."""
        return self._left != 0

    def lift(self) -> None:
        """Switch it off; harmless if it is off already."""
        with self._lock:
            self._left = 0
        self._forget(self)

    def strike(
        self, path: str | None, channel: str | None, inst_id: str | None
    ) -> dict[str, Any] | None:
        """Strike if the occasion is right.

        Parameters
        ----------
        path, channel, inst_id
            The occasion; None where nothing can be said.

        Returns
        -------
        dict or None
            The options of the switch; None if it does not strike here.
        """
        if not self._where.admits(path, channel, inst_id):
            return None
        with self._lock:
            if self._left == 0:
                return None
            self.hits += 1
            if self._left is not None:
                self._left -= 1
        if not self.is_armed:
            self._forget(self)
        return self._options

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.lift()

    def __repr__(self) -> str:
        left = "until lifted" if self._left is None else f"{self._left} to go"
        return (
            f"<ArmedFault {self.kind}: {self.hits} hits, "
            f"{left if self.is_armed else 'off'}>"
        )
