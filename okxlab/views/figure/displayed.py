"""A widget with a still beside it, which stays where the widget was shown."""

from __future__ import annotations

import uuid
from abc import abstractmethod
from typing import Any

from okxlab.views.figure import page

__all__ = ["Displayed"]

_WIDGET_PROTOCOL = "2.1.0"
"""Version of the widget messages, as ipywidgets 8 speaks them."""


class Displayed:
    """What a live figure and the panel have in common; mixed into a widget.

    Notes
    -----
    A still is for readers that run no kernel: GitHub, nbconvert's HTML, a notebook
    that is opened without trust.  JupyterLab prefers the widget as long as it may,
    so `leave_still` takes the widget away when it has come to its end.
    """

    comm: Any
    model_id: str
    get_state: Any
    _display_id: str | None = None
    _is_renewed = False

    @abstractmethod
    def still(self) -> dict[str, Any]:
        """Return what is seen at this moment, by MIME type; it cannot raise."""

    def open(self) -> None:
        """Make the model in the page; done by itself."""
        if self.comm is None:
            self.comm = page.make_comm(
                uuid.uuid4().hex,
                target_name="jupyter.widget",
                data={"state": self.get_state(), "buffer_paths": []},
                metadata={"version": _WIDGET_PROTOCOL},
            )

    def show(self) -> None:
        """Show the widget in the cell that runs, with the still beside it."""
        if self._display_id is None:
            self._display_id = uuid.uuid4().hex
        page.publish(self._bundle(), self._display_id)
        if not self._is_renewed and page.is_unattended():
            self._is_renewed = True
            page.after_each_cell(self._renew)

    def _bundle(self) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return self.still() | {"application/vnd.jupyter.widget-view+json": view}

    def _renew(self) -> None:
        if self._is_renewed and self._display_id is not None:
            page.publish(self._bundle(), self._display_id, update=True)

    def show_still(self) -> None:
        """Show the still alone in the cell that runs."""
        page.publish(self.still())

    def leave_still(self) -> None:
        """Put the still where the widget was shown, if it was."""
        self._is_renewed = False
        if self._display_id is not None:
            page.publish(self.still(), self._display_id, update=True)
