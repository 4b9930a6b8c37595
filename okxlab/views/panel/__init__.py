"""The panel: one widget that drives the same lab as code does.

- `panel`: the widget, put together
- `asking`: the row in which one subscribes
- `watching`: the table of streams, and the chart of one of them
- `loads`: how far the past is that they begin with
- `choices`, `listing`: what can be subscribed to
- `switches`: the faults of a simulator
- `login_form`, `log`: what their names say
- `pulse`: what brings it up to date
"""

from okxlab.views.panel.panel import Panel

__all__ = ["Panel"]
