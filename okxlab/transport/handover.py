"""Making one sequence of rows out of two connections that carry the same args.

Theory of operation.  While a connection is being replaced, an arg is told on both
the old one and its successor.  The old one has the word until it has ended: what
it says is passed on as it comes, and remembered.  What the successor says is held
back meanwhile.  Then each arg's *seam* says what of it is news, in the order in
which it was told: nothing is lost, doubled or out of order.

Both is bounded.  A handover that is full remembers nothing more and is of no use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from okxlab.transport.seams import make_seam

if TYPE_CHECKING:
    from collections.abc import Iterable

    from okxlab.protocol.arg import Arg
    from okxlab.protocol.events import Push
    from okxlab.transport.seams import Held, Seam

__all__ = ["Handover"]

_MOST: Final = 32 * 1024 * 1024
_ROW: Final = 200
"""What a row takes beside its text, roughly [bytes]."""


class Handover:
    """What of two connections is passed on.

    Parameters
    ----------
    heard
        What was told last of the args before: a successor may begin with it.
    most
        How much is remembered and held back before it is `full`, roughly [bytes].

    Attributes
    ----------
    begun : set of Arg
        Args of which the successor has told something.
    is_full : bool
        Whether there was more than is held back.
    """

    def __init__(self, heard: Iterable[Push] = (), most: int = _MOST) -> None:
        self.begun: set[Arg] = set()
        self.is_full = False
        self._most = most
        self._size = 0
        self._seams: dict[Arg, Seam] = {}
        self._has_ended = False  # the old one
        for push in heard:
            self._seam(push.arg).tell(push)

    def from_old(self, push: Push) -> None:
        """Remember what the old connection has told."""
        if not self.is_full:
            self._weigh(push)
            self._seam(push.arg).tell(push)

    def from_new(self, push: Push, recv_us: int) -> list[Held]:
        """Return what is to be passed on now that the successor has told this.

        Parameters
        ----------
        push
            What it has told.
        recv_us
            Receive time [us since 1970 UTC].

        Returns
        -------
        list of tuple
            Pushes, each with its receive time.
        """
        self.begun.add(push.arg)
        seam = self._seam(push.arg)
        if self._has_ended and seam.is_closed:
            return seam.follow(push, recv_us)
        if self.is_full:
            return [*seam.settle(), (push, recv_us)] if self._has_ended else []
        self._weigh(push)
        seam.hold(push, recv_us)
        return seam.close() if self._has_ended else []

    def old_ended(self) -> list[Held]:
        """Return what was held back and is news."""
        self._has_ended = True
        self._size = 0
        return [one for seam in self._seams.values() for one in seam.close()]

    def settle(self) -> list[Held]:
        """Return what is still held back, because it did not join on."""
        return [one for seam in self._seams.values() for one in seam.settle()]

    def may_lack(self, arg: Arg) -> bool:
        """Tell whether rows are lost if the old one was not heard to its end.

        A book and a whole state are complete in what the successor began with.
        """
        return not self._seam(arg).begins_whole

    def _seam(self, arg: Arg) -> Seam:
        seam = self._seams.get(arg)
        if seam is None:
            seam = self._seams[arg] = make_seam(arg)
        return seam

    def _weigh(self, push: Push) -> None:
        self._size += len(push.text) + _ROW * len(push.rows)
        self.is_full = self._size > self._most
