"""What is announced: the exchange's maintenance and the economy's figures."""

from __future__ import annotations

from typing import Annotated

from okxlab.protocol.columns import Id, Int, Ms, Text, one_of
from okxlab.protocol.rows.base import Row

__all__ = ["EconomicEvent", "Maintenance"]


class Maintenance(Row, frozen=True):
    """One announced interruption of a service of the exchange."""

    ts: Ms = ""
    """Time of the announcement or of its latest change [ms]."""
    title: Text = ""
    """What is going to happen."""
    state: Annotated[
        str, one_of("scheduled", "ongoing", "pre_open", "completed", "canceled")
    ] = ""
    """How far it is; pre_open takes post-only orders and cancellations again."""
    begin: Ms = ""
    """Start [ms]."""
    end: Ms = ""
    """End, expected until it is completed [ms]."""
    pre_open_begin: Ms = ""
    """Start of ``pre_open`` [ms]; missing for short interruptions."""
    href: Text = ""
    """Address of a page with more."""
    service_type: Annotated[
        str, one_of("0", "5", "6", "7", "8", "9", "10", "11", "99")
    ] = ""
    """0 WebSocket, 5 trading, 6 blocks, 7 bots, 8 trading by batches of accounts,
    9 trading by batches of products, 10 spreads, 11 copy trading, 99 other."""
    system: Text = ""
    """System concerned: unified is the trading account."""
    sche_desc: Text = ""
    """What was put off, from when to when."""
    maint_type: Annotated[str, one_of("1", "2", "3")] = ""
    """1 planned, 2 not planned, 3 a disruption."""
    env: Annotated[str, one_of("1", "2")] = ""
    """1 live, 2 demo."""


class EconomicEvent(Row, frozen=True):
    """One figure of the economic calendar.

    Figures come with their unit inside (``"3.5%"``, ``"$ 12 B"``), so they stay
    text.
    """

    ts: Ms = ""
    """Time of the latest change [ms]."""
    calendar_id: Id = ""
    """Id of the release."""
    date: Ms = ""
    """Time of the release [ms]."""
    ref_date: Ms = ""
    """Time that the figure is about [ms]."""
    region: Text = ""
    """Country or region."""
    category: Text = ""
    """Category of the figure."""
    event: Text = ""
    """Name of the figure."""
    actual: Text = ""
    """The figure; missing before its release."""
    previous: Text = ""
    """Figure of the period before, as revised."""
    forecast: Text = ""
    """What economists expect on average."""
    prev_initial: Text = ""
    """Figure of the period before, as first released; missing if not revised."""
    importance: Int = ""
    """1 low, 2 medium, 3 high."""
    ccy: Text = ""
    """Currency of the figure."""
    unit: Text = ""
    """Unit of the figure."""
