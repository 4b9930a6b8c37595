"""Plain text messages out of what a read brings; all else is the library's.

Theory of operation.  OKX sends each message as one plain frame: final, not masked,
not compressed.  Such a frame is its length and its text, and taking it apart costs
a tenth of what the parser of ``websockets`` takes, which does far more than that.
So whole plain frames of text are read here.  Pings, pongs and binary messages go to
the library one by one, so that everything stays in order.  Anything else, a close
frame as well as a header that breaks the protocol, ends this: the library gets that
frame and all that ever follows, answers it and judges it.

Source: RFC 6455, section 5.2.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Framing"]

# First bytes of frames that are final and have no bits of an extension.
_TEXT: Final = 0x81
_BINARY: Final = 0x82
_PING: Final = 0x89
_PONG: Final = 0x8A
_MOST_OF_CONTROL: Final = 125
# Second bytes that say how long the length itself is; beyond them a frame is masked.
_IN_16_BITS: Final = 126
_IN_64_BITS: Final = 127


class Framing:
    """Cuts what one connection reads, from the first byte after the handshake.

    Parameters
    ----------
    longest
        Bytes that a message may have; the library refuses a longer one.

    Attributes
    ----------
    is_over : bool
        Whether all that comes is left to the library.
    """

    def __init__(self, longest: int) -> None:
        self.is_over = False
        self._most = {
            _TEXT: longest,
            _BINARY: longest,
            _PING: _MOST_OF_CONTROL,
            _PONG: _MOST_OF_CONTROL,
        }
        self._begun = bytearray()  # a frame that is not whole yet
        self._needed = 0  # bytes of it without which there is nothing to be told

    def cut(self, data: bytes) -> list[str | bytes]:
        """Return what can be told by now, in order.

        Parameters
        ----------
        data
            What follows the data of the last call.

        Returns
        -------
        list
            Messages as `str`; `bytes` are for the library, which also gets a text
            that is no UTF-8.
        """
        if self._begun:
            self._begun += data
            if len(self._begun) < self._needed:
                return []
            data = bytes(self._begun)
            self._begun.clear()
            self._needed = 0
        if self.is_over:
            return [data]
        found: list[str | bytes] = []
        at, stop = 0, len(data)
        while stop - at > 1:
            head, length, begin = data[at], data[at + 1], at + 2
            is_masked = length > _IN_64_BITS
            if length >= _IN_16_BITS:
                begin = at + (4 if length == _IN_16_BITS else 10)
                # Of a header that is torn, this is no more than the length will be.
                length = int.from_bytes(data[at + 2 : begin], "big")
            if is_masked or length > self._most.get(head, -1):
                self.is_over = True
                return [*found, data[at:]]
            end = begin + length
            if end > stop:
                self._needed = end - at
                break
            try:
                found.append(
                    data[begin:end].decode() if head == _TEXT else data[at:end]
                )
            except UnicodeDecodeError:
                found.append(data[at:end])
            at = end
        self._begun += data[at:]
        return found
