#!/bin/bash
# What CoreOS adds around Ignition in the initramfs; the units are written by tests/rig/coreos/initrd.py.

check() { return 255; }

depends() { echo ignition ostree; }

install() {
    inst_multiple mount umount mkdir cp cat ls rm sed grep wc realpath blkid lsblk systemd-tmpfiles touch
    inst_script "$moddir/coreos-standin.sh" /usr/libexec/coreos-standin
    inst_script "$moddir/coreos-diskful-generator" \
        "$systemdutildir/system-generators/coreos-diskful-generator"
    mkdir -p "$initdir/usr/sbin"
    printf '#!/bin/sh\nexec /usr/libexec/coreos-standin kargs "$@"\n' >"$initdir/usr/sbin/ignition-kargs-helper"
    chmod 755 "$initdir/usr/sbin/ignition-kargs-helper"
    inst_simple "$moddir/00-core.ign" /usr/lib/ignition/base.d/00-core.ign
    # Debian's Ignition wants to label what it wrote; there is no policy that could say how.
    printf '#!/bin/sh\nexec cat >/dev/null\n' >"$initdir/usr/sbin/setfiles"
    chmod 755 "$initdir/usr/sbin/setfiles"
    mkdir -p "$initdir/etc/systemd/journald.conf.d"
    inst_simple /usr/lib/systemd/journald.conf.d/10-coreos.conf
    local unit target
    while read -r unit target; do
        inst_simple "$moddir/$unit" "$systemdsystemunitdir/$unit"
        systemctl -q --root="$initdir" add-requires "$target" "$unit" || exit 1
    done <"$moddir/required"
}
