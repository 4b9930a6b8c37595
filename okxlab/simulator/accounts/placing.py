"""Reading orders and amendments as clients send them, and refusing what is wrong.

Codes are OKX's 51xxx, as they stand in ``sCode``.  Keys that OKX has and that make no
difference here (``ccy``, ``expTime``, ``stpMode``, ``banAmend`` ...) are passed over.

More is taken than OKX takes: over WebSocket it has refused ``instId`` since 2026-03-26
and wants ``instIdCode`` (reference, 10); here either names the instrument, since REST
has ``instId`` and so do clients that are older than that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from okxlab.simulator.accounts.money import amount, text
from okxlab.simulator.accounts.order import Order
from okxlab.simulator.accounts.venue import is_dealt_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from okxlab.simulator.accounts.terms import Terms
    from okxlab.simulator.accounts.venue import Venue

__all__ = [
    "MARKET_TYPES",
    "RefusedError",
    "is_true",
    "read_lots",
    "read_order",
    "read_tick",
]

MARKET_TYPES = frozenset({"market", "optimal_limit_ioc"})
_LIMIT_TYPES = frozenset({"limit", "post_only", "fok", "ioc"})
_CLIENT_ID = re.compile(r"[A-Za-z0-9]{0,32}", re.ASCII)
_TD_MODES = frozenset({"cash", "cross", "isolated", "spot_isolated"})


class RefusedError(Exception):
    """An order operation is refused.

    Attributes
    ----------
    code, msg : str
        OKX's code and words.
    """

    def __init__(self, code: str, msg: str) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg


def read_order(
    venue: Venue, sent: Mapping[str, Any], pos_mode: str = "net_mode"
) -> Order:
    """Return the order that a client asks for, without an id.

    Parameters
    ----------
    venue
        The market.
    sent
        As decoded: ``instId`` or ``instIdCode``, ``tdMode``, ``side``, ``ordType``,
        ``sz``, perhaps ``px``, ``tgtCcy``, ``clOrdId``, ``tag``, ``reduceOnly`` ...
    pos_mode
        ``"net_mode"`` or ``"long_short_mode"``.

    Raises
    ------
    RefusedError
        If a key is missing or wrong, or this is not traded by accounts.
    """
    terms = _terms(venue, sent)
    td_mode = _one_of(sent, "tdMode", _TD_MODES)
    side = _one_of(sent, "side", {"buy", "sell"})
    ord_type = _one_of(sent, "ordType", MARKET_TYPES | _LIMIT_TYPES)
    if td_mode == "isolated" and not terms.is_spot:
        raise RefusedError(
            "51010", "Isolated margin is not simulated; use tdMode cross"
        )
    if td_mode == "cash" and not terms.is_spot:
        raise RefusedError("51000", "Parameter tdMode error")
    pos_side = "" if terms.is_spot else _pos_side(sent, pos_mode)
    is_market = ord_type in MARKET_TYPES
    tgt_ccy = str(sent.get("tgtCcy") or "") if is_market and terms.is_spot else ""
    if is_market and terms.is_spot and not tgt_ccy:
        tgt_ccy = "quote_ccy" if side == "buy" else "base_ccy"
    if tgt_ccy not in {"", "base_ccy", "quote_ccy"}:
        raise RefusedError("51000", "Parameter tgtCcy error")
    size = _positive(sent, "sz")
    budget = size if tgt_ccy == "quote_ccy" else None
    return Order(
        terms=terms,
        ord_id="",
        sign=1 if side == "buy" else -1,
        ord_type=ord_type,
        sz=text(size),
        lots=0 if budget is not None else read_lots(terms, sent, "sz"),
        tick=None if is_market else read_tick(terms, sent, "px"),
        budget=budget,
        cl_ord_id=_client_id(sent, "clOrdId"),
        tag=str(sent.get("tag") or ""),
        td_mode=td_mode,
        tgt_ccy=tgt_ccy,
        ccy=str(sent.get("ccy") or ""),
        pos_side=pos_side,
        reduce_only=is_true(sent.get("reduceOnly")) and not terms.is_spot,
    )


def read_lots(terms: Terms, sent: Mapping[str, Any], key: str) -> int:
    """Return a size in lots.

    Raises
    ------
    RefusedError
        If it is no size, too small, or no multiple of the lot.
    """
    lots, rest = divmod(_positive(sent, key), terms.lot)
    if lots < terms.instrument.least:
        raise RefusedError(
            "51020", "Your order should meet or exceed the minimum order amount."
        )
    if rest:
        raise RefusedError(
            "51121", "Order quantity must be a multiple of the lot size."
        )
    return lots


def read_tick(terms: Terms, sent: Mapping[str, Any], key: str) -> int:
    """Return a price in ticks.

    Raises
    ------
    RefusedError
        If it is no price, or no multiple of the tick.
    """
    tick, rest = divmod(_positive(sent, key), terms.tick)
    if rest or not tick:
        raise RefusedError("51000", f"Parameter {key} error")
    return tick


def is_true(value: object) -> bool:
    """Tell whether a switch is on: OKX takes true as well as "true"."""
    return str(value).lower() == "true"


def _terms(venue: Venue, sent: Mapping[str, Any]) -> Terms:
    named = sent.get("instIdCode")
    if named is None:
        named = sent.get("instId") or ""
    elif not isinstance(named, int) or isinstance(named, bool):
        # OKX takes a number only (seen 2026-03: a text is refused).
        raise RefusedError("51000", "Parameter instIdCode error")
    one = venue.instrument(named) if isinstance(named, int | str) else None
    if one is None:
        raise RefusedError(
            "51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist."
        )
    if not is_dealt_in(one):
        raise RefusedError(
            "51010",
            "Only spot pairs and USDT-margined swaps and futures are traded here",
        )
    return venue.terms(one.inst_id)


def _pos_side(sent: Mapping[str, Any], pos_mode: str) -> str:
    """Return the side of the position; each mode refuses the sides of the other."""
    if pos_mode == "net_mode":
        side = str(sent.get("posSide") or "net")
        known = {"net"}
    else:
        side = str(sent.get("posSide") or "")
        known = {"long", "short"}
    if side not in known:
        raise RefusedError("51000", "Parameter posSide error")
    return side


def _one_of(sent: Mapping[str, Any], key: str, known: set[str] | frozenset[str]) -> str:
    value = sent.get(key)
    if not isinstance(value, str) or value not in known:
        raise RefusedError("51000", f"Parameter {key} error")
    return value


def _positive(sent: Mapping[str, Any], key: str) -> int:
    try:
        whole = amount(sent.get(key))
    except ValueError:
        whole = 0
    if whole <= 0:
        raise RefusedError("51000", f"Parameter {key} error")
    return whole


def _client_id(sent: Mapping[str, Any], key: str) -> str:
    value = str(sent.get(key) or "")
    if not _CLIENT_ID.fullmatch(value):
        raise RefusedError("51000", f"Parameter {key} error")
    return value
