"""The registry: one entry for each OKX channel; all else is derived from it.

Routing, validation, decoding, DataFrame columns, the simulator, the command
line and the documentation read these entries and repeat none of their facts.
Sources: the channel pages of OKX's v5 documentation (2026-08-22); each entry
names its page.

- `entry`: what an entry is
- `market`, `books`, `listings`, `spreads`, `blocks`, `account`, `orders`, `bots`:
  the entries
- `lookup`: all of them, and finding one
- `arguments`: from what a user asks for to the arg on the wire
"""

from __future__ import annotations

from okxlab.protocol.channels.arguments import make_arg
from okxlab.protocol.channels.entry import (
    FAMILY,
    INDEX,
    INST_TYPES,
    SPREAD,
    Channel,
    Kind,
    Path,
)
from okxlab.protocol.channels.lookup import CHANNELS, all_names, channel, near_miss

__all__ = [
    "CHANNELS",
    "FAMILY",
    "INDEX",
    "INST_TYPES",
    "SPREAD",
    "Channel",
    "Kind",
    "Path",
    "all_names",
    "channel",
    "make_arg",
    "near_miss",
]
