"""The way from the kernel to the page: comms, plotly's script, a busy kernel."""

from __future__ import annotations

import gzip
import importlib.util
import math
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from okxlab.errors import OkxlabError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Execution",
    "after_each_cell",
    "execution",
    "is_unattended",
    "make_comm",
    "plotly_script",
    "publish",
]

_LEVEL = 3
"""Of compression: a third of the bytes in a twentieth of a second."""


@cache
def plotly_script() -> bytes:
    """Return the plotly.js of the installed plotly package, compressed.

    Raises
    ------
    OkxlabError
        If the package does not carry it.
    """
    spec = importlib.util.find_spec("plotly")
    assert spec is not None, "a figure of plotly was given, so plotly is installed"
    for place in spec.submodule_search_locations or ():
        path = Path(place) / "package_data" / "plotly.min.js"
        if path.is_file():
            return gzip.compress(path.read_bytes(), _LEVEL)
    raise OkxlabError(
        "the installed plotly carries no plotly.min.js, which live charts are drawn "
        "with; reinstall it: pip install --force-reinstall plotly"
    )


class Execution:
    """Whether the kernel runs a cell, in which it hears nothing from the page.

    Attributes
    ----------
    is_busy : bool
        True from the beginning of a cell to its end.
    plotly_sent : float
        When plotly's script was sent last [monotonic s]; -inf: never.
    """

    def __init__(self) -> None:
        self.is_busy = False
        self.plotly_sent = -math.inf

    @property
    def has_sent_plotly(self) -> bool:
        """Whether plotly's script was sent in the life of this kernel."""
        return self.plotly_sent > -math.inf

    def begin(self, *_: object) -> None:
        """Take down that a cell begins."""
        self.is_busy = True

    def end(self, *_: object) -> None:
        """Take down that a cell has ended."""
        self.is_busy = False


def execution() -> Execution:
    """Return what is known of the cells of this kernel.

    The hooks are installed with the first call and stay; without a kernel nothing
    is ever busy.
    """
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return _NO_KERNEL
    # On the shell, so that reloading this module does not hook it twice.
    found: Execution | None = getattr(shell, "_okxlab_execution", None)
    if found is None:
        found = shell._okxlab_execution = Execution()  # noqa: SLF001  # ours
        shell.events.register("pre_execute", found.begin)
        shell.events.register("post_execute", found.end)
        # Whoever makes the first figure does so in a cell; if not, the next one
        # puts it right.
        found.begin()
    return found


_NO_KERNEL = Execution()


def is_unattended() -> bool:
    """Tell whether the cell that runs was sent by a tool, with nobody before it.

    nbclient, and so nbconvert and Voilà, say that nobody could be asked anything;
    every notebook that is looked at says the opposite.
    """
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    return kernel.get_parent().get("content", {}).get("allow_stdin") is False


def after_each_cell(act: Callable[[], None]) -> None:
    """Call a function at the end of every cell from now on; in a kernel."""
    from IPython import get_ipython

    shell: Any = get_ipython()
    shell.events.register("post_execute", act)


def make_comm(comm_id: str, **opening: Any) -> Any:
    """Open a comm that belongs to no cell.

    Messages are ordinarily filed under the cell that runs when they are sent.
    Ours come from a thread, and a tool that executes a notebook would store the
    state of the widget in its file, where it could only be shown with a network.

    Parameters
    ----------
    comm_id
        Of the model.
    **opening
        As for ``comm.create_comm``.
    """
    import comm

    if "ipykernel" in sys.modules:
        from ipykernel.kernelbase import Kernel

        if Kernel.initialized():
            return _kernel_comm()(comm_id=comm_id, **opening)
    return comm.create_comm(comm_id=comm_id, **opening)


@cache
def _kernel_comm() -> Any:
    from ipykernel.comm.comm import BaseComm
    from ipykernel.kernelbase import Kernel

    class PageComm(BaseComm):
        """A comm whose messages have no parent, but for answers to the page."""

        def publish_msg(
            self,
            msg_type: str,
            data: Any = None,
            metadata: Any = None,
            buffers: Any = None,
            **keys: Any,
        ) -> None:
            """Send to the page; safe from any thread."""
            # Widgets look whether there is one before they send.
            kernel: Any = Kernel.instance()
            self.kernel = kernel
            parent = kernel.get_parent()
            asked = parent.get("header", {}).get("msg_type") == "comm_msg"
            # A page that has asked for a state knows the answer by its parent.
            is_answer = asked and (data or {}).get("method") == "update"
            kernel.session.send(
                kernel.iopub_socket,
                msg_type,
                {"data": data or {}, "comm_id": self.comm_id, **keys},
                metadata=metadata or {},
                parent=parent if is_answer else {},
                ident=self.topic,
                buffers=buffers,
            )

    return PageComm


def publish(
    bundle: dict[str, Any], display_id: str | None = None, *, update: bool = False
) -> None:
    """Show a bundle in the output of the cell, or replace what it shows.

    Parameters
    ----------
    bundle
        Representations by MIME type.
    display_id
        Under which it can be replaced later.
    update
        Replace what was shown under that id.
    """
    from IPython.display import display

    show: Any = display  # not typed
    show(bundle, raw=True, display_id=display_id, update=update)
