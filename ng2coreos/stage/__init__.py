"""What the steps use: thin volumes, the ostree sysroot, state transfer, the boot switch."""
