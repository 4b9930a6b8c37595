"""A house before an exchange's REST address, where requests are seen and held up."""

from __future__ import annotations

import contextlib
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 30.0
"""How long the exchange may take, and an answer may be held back [s]."""


class Gatehouse:
    """Passes REST requests on to an exchange and keeps what was in them.

    While `gate` is not set, answers wait there: they are as old as the request.
    While `is_ill` is set, there are no answers but a gateway's error.
    """

    def __init__(self, exchange):
        self.requests = []
        self.gate = threading.Event()
        self.gate.set()
        self.held = threading.Event()
        self.is_ill = threading.Event()
        gate, held, is_ill = self.gate, self.held, self.is_ill
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        seen = self.requests

        class Passing(BaseHTTPRequestHandler):
            """Asks the exchange what it was asked."""

            def do_GET(self):
                seen.append((self.path, dict(self.headers.items())))
                if is_ill.is_set():
                    self.send_error(502)
                    return
                asked = urllib.request.Request(
                    exchange + self.path, headers=dict(self.headers.items())
                )
                try:
                    answer = opener.open(asked, timeout=PATIENCE)
                except urllib.error.HTTPError as error:
                    answer = error
                with contextlib.closing(answer):
                    body = answer.read()
                if not gate.is_set() and "/trade/" in self.path:
                    held.set()
                    gate.wait(PATIENCE)
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
