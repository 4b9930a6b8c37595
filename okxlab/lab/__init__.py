"""The lab: one exchange, its connections and the streams of a notebook."""

from okxlab.lab.current import (
    channels,
    connect,
    current_lab,
    instruments,
    stream,
)
from okxlab.lab.lab import Lab
from okxlab.lab.status import ConnectionStatus, LabStatus

__all__ = [
    "ConnectionStatus",
    "Lab",
    "LabStatus",
    "channels",
    "connect",
    "current_lab",
    "instruments",
    "stream",
]
