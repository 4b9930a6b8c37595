"""Which clients there are, what each needs, and what is changed of them: one list.

Their sources are not ours, and none of them but python-okx is ever a dependency of
okxlab.  In particular cryptofeed brings GPL code along: it lives in a throw-away
environment of its own and is spoken to over a socket only.
"""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True, kw_only=True)
class Peer:
    """A client: its scripts, and the environment that they run in.

    Parameters
    ----------
    name, version
        What to install: the name in the package registry.
    scripts
        In this directory; each reports some of the checks.
    kind
        Of its environment.
    python
        Least Python that it runs on.
    uses_tls
        Whether it insists on ``wss://``.
    looks_on
        Whether it cannot trade itself, so that a scripted trader does.
    is_ours
        Whether our own test environment has it: it runs there, with the version that
        is there.
    """

    name: str
    version: str
    scripts: tuple[str, ...]
    kind: Literal["python", "node"] = "python"
    python: tuple[int, int] = (3, 11)
    uses_tls: bool = False
    looks_on: bool = False
    is_ours: bool = False

    @property
    def key(self) -> str:
        """What it is called on the command line, and its directory."""
        return f"{self.name}-{self.version}" if self.version else self.name


PEERS = (
    Peer(
        name="websockets",
        version="",
        scripts=("plain_websockets.py",),
        is_ours=True,
    ),
    Peer(
        name="python-okx",
        version="",
        scripts=("python_okx.py", "python_okx_private.py"),
        is_ours=True,
    ),
    Peer(
        name="ccxt",
        version="4.5.90",
        scripts=("ccxt_pro.py",),
    ),
    # The last one that verifies the checksums of books, by floats.
    Peer(
        name="ccxt",
        version="4.5.50",
        scripts=("ccxt_pro.py",),
    ),
    Peer(
        name="cryptofeed",
        version="2.4.1",
        scripts=("cryptofeed_feed.py",),
        uses_tls=True,
        looks_on=True,
    ),
    Peer(
        name="nautilus-trader",
        version="1.231.0",
        scripts=("nautilus_node.py",),
        python=(3, 12),
    ),
    Peer(
        name="okx-api",
        version="3.2.3",
        scripts=("okx_api.cjs",),
        kind="node",
    ),
)
