"""Every notebook runs top to bottom, twice in one kernel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.notebook

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs_twice_in_one_kernel(path, tmp_path, monkeypatch):
    """Running all cells again works, and no cell writes to stderr."""
    monkeypatch.setenv("OKXLAB_ENV", "simulator")
    notebook = nbformat.read(path, as_version=4)
    twice = nbformat.v4.new_notebook(metadata=notebook.metadata)
    twice.cells = [
        nbformat.from_dict(cell | {"id": f"{cell.id}-{turn}"})
        for turn in (1, 2)
        for cell in notebook.cells
    ]

    NotebookClient(
        twice, timeout=60, resources={"metadata": {"path": tmp_path}}
    ).execute()

    code = [cell for cell in twice.cells if cell.cell_type == "code"]
    assert [
        (cell.source, output.text)
        for cell in code
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ] == []
    assert all(cell.outputs for cell in code)
