"""A far end on loopback that does exactly what a test says, frame by frame."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import deque

from websockets.frames import Close, Frame, Opcode
from websockets.server import ServerProtocol

PATIENCE = 10.0
"""How long a script waits for the client [s]."""


class Peer:
    """The server's side of one connection, for a script."""

    def __init__(self, sock):
        self.sock = sock
        self.protocol = ServerProtocol()
        self.request = None
        self.close_code = None
        self._texts = deque()

    def read_request(self):
        """Wait for the client's handshake."""
        while self.request is None:
            came = self.sock.recv(65_536)
            if not came:
                raise ConnectionError("the client went before it had asked")
            self.protocol.receive_data(came)
            for event in self.protocol.events_received():
                self.request = event

    def handshake(self, then=b""):
        """Accept the client; `then` leaves in the same segment."""
        self.read_request()
        self.protocol.send_response(self.protocol.accept(self.request))
        self.sock.sendall(b"".join(self.protocol.data_to_send()) + then)

    def refuse(self, status, *headers):
        """Refuse the client with an HTTP status."""
        self.read_request()
        lines = [f"HTTP/1.1 {status} No", "Content-Length: 0", *headers, "", ""]
        self.sock.sendall("\r\n".join(lines).encode())

    def send(self, *frames):
        """Send frames in one segment."""
        self.sock.sendall(b"".join(frames))

    def text(self):
        """Wait for the client's next text; None if it has closed."""
        while not self._texts:
            try:
                came = self.sock.recv(65_536)
            except ConnectionError:
                return None
            if not came:
                return None
            self.protocol.receive_data(came)
            for frame in self.protocol.events_received():
                if frame.opcode is Opcode.TEXT:
                    self._texts.append(bytes(frame.data).decode())
                elif frame.opcode is Opcode.CLOSE:
                    self.close_code = Close.parse(frame.data).code
                    return None
        return self._texts.popleft()

    def answer_close(self):
        """Read until the client closes, then finish the closing handshake."""
        while self.close_code is None and self.text() is not None:
            pass
        with contextlib.suppress(OSError):
            self.send(*self.protocol.data_to_send())

    def reset(self):
        """End the connection as a network does that has lost it."""
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )


def frame(payload, opcode=Opcode.TEXT, *, fin=True):
    """Return one frame as the server sends it."""
    payload = payload.encode() if isinstance(payload, str) else payload
    return Frame(opcode, payload, fin).serialize(mask=False)


def tunnel(port, asked):
    """Return a script that is an HTTP proxy with one exchange behind it."""

    def pipe(source, sink):
        with contextlib.suppress(OSError):
            while came := source.recv(65_536):
                sink.sendall(came)
            sink.shutdown(socket.SHUT_WR)

    def script(peer):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += peer.sock.recv(1)
        asked.append(head.split(b"\r\n")[0].decode())
        peer.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as behind:
            back = threading.Thread(target=pipe, args=(behind, peer.sock))
            back.start()
            pipe(peer.sock, behind)
            back.join(PATIENCE)

    return script


class FarEnd:
    """A listening socket and a thread that runs one script a connection.

    The last script serves all further connections.  They are served one after the
    other, or, each on a thread of its own, `side_by_side`.
    """

    def __init__(self, *scripts, side_by_side=False):
        self._is_wide = side_by_side
        self._threads = []
        self.errors = []
        self.peers = []
        self._scripts = list(scripts)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/ws/v5/public"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *args):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._hang_up()
        self._thread.join(PATIENCE)
        self._hang_up()  # on whoever came in the meantime, too
        for thread in self._threads:
            thread.join(PATIENCE)
        assert self.errors == []

    def _hang_up(self):
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)

    def _serve(self):
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE)
            peer = Peer(sock)
            self.peers.append(peer)
            many = len(self._scripts) > 1
            script = self._scripts.pop(0) if many else self._scripts[0]
            if self._is_wide:
                thread = threading.Thread(target=self._run, args=(peer, script))
                self._threads.append(thread)
                thread.start()
            else:
                self._run(peer, script)

    def _run(self, peer, script):
        try:
            with peer.sock:
                script(peer)
        except (ConnectionError, BrokenPipeError):
            return  # the client is gone, as it may be
        except Exception as error:  # noqa: BLE001  # told to the test at its end
            self.errors.append(error)
