"""The lab: one exchange, its connections and the streams of a notebook."""

from okxlab.lab.current import (
    book,
    channels,
    connect,
    current_lab,
    history,
    instruments,
    panel,
    stream,
)
from okxlab.lab.lab import Lab
from okxlab.lab.status import ChannelCount, ConnectionStatus, LabStatus

__all__ = [
    "ChannelCount",
    "ConnectionStatus",
    "Lab",
    "LabStatus",
    "book",
    "channels",
    "connect",
    "current_lab",
    "history",
    "instruments",
    "panel",
    "stream",
]
