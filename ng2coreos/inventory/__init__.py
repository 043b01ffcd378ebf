"""The source host, read only: one scanner per thing, each returning the records of model/facts.py.

A scanner takes a `Host` and gives frozen facts.  It starts programs through the host alone, writes
nothing to the host (no lock, cache or hint file either) and answers garbage with BadInput or
Unsupported, never with a traceback.
"""

from ng2coreos.inventory.etc import state as etc_state
from ng2coreos.inventory.files import read_file
from ng2coreos.inventory.left import read as read_left
from ng2coreos.inventory.reader import read
from ng2coreos.inventory.sides import read as read_sides

__all__ = ["etc_state", "read", "read_file", "read_left", "read_sides"]
