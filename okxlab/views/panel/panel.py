"""The panel: one widget that drives the same lab as code does."""

from __future__ import annotations

import logging
import threading
from html import escape
from typing import TYPE_CHECKING, Any, Final, Protocol

import ipywidgets as widgets

from okxlab.views.figure import page
from okxlab.views.figure.displayed import Displayed
from okxlab.views.html import connections_html, light
from okxlab.views.palette import AMBER, SELL
from okxlab.views.panel.asking import Asking
from okxlab.views.panel.loads import Loads
from okxlab.views.panel.log import RecentLog
from okxlab.views.panel.login_form import LoginForm
from okxlab.views.panel.pulse import Pulse
from okxlab.views.panel.still import still_html
from okxlab.views.panel.switches import Switches
from okxlab.views.panel.watching import Watching

if TYPE_CHECKING:
    from okxlab.lab import Lab
    from okxlab.lab.status import ConnectionStatus

__all__ = ["Panel"]

_log = logging.getLogger("okxlab.views")

_GONE: Final = "as the panel was; its buttons are there while a kernel runs"
_MARIMO: Final = (
    "as the panel was when this cell ran: marimo shows no Jupyter widgets but those of "
    "anywidget, among them the live charts of streams and the login of a panel, "
    "panel.login"
)
_EVERY: Final = 0.5
"""Time between two looks at the lab [s]."""
_LOOPBACK: Final = ("ws://127.", "ws://localhost", "ws://[::1]", "wss://127.")
"""Where nobody has real money."""


class _PainterLike(Protocol):
    def add(self, job: Any) -> None:
        """Look after a job from now on."""

    def remove(self, job: Any) -> None:
        """Look after it no more."""


class Panel(Displayed, widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Environment, subscriptions, streams, a chart, a log, a login, faults.

    Made by `Lab.panel` and `okxlab.panel`.  What it opens, code sees, and the
    reverse: both drive the same lab.

    Parameters
    ----------
    lab
        The lab.
    painter
        Whose thread brings the panel up to date.

    Notes
    -----
    What is shown follows the lab also while a cell runs; buttons act when the cell
    has ended, since a kernel hears nothing from the page before that.
    """

    def __init__(self, lab: Lab, painter: _PainterLike) -> None:
        super().__init__()
        self._lab = lab
        self._painter = painter
        self._pulse = Pulse(self.refresh, _EVERY)
        self._closed = False
        # One look at a time: the painter's thread and cells may both ask for one.
        self._lock = threading.RLock()
        self._execution = page.execution()
        self._recent = RecentLog()
        self._shown = -1
        self.head = widgets.HTML()
        self.watching = Watching(lab, self._recent.say)
        self.asking = Asking(lab, self.watching.show, self._recent.say)
        self.loads = Loads(lab, self._recent.say)
        self.login = LoginForm(
            lab.login, place=lab.environment.name, is_live=self._is_live
        )
        self.records = widgets.HTML(
            layout=widgets.Layout(max_height="220px", overflow="auto")
        )
        self.connections = widgets.HTML()
        self.switches = (
            Switches(lab.simulator.faults, self._recent.say)
            if lab.simulator is not None
            else None
        )
        self.tabs = self._make_tabs()
        self.children = (
            self.head,
            self.asking.box,
            self.loads.box,
            self.watching.box,
            self.tabs,
        )
        logging.getLogger("okxlab").addHandler(self._recent)
        self.refresh()
        painter.add(self._pulse)

    @property
    def is_closed(self) -> bool:
        """Whether it follows the lab no more."""
        return self._closed

    def refresh(self) -> None:
        """Show what the lab is doing by now; any thread."""
        with self._lock:
            if not self._closed:
                self._refresh()

    def _refresh(self) -> None:
        self.head.value = self._headline(is_busy=self._execution.is_busy)
        self.connections.value = connections_html(self._lab)
        self.watching.refresh()
        self.asking.refresh()
        self.loads.refresh()
        if self.switches is not None:
            self.switches.refresh()
        if self._recent.count != self._shown:
            self._shown = self._recent.count
            self.records.value = self._recent.html

    def close(self) -> None:
        """Follow the lab no more; its streams go on.  Closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        self._painter.remove(self._pulse)
        self.leave_still()
        logging.getLogger("okxlab").removeHandler(self._recent)
        self.watching.close()
        super().close()

    def still(self) -> dict[str, Any]:
        """Return what can be read of it without a kernel, by MIME type."""
        return {"text/plain": repr(self), "text/html": self._still(_GONE)}

    def _still(self, closing: str) -> str:
        try:
            self.watching.refresh()
            head = self._headline(is_busy=False)
            log = self._recent.html if self._recent.count else ""
            return still_html(head, self.watching.still(), log, closing=closing)
        except Exception:  # noqa: BLE001  # a repr that raises puts a traceback into the cell
            _log.exception("no still can be made of this panel")
            return still_html(closing=closing)

    def _display_(self) -> Any:
        """Return what marimo shows, which takes no Jupyter widgets."""
        from IPython.display import HTML

        show: Any = HTML  # not typed
        return show(self._still(_MARIMO))

    def _ipython_display_(self) -> None:
        if self._closed:
            self.show_still()
        else:
            self.show()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<Panel of {self._lab.environment.name}, {state}>"

    @property
    def _is_live(self) -> bool:
        place = self._lab.environment
        is_local = str(place.private or place.public).startswith(_LOOPBACK)
        return not (place.simulated or is_local or self._lab.simulator is not None)

    def _make_tabs(self) -> widgets.Tab:
        parts: list[tuple[str, Any]] = [
            ("Log", self.records),
            ("Connections", self.connections),
            ("Login", self.login),
        ]
        if self.switches is not None:
            parts.append(("Simulator faults", self.switches.box))
        return widgets.Tab(
            [box for _, box in parts], titles=[name for name, _ in parts]
        )

    def _headline(self, *, is_busy: bool) -> str:
        status = self._lab.status
        name = escape(status.environment)
        if self._is_live and status.login == "accepted":
            name = (
                f'<span style="font-size:1.6em;color:{SELL}">LIVE ACCOUNT</span> {name}'
            )
        state = light("open" if status.is_open else "closed")
        lights = " ".join(
            f"&nbsp; {escape(one.path)} {light(one.state)} {_budget(one)}"
            for one in status.connections
        )
        busy = ""
        if is_busy:
            busy = (
                f' &nbsp; <span style="color:{AMBER}">a cell is running: buttons act '
                f"when it has ended</span>"
            )
        return f'<div style="line-height:1.8"><b>okxlab</b> {name} {state} {lights}{busy}</div>'


def _budget(one: ConnectionStatus) -> str:
    """Return how much of its requests a connection has used, in small letters."""
    said = f"{one.requests_used} of {one.requests_limit} requests"
    return f'<span style="opacity:0.6;font-size:0.85em">{said}</span>'
