"""A static figure is plotly's own, with a picture beside it."""

from __future__ import annotations

import copy
import pickle

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from okxlab.views.figure import page
from okxlab.views.figure.static import StaticFigure

PLOTLY = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def notebook(monkeypatch):
    """Let plotly draw as in a notebook, and note what is shown."""
    before = pio.renderers.default
    pio.renderers.default = "plotly_mimetype"
    shown = []

    def publish(bundle, display_id=None, *, update=False):
        del display_id, update
        shown.append(bundle)

    monkeypatch.setattr(page, "publish", publish)
    yield shown
    pio.renderers.default = before


def figure() -> StaticFigure:
    """Return one with a line."""
    return StaticFigure(go.Scatter(x=[1, 2], y=[3, 4]))


def test_a_picture_stands_beside_it(notebook):
    """What plotly's readers get is plotly's, the others find a picture."""
    figure()._ipython_display_()

    (bundle,) = notebook
    assert list(bundle) == ["text/plain", "image/svg+xml", PLOTLY]
    assert bundle[PLOTLY]["data"][0]["y"] == [3, 4]
    assert bundle["image/svg+xml"].startswith("<svg")


def test_another_renderer_is_the_users_choice(notebook):
    """Who has chosen how figures are drawn gets just that."""
    pio.renderers.default = "notebook_connected"
    bundle = figure()._repr_mimebundle_()

    assert list(bundle) == ["text/html"]
    assert notebook == []


def test_it_is_an_ordinary_figure():
    """It is copied, kept and exported as any other."""
    made = figure()

    assert isinstance(made, go.Figure)
    assert copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert "plotly" in made.to_html(include_plotlyjs="cdn")


def test_in_voila_it_is_drawn_by_a_widget(notebook, monkeypatch):
    """Plotly's own drawing there keeps the widgets beside it from appearing."""
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    figure()._ipython_display_()

    (bundle,) = notebook
    assert WIDGET in bundle
    assert PLOTLY not in bundle
