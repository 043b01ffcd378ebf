"""A report in the formats of others, so that dashboards which exist show our runs too."""

from ng2coreos.report.export.insights import insights
from ng2coreos.report.export.leapp import leapp

__all__ = ["insights", "leapp"]
