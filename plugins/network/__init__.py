"""Network: stored connections become keyfiles, names are pinned by MAC address, both are proved.

What lies where: reading.py reads the host; shvar.py, source.py, connection.py, link.py, bond.py,
bridge.py, ethtool.py, ipv4.py, ipv6.py and routes.py say what an ifcfg file means, convert.py puts
them together, keyfile.py writes; naming.py pins, agreement.py compares with vdsm, checks.py proves.
"""

from .plugin import Network

PLUGIN = Network

__all__ = ["PLUGIN", "Network"]
