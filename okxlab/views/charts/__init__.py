"""Charts: from frames to figures of plotly.

Pure functions: a `Subject` (the frames of a stream at one moment) goes in, a
`Drawing` (traces and layout as plain values) comes out, and `Chart.figure` makes
a `plotly.graph_objects.Figure` of that.  Formulas are those of `okxlab.metrics`.

- `subject`: what is drawn
- `chart`, `catalogue`: what a chart is, and all of them by name
- `candles`, `price`, `trades`, `tape`, `depth`, `heatmap`, `spread`, `funding`,
  `liquidations`, `account`, `rebased`, `health`, `rows`: the charts
- `panels`, `theme`, `shading`, `thinning`, `amounts`, `arrays`: what they share
"""

from okxlab.views.charts.catalogue import CHARTS, chart_of, default_of, fitting
from okxlab.views.charts.chart import Chart, Drawing
from okxlab.views.charts.subject import Subject
from okxlab.views.charts.theme import THEMES, template

__all__ = [
    "CHARTS",
    "THEMES",
    "Chart",
    "Drawing",
    "Subject",
    "chart_of",
    "default_of",
    "fitting",
    "template",
]
