"""What a script is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.change import Change

__all__ = ["Row", "Script"]

Row = dict[str, Any]


class Script(Protocol):
    """Some channels as a function of virtual time.

    Attributes
    ----------
    channels
        Their names.
    """

    channels: frozenset[str]

    def find(self, arg: Arg, now_ms: int) -> str | None:
        """Return the key of an arg of one of its channels; None if there is none."""

    def opening(self, channel: str, key: str, ms: int) -> list[Row]:
        """Return the rows of a first push at a moment [Unix ms]; empty for none."""

    def changes(
        self, channel: str, keys: Collection[str], after_ms: int, to_ms: int
    ) -> Iterator[Change]:
        """Yield what is due in (after_ms, to_ms] on any of some keys.

        A change whose wider keys alone are watched is to be yielded as well.
        """
