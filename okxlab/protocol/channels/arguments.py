"""From what a user asks a channel for to the arg on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from okxlab.errors import ChannelError
from okxlab.protocol.arg import Arg
from okxlab.protocol.channels.lookup import CHANNELS, all_names, near_miss

if TYPE_CHECKING:
    from okxlab.protocol.channels.entry import Channel

__all__ = ["make_arg", "typed"]

_EXAMPLES: Final = {
    "instId": "BTC-USDT",
    "sprdId": "BTC-USDT_BTC-USDT-SWAP",
    "instFamily": "BTC-USD",
    "algoId": "581878926302093312",
    "extraParams": '{"updateInterval": "0"}',
}
"""A value for each key, to be shown where one is wrong or missing."""


def make_arg(entry: Channel, inst_id: str | None = None, **params: str) -> Arg:
    """Check what a user asks for and return the arg to subscribe with.

    Parameters
    ----------
    entry
        The channel.
    inst_id
        Instrument, index or spread, for channels that take one.
    **params
        Other keys in snake case (``inst_type="SWAP"``) or as OKX spells them.
        A key that has one possible value may be left out.

    Raises
    ------
    ChannelError
        If a key is missing, foreign to the channel, or of a wrong value.
    """
    wire = {_camel(key): value for key, value in params.items()}
    if inst_id is not None:
        wire = {entry.id_key: inst_id, **wire}
    for key, value in wire.items():
        _check_key(entry, key)
        _check_value(entry, key, value)
    if "instType" in entry.required and len(entry.inst_types) == 1:
        wire.setdefault("instType", *entry.inst_types)
    missing = [typed(key) for key in entry.required if key not in wire]
    if entry.either and not wire.keys() & set(entry.either):
        missing.append(" or ".join(map(typed, entry.either)))
    if missing:
        raise ChannelError(
            f"channel {entry.name!r} needs {missing[0]}: for example {_example(entry)}"
        )
    return Arg(entry.name, **wire)


def _check_key(entry: Channel, key: str) -> None:
    known = tuple(map(typed, entry.arg_keys))
    if key in entry.arg_keys:
        return
    takes = ", ".join(known) or "no argument"
    hint = near_miss(typed(key), known)
    if key == "instId":
        hint = f"; it is not subscribed to by instrument: {_example(entry)}"
    raise ChannelError(
        f"channel {entry.name!r} has no argument {typed(key)}; it takes {takes}{hint}"
    )


def _check_value(entry: Channel, key: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ChannelError(
            f"{typed(key)} of channel {entry.name!r} is a text that is not empty, "
            f"not {value!r}: for example {_example(entry, key)}"
        )
    if key == "instType" and value not in entry.inst_types:
        raise ChannelError(
            f"channel {entry.name!r} has no inst_type {value!r}"
            f"{near_miss(value, entry.inst_types)}; it has "
            f"{', '.join(entry.inst_types)}"
        )
    if key == entry.id_key and _is_channel_name(value):
        raise ChannelError(
            f"{value!r} is a channel, not an instrument: the instrument comes "
            f"first, as in {_example(entry, key)}"
        )
    if key == "extraParams" and not _is_json_object(value):
        raise ChannelError(
            f"extra_params of channel {entry.name!r} is a JSON object as a text, "
            f"not {value!r}: for example {_example(entry, key)}"
        )


def _is_channel_name(value: str) -> bool:
    return value in all_names() or any(value == entry.name for entry in CHANNELS)


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except msgspec.DecodeError:
        return False


def _example(entry: Channel, key: str = "") -> str:
    """Return a call that is right, with the key among its arguments."""
    keys = [*entry.required, *entry.either[-1:]]
    if key and key not in keys:
        keys.append(key)
    said = [f"{entry.name!r}"]
    if entry.id_key in keys:
        said.insert(0, f"{_EXAMPLES[entry.id_key]!r}")
    else:
        said = [f"channel={entry.name!r}"]
    said += [
        f"{typed(one)}={_value(entry, one)!r}"
        for one in keys
        if one != entry.id_key and (one != "instType" or len(entry.inst_types) > 1)
    ]
    if entry.kind == "book":
        which = "" if entry.name == "books" else f", channel={entry.name!r}"
        return f"okxlab.book({_EXAMPLES[entry.id_key]!r}{which})"
    return f"okxlab.stream({', '.join(said)})"


def _value(entry: Channel, key: str) -> str:
    if key == "instType":
        return "SWAP" if "SWAP" in entry.inst_types else entry.inst_types[0]
    return _EXAMPLES.get(key, "BTC")


def _camel(key: str) -> str:
    head, *tail = key.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def typed(key: str) -> str:
    """Return a wire key the way a user types it: ``inst_type``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in key)
