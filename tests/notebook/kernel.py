"""A real Jupyter kernel, and an exchange in a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

from jupyter_client.manager import KernelManager

CELL_TIMEOUT = 60
"""Longest time for one cell [s]: far more than any needs, less than a test has."""


class CellError(Exception):
    """A cell raised; the message is its traceback's last line."""


class Kernel:
    """One running kernel; code goes in, what the cell shows comes out."""

    def __init__(self, env: str, **variables: str) -> None:
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(
            env=os.environ
            | {"OKXLAB_ENV": env, "JUPYTER_PREFER_ENV_PATH": "1", **variables},
        )
        self._client = self._connect()

    def _connect(self):
        client = self._manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=CELL_TIMEOUT)
        return client

    def run(self, code: str) -> str:
        """Run a cell and return all it showed as text, stderr included."""
        shown = []

        def show(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                shown.append(content["text"])
            elif message["msg_type"] in ("execute_result", "display_data"):
                shown.append(content["data"]["text/plain"])

        reply = self._client.execute_interactive(
            code, output_hook=show, timeout=CELL_TIMEOUT
        )["content"]
        if reply["status"] != "ok":
            raise CellError(f"{reply.get('ename', 'aborted')}: {reply.get('evalue')}")
        return "".join(shown).strip()

    def start(self, code: str) -> None:
        """Start a cell and do not wait for its end, only for its beginning."""
        self._asked = self._client.execute(
            f"print('begun')\n{code}",
            stop_on_error=False,  # an interrupted cell takes no later one with it
        )
        begun = None
        while begun != self._asked:
            message = self._client.get_iopub_msg(timeout=CELL_TIMEOUT)
            if message["msg_type"] == "stream":
                begun = message["parent_header"]["msg_id"]

    def interrupt(self) -> None:
        """Do what the stop button does, and wait until the started cell has ended."""
        self._manager.interrupt_kernel()
        answered = None
        while answered != self._asked:
            reply = self._client.get_shell_msg(timeout=CELL_TIMEOUT)
            answered = reply["parent_header"]["msg_id"]

    def restart(self) -> None:
        """Do what "Restart kernel" does."""
        self._client.stop_channels()
        self._manager.restart_kernel()
        self._client = self._connect()

    def close(self) -> None:
        """Shut the kernel down as Jupyter does: it is asked, not killed."""
        self._client.stop_channels()
        self._manager.shutdown_kernel()
        self._manager.cleanup_resources()


class ExchangeProcess:
    """``okxlab simulator`` in another process."""

    def __init__(self, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "okxlab", "simulator", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.ws = self._process.stdout.readline().strip()
        self.rest = self._process.stdout.readline().strip()
        self.port = int(self.ws.rpartition(":")[2])

    def kill(self) -> None:
        """End it at once, without a farewell to anyone."""
        with contextlib.closing(self._process.stdout):
            self._process.kill()
            self._process.wait()
