"""Frames that nobody expects."""

from __future__ import annotations

from okxlab.simulator.faults.armed_fault import Filter
from okxlab.simulator.faults.switchboard import Switchboard

__all__ = ["FrameFaults"]


class FrameFaults(Switchboard):
    """Switches that send odd frames."""

    def send(
        self,
        frame: str | bytes,
        *,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
    ) -> int:
        """Send a frame of any content: a text frame for str, binary for bytes.

        Parameters
        ----------
        frame
            What to send, as it is.
        path, channel, inst_id
            Only connections of this path, or subscribed to this.

        Returns
        -------
        int
            Connections hit.
        """
        return self._each(
            Filter(path, channel, inst_id), lambda target: target.send(frame)
        )

    def malformed(self, *, path: str | None = None) -> int:
        """Send a text frame that is not JSON; return the connections hit."""
        return self.send('{"arg":{"channel":"tickers","instId":', path=path)

    def binary(self, *, path: str | None = None) -> int:
        """Send a binary frame, as only the SBE path has them; return the hits."""
        return self.send(b"\x00\x01\xfe\xff", path=path)

    def big_frame(self, size: int = 10_000_000, *, path: str | None = None) -> int:
        """Send an event of ``size`` bytes that means nothing; return the hits."""
        frame = '{"event":"padding","msg":"' + "x" * size
        return self.send(frame[: size - 2] + '"}', path=path)

    def unknown_event(self, *, path: str | None = None) -> int:
        """Send an event that no documentation has; return the connections hit."""
        return self.send('{"event":"weather","code":"0","msg":"sunny"}', path=path)

    def unknown_channel(self, *, path: str | None = None) -> int:
        """Send a push of a channel that nobody asked for; return the hits."""
        return self.send(
            '{"arg":{"channel":"no-such-channel","instId":"BTC-USDT"},'
            '"data":[{"instId":"BTC-USDT","ts":"0"}]}',
            path=path,
        )

    def bad_text(self, *, path: str | None = None) -> int:
        """Send a text frame that ends within a character; return the hits.

        RFC 6455 wants UTF-8, so that a client has to end the connection.
        """
        return self.send('{"event":"error","msg":"\udce2\udc82', path=path)
