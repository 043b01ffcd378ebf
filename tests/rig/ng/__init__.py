"""The stand-in for an oVirt Node NG host: a disk image of an installed, once updated, configured host."""
