"""The past by REST: typed calls, finished frames, pages kept on disk.

- `calls`: OKX's calls for trades, bars and funding, with typed rows
- `source`, `sources`, `bars`: what a channel's past is made of, and its pages
- `cache`: whole pages on disk
- `download`: pages side by side, with patience
- `times`, `retrieval`: a question about the past, and its answer
- `frames`, `progress`, `finished`: a DataFrame, while its asker waits
"""

from __future__ import annotations

from okxlab.history.finished import finished_frame
from okxlab.history.retrieval import Request

__all__ = ["Request", "finished_frame"]
