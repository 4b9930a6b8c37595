"""The arg: what one subscription is to, on the wire and as a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Arg"]


class Arg:
    """A channel and the parameters that choose what of it is wanted.

    Immutable and hashable; two args are equal if channel and parameters are,
    whatever their order.

    Parameters
    ----------
    channel
        OKX's name of the channel, for example ``"trades"``.
    **params
        Parameters under their wire names, for example ``instId="BTC-USDT"``.

    Attributes
    ----------
    key : str
        A text that equal args share and no other arg has.  To look this up in a
        dictionary takes no call of Python, which matters once a message.

    Examples
    --------
    >>> Arg("trades", instId="BTC-USDT")
    Arg('trades', instId='BTC-USDT')
    >>> str(Arg("trades", instId="BTC-USDT"))
    'trades BTC-USDT'
    """

    __slots__ = ("channel", "inst_id", "key", "params")

    channel: str
    params: tuple[tuple[str, str], ...]
    inst_id: str | None
    key: str

    def __init__(self, channel: str, /, **params: str) -> None:
        self.channel = channel
        self.params = tuple(sorted(params.items()))
        # What names the rows of a message that do not: a spread as well.
        self.inst_id = params.get("instId") or params.get("sprdId")
        self.key = repr((channel, self.params))

    @classmethod
    def from_wire(cls, arg: Mapping[str, object]) -> Arg:
        """Return the arg that a wire object stands for.

        The ``uid`` that OKX adds to the args of private pushes is left out, so
        that a push matches its subscription.

        Parameters
        ----------
        arg
            The decoded JSON object.
        """
        params = {
            key: str(value)
            for key, value in arg.items()
            if key not in ("channel", "uid")
        }
        return cls(str(arg.get("channel", "")), **params)

    def get(self, key: str) -> str | None:
        """Return a parameter by its wire name, or None."""
        return next((value for name, value in self.params if name == key), None)

    def wire(self) -> dict[str, str]:
        """Return the JSON object: the channel first, then the parameters."""
        return {"channel": self.channel, **dict(self.params)}

    def covers(self, other: Arg) -> bool:
        """Tell whether this arg says no more than the other one does.

        OKX drops keys that it does not know from the arg of an acknowledgement
        (seen 2026-08-11 on liquidation-orders), so that one is a subset.
        """
        return self.channel == other.channel and set(self.params) <= set(other.params)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Arg) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return " ".join((self.channel, *(value for _, value in self.params)))

    def __repr__(self) -> str:
        params = "".join(f", {key}={value!r}" for key, value in self.params)
        return f"Arg({self.channel!r}{params})"
