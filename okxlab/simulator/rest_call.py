"""One REST call: its parameters, its answer, and how it is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Answer", "Query", "RefusedError", "envelope", "no_instrument"]

_WHOLE = re.compile(r"[0-9]{1,20}")
"""Numbers as they can be ids, times or counts; Python reads none of 5,000 digits."""
_INST_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS")


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer."""

    status: int
    """HTTP status."""
    body: bytes
    """JSON: OKX's envelope of ``code``, ``msg`` and ``data``."""


class RefusedError(Exception):
    """What OKX answers to a call that it cannot serve.

    Parameters
    ----------
    code, msg
        OKX's code and words.
    status
        HTTP status.
    """

    def __init__(self, code: str, msg: str, status: int = 400) -> None:
        super().__init__(msg)
        self.answer = Answer(status, envelope(code, msg, []))


def envelope(code: str, msg: str, rows: list[Any]) -> bytes:
    """Return the body of an answer."""
    return msgspec.json.encode({"code": code, "msg": msg, "data": rows})


def no_instrument() -> RefusedError:
    """Return the refusal of an instrument that does not exist."""
    return RefusedError(
        "51001",
        "Instrument ID, Instrument ID code, or Spread ID doesn't exist.",
        status=200,
    )


class Query:
    """The parameters of one call; an empty text is no parameter, as on OKX.

    Parameters
    ----------
    params
        Decoded query of the URL.
    now_ms
        Virtual time [Unix ms].

    Notes
    -----
    Methods raise `RefusedError` for what is missing (50014) or wrong (51000).
    """

    def __init__(self, params: Mapping[str, str], now_ms: int) -> None:
        self.now_ms = now_ms
        self._params = {key: value for key, value in params.items() if value}

    def text(self, key: str) -> str | None:
        """Return a parameter, or None."""
        return self._params.get(key)

    def required(self, key: str) -> str:
        """Return a parameter that must be there."""
        value = self._params.get(key)
        if value is None:
            raise RefusedError("50014", f"Parameter {key} can not be empty.")
        return value

    def number(self, key: str) -> int | None:
        """Return a parameter as a whole number, or None."""
        value = self._params.get(key)
        if value is None:
            return None
        if not _WHOLE.fullmatch(value):
            raise RefusedError("51000", f"Parameter {key} error")
        return int(value)

    def limit(self, default: int, most: int, key: str = "limit") -> int:
        """Return how many rows are wanted, cut to the most that there are."""
        value = self.number(key)
        if value == 0:
            raise RefusedError("51000", f"Parameter {key} error")
        return default if value is None else min(value, most)

    def inst_type(self) -> str:
        """Return the required ``instType``."""
        value = self.required("instType")
        if value not in _INST_TYPES:
            raise RefusedError("51000", "Parameter instType error")
        return value

    def family(self, inst_type: str) -> str | None:
        """Return the ``instFamily``, which options require."""
        value = self.text("instFamily") or self.text("uly")
        if inst_type == "OPTION" and value is None:
            raise RefusedError(
                "50015", "Either parameter uly or instFamily is required."
            )
        return value


if TYPE_CHECKING:
    Call = Callable[[Query], list[Any] | None]
    """Answers one REST call with rows; None if it is not for it to answer."""
