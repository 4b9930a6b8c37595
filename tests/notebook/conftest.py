"""Kernels and exchanges for the tests in this directory."""

from __future__ import annotations

import os

import pytest

from tests.notebook.kernel import ExchangeProcess, Kernel

# Jupyter's own choice of directories is announced to change; it warns otherwise.
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")


@pytest.fixture
def exchange():
    """Run an exchange in another process."""
    running = ExchangeProcess()
    yield running
    running.kill()


@pytest.fixture
def kernel(exchange):
    """Run a kernel whose environment is that exchange."""
    running = Kernel(exchange.ws)
    yield running
    running.close()
