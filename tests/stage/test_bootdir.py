"""The boot partition: NG's files are never touched, the menu block comes last and goes first."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterable, Iterator, List

import pytest

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.model.plan import BootPlan
from ng2coreos.stage import bls, bootdir
from ng2coreos.stage.bls import Deployed
from tests.fakes import MANY, FakeHost, snapshot
from tests.stage.conftest import UUID, write_deployment

pytestmark = pytest.mark.skipif(
    not (shutil.which("grub-script-check") or shutil.which("grub2-script-check")),
    reason="grub-script-check is not installed")
OVERLAY = b"070701 secret"


def digests(boot: Path) -> "dict[str, str]":
    return bootdir.digests(boot, boot / "grub2/custom.cfg", boot / "grub2/grubenv")


def test_there_and_back_leaves_ng_as_it_was(host: Host, boot: Path, boot_plan: BootPlan) -> None:
    before = snapshot(boot)
    seen = digests(boot)
    bootdir.make_private(boot)
    deployed = write_deployment(boot)
    found = bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    assert set(found) == {"coreos/grub2/grub.cfg", "coreos/grub2/rollback.cfg",
                          "coreos/ng2coreos-firstboot.cpio"}
    assert digests(boot) == seen
    bootdir.verify(host, boot, boot_plan)
    assert len(bootdir.leftovers(boot, boot / "grub2/custom.cfg")) == 4
    bootdir.remove_menu(host.path(boot_plan.custom_cfg), boot)
    assert not (boot / "coreos/ng2coreos-firstboot.cpio").exists()
    bootdir.remove_files(boot)
    assert bootdir.leftovers(boot, boot / "grub2/custom.cfg") == []
    after = snapshot(boot)
    assert {p: v[:4] + v[5:] for p, v in after.items() if p not in (".", "grub2")} == {
        p: v[:4] + v[5:] for p, v in before.items() if p not in (".", "grub2")}
    bootdir.remove_menu(host.path(boot_plan.custom_cfg), boot)
    bootdir.remove_files(boot)


def test_a_kill_before_the_first_stamp_leaves_a_directory_of_ours(boot: Path) -> None:
    private = bootdir.make_private(boot)
    (private / ".ng2coreos").rename(durable.temporary(private / ".ng2coreos"))
    assert bootdir.leftovers(boot, boot / "grub2/custom.cfg") == [str(private)]
    bootdir.make_private(boot)
    (private / ".ng2coreos").rename(durable.temporary(private / ".ng2coreos"))
    bootdir.remove_files(boot)
    assert not private.exists()


def test_installing_twice_changes_nothing(host: Host, boot: Path, boot_plan: BootPlan,
                                          deployed: Deployed) -> None:
    first = bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    durable.make_symlink(boot / "coreos/boot", ".")  # ostree 2020.8 makes it too
    assert bootdir.install(host, boot, boot_plan, deployed, [OVERLAY]) == first
    text = (boot / "grub2/custom.cfg").read_bytes()
    assert text.count(b"# ng2coreos begin") == 1
    assert text.endswith(b"# mine\r\nset x='\xe9'\nlast line without end")


def test_the_links_lead_grub_to_what_the_entries_say(host: Host, boot: Path, boot_plan: BootPlan,
                                                     deployed: Deployed) -> None:
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    for prefix in ("ostree", "boot/ostree", "boot/boot/ostree", "coreos/boot/ostree"):
        assert (boot / prefix / "ovirt-node-abc/vmlinuz-6").read_text() == "k"
    assert os.stat(str(boot / "coreos/ng2coreos-firstboot.cpio")).st_mode & 0o777 == 0o600


def test_the_menu_block_is_the_last_write_and_is_settled(
        host: Host, boot: Path, boot_plan: BootPlan, deployed: Deployed,
        monkeypatch: pytest.MonkeyPatch, settled: List[Path]) -> None:
    writes: List[str] = []
    real = durable.write_parts

    def write(path: Path, parts: Iterable[bytes], **more: Any) -> None:
        writes.append(path.name)
        if path.name == "custom.cfg":
            assert settled == [boot]  # all that the block names is on the disk
            assert (boot / "ostree").is_symlink()
        real(path, parts, **more)

    monkeypatch.setattr(durable, "write_parts", write)
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    assert writes[-1] == "custom.cfg"
    assert settled == [boot, boot / "grub2", boot / "grub2"]  # with its content, with its name


def test_without_grubs_checker_nothing_is_written(boot_plan: BootPlan, boot: Path,
                                                  deployed: Deployed) -> None:
    before = digests(boot)
    with FakeHost(boot.parent) as host:
        host.on("grub2-script-check", missing=True).on("grub-script-check", missing=True)
        with pytest.raises(Unsupported):
            bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    with FakeHost(boot.parent) as host:
        host.on("grub2-script-check", rc=1, stderr="syntax error")
        with pytest.raises(CommandFailed, match="syntax error"):
            bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    assert digests(boot) == before
    assert bootdir.block(boot / "grub2/custom.cfg") == ""
    assert not (boot / "coreos/grub2").exists()


def test_each_text_is_checked(boot: Path, boot_plan: BootPlan, deployed: Deployed) -> None:
    with FakeHost(boot.parent) as host:
        host.on("grub2-script-check", times=MANY)
        bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
        texts = [call.data or b"" for call in host.calls]
    assert len(texts) == 3
    assert any(b"last line without end" in text for text in texts)  # foreign content included


@pytest.mark.parametrize("path", ["coreos/other", "ostree/x", "boot/x"])
def test_what_is_not_ours_is_refused_and_kept(host: Host, boot: Path, boot_plan: BootPlan,
                                              path: str) -> None:
    (boot / path).parent.mkdir()
    (boot / path).write_text("theirs")
    with pytest.raises(BadInput, match="Move it away|is there"):
        bootdir.make_private(boot)
        bootdir.install(host, boot, boot_plan, write_deployment(boot), [OVERLAY])
    bootdir.remove_files(boot)
    assert (boot / path).read_text() == "theirs"
    assert bootdir.block(boot / "grub2/custom.cfg") == ""


@pytest.mark.parametrize("damage", [
    "coreos/grub2/grub.cfg", "coreos/grub2/rollback.cfg", "coreos/ng2coreos-firstboot.cpio",
    "coreos/ostree/ovirt-node-abc/vmlinuz-6", "ovirt-node-4.5/vmlinuz", "ostree",
    "coreos/grub2/grubenv", "grub2/grubenv", "grub2/custom.cfg", "coreos/loader"])
def test_verify_finds_what_is_missing(host: Host, boot: Path, boot_plan: BootPlan,
                                      deployed: Deployed, damage: str) -> None:
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    (boot / damage).unlink()
    with pytest.raises(BadInput):
        bootdir.verify(host, boot, boot_plan)


@pytest.mark.parametrize("damage", ["coreos/grub2/grub.cfg", "coreos/grub2/rollback.cfg"])
def test_verify_finds_what_was_changed(host: Host, boot: Path, boot_plan: BootPlan,
                                       deployed: Deployed, damage: str) -> None:
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    with open(boot / damage, "a") as stream:
        stream.write("#")
    with pytest.raises(BadInput, match="not as it was written"):
        bootdir.verify(host, boot, boot_plan)


def test_verify_finds_another_deployment(host: Host, boot: Path, boot_plan: BootPlan,
                                         deployed: Deployed) -> None:
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    entry = boot / "coreos/loader.1/entries/ostree-1-ovirt-node.conf"
    entry.write_text(entry.read_text().replace("boot.1", "boot.0"))
    with pytest.raises(BadInput, match="block"):
        bootdir.verify(host, boot, boot_plan)


def test_confirm_removes_the_first_boot_entry_and_the_secrets(
        host: Host, boot: Path, boot_plan: BootPlan, deployed: Deployed) -> None:
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    overlay = boot / "coreos/ng2coreos-firstboot.cpio"
    os.link(str(overlay), str(boot / "kept"))
    custom = boot / "grub2/custom.cfg"
    for _ in range(2):
        bootdir.remove_first_boot(custom, boot, UUID)
        assert b"ng2coreos-firstboot" not in custom.read_bytes()
        assert "--id ng2coreos --" in bootdir.block(custom)
        assert not overlay.exists()
    assert (boot / "kept").read_bytes() == bytes(len(OVERLAY))  # overwritten before it was removed


def test_no_other_copy_of_the_secrets_is_on_the_boot_partition(
        host: Host, boot: Path, boot_plan: BootPlan, deployed: Deployed) -> None:
    bootdir.install(host, boot, boot_plan, deployed, iter([OVERLAY[:5], OVERLAY[5:]]))
    overlay = boot / "coreos/ng2coreos-firstboot.cpio"
    torn = durable.temporary(overlay)  # as a kill leaves it
    torn.write_bytes(OVERLAY)
    os.link(str(torn), str(boot / "kept"))
    holding = [p for p in boot.rglob("*") if p.is_file() and OVERLAY in p.read_bytes()]
    assert sorted(holding) == sorted([overlay, torn, boot / "kept"])
    assert overlay.stat().st_mode & 0o7777 == 0o600
    bootdir.erase_overlay(boot)
    assert [p for p in boot.rglob("*") if p.is_file() and OVERLAY in p.read_bytes()] == []
    assert not overlay.exists() and not torn.exists()


def test_a_half_written_overlay_is_seen_by_nobody_else(
        host: Host, boot: Path, boot_plan: BootPlan, deployed: Deployed) -> None:
    modes = []

    def parts() -> Iterator[bytes]:
        yield OVERLAY
        new = durable.temporary(boot / "coreos/ng2coreos-firstboot.cpio")
        modes.append(new.stat().st_mode & 0o7777)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        bootdir.install(host, boot, boot_plan, deployed, parts())
    assert modes == [0o600]
    assert not list((boot / "coreos").glob("*cpio*")) + list((boot / "coreos").glob(".*cpio*"))


def test_confirm_without_our_block_writes_no_block(boot: Path) -> None:
    before = (boot / "grub2/custom.cfg").read_bytes()
    bootdir.remove_first_boot(boot / "grub2/custom.cfg", boot, UUID)
    assert (boot / "grub2/custom.cfg").read_bytes() == before


def test_a_custom_cfg_that_was_not_there_goes_again(host: Host, boot: Path, boot_plan: BootPlan,
                                                    deployed: Deployed) -> None:
    custom = boot / "grub2/custom.cfg"
    custom.unlink()
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    assert custom.stat().st_mode & 0o777 == 0o600
    bootdir.remove_menu(host.path(boot_plan.custom_cfg), boot)
    assert not custom.exists()


def test_links_of_others_are_used_or_refused_but_never_replaced(
        host: Host, boot: Path, boot_plan: BootPlan, deployed: Deployed) -> None:
    (boot / "boot").symlink_to(".")  # as bootc and others make it
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    bootdir.verify(host, boot, boot_plan)
    assert (boot / "boot/ostree/ovirt-node-abc/vmlinuz-6").read_text() == "k"
    bootdir.remove_menu(host.path(boot_plan.custom_cfg), boot)
    bootdir.remove_files(boot)
    assert os.readlink(str(boot / "boot")) == "."
    (boot / "ostree").symlink_to("elsewhere")
    with pytest.raises(BadInput, match="not a link of ng2coreos"):
        bootdir.install(host, boot, boot_plan, write_deployment(boot), [OVERLAY])
    assert os.readlink(str(boot / "ostree")) == "elsewhere"


def test_what_a_killed_write_left_is_found_and_removed(host: Host, boot: Path,
                                                       boot_plan: BootPlan) -> None:
    left = [boot / "grub2/.custom.cfg.ng2coreos-new", boot / ".ostree.ng2coreos-new",
            boot / ".boot.ng2coreos-new"]
    left[0].write_text("half")
    for link in left[1:]:
        link.symlink_to("coreos")
    assert bootdir.leftovers(boot, boot / "grub2/custom.cfg") == [
        str(left[0]), str(left[1]), str(left[2])]
    bootdir.remove_menu(host.path(boot_plan.custom_cfg), boot)
    bootdir.remove_files(boot)
    assert bootdir.leftovers(boot, boot / "grub2/custom.cfg") == []


def test_a_killed_removal_can_be_repeated(host: Host, boot: Path, boot_plan: BootPlan,
                                          deployed: Deployed,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    real, budget = durable.remove, [0]

    def remove(path: Path) -> None:
        if not budget[0]:
            raise KeyboardInterrupt
        budget[0] -= 1
        real(path)

    for allowed in range(12):
        budget[0] = allowed
        with monkeypatch.context() as patch:
            patch.setattr(durable, "remove", remove)
            try:
                bootdir.remove_menu(host.path(boot_plan.custom_cfg), boot)
                bootdir.remove_files(boot)
            except KeyboardInterrupt:
                continue
            break
    assert bootdir.leftovers(boot, boot / "grub2/custom.cfg") == []
    assert sorted(p.name for p in boot.iterdir()) == ["coreos.txt", "grub2", "loader",
                                                      "ovirt-node-4.5"]


@pytest.mark.parametrize("text, problem", [
    ("linux /ostree/x\ninitrd /ostree/y\n", "no options"),
    ("options a\nlinux /ostree/gone\ninitrd /ostree/y\n", "missing or empty"),
    ("options a\nlinux /ostree/ovirt-node-abc/vmlinuz-6\n", "no initrd")])
def test_a_boot_entry_that_cannot_boot_is_refused(boot: Path, deployed: Deployed, text: str,
                                                  problem: str) -> None:
    (boot / "coreos" / deployed.bls).write_text(text)
    with pytest.raises(BadInput, match=problem):
        bls.read(boot / "coreos", deployed.bls)


def test_two_boot_entries_are_refused(boot: Path, deployed: Deployed) -> None:
    shutil.copy(str(boot / "coreos" / deployed.bls), str(boot / "coreos/loader.1/entries/b.conf"))
    with pytest.raises(BadInput, match="2 boot entries"):
        bls.only_entry(boot / "coreos")


def test_a_boot_prefix_and_several_initrds_are_understood(boot: Path, deployed: Deployed) -> None:
    private = boot / "coreos"
    (private / "ostree/ovl.img").write_text("o")
    (private / deployed.bls).write_text(
        "options a  b\nlinux /boot/ostree/ovirt-node-abc/vmlinuz-6\n"
        "initrd /boot/ostree/ovirt-node-abc/initramfs-6.img\ninitrd /boot/ostree/ovl.img\n")
    entry = bls.read(private, deployed.bls)
    assert entry.linux == "/coreos/ostree/ovirt-node-abc/vmlinuz-6"
    assert entry.initrds == ("/coreos/ostree/ovirt-node-abc/initramfs-6.img",
                             "/coreos/ostree/ovl.img")
    assert bls.ostree_argument("a ostree=/x ostree=/y") == "/y"
    with pytest.raises(BadInput):
        bls.ostree_argument(entry.options)


def test_digests_see_every_change_but_ours(boot: Path, host: Host, boot_plan: BootPlan,
                                           deployed: Deployed) -> None:
    before = digests(boot)
    assert list(before) == ["coreos.txt", "grub2/custom.cfg", "grub2/grub.cfg",
                            "loader/entries/ng.conf", "ovirt-node-4.5/initramfs.img",
                            "ovirt-node-4.5/vmlinuz"]
    bootdir.install(host, boot, boot_plan, deployed, [OVERLAY])
    assert json.dumps(digests(boot)) == json.dumps(before)
    with open(boot / "grub2/custom.cfg", "ab") as stream:
        stream.write(b"x")
    (boot / "grub2/link").symlink_to("a")
    changed = digests(boot)
    assert changed.pop("grub2/link") == "-> a"
    assert {k for k in before if before[k] != changed[k]} == {"grub2/custom.cfg"}


def test_rhboot_hosts_get_their_own_menu(host: Host, boot: Path, boot_plan: BootPlan,
                                         deployed: Deployed) -> None:
    plan = replace(boot_plan, blscfg="rhboot")
    bootdir.install(host, boot, plan, deployed, [OVERLAY])
    assert "set blsdir" in (boot / "coreos/grub2/grub.cfg").read_text()
    bootdir.verify(host, boot, plan)
    with pytest.raises(BadInput):
        bootdir.verify(host, boot, boot_plan)
