#!/bin/bash
# The first-boot work of CoreOS' initramfs, one function per unit.  What a unit needs of the disk
# (labels, a partition under root) it needs here too, and it fails in the same way without it.
set -euo pipefail

boot=/dev/disk/by-label/boot

karg() {
    local arg value=
    for arg in $(</proc/cmdline); do
        [[ $arg == "$1="* ]] && value=${arg#*=}
    done
    echo "$value"
}

setup-user() { # the config of the boot partition
    [ -w /usr ] || mount -o remount,rw /usr
    mkdir -p /usr/lib/ignition /mnt/boot_partition
    mount -o ro "$boot" /mnt/boot_partition
    if [ -f /mnt/boot_partition/ignition/config.ign ]; then
        cp /mnt/boot_partition/ignition/config.ign /usr/lib/ignition/user.ign
    fi
}

copy-firstboot-network() {
    mkdir -p /mnt/boot_partition
    mount -o ro "$boot" /mnt/boot_partition
    if [ -n "$(ls -A /mnt/boot_partition/coreos-firstboot-network 2>/dev/null)" ]; then
        mkdir -p /run/NetworkManager/system-connections
        cp /mnt/boot_partition/coreos-firstboot-network/* /run/NetworkManager/system-connections/
    fi
}

kargs() { # rdcore kargs: edits the last boot entry, and asks for a reboot if that changed it
    mkdir -p /mnt/kargs
    mount "$boot" /mnt/kargs
    local entry last=
    for entry in /mnt/kargs/loader/entries/*.conf; do
        last=$entry
    done
    local before after
    before=$(sed -n 's/^options //p' "$last")
    after=" $before "
    while [ $# -gt 0 ]; do
        case $1 in
        --should-exist) [[ $after == *" $2 "* ]] || after="$after$2 " ;;
        --should-not-exist) after=${after//" $2 "/ } ;;
        *) echo "unknown: $1" >&2; exit 1 ;;
        esac
        shift 2
    done
    read -r after <<<"$after"
    if [ "$after" != "$before" ]; then
        { grep -v '^options ' "$last"; echo "options $after"; } >/run/entry
        cat /run/entry >"$last"
        touch /run/coreos-kargs-reboot
    fi
    umount /mnt/kargs
}

kargs-reboot() { systemctl reboot --force; }

unique-label() { # rdcore verify-unique-fs-label
    local found
    found=$(blkid --cache-file /dev/null --match-token "LABEL=$1" --output device | wc -l)
    [ "$found" = 1 ] || { echo "found $found file systems with the label $1, not 1" >&2; exit 1; }
}

gpt-setup() { # a disk GUID that is not the image's is left alone
    [ "$(lsblk --noheadings --nodeps --output PTUUID "$boot")" != 00000000-0000-4000-a000-000000000001 ]
}

firstboot-uuid() { # file systems that do not have the image's own UUIDs are left alone
    local uuid
    [ -b "/dev/disk/by-label/$1" ] || { echo "no block device with the label $1" >&2; exit 1; }
    uuid=$(blkid --probe --match-tag UUID --output value "/dev/disk/by-label/$1")
    case $uuid in
    96d15588-3596-4b3c-adca-a2ff7279ea63 | 910678ff-f77e-4a7d-8d53-86f2ac47a823) exit 1 ;;
    esac
}

growfs() {
    local type
    mount /dev/disk/by-label/root /sysroot
    lsblk --noheadings --output TYPE "$(realpath /dev/disk/by-label/root)" | while read -r type; do
        case $type in
        part | crypt) ;;
        *) echo "error: Unsupported blockdev type $type" >&2; exit 1 ;;
        esac
    done
}

boot-edit() { # binds the boot file system to this root, and edits the last boot entry
    mount -o rw "$boot" /sysroot/boot
    rm -rf /sysroot/boot/coreos-firstboot-network
    [ ! -e /sysroot/boot/.root_uuid ] || { echo "boot is bound to another root" >&2; exit 1; }
    cat /proc/sys/kernel/random/uuid >/sysroot/boot/.root_uuid
    local entry last=
    for entry in /sysroot/boot/loader/entries/*.conf; do
        last=$entry
    done
    if [ -e "$last" ]; then
        local uuid
        uuid=$(blkid --match-tag UUID --output value "$boot")
        sed -i "s/^options .*/& boot=UUID=$uuid/" "$last"
    fi
}

mount-var() { # an Ignition file system with the path /var is mounted over it afterwards
    local deployment
    deployment=/sysroot/$(karg ostree)
    [ -L "$deployment" ] || { echo "$deployment is not a symlink" >&2; exit 1; }
    mount --bind "$(realpath "$deployment/../../var")" /sysroot/var
}

umount-var() { umount /sysroot/var; }

populate-var() {
    local name
    for name in lib log home roothome opt srv usrlocal mnt media; do
        [ -d "/sysroot/var/$name" ] && continue
        case $name in
        lib | log | media) mkdir -p "/sysroot/var/$name" ;;
        *) systemd-tmpfiles --create --boot --root=/sysroot --prefix="/var/$name" ;;
        esac
        relabel "/var/$name"
    done
}

relabel() { # coreos-relabel
    local type
    type=$(sed -n 's/^SELINUXTYPE=//p' /sysroot/etc/selinux/config)
    setfiles -Fi -r /sysroot "/sysroot/etc/selinux/$type/contexts/files/file_contexts" \
        "/sysroot$1" </dev/null
}

"$@"
