"""All charts by name, and which of them a stream can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from okxlab.errors import ChannelError
from okxlab.protocol.channels import channel as find_channel
from okxlab.protocol.channels import near_miss
from okxlab.views.charts.account import EQUITY, POSITIONS
from okxlab.views.charts.candles import CANDLES
from okxlab.views.charts.depth import DEPTH
from okxlab.views.charts.funding import FUNDING, OPEN_INTEREST
from okxlab.views.charts.health import HEALTH
from okxlab.views.charts.heatmap import HEATMAP
from okxlab.views.charts.liquidations import LIQUIDATIONS
from okxlab.views.charts.price import PRICE
from okxlab.views.charts.rebased import REBASED
from okxlab.views.charts.rows import TABLE
from okxlab.views.charts.spread import SPREAD
from okxlab.views.charts.tape import TAPE
from okxlab.views.charts.trades import TRADES

if TYPE_CHECKING:
    from okxlab.views.charts.chart import Chart
    from okxlab.views.charts.subject import Subject

__all__ = ["CHARTS", "chart_of", "default_of", "fitting"]

CHARTS: Final = {
    chart.name: chart
    for chart in (
        CANDLES,
        PRICE,
        TRADES,
        TAPE,
        DEPTH,
        HEATMAP,
        SPREAD,
        FUNDING,
        OPEN_INTEREST,
        LIQUIDATIONS,
        EQUITY,
        POSITIONS,
        REBASED,
        HEALTH,
        TABLE,
    )
}
"""Every chart by its name."""


def fitting(subject: Subject) -> tuple[str, ...]:
    """Return the names of the charts that a subject can be drawn as."""
    return tuple(name for name, chart in CHARTS.items() if chart.fits(subject))


def default_of(subject: Subject) -> Chart:
    """Return the chart that the registry names for a channel.

    Several instruments are put on one scale instead, where they have prices; what
    has not the columns for its chart is shown as a table.
    """
    chart = CHARTS.get(find_channel(subject.channel).chart, TABLE)
    if subject.is_many and not chart.is_of_many:
        chart = REBASED
    return chart if chart.fits(subject) else TABLE


def chart_of(subject: Subject, name: str | None = None) -> Chart:
    """Return the chart of a name.

    Parameters
    ----------
    subject
        What is to be drawn.
    name
        A chart; by default that of the channel.

    Raises
    ------
    ChannelError
        If there is no such chart, or it does not fit the channel; with the near
        miss and those that fit.
    """
    if name is None:
        return default_of(subject)
    names = fitting(subject)
    if name in names:
        return CHARTS[name]
    hint = near_miss(str(name), names)
    why = f"no chart {name!r}{hint}"
    if name in CHARTS:
        why = f"the chart {name!r} ({CHARTS[name].title}) needs other columns"
    raise ChannelError(
        f"{why}; channel {subject.channel!r} can be drawn as {', '.join(names)}"
    )
