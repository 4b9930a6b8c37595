"""okxlab.rest without a network: what making a client costs."""

from __future__ import annotations

import subprocess
import sys

from okxlab.rest import RestClient


def test_client_is_cheap_until_it_is_used():
    """Making a client neither connects nor imports the HTTP library."""
    code = (
        "import sys; from okxlab.rest import RestClient; "
        "RestClient('https://localhost'); sys.exit('aiohttp' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_repr_names_the_exchange():
    """The repr says which exchange is asked."""
    assert repr(RestClient("https://localhost/")) == "RestClient('https://localhost')"
