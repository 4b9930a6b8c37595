"""What can be subscribed to: of each kind of instrument its channels."""

from __future__ import annotations

from typing import Final

import msgspec

from okxlab.protocol.channels import CHANNELS, INST_TYPES, Channel

__all__ = ["ACCOUNT", "INDEX", "KINDS", "MARKET", "Choice", "choices"]

INDEX: Final = "INDEX"
MARKET: Final = "WHOLE MARKET"
ACCOUNT: Final = "ACCOUNT"
KINDS: Final = (*INST_TYPES, INDEX, MARKET, ACCOUNT)
"""What one chooses first: a kind of instrument, or what is of none."""

_ASKED: Final = frozenset({"instType", "instId"})
"""Keys that the panel asks for; channels that need others are for code."""


class Choice(msgspec.Struct, frozen=True):
    """A channel as it can be chosen for one kind.

    Attributes
    ----------
    entry
        The channel, or the family of candles.
    needs_instrument
        Whether it is asked for by instrument.
    arg
        What else to hand to ``lab.stream``.
    """

    entry: Channel
    needs_instrument: bool
    arg: tuple[tuple[str, str], ...] = ()

    @property
    def is_book(self) -> bool:
        """Whether it is an order book, which `Lab.book` opens."""
        return self.entry.kind == "book"


def choices(kind: str, *, has_login: bool) -> tuple[Choice, ...]:
    """Return the channels of a kind, in the order of the registry.

    Parameters
    ----------
    kind
        One of `KINDS`.
    has_login
        Whether the lab has credentials: without, channels that need them are
        left out.
    """
    open_ones = (one for one in CHANNELS if has_login or not one.login)
    found = (_choice(one, kind) for one in open_ones if set(one.required) <= _ASKED)
    return tuple(one for one in found if one is not None)


def _choice(entry: Channel, kind: str) -> Choice | None:
    is_own = entry.login and not entry.tier
    if kind == ACCOUNT:
        return _of_account(entry) if is_own else None
    if is_own or (entry.inst_id_is == "index") != (kind == INDEX):
        return None
    if not entry.required:
        return Choice(entry, needs_instrument=False) if kind == MARKET else None
    if kind not in (*entry.inst_types, INDEX):
        return None
    arg = (("inst_type", kind),) if "instType" in entry.required else ()
    return Choice(entry, "instId" in (*entry.required, *entry.either), arg)


def _of_account(entry: Channel) -> Choice | None:
    """Return a private channel, of all kinds of instruments at once."""
    if "instId" in entry.required:
        return None
    if "instType" not in entry.required:
        return Choice(entry, needs_instrument=False)
    every = "ANY" if "ANY" in entry.inst_types else entry.inst_types[0]
    return Choice(entry, needs_instrument=False, arg=(("inst_type", every),))
