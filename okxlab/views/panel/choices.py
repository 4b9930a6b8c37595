"""What can be subscribed to: of each kind of instrument its channels."""

from __future__ import annotations

from typing import Final

import msgspec

from okxlab.protocol.channels import (
    CHANNELS,
    FAMILY,
    INDEX,
    INST_TYPES,
    SPREAD,
    Channel,
)

__all__ = ["ACCOUNT", "KINDS", "LISTED", "MARKET", "Choice", "choices"]

LISTED: Final = (*INST_TYPES, FAMILY, SPREAD, INDEX)
"""Kinds of which the exchange has a list."""
MARKET: Final = "WHOLE MARKET"
ACCOUNT: Final = "ACCOUNT"
KINDS: Final = (*LISTED, MARKET, ACCOUNT)
"""What one chooses first: a kind of instrument, or what is of none."""

_ASKED: Final = frozenset({"instType", "instId", "sprdId", "instFamily"})
"""Keys that the panel asks for; channels that need others are for code."""


_BY: Final = {INDEX: "index", SPREAD: "spread"}
"""By what its channels are subscribed to, where it is not by instrument."""


class Choice(msgspec.Struct, frozen=True):
    """A channel as it can be chosen for one kind.

    Attributes
    ----------
    entry
        The channel, or the family of candles.
    needs_instrument
        Whether it is asked for by instrument: by a name of the kind's list.
    is_of_family
        Whether that name is of a family.
    arg
        What else to hand to ``lab.stream``.
    """

    entry: Channel
    needs_instrument: bool
    is_of_family: bool = False
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
    if is_own or entry.inst_id_is != _BY.get(kind, "instrument"):
        return None
    if not entry.required:
        return Choice(entry, needs_instrument=False) if kind == MARKET else None
    by_family = kind == FAMILY
    inst_type = "OPTION" if by_family else kind
    if inst_type not in (*entry.inst_types, *_BY):
        return None
    names = (*entry.required, *entry.either)
    if ("instFamily" not in names) if by_family else ("instFamily" in entry.required):
        return None
    arg = (("inst_type", inst_type),) if "instType" in entry.required else ()
    return Choice(entry, by_family or entry.id_key in names, by_family, arg)


def _of_account(entry: Channel) -> Choice | None:
    """Return a private channel, of all kinds of instruments at once."""
    if "instId" in entry.required:
        return None
    if "instType" not in entry.required:
        return Choice(entry, needs_instrument=False)
    every = "ANY" if "ANY" in entry.inst_types else entry.inst_types[0]
    return Choice(entry, needs_instrument=False, arg=(("inst_type", every),))
