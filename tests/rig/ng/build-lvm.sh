# Runs in User Mode Linux (uml-init.sh): the VG, its volumes and their content, in imgbased's order.
# /dev/ubdb4 = PV of the host, /dev/ubdc = file system image of the installed tree, /dev/ubdd = the storage domain's disk.
MKFS="mkfs.ext4 -q -O ^metadata_csum_seed,^orphan_file"     # what bullseye's e2fsck knows
dev() { echo "/dev/$VG/$1"; }
protect() { lvchange -q --permission r --setactivationskip y "$VG/$1"; lvchange -q -an --ignoreactivationskip "$VG/$1"; }
new_fs_uuid() { e2fsck -y -f "$1" || [ $? = 1 ]; tune2fs -U "$2" "$1"; }
mount_at() { mkdir -p "$2"; mount -o discard "$1" "$2"; }

cp "$PROFILE" /run/lvm/profile/
pvcreate -q /dev/ubdb4
vgcreate -q "$VG" /dev/ubdb4

# anaconda: swap (thick), the pool with a fifth of the VG left, root and the NIST volumes of the first image
lvcreate -q -y -L "$SWAP_SIZE" -n swap "$VG"
mkswap -q -U "$SWAP_UUID" "$(dev swap)"
lvcreate -q --thinpool "$POOL" -L "$POOL_SIZE" --poolmetadatasize 128M --chunksize 64K "$VG"
lvcreate -q -V "$ROOT_SIZE" -T "$VG/$POOL" -n root
dd if=/dev/ubdc of="$(dev root)" bs=1M conv=sparse status=none
resize2fs -f "$(dev root)"
tune2fs -U "$ROOT_UUID" "$(dev root)"
mount_at "$(dev root)" /run/m
rm -rf /run/m/usr/share/rpm /run/m/usr/share/factory/var/lib/rpm
tar -C /run/m --numeric-owner -xf "$OLDER_TAR"
umount /run/m
while read -r name size mount tag uuid; do
    lvcreate -q -V "$size" -T "$VG/$POOL" -n "$name"
    $MKFS -U "$uuid" "$(dev "$name")"
    [ "$tag" = - ] || lvchange -q --addtag "$tag" "$VG/$name"
done <"$VOLUMES"

# imgbase layout --init: tags, the first base (writable, tagged as a layer), its layer
vgchange -q --addtag imgbased:vg "$VG"
lvchange -q --addtag imgbased:pool "$VG/$POOL"
lvchange -q --addtag imgbased:init "$VG/root"
lvcreate -q -s -kn -n "$OLD_NVR" "$VG/root"
lvchange -q --addtag imgbased:layer "$VG/$OLD_NVR"
new_fs_uuid "$(dev "$OLD_NVR")" "$OLD_BASE_UUID"
lvchange -q --setactivationskip y "$VG/$OLD_NVR"
lvcreate -q -s -kn -n "$OLD_NVR+1" "$VG/$OLD_NVR"
lvchange -q --addtag imgbased:layer "$VG/$OLD_NVR+1"
new_fs_uuid "$(dev "$OLD_NVR+1")" "$OLD_LAYER_UUID"
lvchange -q -an "$VG/$OLD_NVR"
protect root

# imgbase update: the second base gets the new image's content, its layer the host's state
lvcreate -q -V "$ROOT_SIZE" -T "$VG/$POOL" -n "$NEW_NVR"
lvchange -q --addtag imgbased:base "$VG/$NEW_NVR"
dd if=/dev/ubdc of="$(dev "$NEW_NVR")" bs=1M conv=sparse status=none
resize2fs -f "$(dev "$NEW_NVR")"
tune2fs -U "$NEW_BASE_UUID" "$(dev "$NEW_NVR")"
lvcreate -q -s -kn -n "$NEW_NVR+1" "$VG/$NEW_NVR"
lvchange -q --addtag imgbased:layer "$VG/$NEW_NVR+1"
protect "$NEW_NVR"
new_fs_uuid "$(dev "$NEW_NVR+1")" "$NEW_LAYER_UUID"
lvchange -q --metadataprofile imgbased-pool "$VG/$POOL"

# the host's state, in both layers and in the volumes they share
replace() { (cd "$1" && rm -rf etc root opt srv usr/local && shift && tar --numeric-owner --xattrs -xf "$HOST_TAR" "$@"); }
mount_at "$(dev "$OLD_NVR+1")" /run/m
replace /run/m --exclude=./var --exclude=./home --exclude=./usr/share/rpm
tar -C /run/m --numeric-owner -xf "$OLD_LAYER_TAR"
umount /run/m
mount_at "$(dev "$NEW_NVR+1")" /run/m
while read -r name size mount tag uuid; do mount_at "$(dev "$name")" "/run/m$mount"; done <"$VOLUMES"
chmod 1777 /run/m/tmp /run/m/var/tmp
rm -rf /run/m/usr/share/rpm
replace /run/m
tar -C /run/m --numeric-owner -xf "$NEW_LAYER_TAR"
umount -R /run/m

# the storage domain: a VG that the tool must never touch
pvcreate -q --metadatasize 128M --metadatacopies 2 /dev/ubdd
vgcreate -q --physicalextentsize 8M "$DOMAIN" /dev/ubdd
while read -r tag; do vgchange -q --addtag "$tag" "$DOMAIN"; done <"$DOMAIN_TAGS"
for lv in metadata:128M ids:8M inbox:16M outbox:16M leases:64M master:64M xleases:64M; do
    lvcreate -q -y -L "${lv#*:}" --addtag "MD_${lv%:*}" -n "${lv%:*}" "$DOMAIN"
done
$MKFS "/dev/$DOMAIN/master"

lvs -a -o +lv_tags
vgs -o +vg_tags
vgchange -q -an "$VG" "$DOMAIN"
