"""Moves an oVirt Node NG host in place to an ostree-based oVirt Node CoreOS, and back."""

__version__ = "0.1.0"
