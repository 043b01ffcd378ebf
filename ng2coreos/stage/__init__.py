"""What the steps use: thin volumes, the ostree sysroot, state transfer, the boot switch."""

# Modules that firstboot/ takes along: standard library, core/, model/ and each other only.
PORTABLE = ("arm", "bls", "bootdir", "grubenv", "menu", "mounts", "state")
