"""Which rows of a private channel a subscription is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.accounts.news import News
    from okxlab.simulator.accounts.venue import Venue
    from okxlab.simulator.instruments import Instrument

__all__ = ["of_ccy", "scripted_share", "share", "told_of"]

Rows = list[dict[str, Any]]


def share(arg: Arg, news: News) -> Rows:
    """Return the rows of some news that a subscription is about."""
    if arg.channel != news.channel:
        return []
    ccy = arg.get("ccy")
    if news.channel == "account":
        return [of_ccy(row, ccy) for row in news.rows]
    if news.channel == "account-greeks":
        return [row for row in news.rows if ccy in {None, row["ccy"]}]
    if news.instrument is not None and not _fits(arg, news.instrument):
        return []
    return news.rows


def of_ccy(row: dict[str, Any], ccy: str | None) -> dict[str, Any]:
    """Return a row of the account with one currency, or with all."""
    if ccy is None:
        return row
    details = [detail for detail in row["details"] if detail["ccy"] == ccy]
    return {**row, "details": details}


def told_of(arg: Arg, venue: Venue, rows: Iterable[dict[str, Any]]) -> Rows:
    """Return the rows of instruments that a subscription is about."""
    return [row for row in rows if _fits(arg, venue.terms(row["instId"]).instrument)]


def scripted_share(arg: Arg, venue: Venue, rows: Iterable[dict[str, Any]]) -> Rows:
    """Return the rows of a scripted channel that a subscription is about.

    Each key of the arg narrows them to rows with that member; an instType of ANY
    does not, nor does a family beside an instId.
    """
    wanted = {key: value for key, value in arg.params if value != "ANY"}
    family = wanted.pop("instFamily", None)
    if "instId" in wanted:
        family = None
    return [
        row
        for row in rows
        if all(row[key] == value for key, value in wanted.items())
        and (family is None or family == _family(venue, row))
    ]


def _fits(arg: Arg, one: Instrument) -> bool:
    """Tell whether a subscription is about an instrument; an instId decides alone."""
    inst_id = arg.get("instId")
    if inst_id is not None:
        return inst_id == one.inst_id
    return arg.get("instType") in {None, "ANY", one.inst_type} and (
        arg.get("instFamily") in {None, one.family}
    )


def _family(venue: Venue, row: dict[str, Any]) -> str | None:
    one = venue.instrument(row["instId"])
    return None if one is None else one.family
