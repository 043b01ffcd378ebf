"""The config for a fresh disk: all that the move keeps, nothing of the old disk, the rest named."""

import json
import os
import socket
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Tuple

import pytest

from ng2coreos.core.errors import BadInput, StalePlan
from ng2coreos.core.host import Host
from ng2coreos.execute import config, reinstall
from ng2coreos.execute.bundle import export_bundle
from ng2coreos.model import codec
from ng2coreos.model import plan as p
from ng2coreos.model.ignition import parse_spec
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.places import LVM_DEVICES
from tests.fakes import FakeHost
from tests.ignition import plans
from tests.ignition.oracle import Machine, spec2, spec3
from tests.ignition.test_apply import apply

MIB = 1024 * 1024
FSTAB = (b"# Written by ng2coreos.\nUUID=b-u /sysroot/boot ext4 ro 0 0\n"
         b"/sysroot/boot/coreos /boot none bind 0 0\n/dev/u/ng2coreos_var /var xfs defaults 0 0\n"
         b"UUID=v-u /var/log ext4 defaults 0 0\n/dev/u/swap none swap defaults 0 0\n")
DATA = b"UUID=d-u /var/data xfs defaults,nofail 0 0\n"
ARGS = (p.KernelArg("console=ttyS0", p.ArgAction.KEEP, "", "console=ttyS0"),
        p.KernelArg("crashkernel=auto", p.ArgAction.TRANSLATE, "", "crashkernel=256M"),
        p.KernelArg("rhgb", p.ArgAction.DROP, ""),
        p.KernelArg("rd.luks.uuid=x", p.ArgAction.KEEP, "", "rd.luks.uuid=x"),
        p.KernelArg("", p.ArgAction.ADD, "", "root=UUID=new"))


def plan(fstab: bytes = FSTAB + DATA, ignition: str = "2.14.0") -> p.Plan:
    made = plans.make(
        plans.converted("/etc/fstab", fstab), plans.file("/etc/hostname", b"node01\n"),
        plans.file("/var/lib/vdsm/vdsm.id", b"id\n", mode=0o644, owner="vdsm", group="kvm"),
        plans.file("/root/.bashrc", b"alias\n"),
        identities=replace(
            plans.IDENTITIES, users=(p.IdChange("vdsm", 36, 36, "same"),
                                     p.IdChange("admin", 1001, 1005, "created")),
            groups=(p.IdChange("kvm", 36, 36, "same"), p.IdChange("admin", 1001, 1005, "created"))),
        kernel_args=ARGS, ignition=ignition)
    return replace(made, decisions=replace(
        made.decisions, boot=replace(made.decisions.boot, boot_uuid="b-u"),
        volumes=tuple(replace(v, fs_uuid="v-u") if v.mount == "/var/log" else v
                      for v in made.decisions.volumes)),
        source=replace(made.source, vg="u"))


@pytest.fixture
def host(fake_host: FakeHost) -> FakeHost:
    write = fake_host.write
    write("/etc/machine-id", f"{plan().source.machine_id}\n")
    write("/etc/hostname", "node01\n")
    write("/etc/shadow", "root:$6$r:1:::::::\nadmin:$6$a:1::::::\n")
    owned = [write("/var/lib/vdsm/vdsm.id", "id\n"),
             write("/var/lib/vdsm/persistence/netconf/nets/ovirtmgmt", "{}", mode=0o640)]
    write("/var/lib/vdsm/upgraded_version", "NG's own")
    write("/root/.bashrc", "alias\n")
    write("/root/bin/tool", "#!", mode=0o4755)
    write("/root/cache/thing", "excluded by the plan")
    home = write("/home/admin/.ssh/authorized_keys", "ssh-ed25519 AAAA\n", mode=0o600)
    write("/var/log/messages", "log")
    write("/var/lib/containers/x", "image")
    os.symlink("netconf", str(fake_host.path("/var/lib/vdsm/persistence/link")))
    for path in owned:
        os.chown(path, 36, 36)
    for path in (home, home.parent, home.parent.parent):
        os.chown(path, 1001, 1001)
    return fake_host


def built(host: Host, scratch: Path, made: p.Plan, **more: Any) -> Tuple[bytes, str]:
    """The config as the command writes it, and its notes."""
    bundle = scratch / "bundle"
    export_bundle(host, made, bundle)
    (bundle / "plan.json").write_text(codec.dumps(made))
    out = scratch / "host.ign"
    real = Host(str(host.root))  # ignition-validate is really asked
    document = config.write(real, bundle, out, for_reinstall=True, **more)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    return out.read_bytes(), "\n".join(document.notes)


def machine(text: bytes) -> Machine:
    return spec3(json.loads(text))


def test_all_is_in_it_and_nothing_of_the_disk(host: FakeHost, tmp_path: Path) -> None:
    text, notes = built(host, tmp_path, plan())
    data: Dict[str, Any] = json.loads(text)
    assert data["ignition"] == {"version": "3.3.0"}
    assert data["kernelArguments"] == {"shouldExist": ["console=ttyS0", "crashkernel=256M"]}
    assert "filesystems" not in data["storage"]
    paths = machine(text)["paths"]
    assert {path for path, node in paths.items() if node["kind"] == "files"} == {
        "/etc/fstab", "/etc/hostname", "/etc/tmpfiles.d/ng2coreos.conf", "/var/lib/vdsm/vdsm.id",
        "/var/lib/vdsm/persistence/netconf/nets/ovirtmgmt", "/var/lib/vdsm/upgraded_version",
        "/var/roothome/.bashrc", "/var/roothome/bin/tool",
        "/var/home/admin/.ssh/authorized_keys"}
    assert paths["/etc/fstab"]["data"].endswith(b"reinstalled.\n" + DATA)
    net = paths["/var/lib/vdsm/persistence/netconf/nets/ovirtmgmt"]
    assert (net["data"], net["mode"], net["user"], net["group"]) == (b"{}", 0o640, "vdsm", "kvm")
    assert paths["/var/lib/vdsm/persistence/link"]["target"] == "netconf"
    key = paths["/var/home/admin/.ssh/authorized_keys"]
    assert (key["mode"], key["user"]) == (0o600, 1005)
    assert paths["/var/home/admin"]["user"] == 1005
    assert "/var/roothome" not in paths and "/var/lib/vdsm" in paths
    for left in (b"UUID=b-u", b"ng2coreos_", b"rd.luks", b"root=UUID", b"ng2coreos-trial"):
        assert left not in text
    assert "rd.luks.uuid=x" in notes and "UUID=d-u at /var/data" in notes
    assert "/var/log" in notes and "/var/lib/containers" in notes and "/var/lib/vdsm," not in notes


@pytest.mark.parametrize("remove, keep, kept", [
    (("lib/vdsm",), (), False), (("lib",), (), False), (("**",), (), False),
    (("lib",), ("lib/*/persistence",), True), (("lib/vdsm/persistence/n*",), (), False),
    (("lib/vdsm/other",), (), True)])
def test_what_stays_behind_with_a_directory_above_is_not_in_it(
        host: FakeHost, tmp_path: Path, remove: Tuple[str, ...], keep: Tuple[str, ...],
        kept: bool) -> None:
    made = plan()
    made = replace(made, decisions=replace(made.decisions, volumes=tuple(
        replace(v, remove=remove, keep=keep) if v.mount == "/var" else v
        for v in made.decisions.volumes)))
    text, _ = built(host, tmp_path, made)
    net = "/var/lib/vdsm/persistence/netconf/nets/ovirtmgmt"
    assert (net in machine(text)["paths"]) is kept


def test_what_stays_deleted_comes_back_with_the_image_and_is_named(host: FakeHost,
                                                                   tmp_path: Path) -> None:
    made = plan()
    gone = Item("/etc/motd", "absent", Outcome.CARRIED, "", "answer", replaces="file")
    made = replace(made, decisions=replace(made.decisions, items=(*made.decisions.items, gone)))
    text, notes = built(host, tmp_path, made)
    assert "/etc/motd" in notes and "/etc/motd" not in machine(text)["paths"]


def test_an_fstab_of_the_old_disk_alone_is_none(host: FakeHost, tmp_path: Path) -> None:
    text, notes = built(host, tmp_path, plan(FSTAB))
    assert "/etc/fstab" not in machine(text)["paths"] and "fstab" not in notes


def test_the_devices_file_names_no_disk_that_goes(host: FakeHost, tmp_path: Path) -> None:
    ours, theirs = "aaaaaa-bbbb-cc", "dddddd-eeee-ff"
    old = f"IDTYPE=devname IDNAME=/dev/vda4 DEVNAME=/dev/vda4 PVID={ours.replace('-', '')}\n"
    brick = f"IDTYPE=devname IDNAME=/dev/vdb DEVNAME=/dev/vdb PVID={theirs.replace('-', '')}\n"
    pvs = Check("pvs", "pv-set", "", {"uuids": [ours]})

    def made(text: str) -> p.Plan:
        found = plan()
        item = plans.converted(LVM_DEVICES, text.encode())
        return replace(found, decisions=replace(
            found.decisions, items=(*found.decisions.items, item), checks=(pvs,)))

    text, notes = built(host, tmp_path, made(f"VERSION=1.1.1\n{old}{brick}"))
    assert machine(text)["paths"][LVM_DEVICES]["data"] == f"VERSION=1.1.1\n{brick}".encode()
    assert "/dev/vdb" in notes
    (tmp_path / "none").mkdir()
    text, notes = built(host, tmp_path / "none", made(f"VERSION=1.1.1\n{old}"))
    assert LVM_DEVICES not in machine(text)["paths"]
    assert "LVM" not in notes


def test_ignition_itself_makes_a_root_of_it(host: FakeHost, tmp_path: Path) -> None:
    made = plan()
    made = replace(made, decisions=replace(made.decisions, identities=p.Identities(
        (), (), (), (), ()), items=tuple(replace(item, owner="36", group="36")
                                         for item in made.decisions.items)))
    text, _ = built(host, tmp_path, made)
    root = tmp_path / "fresh"
    root.mkdir()
    apply(text, root, tmp_path)
    assert (root / "var/lib/vdsm/persistence/netconf/nets/ovirtmgmt").read_text() == "{}"
    assert (root / "var/lib/vdsm/persistence/link/nets/ovirtmgmt").is_file()
    found = (root / "var/home/admin/.ssh/authorized_keys").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, 1001)


@pytest.mark.parametrize("ignition, version", [("2.7.0", "3.1.0"), ("0.35.0", "2.2.0")])
def test_arguments_that_a_version_lacks_are_told_as_options_of_the_installer(
        host: FakeHost, tmp_path: Path, ignition: str, version: str) -> None:
    text, notes = built(host, tmp_path, plan(ignition=ignition))
    data = json.loads(text)
    assert data["ignition"] == {"version": version} and "kernelArguments" not in data
    assert "--append-karg console=ttyS0 --append-karg crashkernel=256M" in notes
    if version == "2.2.0":
        assert spec2(data, {})["paths"]["/var/roothome/.bashrc"]["data"] == b"alias\n"
        assert "noCreateHome" not in data["passwd"]["users"][1]


def test_a_version_on_request(host: FakeHost, tmp_path: Path) -> None:
    text, _ = built(host, tmp_path, plan(ignition="2.20.0"), spec=parse_spec("3.5.0"))
    assert json.loads(text)["ignition"] == {"version": "3.5.0"}


def test_it_is_bounded_and_what_does_not_fit_is_named(host: FakeHost, tmp_path: Path) -> None:
    for name, size in (("a", 8 * MIB), ("b", 8 * MIB + 1), ("c", 8 * MIB), ("d", 8 * MIB),
                       ("e", 8 * MIB)):
        host.write(f"/root/big/{name}").write_bytes(b"")
        os.truncate(host.path(f"/root/big/{name}"), size)
    text, notes = built(host, tmp_path, plan())
    assert len(text) < 2 * MIB  # zeros are packed
    paths = machine(text)["paths"]
    assert [name for name in "abcde" if f"/var/roothome/big/{name}" in paths] == ["a", "c", "d"]
    assert "too large: /root/big (2 files, 16.0 MiB)" in notes


def test_what_json_or_ignition_cannot_say_is_named(host: FakeHost, tmp_path: Path) -> None:
    top = os.fsencode(host.path("/root"))
    with open(os.path.join(top, b"\xff"), "wb"):
        os.mkfifo(os.path.join(top, b"fifo"))
    with socket.socket(socket.AF_UNIX) as made:
        here = os.getcwd()
        os.chdir(top)
        try:
            made.bind("socket")
        finally:
            os.chdir(here)
    try:
        os.setxattr(str(host.path("/root/bin/tool")), "security.capability",
                    bytes.fromhex("0100000200040000000000000000000000000000"))
    except OSError as error:
        pytest.fail(f"no capabilities on {tmp_path}: {error}")
    _, notes = built(host, tmp_path, plan())
    assert "1 names below /root that are not UTF-8" in notes
    assert "2 sockets, pipes and devices below /root" in notes
    assert "without their ACLs or capabilities: /root/bin/tool" in notes


def test_the_same_host_gives_the_same_bytes(host: FakeHost, tmp_path: Path) -> None:
    one, _ = built(host, tmp_path, plan())
    assert built(host, tmp_path, plan())[0] == one


def test_a_file_that_changes_meanwhile_leaves_no_config(host: FakeHost, tmp_path: Path) -> None:
    state = reinstall.collect(host, plan())
    item = next(i for i in state.items if i.source == "/root/bin/tool")
    host.write("/root/bin/tool", "other")
    with pytest.raises(StalePlan, match="/root/bin/tool"):
        list(state.content(item).chunks())


def test_another_host_is_refused(host: FakeHost, tmp_path: Path) -> None:
    host.write("/etc/machine-id", "another\n")
    with pytest.raises(BadInput, match="This is not"):
        built(host, tmp_path, plan())
    assert not (tmp_path / "host.ign").exists()


def test_a_host_without_any_of_it(fake_host: FakeHost) -> None:
    fake_host.write("/etc/machine-id", plan().source.machine_id)
    state = reinstall.collect(fake_host, plan())
    assert (state.items, state.notes) == ((), ())


def test_every_named_directory_has_a_reason() -> None:
    assert len(reinstall.named()) > 10
    assert all(path.startswith("/var/") for path in reinstall.named())
