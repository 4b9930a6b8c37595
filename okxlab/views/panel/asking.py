"""The row of the panel in which one subscribes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from okxlab.errors import OkxlabError
from okxlab.views.panel.choices import KINDS, LISTED, Choice, choices
from okxlab.views.panel.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Callable

    from okxlab.lab import Lab
    from okxlab.stream import Stream

__all__ = ["Asking"]

_USUAL_BAR: Final = "1m"
_MOST: Final = 5_000
"""Instruments handed to the page: what is typed narrows them down there."""


class Asking:
    """Pickers of instrument, channel, bar and window, and the button.

    Only combinations that exist can be picked: the kind of instrument decides
    which channels there are, the channel whether it has bars and is asked for by
    instrument.

    Parameters
    ----------
    lab
        Where to subscribe.
    opened
        Called with each stream that was asked for.
    say
        Takes what is to be told.
    """

    def __init__(
        self, lab: Lab, opened: Callable[[Stream], None], say: Callable[[str], None]
    ) -> None:
        self._lab = lab
        self._opened = opened
        self._say = say
        self._listing = Listing(lab)
        self._choices: dict[str, Choice] = {}
        self.kind = widgets.Dropdown(options=KINDS, layout=_wide(130))
        self.instrument = widgets.Combobox(
            placeholder="type to search",
            ensure_option=False,
            layout=_wide(210),
        )
        self.channel = widgets.Dropdown(layout=_wide(230))
        self.bar = widgets.Dropdown(layout=_wide(80))
        self.window = widgets.Text(
            value="10000",
            tooltip="window: rows to keep, or a duration such as 15min",
            layout=_wide(80),
            continuous_update=False,
        )
        self.history = widgets.Text(
            placeholder="none",
            tooltip="begin with so much of the past: rows of each instrument, or a "
            "duration such as 1D; empty for none",
            layout=_wide(80),
            continuous_update=False,
        )
        self.button = widgets.Button(
            description="Subscribe", button_style="primary", layout=_wide(100)
        )
        self.listed = widgets.HTML()
        self._fields = {
            field: widgets.VBox([_caption(text), field])
            for text, field in (
                ("kind", self.kind),
                ("instrument", self.instrument),
                ("channel", self.channel),
                ("bar", self.bar),
                ("window", self.window),
                ("history", self.history),
            )
        }
        self.box = widgets.HBox(
            [*self._fields.values(), self.button, self.listed],
            layout=widgets.Layout(flex_flow="row wrap", align_items="flex-end"),
        )
        self.kind.observe(lambda _: self._offer(), "value")
        self.bar.observe(lambda _: self._follow(), "value")
        self.channel.observe(lambda _: self._follow(), "value")
        self.button.on_click(lambda _: self.subscribe())
        self._offer()

    @property
    def choice(self) -> Choice | None:
        """What is picked."""
        return self._choices.get(str(self.channel.value))

    def subscribe(self) -> None:
        """Open what is picked; what is wrong with it is said in words."""
        choice = self.choice
        if choice is None:
            return
        try:
            stream = self._open(choice)
        except (OkxlabError, ValueError) as error:
            self._say(str(error))
        else:
            self._opened(stream)

    def refresh(self) -> None:
        """Follow the lists that have been loaded, and a login; painter thread."""
        kind = str(self.kind.value)
        if {one.entry.name for one in self._offered()} != set(self._choices):
            self._offer()
        if kind not in LISTED:
            self.listed.value = ""
            return
        options = self._listing.get(kind)[:_MOST]
        if self.instrument.options != options:
            self.instrument.options = options
        self.listed.value = (
            f'<span style="opacity:0.7">{self._listing.said(kind)}</span>'
        )

    def _open(self, choice: Choice) -> Stream:
        inst_id = self.instrument.value.strip() if choice.needs_instrument else None
        name, window = self._name_of(choice), _rows_or_duration(self.window.value)
        if choice.is_book:
            return self._lab.book(inst_id or "", channel=name, window=window)
        arg: dict[str, Any] = dict(choice.arg)
        if choice.is_of_family:
            arg["inst_family"], inst_id = inst_id or "", None
        history = self.history.value.strip() if self._has_history(choice) else ""
        past = _rows_or_duration(history) if history else None
        return self._lab.stream(
            inst_id or None, name, window=window, history=past, **arg
        )

    def _name_of(self, choice: Choice) -> str:
        bar = str(self.bar.value or choice.entry.bars[0]) if choice.entry.bars else ""
        return choice.entry.name + bar

    def _has_history(self, choice: Choice) -> bool:
        return self._lab.has_history(self._name_of(choice))

    def _offered(self) -> tuple[Choice, ...]:
        has_login = self._lab.status.login != "none"
        return choices(str(self.kind.value), has_login=has_login)

    def _offer(self) -> None:
        """Offer the channels of the kind, and keep what is picked if it is one."""
        offered = self._offered()
        before = self.channel.value
        self._choices = {one.entry.name: one for one in offered}
        self.channel.options = [
            (f"{name} …" if one.entry.bars else name, name)
            for name, one in self._choices.items()
        ]
        first = next(iter(self._choices), None)
        self.channel.value = before if before in self._choices else first
        if self.kind.value in LISTED:
            self._listing.get(str(self.kind.value))
        self._follow()

    def _show(self, field: widgets.Widget, *, is_shown: bool) -> None:
        self._fields[field].layout.display = "" if is_shown else "none"

    def _follow(self) -> None:
        """Show what the channel asks for besides."""
        choice = self.choice
        bars = choice.entry.bars if choice is not None else ()
        if self.bar.options != bars:
            self.bar.options = bars
            self.bar.value = _USUAL_BAR if _USUAL_BAR in bars else None
        self._show(self.bar, is_shown=bool(bars))
        needs = choice is not None and choice.needs_instrument
        self._show(self.instrument, is_shown=needs)
        has_history = choice is not None and self._has_history(choice)
        self._show(self.history, is_shown=has_history)
        self.channel.tooltip = choice.entry.title if choice is not None else ""


def _caption(text: str) -> widgets.HTML:
    style = "opacity:0.65;font-size:0.8em;line-height:1.2;padding-left:2px"
    return widgets.HTML(
        f'<div style="{style}">{text}</div>', layout=widgets.Layout(height="14px")
    )


def _rows_or_duration(text: str) -> int | str:
    text = text.strip()
    plain = text.replace(",", "").replace("_", "")
    return int(plain) if plain.isdecimal() else text


def _wide(pixels: int) -> widgets.Layout:
    return widgets.Layout(width=f"{pixels}px")
