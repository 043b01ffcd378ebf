"""The rig: stand-ins for an oVirt Node NG host and an oVirt Node CoreOS image, booted under QEMU."""
