"""TLS that does not starve beside a busy cell.

Every read of the standard library's TLS gives up the GIL, and a thread in a
Python loop takes up to a switch interval (5 ms) to hand it back: once a record,
that is once a message.  ``aiofastnet`` decrypts without giving it up.  It needs
an OpenSSL that Python is linked to dynamically; elsewhere it falls back to the
standard library's, and that is what is said then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

__all__ = ["patch_tls"]


def patch_tls(loop: asyncio.AbstractEventLoop) -> str:
    """Give a loop the transports of ``aiofastnet`` where these help.

    Parameters
    ----------
    loop
        A selector loop of okxlab's own; it is changed in place.

    Returns
    -------
    str
        "aiofastnet", or "stock: " and why.
    """
    try:
        import aiofastnet
    except ImportError as error:
        return f"stock: aiofastnet cannot be imported ({error})"
    if aiofastnet.OPENSSL_DYN_LIBS is None:
        return "stock: this Python has its OpenSSL built in, out of aiofastnet's reach"
    aiofastnet.patch_loop(loop)
    return "aiofastnet"
