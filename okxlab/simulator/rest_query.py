"""What a REST call asks for, and how it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.simulator.market import Market

__all__ = ["Answer", "Query", "Refusal", "envelope", "no_instrument"]

_INST_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS")


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer."""

    status: int
    """HTTP status."""
    body: bytes
    """JSON: OKX's envelope of ``code``, ``msg`` and ``data``."""


class Refusal(Exception):  # noqa: N818  # it carries an answer, nothing failed
    """What OKX answers to a call that it cannot serve."""

    def __init__(self, code: str, msg: str, status: int = 400) -> None:
        super().__init__(msg)
        self.answer = Answer(status, envelope(code, msg, []))


def envelope(code: str, msg: str, rows: list[Any]) -> bytes:
    """Return the body of an answer."""
    return msgspec.json.encode({"code": code, "msg": msg, "data": rows})


def no_instrument() -> Refusal:
    """Return the refusal of an id that does not exist."""
    return Refusal(
        "51001",
        "Instrument ID, Instrument ID code, or Spread ID doesn't exist.",
        status=200,
    )


class Query:
    """The parameters of one call; an empty text is no parameter, as on OKX."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = {key: value for key, value in params.items() if value}

    def text(self, key: str) -> str | None:
        """Return a parameter, None if it is not there."""
        return self._params.get(key)

    def required(self, key: str) -> str:
        """Return a parameter, or refuse with 50014."""
        value = self._params.get(key)
        if value is None:
            raise Refusal("50014", f"Parameter {key} can not be empty.")
        return value

    def number(self, key: str) -> int | None:
        """Return a whole number, None if it is not there, or refuse with 51000."""
        value = self._params.get(key)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit()):
            raise Refusal("51000", f"Parameter {key} error")
        return int(value)

    def limit(self, default: int, most: int, key: str = "limit") -> int:
        """Return how many rows are asked for, ``most`` if it is more."""
        value = self.number(key)
        if value == 0:
            raise Refusal("51000", f"Parameter {key} error")
        return default if value is None else min(value, most)

    def inst_type(self) -> str:
        """Return the instrument type, or refuse."""
        value = self.required("instType")
        if value not in _INST_TYPES:
            raise Refusal("51000", "Parameter instType error")
        return value

    def family(self, inst_type: str) -> str | None:
        """Return the family, which options must have."""
        value = self.text("instFamily") or self.text("uly")
        if inst_type == "OPTION" and value is None:
            raise Refusal("50015", "Either parameter uly or instFamily is required.")
        return value

    def inst_id(self, market: Market, channel: str) -> str:
        """Return an instId that has a channel, or refuse with 51001."""
        value = self.required("instId")
        if not market.knows(channel, value):
            raise no_instrument()
        return value
