"""GRUB's configuration, evaluated: NG's own and ours, each with its way out when a file is gone."""

import subprocess
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from ng2coreos.stage import menu
from ng2coreos.stage.bls import BootEntry
from ng2coreos.stage.grubenv import Block

from . import grubscript
from .bootimage import BootImage, Unreadable
from .grubparse import GrubError, parse
from .grubscript import Loaded

UUID = "11112222-3333-4444-5555-666677778888"
NG_TITLE = "ovirt-node-ng-4.5 (5.14)"
KERNEL = b"\0" * 0x202 + b"HdrS" + b"kernel"
NG = BootEntry("//ng/vmlinuz", ("//ng/initramfs",), "root=/dev/ng quiet")
NEW = BootEntry("/coreos/vmlinuz", ("/coreos/initramfs", "/coreos/first.cpio"), "ostree=/x")
BLS = "title {title}\nversion 1\nlinux {e.linux}\ninitrd {initrd}\noptions {e.options}\n"
Boot = Callable[[], Loaded]


def environment(**values: str) -> bytes:
    block = Block()
    for name, value in values.items():
        block.set(name, value)
    return block.format()


def _snippet(title: str, entry: BootEntry) -> bytes:
    return BLS.format(title=title, e=entry, initrd=entry.initrds[0]).encode()


@pytest.fixture
def files() -> Dict[str, bytes]:
    """A boot partition that is armed."""
    text = (Path(__file__).parent / "ng/files/grub.cfg").read_text("ascii")
    return {
        "/grub2/grub.cfg": text.replace("@BOOT_UUID@", UUID).encode(),
        "/grub2/grubenv": environment(saved_entry=NG_TITLE, next_entry=menu.FIRST_BOOT_ENTRY),
        "/grub2/custom.cfg": menu.custom_block(UUID, NEW, NG).encode(),
        "/loader/entries/ng-4.5.conf": _snippet(NG_TITLE, NG),
        "/loader/entries/ng-4.10.conf": _snippet("another", BootEntry("/10", ("/10",), "")),
        "/ng/vmlinuz": KERNEL, "/ng/initramfs": b"ng", "/10": KERNEL,
        "/coreos/grub2/grub.cfg": menu.private_cfg(UUID, "upstream").encode(),
        "/coreos/grub2/rollback.cfg": menu.rollback_cfg(UUID, NG).encode(),
        "/coreos/grub2/grubenv": environment(),
        "/coreos/loader/entries/ostree-1.conf": _snippet("new", NEW),
        "/coreos/vmlinuz": KERNEL, "/coreos/initramfs": b"new", "/coreos/first.cpio": b"cpio"}


@pytest.fixture
def boot(files: Dict[str, bytes]) -> Boot:
    """GRUB, which keeps what it writes."""
    def names(directory: str) -> List[str]:
        return [path.rpartition("/")[2] for path in files if path.startswith(f"{directory}/")]

    def run() -> Loaded:
        loaded = grubscript.boot(files.get, names)
        files.update(loaded.saved)
        return loaded

    return run


def test_the_one_shot_is_taken_once_and_then_ng(boot: Boot, files: Dict[str, bytes]) -> None:
    first = boot()
    assert first.linux == NEW.linux
    assert first.initrds == [*NEW.initrds]
    assert first.options == NEW.options
    assert Block.parse(files["/grub2/grubenv"]).variables()["next_entry"] == ""
    after = boot()
    assert (after.linux, after.initrds) == ("/ng/vmlinuz", ["/ng/initramfs"])
    assert after.options == NG.options


@pytest.mark.parametrize("gone", ["/coreos/vmlinuz", "/coreos/initramfs", "/coreos/first.cpio",
                                  "/coreos/grub2/grub.cfg", "/grub2/custom.cfg"])
def test_without_one_of_our_files_ng_is_booted(boot: Boot, files: Dict[str, bytes],
                                               gone: str) -> None:
    del files[gone]
    # without custom.cfg there is no such entry, and the first of the menu is the newest
    assert boot().linux == ("/10" if "grub2" in gone else "/ng/vmlinuz")


def test_an_entry_without_a_kernel_is_not_shown(boot: Boot, files: Dict[str, bytes]) -> None:
    files["/loader/entries/ng-4.10.conf"] = b""
    files["/grub2/custom.cfg"] = b""
    assert grubscript.offered(files.get, lambda _: ["ng-4.5.conf", "ng-4.10.conf"]) == ["ng-4.5"]
    assert boot().linux == "/ng/vmlinuz"  # which is the first now


def test_a_kernel_that_is_none_is_not_started(boot: Boot, files: Dict[str, bytes]) -> None:
    files["/coreos/vmlinuz"] = b""
    assert boot().linux == "/ng/vmlinuz"


def test_the_nested_menu_boots_what_ostree_wrote_and_falls_back_to_ng(
        boot: Boot, files: Dict[str, bytes]) -> None:
    files["/grub2/grubenv"] = environment(saved_entry=menu.ENTRY)
    loaded = boot()
    assert (loaded.linux, loaded.trail) == (NEW.linux, [menu.ENTRY, "ostree-1"])
    del files["/coreos/initramfs"]
    loaded = boot()
    assert (loaded.linux, loaded.trail) == (
        "/ng/vmlinuz", [menu.ENTRY, "ostree-1", menu.ROLLBACK_ENTRY])


def test_the_counter_runs_down_and_then_ng_is_booted(boot: Boot, files: Dict[str, bytes]) -> None:
    files["/grub2/grubenv"] = environment(saved_entry=menu.ENTRY)
    files["/coreos/grub2/grubenv"] = environment(
        boot_counter=str(menu.COUNTER_START), boot_success="0")
    assert [boot().linux for _ in range(menu.COUNTER_START + 2)] == [
        *[NEW.linux] * menu.COUNTER_START, "/ng/vmlinuz", "/ng/vmlinuz"]


def test_a_script_that_grub_refuses_is_told_and_ng_is_booted(
        boot: Boot, files: Dict[str, bytes]) -> None:
    files["/grub2/grubenv"] = environment(saved_entry=NG_TITLE)
    whole = files["/grub2/custom.cfg"]
    files["/grub2/custom.cfg"] = whole[:whole.rindex(b"fi\n")]
    loaded = boot()
    assert loaded.linux == "/ng/vmlinuz"
    assert any("is refused" in note for note in loaded.trail)


@pytest.mark.parametrize("text", ["if true; then true", "menuentry x {\ntrue\n", "fi", "echo 'x",
                                  "if true; then true; else true; else true; fi", "}"])
def test_what_grub_would_not_parse_is_an_error(text: str) -> None:
    with pytest.raises(GrubError):
        parse(text)


def test_what_is_not_known_is_an_error_and_no_guess(boot: Boot, files: Dict[str, bytes]) -> None:
    files["/grub2/custom.cfg"] = b"chainloader +1\n"
    with pytest.raises(GrubError, match="chainloader"):
        boot()
    files["/grub2/custom.cfg"] = b"if [ 1 -lt 2 ]; then true; fi\n"
    with pytest.raises(GrubError, match="-lt"):
        boot()


def test_nothing_to_boot_is_an_error(boot: Boot, files: Dict[str, bytes]) -> None:
    for path in ("/ng/vmlinuz", "/10", "/coreos/vmlinuz"):
        del files[path]
    with pytest.raises(GrubError, match="no entry boots"):
        boot()


def test_an_empty_nested_menu_leads_back_to_the_main_ones_fallback(
        boot: Boot, files: Dict[str, bytes]) -> None:
    files["/grub2/grubenv"] = environment(saved_entry=menu.ENTRY)
    files["/coreos/grub2/grub.cfg"] = b""
    loaded = boot()
    assert (loaded.linux, loaded.trail[0], loaded.trail[-1]) == ("/10", menu.ENTRY, "ng-4.10")


def test_without_any_menu_there_is_only_the_prompt(boot: Boot, files: Dict[str, bytes]) -> None:
    files["/grub2/grub.cfg"] = b""
    with pytest.raises(GrubError, match="prompt"):
        boot()


def test_grubs_own_reader_sees_the_same(files: Dict[str, bytes], tmp_path: Path) -> None:
    tree, image = tmp_path / "tree", tmp_path / "image"
    for path, data in files.items():
        (tree / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (tree / path[1:]).write_bytes(data)
    subprocess.run(["mkfs.ext4", "-q", "-d", str(tree), str(image), "8M"], check=True)
    seen = BootImage(image)
    assert {path: seen.read(path) for path in files} == files
    assert seen.read("/grub2/absent") is None
    assert seen.read("/grub2/grub.cfg/absent") is None
    assert seen.names("/absent") == []
    assert sorted(seen.names("/loader/entries")) == ["ng-4.10.conf", "ng-4.5.conf"]
    assert grubscript.boot(seen.read, seen.names).linux == NEW.linux
    image.write_bytes(bytes(8 << 20))
    with pytest.raises(Unreadable):
        BootImage(image).read("/grub2/grub.cfg")
