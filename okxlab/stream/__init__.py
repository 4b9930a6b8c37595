"""What the user holds: one subscription, or several, and their window of rows."""

from okxlab.stream.book_stream import BookStream
from okxlab.stream.callback import Callback
from okxlab.stream.stats import Stats
from okxlab.stream.stream import Stream

__all__ = ["BookStream", "Callback", "Stats", "Stream"]
