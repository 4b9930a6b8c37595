"""Amounts of money: whole numbers of 10**-20, which no sum or product rounds.

A price of at most 10 decimal places times a size of at most 8 times a fee rate of
at most 8 would need 26; the instruments listed stay far below (`Terms` holds that),
so that fees are exact as well.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from okxlab.simulator.wire import decimal

__all__ = ["ONE", "PLACES", "amount", "cut", "quotient", "text"]

PLACES: Final = 20
"""Decimal places of every amount."""
ONE: Final[int] = 10**PLACES
"""One unit of a currency, or the number 1."""
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,3})?", re.ASCII)
_MOST_DIGITS: Final = 18
"""Digits before the point that anything on the wire may have."""


def amount(written: object) -> int:
    """Read a decimal number as a client or a teacher writes it.

    Parameters
    ----------
    written
        A text such as ``"0.001"``; a JSON number is taken by its shortest text.

    Raises
    ------
    ValueError
        If it is no finite number, or too long or too fine for any.
    """
    if not _NUMBER.fullmatch(str(written)):
        raise ValueError(f"{written!r} is no number")
    read = Decimal(str(written))
    sign, digits, exponent = read.as_tuple()
    if (
        not isinstance(exponent, int)
        or exponent < -PLACES
        or len(digits) + exponent > _MOST_DIGITS
    ):
        raise ValueError(f"{written!r} is no number of the wire")
    whole = int("".join(map(str, digits))) * int(10 ** (exponent + PLACES))
    return -whole if sign else whole


def text(whole: int) -> str:
    """Write an amount as wire text, to its last digit."""
    return decimal(whole, PLACES)


def cut(whole: int, places: int = 12) -> str:
    """Write an estimate, such as a value in USD, to so many places."""
    return decimal(quotient(whole, 10 ** (PLACES - places)), places)


def quotient(part: int, whole: int) -> int:
    """Divide towards zero, so that long and short are treated alike."""
    return part // whole if (part < 0) == (whole < 0) else -(-part // whole)
