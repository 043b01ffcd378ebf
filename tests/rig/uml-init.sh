#!/bin/bash
# init of User Mode Linux: this machine's file system is / by hostfs. Sets up what LVM needs, runs the build script, powers off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /run       # never over /tmp: the build may lie below it
power_off() { sync; echo o >/proc/sysrq-trigger; sleep 60; }
trap power_off EXIT
set -ex
for module in dm-mod dm-bufio dm-persistent-data dm-bio-prison dm-thin-pool dm-snapshot; do
    file=$(find "/usr/lib/uml/modules/$(uname -r)" -name "$module.ko" -print -quit)
    [ -z "$file" ] || insmod "$file"
done
# No udevd here, so LVM makes its own nodes; a system directory of its own keeps archives out of this machine's /etc/lvm.
export LVM_SYSTEM_DIR=/run/lvm
mkdir -p /run/lvm/profile /run/m
cat >/run/lvm/lvm.conf <<'CONF'
activation { udev_sync=0 udev_rules=0 verify_udev_operations=0 monitoring=0 }
backup { backup=0 archive=0 }
CONF
set -a
. "$RIG_ENV"
set +a
. "$RIG_SCRIPT"
echo RIG-UML-OK
