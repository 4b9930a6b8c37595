"""Pushes from text to typed rows, with one look-up and one decode.

OKX writes the arg of a push first, so that the text up to the first ``}`` tells
the subscription.  `Routes` learns that prefix from the first push of each arg,
which is read the long way; later ones go straight to the decoder of the
channel, which checks the whole text while it reads the rows.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.protocol.channels import channel
from okxlab.protocol.events import Malformed, Push

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.protocol.arg import Arg
    from okxlab.protocol.channels import Channel

    _Route = tuple[Arg, Callable[[str], Any], Callable[[Arg, Any], Push] | None]

__all__ = ["UNREADABLE", "Envelope", "Routes", "decode_rows"]

_KEY_IN_PATH = re.compile(r"\$(?:\.(\w+)|\[(\d+)\])")
_TEXT_LIMIT = 200

UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What decoding a foreign text may raise."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Any message, its ``data`` unread."""

    event: str = ""
    op: str = ""
    arg: dict[str, Any] | None = None
    data: msgspec.Raw = msgspec.Raw()
    action: str = ""
    event_type: str = ""
    cur_page: int = 0
    last_page: bool = True


class Routes:
    """The prefixes of the pushes of one connection."""

    def __init__(self) -> None:
        # Tuples, since this is where a message's time goes: arg, decoder and,
        # for channels whose messages hold more than plain rows, what makes a
        # push of what was decoded; by prefix.
        self._routes: dict[str, _Route] = {}

    def read(self, text: str) -> Push | None:
        """Return the push that a text is, or None if its prefix is not known.

        A text that its route cannot read is not known either: the long way
        finds out why.
        """
        route = self._routes.get(text[: text.find("}")])
        if route is None:
            return None
        arg, decode, make = route
        try:
            frame = decode(text)
        except UNREADABLE:
            return None
        if make is None:
            return Push(arg, frame.data, frame.action)
        return make(arg, frame)

    def learn(self, text: str, on_wire: dict[str, Any], arg: Arg) -> None:
        """Remember the prefix of a push that was read the long way.

        Only a prefix that ends where the arg ends is of use: an arg may have a
        ``}`` inside a text.
        """
        prefix = text[: text.find("}")]
        try:
            head = msgspec.json.decode(prefix + "}}")
        except msgspec.DecodeError:
            return
        if isinstance(head, dict) and head.get("arg") == on_wire:
            self._routes[prefix] = (arg, *_reading(arg.channel))

    def forget(self, arg: Arg) -> None:
        """Drop the prefixes of an arg."""
        self._routes = {
            prefix: route for prefix, route in self._routes.items() if route[0] != arg
        }


@cache
def _reading(
    name: str,
) -> tuple[Callable[[str], Any], Callable[[Arg, Any], Push] | None]:
    """Return how to decode the messages of a channel, and what to make of them."""
    entry = channel(name)
    decode = _frame_decoder(entry.row, paged=entry.paged).decode
    if entry.flatten is None and not entry.paged:
        return decode, None
    return decode, partial(_push_of, entry)


def _push_of(entry: Channel, arg: Arg, frame: Any) -> Push:
    rows = entry.flatten(frame.data) if entry.flatten else frame.data
    if not entry.paged:
        return Push(arg, rows, frame.action)
    return Push(
        arg, rows, frame.action, frame.event_type, frame.cur_page, frame.last_page
    )


@cache
def _frame_decoder(
    row: type[msgspec.Struct], *, paged: bool
) -> msgspec.json.Decoder[Any]:
    # No default for data: an acknowledgement with the same prefix has none.
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("data", list[row]),  # type: ignore[valid-type]  # made at run time
        ("action", str, ""),
    ]
    if paged:
        fields += [
            ("event_type", str, ""),
            ("cur_page", int, 0),
            ("last_page", bool, True),
        ]
    frame = msgspec.defstruct(f"{row.__name__}Push", fields, rename="camel", gc=False)
    return msgspec.json.Decoder(frame, strict=False)


@cache
def _rows_decoder(row: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]  # made at run time


def decode_rows(
    entry: Channel, data: msgspec.Raw, arg: Arg
) -> tuple[list[Any], list[Malformed]]:
    """Decode the ``data`` of a push, whatever state it is in.

    Parameters
    ----------
    entry
        The channel.
    data
        The unread list of rows.
    arg
        The subscription, for the reports.

    Returns
    -------
    rows : list
        Flat rows.  A value that does not fit its field is missing in the row;
        a row that is no row is left out.
    troubles : list of Malformed
        What did not fit.
    """
    troubles: list[Malformed] = []
    try:
        rows = _rows_decoder(entry.row).decode(data)
    except UNREADABLE:
        rows = _rows_one_by_one(entry.row, data, arg, troubles)
    return (entry.flatten(rows) if entry.flatten else rows), troubles


def _rows_one_by_one(
    row: type[msgspec.Struct], data: msgspec.Raw, arg: Arg, troubles: list[Malformed]
) -> list[Any]:
    try:
        values = msgspec.json.decode(data)
    except UNREADABLE as error:
        troubles.append(_trouble(str(error), bytes(data), arg, lost=True))
        return []
    if not isinstance(values, list):
        troubles.append(_trouble("data is no list", values, arg, lost=True))
        return []
    found = (_row_with_holes(row, value, arg, troubles) for value in values)
    return [one for one in found if one is not None]


def _row_with_holes(
    row: type[msgspec.Struct], value: Any, arg: Arg, troubles: list[Malformed]
) -> Any | None:
    if not isinstance(value, dict | list):
        troubles.append(_trouble("a row is no row", value, arg, lost=True))
        return None
    for _ in range(len(value) + 1):
        try:
            return msgspec.convert(value, row, strict=False)
        except msgspec.ValidationError as error:
            why = str(error)
            if not _blank(value, why):
                break
            troubles.append(_trouble(why, value, arg, lost=False))
    troubles.append(_trouble("a row cannot be read", value, arg, lost=True))
    return None


def _blank(value: Any, why: str) -> bool:
    """Take the value that a validation error names out of a row."""
    found = _KEY_IN_PATH.search(why)
    if found is None:
        return False
    key, position = found.groups()
    if isinstance(value, dict) and key in value:
        del value[key]
    elif isinstance(value, list) and position is not None:
        value[int(position)] = ""
    else:
        return False
    return True


def _trouble(why: str, value: object, arg: Arg, *, lost: bool) -> Malformed:
    return Malformed(why=why, text=repr(value)[:_TEXT_LIMIT], arg=arg, lost=lost)
