"""The past by REST: typed calls, finished frames, pages kept on disk.

- `calls`: OKX's calls for trades, bars and funding, with typed rows
- `source`, `sources`, `bars`: what a channel's past is made of, and its pages
- `coverage`, `chain`: which rows follow one another, and what is missing
- `cache`: whole pages on disk
- `download`: pages side by side, with patience
- `times`, `retrieval`: a question about the past, and its answer
- `frames`, `progress`, `finished`: a DataFrame, while its asker waits
"""

from __future__ import annotations

from okxlab.history.finished import cache_directory, exchange_key, finished_frame
from okxlab.history.retrieval import Request
from okxlab.history.sources import check_history, has_history
from okxlab.history.times import Asked, parse_asked

__all__ = [
    "Asked",
    "Request",
    "cache_directory",
    "check_history",
    "exchange_key",
    "finished_frame",
    "has_history",
    "parse_asked",
]
