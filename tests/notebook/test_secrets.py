"""An executed notebook with logins in it: no key is in the saved file."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.notebook

VALUES = {
    "OKX_API_KEY": "quokka-key-4711",
    "OKX_SECRET_KEY": "quokka-secret-4712",
    "OKX_PASSPHRASE": "quokka-pass-4713",
    "WRONG": "quokka-wrong-4714",
}
CELLS = [
    """
import logging, os, sys
import okxlab
from okxlab.simulator import Account

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
logging.getLogger("okxlab.websockets").setLevel(logging.DEBUG)
logging.getLogger("asyncio").setLevel(logging.DEBUG)
%xmode Verbose
key = okxlab.Credentials.from_env()
simulator = okxlab.Simulator(seed=1, accounts=[Account(
    os.environ["OKX_API_KEY"], os.environ["OKX_SECRET_KEY"],
    os.environ["OKX_PASSPHRASE"])]).start()
""",
    """
lab = okxlab.connect(simulator, credentials=key)
orders = lab.stream(channel="orders", inst_type="SPOT")
account = lab.stream(channel="account")
simulator.trade("BTC-USDT", "buy", "0.1")
rows = account.wait()
account
""",
    "lab.status",
    "key, lab, simulator, simulator.environment, orders, account.error, vars(lab)",
    "lab.login(okxlab.Credentials.from_env())",
    """
lab.login(okxlab.Credentials(
    os.environ["OKX_API_KEY"], os.environ["OKX_SECRET_KEY"], os.environ["WRONG"]))
""",
    """
lab.login(okxlab.Credentials(
    os.environ["OKX_API_KEY"], os.environ["WRONG"], os.environ["OKX_PASSPHRASE"]))
""",
    "import pickle; pickle.dumps(key)",
    "%whos",
    "lab.close(); simulator.stop()",
]


def test_a_saved_notebook_has_no_key_in_it(tmp_path, monkeypatch):
    """Not in outputs, not in verbose tracebacks, not in debug records."""
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]

    NotebookClient(
        notebook,
        timeout=60,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": tmp_path}},
    ).execute()
    saved = nbformat.writes(notebook)

    raised = [
        (output.ename, index)
        for index, cell in enumerate(notebook.cells)
        for output in cell.outputs
        if output.output_type == "error"
    ]
    assert raised == [("LoginError", 5), ("LoginError", 6), ("CredentialsError", 7)]
    assert "logged in" in saved
    assert "60024" in saved
    assert "quokka" not in saved
