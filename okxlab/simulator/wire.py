"""Decimal text for the wire, made of integers only.

Inside the simulated market every price is a number of ticks and every size a
number of lots.  A `Step` knows what one of them is worth and writes any number
of them as decimal text, never through a float and without trailing zeros
(``67000``, not ``67000.0``).
"""

from __future__ import annotations

import msgspec

__all__ = ["Step", "Texts", "decimal", "power", "step"]

_MOST_TEXTS = 8_000
"""Texts kept of one kind and instrument: about a megabyte, then it starts anew."""


def decimal(units: int, places: int) -> str:
    """Write ``units / 10**places`` as decimal text without trailing zeros.

    Parameters
    ----------
    units
        Any integer.
    places
        Number of digits behind the point, at least 0.
    """
    if units < 0:
        return f"-{decimal(-units, places)}"
    text = str(units)
    if places == 0:
        return text
    if len(text) <= places:
        text = text.zfill(places + 1)
    part = text[-places:].rstrip("0")
    return f"{text[:-places]}.{part}" if part else text[:-places]


class Step(msgspec.Struct, frozen=True):
    """The worth of one tick, lot or other unit: ``unit / 10**places``."""

    unit: int
    places: int

    def text(self, count: int) -> str:
        """Write ``count`` of them as decimal text."""
        return decimal(count * self.unit, self.places)

    def times(self, other: Step) -> Step:
        """Return the worth of the product of the two."""
        return Step(self.unit * other.unit, self.places + other.places)

    def units(self, places: int) -> int:
        """Return one of them in units of ``10**-places``, which must be fine enough."""
        assert places >= self.places, "would lose digits"
        return self.unit * int(10 ** (places - self.places))


def step(text: str) -> Step:
    """Read a step from its decimal text, such as ``"0.1"`` or ``"5"``."""
    whole, _, part = text.partition(".")
    return Step(int(whole + part), len(part))


def power(exponent: int) -> Step:
    """Return the step that is ten to this power."""
    return Step(10**exponent, 0) if exponent >= 0 else Step(1, -exponent)


class Texts(dict[int, str]):
    """The texts of the numbers of one step, remembered once written."""

    def __init__(self, each: Step) -> None:
        super().__init__()
        self._each = each

    def __missing__(self, count: int) -> str:
        if len(self) >= _MOST_TEXTS:
            self.clear()
        text = self[count] = self._each.text(count)
        return text
