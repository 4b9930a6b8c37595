"""The exchange's own list of instruments, loaded once and without waiting."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from okxlab.lab import Lab

__all__ = ["Listing"]

_log = logging.getLogger("okxlab.panel")


class Listing:
    """What is listed, by kind.

    Parameters
    ----------
    lab
        Is asked for the lists.

    Notes
    -----
    Each list is loaded on a short-lived thread of its own: neither the notebook
    nor the pictures wait for it.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        # Written by the loading threads, one key each; read by anyone.
        self._lists: dict[str, tuple[str, ...]] = {}
        self._asked: set[str] = set()
        self._errors: dict[str, str] = {}

    def get(self, kind: str) -> tuple[str, ...]:
        """Return what is listed, as far as it is known, and have it loaded."""
        if kind not in self._asked:
            self._asked.add(kind)
            threading.Thread(
                target=self._load, args=(kind,), name="okxlab-panel-list", daemon=True
            ).start()
        return self._lists.get(kind, ())

    def said(self, kind: str) -> str:
        """Return how the loading of a list stands, in words."""
        if kind in self._errors:
            return f"the list could not be loaded: {self._errors[kind]}"
        if kind in self._lists:
            return f"{len(self._lists[kind]):,} listed"
        return "loading the list ..."

    def _load(self, kind: str) -> None:
        try:
            self._lists[kind] = self._lab.listed(kind)
            self._errors.pop(kind, None)
        except Exception as error:  # noqa: BLE001  # told to the user, who may type a name
            _log.warning("the list of %s: %s", kind, error)
            self._errors[kind] = str(error)
            self._asked.discard(kind)  # asked for again with the next choice
