"""What the exchange gets its channels from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.change import Change
    from okxlab.simulator.rest_call import Call

__all__ = ["Source"]


class Source(Protocol):
    """Something that has channels: the market, a timetable.

    An exchange has a list of them and asks each in turn what it knows.  A channel
    may have subscriptions of several kinds (by family, by instrument); what one
    is about is its *key*, a text that a source makes of the arg and that its
    changes name.

    Attributes
    ----------
    calls
        REST calls that it answers, by path without ``/api/v5/``; one that returns
        None leaves the answer to the market.

    Notes
    -----
    What happens must follow from seed and virtual time alone, and neither from
    who watches nor from how time is cut.
    """

    calls: Mapping[str, Call]

    def find(self, arg: Arg) -> str | None:
        """Return the key of what an arg is about.

        Returns
        -------
        str or None
            None if there is no such thing here, or no longer; what no source
            knows is refused with 60018.
        """

    def watch(self, channel: str, key: str) -> None:
        """Tell the changes of a channel and key from now on; counted."""

    def unwatch(self, channel: str, key: str) -> None:
        """Take back one `watch`, also of what can be found no longer."""

    def opening(self, channel: str, key: str) -> Change | None:
        """Return the first push of a subscription that is watched already.

        Returns
        -------
        Change or None
            As of now, with the action of its own; None if the channel begins
            with nothing.
        """

    def advance(self, to_ms: int) -> list[Change]:
        """Let virtual time pass.

        Parameters
        ----------
        to_ms
            The new virtual time [Unix ms]; not before the present one.

        Returns
        -------
        list of Change
            What is watched and fell due, oldest first.
        """
