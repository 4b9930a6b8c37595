"""The live figure: plotly in the page, changes from the kernel."""
