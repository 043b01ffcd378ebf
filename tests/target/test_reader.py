"""Facts of a real commit, from every mode of repository, and refusal of damaged ones."""

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Tuple

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.model import codec
from ng2coreos.model.facts import FileFact, Group, Package, User
from ng2coreos.model.target import TargetFacts, TargetSource
from ng2coreos.target import opened
from tests.fakes import snapshot
from tests.target import images
from tests.target.conftest import Image


def read(repo: Path, work: Path, ref: str = images.REF) -> TargetFacts:
    with opened(Host(), TargetSource("repo", str(repo), ref, insecure=True), work) as target:
        assert target.repo_path == repo
        return target.facts()


def test_facts_of_an_archive_repository(pristine: Image, tmp_path: Path) -> None:
    before = snapshot(pristine.repo)
    facts = read(pristine.repo, tmp_path)
    assert snapshot(pristine.repo) == before
    assert facts.commit == pristine.commit
    assert facts.version == images.VERSION
    assert facts.timestamp == 1793491200
    assert facts.os_release["PRETTY_NAME"] == "Rig CoreOS 41"
    assert facts.os_release["OSTREE_VERSION"] == images.VERSION
    assert (facts.kernel_version, facts.kernel_bytes) == (images.KVER, len("MZ kernel"))
    assert facts.ignition_version == "2.14.0"
    assert facts.packages == (
        Package("bash", 0, "5.2", "1", "x86_64"), Package("bind", 32, "9.16", "2.el9", "x86_64"),
        Package("ignition", 0, "2.14.0+ds1", "1", "x86_64"))
    assert facts.user("root") == User("root", 0, 0, "root", "/root", "/bin/bash")
    assert facts.user("vdsm") == User("vdsm", 36, 36, "Node", "/", "/bin/false")
    assert facts.user("broken") is None
    assert facts.group("wheel") == Group("wheel", 10, ("admin", "core"))
    assert facts.etc_groups == ("root", "wheel")
    assert facts.selinux == "targeted"
    assert facts.firewall_services == ("site", "ssh")
    assert not facts.ostree_composefs
    assert facts.python
    assert codec.loads(TargetFacts, codec.dumps(facts)) == facts


@pytest.mark.parametrize("link, there", [
    ("python3.12", False), ("/etc/alternatives/python3", True), ("", False)])
def test_python_that_is_not_there_or_cannot_run_is_none(
        link: str, there: bool, tmp_path: Path) -> None:
    tree = images.make_tree(tmp_path / "tree")
    (tree / "usr/bin/python3.12").unlink()
    if link:
        (tree / "usr/bin/python3").unlink()
        (tree / "usr/bin/python3").symlink_to(link)
    else:
        (tree / "usr/bin/python3").unlink()
        (tree / "usr/bin/python3").write_text("no program")
    images.make_repo(tmp_path / "repo", tree)
    assert read(tmp_path / "repo", tmp_path).python is there


def test_a_python_that_is_a_program_itself_is_one(tmp_path: Path) -> None:
    tree = images.make_tree(tmp_path / "tree")
    (tree / "usr/bin/python3").unlink()
    (tree / "usr/bin/python3.12").rename(tree / "usr/bin/python3")
    images.make_repo(tmp_path / "repo", tree)
    assert read(tmp_path / "repo", tmp_path).python


def test_etc_is_everything_below_usr_etc(pristine: Image, tmp_path: Path, image_tree: Path) -> None:
    facts = read(pristine.repo, tmp_path)
    below = {"/etc/" + str(p.relative_to(image_tree / "usr/etc"))
             for p in (image_tree / "usr/etc").rglob("*")}
    assert set(facts.etc) == below
    content = b"PermitRootLogin yes\n"
    assert facts.etc["/etc/ssh/sshd_config"] == FileFact(
        "file", 0o600, 0, 0, len(content), hashlib.sha256(content).hexdigest())
    assert facts.etc["/etc/ssh"] == FileFact("directory", 0o755, 0, 0)
    assert facts.etc["/etc/localtime"] == FileFact(
        "symlink", 0o777, 0, 0, link="../usr/share/zoneinfo/UTC")
    assert facts.etc["/etc/hostname"].sha256 == hashlib.sha256(b"").hexdigest()


def test_units_say_where_install_links_them(pristine: Image, tmp_path: Path) -> None:
    facts = read(pristine.repo, tmp_path)
    sshd = ("multi-user.target.wants", "other.target.wants", "ssh.service", "r.target.requires")
    assert facts.units == {"aka.service": sshd, "getty@.service": ("getty.target.wants",),
                           "sshd.service": sshd, "static.service": ()}
    assert facts.enabled_units == ("aliased.service", "sshd.service", "static.service")


def test_initramfs_flags(pristine: Image, tmp_path: Path) -> None:
    found = read(pristine.repo, tmp_path).initramfs
    assert found.has_lvm and found.has_thin_tools and found.has_ostree and found.has_ignition
    assert not found.devices_file
    assert found.first_boot_units == (
        "ignition-complete.target.requires/ignition-files.service",
        "ignition-diskful.target.requires/coreos-gpt-setup.service")


@pytest.mark.parametrize("mode, more", [
    ("bare", ()), ("bare-user", ()), ("archive", ("--generate-sizes",))])
def test_every_mode_of_repository_gives_the_same_facts(
        mode: str, more: Tuple[str, ...], tmp_path: Path, image_tree: Path,
        pristine: Image) -> None:
    repo = tmp_path / "other"
    images.make_repo(repo, image_tree, mode=mode, more=more)
    facts, known = read(repo, tmp_path), read(pristine.repo, tmp_path)
    assert facts.bytes > len(images.EARLY)
    # bare-user and ostree.sizes count symlinks with a few bytes each
    assert facts.bytes == known.bytes if mode == "bare" else 0 <= facts.bytes - known.bytes < 256
    for name in ("files", "etc", "units", "users", "initramfs", "packages"):
        assert getattr(facts, name) == getattr(known, name), name


def test_size_counts_each_content_once(tmp_path: Path) -> None:
    tree = images.make_tree(tmp_path / "tree")
    small = tmp_path / "small"
    images.make_repo(small, tree)
    for name in ("one", "two", "three"):
        (tree / "usr" / name).write_bytes(b"\0" * 100_000)
    large = tmp_path / "large"
    images.make_repo(large, tree)
    before, after = read(small, tmp_path), read(large, tmp_path)
    assert after.bytes - before.bytes == 100_000
    assert after.files - before.files == 3


def test_a_commit_is_as_good_as_a_ref(pristine: Image, tmp_path: Path) -> None:
    assert read(pristine.repo, tmp_path, pristine.commit).commit == pristine.commit


@pytest.mark.parametrize("ref, hint", [
    ("ovirt/x86_64/coreos/stabel", images.REF), ("nonsense", images.REF), ("f" * 64, "")])
def test_an_unknown_ref_names_the_nearest(pristine: Image, tmp_path: Path, ref: str,
                                          hint: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(pristine.repo, tmp_path, ref)
    assert ref in caught.value.message
    assert hint in caught.value.hint


def test_what_is_no_repository_is_bad_input(tmp_path: Path) -> None:
    for location in (tmp_path, tmp_path / "missing"):
        with pytest.raises(BadInput, match="not an ostree repository"):
            read(location, tmp_path)


@pytest.mark.parametrize("path", [
    "/usr/etc/ssh/sshd_config", "/usr/lib/passwd", f"/usr/lib/modules/{images.KVER}/initramfs.img",
    "/usr/lib/systemd/system/sshd.service"])
def test_a_forged_object_is_bad_input(image: Image, tmp_path: Path, path: str) -> None:
    file = images.object_of(image.repo, path)
    content = b"forged"
    if path.endswith(".img"):
        content = images.EARLY + images.compress(images.MAIN, "xz")
    images.forge(file, content)
    with pytest.raises(BadInput, match="damaged or missing"):
        read(image.repo, tmp_path)


@pytest.mark.parametrize("damage", ["missing", "cut", "empty", "flipped"])
@pytest.mark.parametrize("kind", ["commit", "dirtree", "dirmeta", "filez"])
def test_damaged_objects_are_bad_input(image: Image, tmp_path: Path, kind: str,
                                       damage: str) -> None:
    paths = sorted(image.repo.rglob(f"*.{kind}"))
    if kind == "filez":
        paths = [images.object_of(image.repo, "/usr/etc/ssh/sshd_config")]
    for path in paths:
        data = path.read_bytes()
        path.unlink()
        if damage != "missing":
            middle = len(data) // 2
            path.write_bytes({"cut": data[:middle], "empty": b"",
                              "flipped": data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]}[damage])
    with pytest.raises(BadInput):
        read(image.repo, tmp_path)


@pytest.mark.parametrize("noise", [b"x" * 200, b"", b"\0" * 64])
def test_a_malformed_commit_with_the_right_name_is_bad_input(image: Image, tmp_path: Path,
                                                             noise: bytes) -> None:
    """libostree trusts what it loads: looking into this would crash the process."""
    name = hashlib.sha256(noise).hexdigest()
    place = image.repo / "objects" / name[:2]
    place.mkdir(exist_ok=True)
    (place / f"{name[2:]}.commit").write_bytes(noise)
    with pytest.raises(BadInput):
        read(image.repo, tmp_path, name)


def test_an_image_without_kernel_or_initramfs_is_bad_input(tmp_path: Path) -> None:
    tree = images.make_tree(tmp_path / "tree")
    (tree / f"usr/lib/modules/{images.KVER}/initramfs.img").unlink()
    images.make_repo(tmp_path / "repo", tree)
    with pytest.raises(BadInput, match="initramfs"):
        read(tmp_path / "repo", tmp_path)
    (tree / f"usr/lib/modules/{images.KVER}/vmlinuz").unlink()
    images.make_repo(tmp_path / "repo", tree)
    with pytest.raises(BadInput, match="0 kernels"):
        read(tmp_path / "repo", tmp_path)


@pytest.mark.parametrize("value, wanted", [("yes", True), ("signed", True), ("no", False)])
def test_composefs_and_missing_policy(tmp_path: Path, value: str, wanted: bool) -> None:
    tree = images.make_tree(tmp_path / "tree")
    (tree / "usr/lib/ostree/prepare-root.conf").write_text(f"[composefs]\nenabled={value}\n")
    (tree / "usr/etc/selinux/targeted/policy/policy.33").unlink()
    images.make_repo(tmp_path / "repo", tree)
    facts = read(tmp_path / "repo", tmp_path)
    assert facts.ostree_composefs is wanted
    assert facts.selinux is None


def test_directories_and_links_in_the_root(tmp_path: Path) -> None:
    tree = images.make_tree(tmp_path / "tree")
    (tree / "data").symlink_to("var/data")
    (tree / "bricks").mkdir()
    (tree / "notes").write_text("a file", "utf-8")
    images.make_repo(tmp_path / "repo", tree)
    top = read(tmp_path / "repo", tmp_path).top
    assert (top["data"], top["bricks"], top["usr"]) == ("var/data", "", "") and "notes" not in top


def test_modules_built_in_or_not(tmp_path: Path) -> None:
    tree = images.make_tree(tmp_path / "tree")
    place = tree / f"usr/lib/modules/{images.KVER}"
    (place / "modules.dep").write_text("kernel/a/virtio-rng.ko.xz: kernel/b/x.ko.xz\n", "utf-8")
    (place / "modules.builtin").write_text("kernel/c/ahci.ko\n", "utf-8")
    images.make_repo(tmp_path / "repo", tree)
    assert read(tmp_path / "repo", tmp_path).modules == ("ahci", "virtio_rng")


def test_what_is_stored_is_counted_as_a_bare_repository_has_it(pristine: Image, tmp_path: Path
                                                               ) -> None:
    """The root volume gets one: objects as they are, each in whole blocks, checked out by links."""
    found = read(pristine.repo, tmp_path).stored
    assert found is not None
    bare, out = tmp_path / "bare", tmp_path / "out"
    for words in (["init", f"--repo={bare}", "--mode=bare-user"],
                  ["pull-local", f"--repo={bare}", str(pristine.repo), pristine.commit],
                  ["checkout", f"--repo={bare}", "-U", "-H", pristine.commit, str(out)]):
        subprocess.run(["ostree", *words], check=True)

    def blocks(*suffixes: str) -> Tuple[int, int]:
        objects = [p for p in (bare / "objects").rglob("*") if p.suffix in suffixes]
        return len(objects), sum(-(-p.lstat().st_size // 4096) * 4096 for p in objects)

    assert found.objects == blocks(".file")[0]
    # bare-user keeps a symlink's target as content; in a bare repository it is in the inode
    links = sum(p.is_symlink() for p in out.rglob("*"))
    assert blocks(".file")[1] - links * 4096 <= found.object_bytes <= blocks(".file")[1]
    assert (found.metadata, found.metadata_bytes) == blocks(".dirtree", ".dirmeta")
    assert found.directories == 1 + sum(p.is_dir() and not p.is_symlink() for p in out.rglob("*"))
    assert found.directory_bytes >= found.directories * 4096


def test_the_pace_is_measured_and_is_no_part_of_what_the_image_is(pristine: Image, tmp_path: Path
                                                                  ) -> None:
    facts = read(pristine.repo, tmp_path)
    assert facts.read_bytes_per_s > 0 and facts.objects_per_s > 0
    assert replace(facts, read_bytes_per_s=0.0, objects_per_s=0.0) == facts
