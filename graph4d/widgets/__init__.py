"""Figures, controls and dashboards as Jupyter widgets, for a notebook and a served page."""
