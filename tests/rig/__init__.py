"""The rig: stand-ins for an oVirt Node NG host and a CoreOS image, booted under QEMU."""
