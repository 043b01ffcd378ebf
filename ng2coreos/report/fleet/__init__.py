"""The reports of many hosts as one: who is ready, what blocks how many, and in which order to move.

One report is held at a time; what stays of it is a line.
"""

from ng2coreos.report.fleet.gather import Fleet, Host, gather
from ng2coreos.report.fleet.inventory import Inventory, read_inventory
from ng2coreos.report.fleet.views import as_csv, as_html, as_json, as_text
from ng2coreos.report.fleet.waves import Waves, propose

__all__ = ["Fleet", "Host", "Inventory", "Waves", "as_csv", "as_html", "as_json", "as_text",
           "gather", "propose", "read_inventory"]
