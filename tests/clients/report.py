"""What a client can be asked to do, and how its script tells how that went.

A script prints one JSON object a line for each check; everything else that it or its
client prints is passed over.  Nothing but the standard library, since scripts run in
the environments of their clients.
"""

from __future__ import annotations

import contextlib
import json
import sys
import traceback

CHECKS = {
    "tickers": "a ticker with all its members",
    "trades": "trades, none left out",
    "books": "a book kept by its updates, and by its checksums if they have any",
    "candles": "candles on the business path",
    "login": "let in with the right passphrase",
    "refused": "a wrong passphrase refused",
    "account": "balances",
    "positions": "an open position",
    "orders": "the states of an order",
    "place": "a resting limit order, live",
    "cancel": "the same, canceled",
    "fill": "a market order, filled",
}
"""Each check, in the order of the table."""


class Report:
    """Tells how each check went; a failed one does not keep others from being made."""

    def __init__(self):
        self.has_failed = False

    @contextlib.contextmanager
    def check(self, *names):
        """Report the checks as passed if the block ends, and as failed if it raises."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # a check may fail in any way
            traceback.print_exc()
            self.has_failed = True
            words = "".join(traceback.format_exception_only(error)).strip()
            self._tell(names, "failed", words)
        else:
            self._tell(names, "ok", "")

    def unknown(self, *names, why):
        """Report checks that the client has no means for."""
        self._tell(names, "unknown", why)

    def end(self):
        """Leave with the exit code of a failure, if there was one."""
        sys.stdout.flush()
        sys.exit(1 if self.has_failed else 0)

    @staticmethod
    def _tell(names, result, words):
        for name in names:
            assert name in CHECKS, name
            line = json.dumps({"check": name, "result": result, "words": words})
            # Clients print too; a line of its own is found again.
            print(f"\n{line}", flush=True)
