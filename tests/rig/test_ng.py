"""The NG stand-in is what ng-host.md says of an NG host; asked in the guest."""

import json
import socket
import ssl
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

import pytest

from . import ng, states
from .guest import Guest
from .ng import names, rpmdb
from .switch import Switch

pytestmark = pytest.mark.vm


class Up(NamedTuple):
    """A resumed guest and what belongs to it."""

    guest: Guest
    switch: Switch
    image: ng.NgImage


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    image = ng.build()
    state = states.ng_up(image)
    directory = tmp_path_factory.mktemp("ng")
    with Switch() as switch, Guest(directory, image.disks, switch=switch) as guest:
        guest.resume(state)
        yield Up(guest, switch, image)


def lines(up: Up, command: str) -> List[str]:
    return up.guest.ssh(command).stdout.splitlines()


def volumes(up: Up) -> Dict[str, Dict[str, str]]:
    fields = "lv_name,lv_attr,lv_tags,origin,lv_size"
    report = up.guest.ssh(
        f"lvs --reportformat json --units b --nosuffix -o {fields} {names.VG}"
    ).stdout
    found: List[Dict[str, str]] = json.loads(report)["report"][0]["lv"]
    return {volume["lv_name"]: volume for volume in found}


def test_image_volumes_have_imgbased_s_tags_origins_and_permissions(up: Up) -> None:
    found = volumes(up)

    def of(name: str) -> List[str]:
        volume = found[name]
        attributes = volume["lv_attr"]
        skip, active = attributes[9], attributes[4]
        return [attributes[:3], active, skip, volume["lv_tags"], volume["origin"]]

    assert of("root") == ["Vri", "-", "k", "imgbased:init", ""]
    assert of(names.OLD.nvr) == ["Vwi", "-", "k", "imgbased:layer", "root"]
    assert of(names.OLD.layer) == ["Vwi", "a", "-", "imgbased:layer", names.OLD.nvr]
    assert of(names.NEW.nvr) == ["Vri", "-", "k", "imgbased:base", ""]
    assert of(names.NEW.layer) == ["Vwi", "a", "-", "imgbased:layer", names.NEW.nvr]
    assert of("var_tmp")[3] == "imgbased:volume"
    assert of("var")[3] == ""
    images = ("root", names.OLD.nvr, names.OLD.layer, names.NEW.nvr, names.NEW.layer)
    assert len({found[name]["lv_size"] for name in images}) == 1


def test_the_vg_is_tagged_and_a_fifth_of_it_is_free(up: Up) -> None:
    tags, size, free = up.guest.ssh(
        f"vgs --noheadings --units b --nosuffix -o vg_tags,vg_size,vg_free {names.VG}"
    ).stdout.split()
    assert tags == "imgbased:vg"
    assert 0.18 < int(free) / int(size) < 0.25


def test_every_image_volume_has_its_own_file_system_uuid(up: Up) -> None:
    script = (
        f"for lv in root {names.OLD.nvr} {names.NEW.nvr}; do lvchange -ay -K {names.VG}/$lv; done;"
        f"blkid -o value -s UUID /dev/{names.VG}/*ovirt-node* /dev/{names.VG}/root;"
        f"for lv in root {names.OLD.nvr} {names.NEW.nvr}; do lvchange -an {names.VG}/$lv; done"
    )
    uuids = lines(up, script)
    assert len(uuids) == len(set(uuids)) == 5


def test_the_new_layer_runs_and_the_volumes_are_mounted(up: Up) -> None:
    mounts = dict(line.split()[:2] for line in lines(up, "findmnt -rno TARGET,SOURCE"))
    escaped = names.NEW.layer.replace("-", "--")
    assert mounts["/"] == f"/dev/mapper/{names.VG}-{escaped}"
    for mount, (volume, _) in names.VOLUMES.items():
        assert mounts[mount] == f"/dev/mapper/{names.VG}-{volume}"
    assert mounts["/boot"].endswith("3")
    assert lines(up, "head -1 /etc/systemd/system/var-tmp.mount") == ["# Created by imgbased"]
    assert "/var/tmp" not in up.guest.ssh("cat /etc/fstab").stdout


def test_boot_entries_and_grubenv_are_imgbased_s(up: Up) -> None:
    entries = lines(up, "ls /boot/loader/entries")
    layers = (names.OLD.layer, names.NEW.layer)
    assert entries == [f"{layer}-{up.image.kernel}.conf" for layer in layers]
    text = up.guest.ssh(f"cat '/boot/loader/entries/{up.image.entry}.conf'").stdout
    assert f"\nlinux //{names.NEW.layer}/vmlinuz-{up.image.kernel}\n" in text
    assert text.startswith(f"title {up.image.title}\n")
    assert f" boot=UUID={names.BOOT_UUID} rootflags=discard img.bootid={names.NEW.layer}\n" in text
    assert f"img.bootid={names.NEW.layer}" in up.guest.ssh("cat /proc/cmdline").stdout
    environment = lines(up, "grub2-editenv - list; stat -c %s /boot/grub2/grubenv")
    assert f"saved_entry={up.image.title}" in environment
    assert environment[-1] == "1024"
    up.guest.ssh("grub2-script-check /boot/grub2/grub.cfg; test -f /etc/grub2.cfg")


def test_rpm_databases_tell_what_the_admin_added(up: Up) -> None:
    live = set(lines(up, "rpm -qa"))
    factory = set(lines(up, "rpm -qa --dbpath /usr/share/factory/var/lib/rpm"))
    added = [rpmdb.IMAGE_UPDATE, *rpmdb.admin_packages()]
    expected = {f"{p.name}-{p.version}-{p.release}.{p.arch}" for p in added}
    assert live - factory == expected
    assert not factory - live
    assert len(factory) == len(rpmdb.image_packages(names.NEW))
    assert lines(up, "readlink /var/lib/rpm") == ["../../usr/share/rpm"]
    count = "import rpm; print(len(list(rpm.TransactionSet().dbMatch())))"
    assert lines(up, f"python3 -c '{count}'") == [str(len(live))]
    kept = set(lines(up, "ls /var/imgbased/persisted-rpms"))
    assert {p.file_name for p in rpmdb.admin_packages()} < kept


def test_rpm_sees_what_the_admin_changed_and_nothing_else(up: Up) -> None:
    changed = {line.split()[-1]: line for line in lines(up, "rpm -Va || true")}
    assert changed["/etc/chrony.conf"].startswith("S.5")
    assert changed["/etc/motd"].startswith("missing")
    not_config = [path for path, line in changed.items() if " c " not in line]
    assert not_config == []
    assert "/etc/dnf/dnf.conf" not in changed


def test_the_older_layer_is_the_older_image(up: Up) -> None:
    script = (
        f"mount -o ro,noload /dev/{names.VG}/{names.OLD.layer} /mnt; trap 'umount /mnt' EXIT;"
        "cat /mnt/usr/share/imgbase/build/meta/nvr; echo; grep VARIANT= /mnt/etc/os-release;"
        "grep -c . /mnt/etc/fstab; awk '$2 == \"/\" {print $1}' /mnt/etc/fstab;"
        "rpm -q --dbpath /mnt/usr/share/rpm ovirt-release-host-node"
    )
    found = lines(up, script)
    assert found[0] == names.OLD.nvr
    assert found[1] == f'VARIANT="oVirt Node {names.OLD.version}"'
    assert found[3] == f"/dev/{names.VG}/{names.OLD.layer}"
    assert found[4] == f"ovirt-release-host-node-{names.OLD.version}-1.el9.x86_64"


def test_what_the_tool_needs_is_there(up: Up) -> None:
    version = up.guest.ssh("python3 -c 'import sys; print(sys.version_info[:2])'").stdout.strip()
    assert version == "(3, 9)"
    up.guest.ssh(
        "python3 -c 'import gi, rpm, click, tqdm, yaml, jsonschema, pyudev, pytest, blivet;"
        'gi.require_version("OSTree", "1.0"); from gi.repository import OSTree; blivet.Blivet()\'',
        timeout=300,
    )
    up.guest.ssh("for program in ostree cpio gpg openssl nmcli efibootmgr; do which $program; done")


def test_factory_is_the_image_before_the_host(up: Up) -> None:
    script = "cd /usr/share/factory/etc && cat machine-id hostname iscsi/initiatorname.iscsi"
    assert not {line for line in lines(up, script) if "node01" in line or "9f3a6c1d7e20" in line}
    for name in ("chrony.conf", "vdsm/vdsm.conf", "ssh/sshd_config", "kdump.conf"):
        script = f"cmp -s /etc/{name} /usr/share/factory/etc/{name}"
        assert up.guest.ssh(script, check=False).rc == 1
    assert up.guest.ssh("test -e /usr/share/factory/etc/pki/vdsm", check=False).rc == 1
    assert lines(up, "ls -d /usr/share/factory/var/lib/vdsm") != []


def test_vdsm_serves_with_the_host_s_certificate_over_bond_and_vlan(up: Up) -> None:
    ca = up.guest.ssh("cat /etc/pki/CA/cacert.pem").stdout
    context = ssl.create_default_context(cadata=ca)
    with socket.create_connection(("127.0.0.1", up.switch.host_port), 60) as plain:
        with context.wrap_socket(plain, server_hostname=names.HOSTNAME) as tls:
            answer: Dict[str, Any] = json.loads(tls.makefile().readline())
    assert answer["hostname"] == names.HOSTNAME
    assert answer["nets"] == ["ovirtmgmt"]
    assert lines(up, "stat -c '%u:%g %a' /etc/pki/vdsm/keys/vdsmkey.pem") == ["36:36 440"]


def test_nothing_failed_at_boot(up: Up) -> None:
    assert lines(up, "systemctl --failed --no-legend --plain") == []


def test_the_storage_domain_is_another_vg(up: Up) -> None:
    tags = up.guest.ssh(f"vgs --noheadings -o vg_tags {names.DATA_VG}").stdout
    assert "RHAT_storage_domain" in tags
    assert f"MDT_SDUUID={names.DATA_VG}" in tags
    active = lines(up, f"lvs --noheadings -o lv_attr {names.DATA_VG}")
    assert [attributes.strip()[4] for attributes in active] == ["-"] * 7


def test_the_images_are_not_written(up: Up, tmp_path: Path) -> None:
    assert all(disk.parent != up.guest.directory for disk in up.image.disks)
    for overlay in up.guest.overlays:
        assert overlay.stat().st_size > 0


@pytest.mark.soak
@pytest.mark.parametrize(("firmware", "boot_fs"), [("uefi", "xfs"), ("bios", "xfs")])
def test_both_firmwares_boot_a_disk_with_xfs_on_boot(
    tmp_path: Path, firmware: str, boot_fs: str
) -> None:
    image = ng.build(boot_fs)
    with Switch() as switch, Guest(tmp_path / "g", image.disks, switch=switch) as guest:
        guest.boot(firmware)
        states.wait_vdsm(guest)
        assert guest.ssh("findmnt -no FSTYPE /boot").stdout == f"{boot_fs}\n"
        has_efi = guest.ssh("test -d /sys/firmware/efi/efivars", check=False).rc == 0
        assert has_efi == (firmware == "uefi")
        # GRUB uses up a one-shot entry: it can write its environment block on this file system
        guest.ssh(f"grub2-editenv - set 'next_entry={image.old_layer}-{image.kernel}'")
        guest.ssh("sync; fsfreeze -f /boot; fsfreeze -u /boot")
        before = guest.ssh("cat /proc/sys/kernel/random/boot_id").stdout.strip()
        guest.reset()
        guest.wait_ssh(other_than=before)
        assert f"img.bootid={image.old_layer}" in guest.ssh("cat /proc/cmdline").stdout
        assert "next_entry=\n" in guest.ssh("grub2-editenv - list").stdout
