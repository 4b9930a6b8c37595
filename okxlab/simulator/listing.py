"""What is listed: ids and terms of as many instruments as asked for.

`listing` names them always in the same order, so that a longer list begins with
the shorter one.  Assets are real ones with prices of their magnitude as long as
the table lasts, then invented ones.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import chain, count, islice, product
from typing import TYPE_CHECKING, Any

import msgspec

from okxlab.simulator.instruments import Asset, Instrument, Temper
from okxlab.simulator.paths import DAY_MS
from okxlab.simulator.wire import Step, decimal, power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["asset", "listing"]

_PRICES = """
BTC 68000  ETH 3500  SOL 160  XRP 2.2  DOGE 0.21  LTC 95  ADA 0.72  LINK 18
AVAX 28  BCH 480  DOT 5.1  TRX 0.29  TON 3.1  SUI 3.2  NEAR 3  UNI 8.5
APT 6.2  ARB 0.42  OP 0.75  FIL 3.6  ATOM 5.2  ETC 22  XLM 0.31  HBAR 0.21
ICP 6.4  AAVE 260  INJ 14  LDO 1.1  PEPE 0.0000105  SHIB 0.0000132  WIF 0.9
BONK 0.000021  TIA 2.4  SEI 0.29  STX 0.7  CRV 0.6  SAND 0.28  MANA 0.3
AXS 2.5  GALA 0.017  CHZ 0.045  ALGO 0.22  XTZ 0.75  DYDX 0.6  JUP 0.5
PYTH 0.15  ORDI 9  WLD 1  FET 0.65  GRT 0.09  COMP 45  SNX 0.65  ZIL 0.011
ENS 21  RENDER 4.1  IMX 0.55  EGLD 17  FLOW 0.38  KSM 16  ZRX 0.25
"""
_KNOWN = dict(zip(_PRICES.split()[::2], _PRICES.split()[1::2], strict=True))
_SYLLABLES = ("BA", "CO", "DE", "FI", "GU", "HE", "JA", "KI", "LO", "MU", "NE", "PO")

_RATES = (40.0, 25.0, 12.0, 7.0, 5.0, 3.0)
"""Order book events a second of the spot pairs of the first assets."""


def asset(rank: int) -> Asset:
    """Return the asset of a rank: 0 is BTC, high ranks are invented ones."""
    rate = _RATES[rank] if rank < len(_RATES) else max(2.4 - rank * 0.05, 0.3)
    daily = (20_000, 26_000)[rank] if rank < 2 else 34_000 + rank % 7 * 2_000
    if rank < len(_KNOWN):
        name, price = list(_KNOWN.items())[rank]
    else:
        name, price = _invented(rank - len(_KNOWN))
    return Asset(name, price, rank, daily, rate)


def listing(
    start_ms: int, price: Callable[[Asset], int], *, many: int
) -> list[Instrument]:
    """List instruments as of a moment.

    Parameters
    ----------
    start_ms
        The moment: futures and options expire after it.
    price
        The price of an asset at that moment [index units]; strikes lie around it.
    many
        How many instruments, at least 1.

    Returns
    -------
    list of Instrument
        In listing order.  The first twenty hold every type.
    """
    expiries = _Expiries(start_ms)
    endless = chain(_first(expiries, price), _rest(expiries, price))
    seen: set[str] = set()
    listed: list[Instrument] = []
    for one in endless:
        if one.inst_id not in seen:
            seen.add(one.inst_id)
            listed.append(msgspec.structs.replace(one, code=10_001 + len(listed)))
        if len(listed) == many:
            break
    return listed


class _Expiries:
    """Dates on which futures and options end: Fridays at 08:00 UTC."""

    def __init__(self, start_ms: int) -> None:
        self.start_ms = start_ms
        first = dt.date.fromordinal(_EPOCH + start_ms // DAY_MS)
        self._fridays = [
            day
            for day in (first + dt.timedelta(days=i) for i in range(21, 700))
            if day.isoweekday() == 5
        ]
        last = [d for d in self._fridays if (d + dt.timedelta(days=7)).month != d.month]
        self.months = last
        self.quarters = [d for d in last if d.month % 3 == 0]

    @staticmethod
    def ms(day: dt.date) -> int:
        return (day.toordinal() - _EPOCH) * DAY_MS + 8 * 3_600_000


_EPOCH = dt.date(1970, 1, 1).toordinal()


def _first(expiries: _Expiries, price: Callable[[Asset], int]) -> Iterator[Instrument]:
    btc, eth, sol, xrp, doge, ltc = map(asset, range(6))
    near, far = expiries.quarters[:2]
    month = expiries.months[0]
    strikes = _strikes(btc, price)
    yield from map(_spot, (btc, eth, sol))
    yield from map(_swap, (btc, eth))
    yield _future(btc, near, expiries)
    yield _option(btc, month, strikes[0], "C", expiries)
    yield _swap(sol)
    yield from map(_spot, (xrp, doge))
    yield from map(_swap, (xrp, doge))
    yield _inverse(btc)
    yield _future(eth, near, expiries)
    yield _future(btc, far, expiries)
    for strike, kind in zip(strikes, "PCPC", strict=False):
        yield _option(btc, month, strike, kind, expiries)
    yield _spot(ltc)


def _rest(expiries: _Expiries, price: Callable[[Asset], int]) -> Iterator[Instrument]:
    spots, swaps = map(_spot, map(asset, count())), map(_swap, map(asset, count()))
    futures = (
        _future(asset(rank), day, expiries)
        for rank, day in product(range(12), expiries.quarters[:4])
    )
    options = (
        _option(one, day, strike, kind, expiries)
        for one in (asset(0), asset(1))
        for day in (*expiries.months[:1], *expiries.quarters[:3])
        for strike in _strikes(one, price)
        for kind in "CP"
    )
    inverses = (_inverse(asset(rank)) for rank in range(40))
    while True:
        for kind, number in ((spots, 3), (swaps, 3), (options, 2), (futures, 1)):
            yield from islice(kind, number)
        yield from islice(inverses, 1)


def _invented(number: int) -> tuple[str, str]:
    """Return name and price of an asset that does not exist."""
    size = len(_SYLLABLES)
    high, low = divmod(number * 7 % size**2, size)
    again = number // size**2
    name = (
        _SYLLABLES[high] + _SYLLABLES[low] + (_SYLLABLES[again - 1] if again else "X")
    )
    digits = 11 + number * 37 % 89
    return name, decimal(digits * 10 ** (number % 5), 4)


def _strikes(one: Asset, price: Callable[[Asset], int]) -> list[int]:
    """Return strikes around the price, nearest first, a plausible step apart."""
    now = price(one) // 10**one.places
    apart = max(10 ** (one.magnitude - 1), 1)
    middle = (now + apart // 2) // apart * apart
    return [middle + apart * k for k in (0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6)]


def _temper(
    one: Asset, rate: float, lot_worth: Fraction, tick: Step, width: Fraction
) -> Temper:
    """Return how an instrument trades whose event rate and spread [bp] are given.

    Parameters
    ----------
    one
        The asset.
    rate
        Order book events a second.
    lot_worth
        USDT that one lot stands for.
    tick
        The tick of the instrument.
    width
        Half the spread that makers ask for [bp].
    """
    ticks = Fraction(one.price) / Fraction(tick.unit, 10**tick.places)
    basis_point = ticks / 10_000
    levels = 470 if rate >= 4 else 430 if rate >= 2 else 160
    return Temper(
        mean_us=int(1_000_000 / rate),
        levels=levels,
        span=max(int(basis_point * (30 if rate >= 4 else 60)), levels * 5 // 4),
        half=max(8, int(basis_point * 16 * width)),
        median=max(int((300 + 60 * Fraction(rate)) / lot_worth), 1),
    )


def _width(rate: float) -> Fraction:
    """Return half the spread that makers ask for at some event rate [bp]."""
    if rate >= 10:
        return Fraction(0)
    return Fraction(1, 4) if rate >= 4 else Fraction(3, 4) if rate >= 1 else Fraction(2)


def _spot(one: Asset) -> Instrument:
    price = Fraction(one.price)
    lot = power(-8 if one.rank == 0 else -6 if one.magnitude >= -2 else 0)
    worth = price * Fraction(lot.unit, 10**lot.places)
    least = Fraction(10) ** -one.magnitude / Fraction(lot.unit, 10**lot.places)
    return Instrument(
        inst_id=f"{one.name}-USDT",
        inst_type="SPOT",
        asset=one,
        quote="USDT",
        code=0,
        tick=one.tick,
        lot=lot,
        least=max(int(least), 1),
        temper=_temper(one, one.rate, worth, one.tick, _width(one.rate)),
        lever="10" if one.rank < 20 else "",
        list_ms=_LISTED + one.rank * 6 * DAY_MS,
    )


def _linear(one: Asset, rate: float, inst_id: str, **terms: Any) -> Instrument:
    ct_val = power(2 - one.magnitude)
    lot = Step(1, 2) if one.rank < 2 else Step(1, 1) if one.rank < 6 else Step(1, 0)
    worth = Fraction(one.price) * Fraction(ct_val.unit, 10**ct_val.places)
    worth *= Fraction(lot.unit, 10**lot.places)
    return Instrument(
        inst_id=inst_id,
        asset=one,
        quote="USDT",
        code=0,
        tick=one.tick,
        lot=lot,
        least=1,
        temper=_temper(one, rate, worth, one.tick, _width(rate)),
        family=f"{one.name}-USDT",
        settle="USDT",
        ct_val=ct_val.text(1),
        ct_mult="1",
        ct_type="linear",
        **terms,
    )


def _swap(one: Asset) -> Instrument:
    return _linear(
        one,
        one.rate * 1.1,
        f"{one.name}-USDT-SWAP",
        inst_type="SWAP",
        lever="100" if one.rank < 6 else "50",
        list_ms=_LISTED + 200 * DAY_MS + one.rank * 6 * DAY_MS,
    )


def _future(one: Asset, day: dt.date, expiries: _Expiries) -> Instrument:
    return _linear(
        one,
        one.rate / 8,
        f"{one.name}-USDT-{day:%y%m%d}",
        inst_type="FUTURES",
        lever="20",
        list_ms=expiries.ms(day) - 540 * DAY_MS,
        exp_ms=expiries.ms(day),
    )


def _inverse(one: Asset) -> Instrument:
    """Return the coin-margined swap: contracts of so many USD, settled in the coin."""
    worth = 100 if one.rank == 0 else 10
    return Instrument(
        inst_id=f"{one.name}-USD-SWAP",
        inst_type="SWAP",
        asset=one,
        quote="USD",
        code=0,
        tick=one.tick,
        lot=Step(1, 1),
        least=1,
        temper=_temper(
            one, one.rate / 6, Fraction(worth, 10), one.tick, _width(one.rate / 6)
        ),
        family=f"{one.name}-USD",
        settle=one.name,
        ct_val=str(worth),
        ct_mult="1",
        ct_type="inverse",
        lever="100" if one.rank < 6 else "50",
        list_ms=_LISTED + one.rank * 6 * DAY_MS,
    )


def _option(
    one: Asset, day: dt.date, strike: int, kind: str, expiries: _Expiries
) -> Instrument:
    """Return a coin-settled option: priced in the coin, a hundredth of it a contract."""
    return Instrument(
        inst_id=f"{one.name}-USD-{day:%y%m%d}-{strike}-{kind}",
        inst_type="OPTION",
        asset=one,
        quote=one.name,
        code=0,
        tick=Step(1, 4),
        lot=Step(1, 0),
        least=1,
        temper=Temper(mean_us=1_500_000, levels=26, span=40, half=24, median=8),
        family=f"{one.name}-USD",
        settle=one.name,
        ct_val="1",
        ct_mult="0.01" if one.rank == 0 else "0.1",
        list_ms=expiries.start_ms // DAY_MS * DAY_MS - 45 * DAY_MS,
        exp_ms=expiries.ms(day),
        strike=strike,
        opt_type=kind,
    )


_LISTED = 1_577_836_800_000
"""The first listing: 2020-01-01."""
