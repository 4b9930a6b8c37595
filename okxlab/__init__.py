"""Live OKX market data as pandas DataFrames in a notebook."""

from okxlab._version import __version__

__all__ = ["__version__"]
