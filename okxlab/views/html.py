"""Static HTML of what a notebook shows when a cell ends in an object.

Without script, style sheet or background: it has the text colour of the page it
stands in, so that it is readable in light and in dark, in JupyterLab, VS Code, an
exported page and, where styles are taken away, on GitHub.  Every text is escaped.

Nothing here raises: a part that cannot be drawn is left out and logged.
"""

from __future__ import annotations

import logging
from html import escape
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from okxlab.views.palette import NEUTRAL, STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

    from okxlab.lab import Lab
    from okxlab.lab.status import LabStatus
    from okxlab.stream import BookStream, Stream
    from okxlab.stream.loading import Loading

__all__ = [
    "book_html",
    "connections_html",
    "lab_html",
    "light",
    "status_html",
    "stream_html",
    "streams_html",
]

_log = logging.getLogger("okxlab.views")

_ROWS: Final = 5
_COLUMNS: Final = 14
"""Columns of a table; a wider one has an ellipsis in its middle."""
_FIGURES: Final = ("rows", "rows/s", "lag", "gaps")
_ERROR: Final = "last error"
"""Columns of the table of streams."""
_LEVELS: Final = 5
_GAPS: Final = 5
_LONGEST: Final = 300
"""Characters of an error; the whole of it is in the log."""


def stream_html(stream: Stream) -> str:
    """Return a stream as a card: status, counters, last rows, gaps.

    Parameters
    ----------
    stream
        In any state.

    Returns
    -------
    str
        HTML.
    """
    return _card(
        lambda: _headline(*_named(stream), stream.status),
        lambda: _facts(_counters(stream)),
        lambda: _trouble(stream),
        lambda: _table(stream.frame(last=_ROWS)),
        lambda: _gaps(stream.gaps),
    )


def book_html(book: BookStream) -> str:
    """Return a book as a card: status, spread, the best levels, gaps.

    Parameters
    ----------
    book
        In any state; while it is torn it has no levels.

    Returns
    -------
    str
        HTML.
    """
    return _card(
        lambda: _headline(*_named(book), book.status),
        lambda: _facts(_figures(book)),
        lambda: _facts(_counters(book)),
        lambda: _trouble(book),
        lambda: _table(book.depth(_LEVELS)),
        lambda: _gaps(book.gaps),
    )


def lab_html(lab: Lab) -> str:
    """Return a lab as a card: environment, connections, streams.

    Parameters
    ----------
    lab
        In any state.

    Returns
    -------
    str
        HTML.
    """
    return _card(
        lambda: _lab_headline(lab.status),
        lambda: _facts(_limits(lab.status)),
        lambda: _connections(lab.status),
        lambda: _streams(lab),
    )


def connections_html(lab: Lab) -> str:
    """Return the connections of a lab, with its limits, as HTML."""
    return _card(lambda: _facts(_limits(lab.status)), lambda: _connections(lab.status))


def streams_html(lab: Lab) -> str:
    """Return the streams of a lab with their counters, as HTML."""
    return _card(lambda: _streams(lab))


def status_html(status: LabStatus) -> str:
    """Return what a lab was doing as a card.

    Parameters
    ----------
    status
        As ``lab.status``.

    Returns
    -------
    str
        HTML.
    """
    return _card(
        lambda: _lab_headline(status),
        lambda: _facts(_limits(status)),
        lambda: _connections(status),
        lambda: _grid(
            ("stream", "status"),
            [(escape(name), light(state)) for name, state in status.streams],
        ),
    )


# Parts.


def _card(*parts: Callable[[], str]) -> str:
    made = "".join(map(_or_nothing, parts))
    return f'<div style="line-height:1.6;margin:4px 0">{made}</div>'


def _or_nothing(part: Callable[[], str]) -> str:
    try:
        return part()
    except Exception:  # noqa: BLE001  # a repr that raises puts a traceback into the cell
        _log.exception("a part of a representation cannot be drawn")
        return ""


def _headline(what: str, title: str, status: str) -> str:
    return (
        f'<div><b style="font-size:1.1em">{escape(what)}</b> '
        f'<span style="opacity:0.75">{escape(title)}</span> &nbsp;{light(status)}</div>'
    )


def light(status: str) -> str:
    """Return a status with a light, which is not all that tells it."""
    colour = STATES.get(status, NEUTRAL)
    return (
        f'<span style="white-space:nowrap"><span style="color:{colour}">&#9679;</span> '
        f"{escape(status)}</span>"
    )


def _facts(facts: Iterable[str]) -> str:
    said = " &nbsp;·&nbsp; ".join(escape(fact) for fact in facts if fact)
    return f'<div style="opacity:0.85">{said}</div>' if said else ""


def _trouble(stream: Stream) -> str:
    """Return what went wrong last, if anything did."""
    text = str(stream.error or "") or stream.stats.last_error
    return f"<div><b>last error</b> {escape(_cut(text))}</div>" if text else ""


def _table(rows: pd.DataFrame) -> str:
    if not len(rows):
        return ""
    body = _with_short_times(rows).to_html(max_rows=_ROWS, max_cols=_COLUMNS, border=0)
    return f'<div style="overflow-x:auto;white-space:nowrap">{body}</div>'


def _with_short_times(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose times are texts, to the millisecond and without zone."""
    columns = rows.select_dtypes("datetimetz")
    changed = rows.assign(
        **{name: _short(columns[name].dt) for name in columns.columns}
    )
    if getattr(rows.index, "tz", None) is not None:
        changed.index = _short(rows.index).rename(f"{rows.index.name} (UTC)")
    return changed


def _short(times: Any) -> Any:
    return times.strftime("%Y-%m-%d %H:%M:%S.%f").str[:-3]


def _gaps(gaps: pd.DataFrame) -> str:
    if not len(gaps):
        return ""
    count = _count(len(gaps), "gap")
    last = f", the last {_GAPS}" if len(gaps) > _GAPS else ""
    shown = _with_short_times(gaps.tail(_GAPS))
    body = shown.to_html(index=False, na_rep="still open", border=0)
    return f"<details><summary>{count}{last}</summary>{body}</details>"


def _grid(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already."""
    if not rows:
        return ""
    cells = [_cell(name) for name in names]
    head = "".join(
        f'<th style="{cell}">{escape(name)}</th>'
        for cell, name in zip(cells, names, strict=True)
    )
    lines = (
        "".join(
            f'<td style="{cell}">{one}</td>'
            for cell, one in zip(cells, row, strict=True)
        )
        for row in rows
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(name: str) -> str:
    """Return how a column looks: figures below one another, texts in one line."""
    style = "padding:2px 14px 2px 0;text-align:"
    if name in _FIGURES:
        return f"{style}right;white-space:nowrap;font-variant-numeric:tabular-nums"
    return f"{style}left" + ("" if name == _ERROR else ";white-space:nowrap")


# Of streams.


def _named(stream: Stream) -> tuple[str, str]:
    """Return what stands first, and the rest of the name."""
    inst_ids = stream.inst_ids
    if len(inst_ids) == 1:
        return inst_ids[0], stream.channel
    if inst_ids:
        return f"{len(inst_ids)} instruments", stream.channel
    return stream.name, ""


def _counters(stream: Stream) -> list[str]:
    stats = stream.stats
    return [
        _count(len(stream), "row"),
        "" if isnan(stats.rate) else f"{stats.rate:,.1f} rows/s",
        "" if isnan(stats.lag) else f"lag {_seconds(stats.lag)}",
        _coming(stream.loading),
        *(
            _count(number, name) if number else ""
            for number, name in (
                (stats.reconnects, "reconnect"),
                (stats.resyncs, "resync"),
                (stats.skipped, "skipped row"),
                (stats.conflated, "conflated row"),
                (stats.errors, "error"),
                (stats.notices, "notice"),
            )
        ),
    ]


def _coming(loading: Loading | None) -> str:
    """Return how far the past is, as long as it is on its way."""
    if loading is None or loading.is_over:
        return ""
    return f"history {loading.done:,} of {loading.pages or '?'} requests"


def _figures(book: BookStream) -> list[str]:
    top = book.top
    if top is None:
        return ["not synced: no prices are shown until it is whole again"]
    bps = book.spread_bps
    return [
        f"bid {_number(top.bid)}",
        f"ask {_number(top.ask)}",
        "" if bps is None else f"spread {_number(top.spread)} ({bps:.2f} bp)",
        "" if isnan(top.imbalance) else f"imbalance {top.imbalance:+.2f}",
    ]


def _streams(lab: Lab) -> str:
    return _grid(
        ("stream", "status", *_FIGURES, _ERROR),
        [_stream_row(stream) for stream in lab.streams],
    )


def _stream_row(stream: Stream) -> tuple[str, ...]:
    stats = stream.stats
    return (
        escape(stream.name),
        light(stream.status),
        f"{len(stream):,}",
        "" if isnan(stats.rate) else f"{stats.rate:,.1f}",
        "" if isnan(stats.lag) else _seconds(stats.lag),
        f"{stats.gaps:,}" if stats.gaps else "",
        escape(_cut(stats.last_error)),
    )


# Of labs.


def _lab_headline(status: LabStatus) -> str:
    state = "open" if status.is_open else "closed"
    return _headline("okxlab", status.environment, state)


def _limits(status: LabStatus) -> list[str]:
    counts = [
        f"{one.channel}: {one.connections} of {one.limit} connections of the account"
        + (", too many: OKX has ended a subscription" if one.exceeded else "")
        for one in status.channel_counts
    ]
    return [
        "" if status.login == "none" else f"login {status.login}",
        f"at most {status.connects_per_second} new connections a second",
        f"TLS {status.tls}",
        *counts,
    ]


def _waiting(count: int) -> str:
    return f", {count} waiting" if count else ""


def _connections(status: LabStatus) -> str:
    names = ("connection", "state", "subscriptions", "requests", _ERROR)
    return _grid(
        names,
        [
            (
                f'<span title="{escape(one.url)}">{escape(one.path)}</span>',
                light(one.state),
                f"{one.args} of {one.args_limit}{_waiting(one.waiting)}",
                f"{one.requests_used} of {one.requests_limit} an hour",
                escape(_cut(one.last_error)),
            )
            for one in status.connections
        ],
    )


# Texts.


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1_000:,.0f} ms" if abs(seconds) < 10 else f"{seconds:,.1f} s"


def _number(value: Any) -> str:
    return "nobody" if isnan(value) else f"{value:,.10g}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
