"""The faults of a simulator, as buttons."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.simulator.faults import Faults

__all__ = ["Switches"]

_SWITCHES: Final[tuple[tuple[str, str, Callable[[Any], object]], ...]] = (
    ("Drop connections", "every connection breaks", lambda faults: faults.drop()),
    ("Skip a book update", "the next book is torn", lambda faults: faults.skip_seq()),
    ("Malformed frame", "a frame nobody can read", lambda faults: faults.malformed()),
    (
        "Send a row twice",
        "the next push comes twice",
        lambda faults: faults.duplicate(),
    ),
    ("Mute pongs", "pings are not answered", lambda faults: faults.mute_pongs()),
    ("Stop pushing", "silence on all channels", lambda faults: faults.stop_pushing()),
    ("Refuse a login", "the next one", lambda faults: faults.refuse_logins()),
    ("Service notice", "64008: it is about to restart", lambda faults: faults.notice()),
    ("Clear", "lift every armed fault", lambda faults: faults.clear()),
)


class Switches:
    """A button for each fault, and what is armed.

    Parameters
    ----------
    faults
        Of the simulator.
    say
        Takes what is to be told.
    """

    def __init__(self, faults: Faults, say: Callable[[str], None]) -> None:
        self._faults = faults
        self._say = say
        self.armed = widgets.HTML()
        self.buttons = tuple(self._button(*one) for one in _SWITCHES)
        self.box = widgets.VBox(
            [
                widgets.HBox(self.buttons, layout=widgets.Layout(flex_flow="row wrap")),
                self.armed,
            ]
        )

    def refresh(self) -> None:
        """Say what is armed; any thread."""
        armed = ", ".join(escape(repr(one)) for one in self._faults.armed)
        self.armed.value = f"armed: {armed or 'none'}"

    def _button(
        self, label: str, hint: str, act: Callable[[Any], object]
    ) -> widgets.Button:
        made = widgets.Button(
            description=label, tooltip=hint, layout=widgets.Layout(width="150px")
        )

        def press(_: object) -> None:
            act(self._faults)
            self._say(f"simulator: {label}, {hint}")
            self.refresh()

        made.on_click(press)
        return made
