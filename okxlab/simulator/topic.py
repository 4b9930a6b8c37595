"""A subscription that may have many listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from okxlab.protocol.arg import Arg
    from okxlab.simulator.link import Link

__all__ = ["Topic"]

_BARE: Final = frozenset({"block-tickers", "event-contract-markets"})
"""Channels whose pushes repeat nothing of the arg but the channel (reference, 2.1)."""


class Topic:
    """An arg and who listens to it.

    Parameters
    ----------
    arg
        The arg.
    uid
        The account it is about, if it is about one.

    Attributes
    ----------
    wire : dict
        The arg as pushes have it.
    inst_id : str or None
        Its instrument or spread, if it names one.
    links : dict
        The connections, in the order in which they came, so that equal histories
        send in equal order.
    """

    def __init__(self, arg: Arg, uid: str | None = None) -> None:
        self.arg = arg
        self.wire = arg.wire() if uid is None else {**arg.wire(), "uid": uid}
        if arg.channel in _BARE:
            self.wire = {"channel": arg.channel}
        self.inst_id = arg.inst_id
        self.links: dict[Link, None] = {}
