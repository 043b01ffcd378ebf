"""The CoreOS stand-in is what coreos-target.md says of an image; asked of its repositories."""

import json
import sqlite3
import subprocess
from pathlib import Path
from typing import Dict, List, Set

import pytest

from tests.rig import coreos
from tests.rig.coreos import commit, initrd, units
from tests.rig.coreos.tree import coreos_tree

pytestmark = pytest.mark.vm  # builds images


@pytest.fixture(scope="module")
def image() -> coreos.CoreosImage:
    return coreos.build()


def _files(repo: Path, ref: str, path: str) -> Set[str]:
    lines = commit.ostree(repo, "ls", "--nul-filenames-only", "-R", ref, path).split("\0")
    return {line for line in lines if line}


def _cat(repo: Path, ref: str, path: str) -> str:
    return commit.ostree(repo, "cat", ref, path)


def _ids(text: str) -> Dict[str, int]:
    return {line.split(":")[0]: int(line.split(":")[2]) for line in text.splitlines()}


def test_layout_is_that_of_an_ostree_image(image: coreos.CoreosImage) -> None:
    lines = commit.ostree(image.repo, "ls", image.ref, "/").splitlines()
    names = {line.split(" /", 1)[1] for line in lines if " /" in line}
    assert {"home -> var/home", "root -> var/roothome", "ostree -> sysroot/ostree"} <= names
    assert {"bin -> usr/bin", "opt -> var/opt", "mnt -> var/mnt", "sysroot", "rhev"} <= names
    assert not {"etc", "vmlinuz", "initrd.img"} & names
    for empty in ("/var", "/boot", "/dev", "/run"):
        assert _files(image.repo, image.ref, empty) == {empty}
    etc = _files(image.repo, image.ref, "/usr/etc")
    assert not etc & {"/usr/etc/machine-id", "/usr/etc/fstab", "/usr/etc/hostname"}
    assert not any("vdsmd.service" in name for name in etc)
    modules = _files(image.repo, image.ref, "/usr/lib/modules")
    (kernel,) = {name.split("/")[4] for name in modules if name.count("/") > 4}
    top = f"/usr/lib/modules/{kernel}"
    assert {f"{top}/vmlinuz", f"{top}/initramfs.img"} <= modules
    release = _cat(image.repo, image.ref, "/usr/lib/os-release")
    assert "VARIANT_ID=coreos\n" in release and f"OSTREE_VERSION='{image.version}'" in release


def test_accounts_are_split_and_numbered_otherwise_than_on_ng(image: coreos.CoreosImage) -> None:
    users = _ids(_cat(image.repo, image.ref, "/usr/lib/passwd"))
    groups = _ids(_cat(image.repo, image.ref, "/usr/lib/group"))
    etc_groups = _ids(_cat(image.repo, image.ref, "/usr/etc/group"))
    assert _ids(_cat(image.repo, image.ref, "/usr/etc/passwd")) == {"root": 0}
    assert (users["vdsm"], users["qemu"], users["sanlock"]) == (36, 107, 179)
    assert (etc_groups["kvm"], etc_groups["qemu"], etc_groups["disk"]) == (36, 107, 6)
    assert not set(groups) & set(etc_groups)
    for numbers in (users, {**groups, **etc_groups}):
        assert len(set(numbers.values())) == len(numbers)
    assert [name for name, uid in users.items() if uid == 998] == ["systemd-network"]
    assert "altfiles" in _cat(image.repo, image.ref, "/usr/etc/nsswitch.conf")


def test_nss_finds_the_accounts_of_the_image(tmp_path: Path) -> None:
    """The module that is in the image, asked by the image's own getent."""
    tree = coreos_tree() / "tree"
    subprocess.run(["cp", "-a", "--reflink=auto", f"{tree}/usr", tmp_path], check=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (tmp_path / name).symlink_to(f"usr/{name}")
    (tmp_path / "usr/etc").rename(tmp_path / "etc")

    def getent(*argv: str) -> List[str]:
        done = subprocess.run(
            ["chroot", str(tmp_path), *argv], stdout=subprocess.PIPE, text=True, check=False
        )
        return done.stdout.splitlines()

    assert getent("getent", "passwd", "vdsm") == ["vdsm:x:36:36::/var/lib/vdsm:/usr/sbin/nologin"]
    assert getent("getent", "passwd", "107")[0].startswith("qemu:x:107:107:")
    assert getent("getent", "passwd", "nobody-of-this-name") == []
    assert getent("getent", "group", "994") == ["ovirtimg:x:994:vdsm"]
    assert set(getent("id", "-Gn", "vdsm")[0].split()) == {"kvm", "qemu", "sanlock", "ovirtimg"}
    names = [line.split(":")[0] for line in getent("getent", "passwd")]
    assert names[0] == "root" and len(names) == len(set(names)) and "openvswitch" in names


def test_rpm_database_and_commit_list_the_same_packages(
    image: coreos.CoreosImage, tmp_path: Path
) -> None:
    commit.ostree(
        image.repo,
        *("checkout", "--user-mode", "--subpath=/usr/share/rpm", image.ref, str(tmp_path / "rpm")),
    )
    argv = ["rpm", "--dbpath", str(tmp_path / "rpm"), "--query", "--all", "--queryformat"]
    done = subprocess.run([*argv, "%{NAME} %{VERSION}\n"], stdout=subprocess.PIPE, check=True)
    installed = set(done.stdout.decode().split("\n")) - {""}
    assert len(installed) > 300 and {"vdsm 4.50.6", "ignition 2.14.0"} <= installed
    text = commit.ostree(
        image.repo, "show", "--print-metadata-key=rpmostree.rpmdb.pkglist", image.ref
    )
    rows = json.loads(text.replace("(", "[").replace(")", "]").replace("'", '"'))
    assert {f"{name} {version}" for name, _, version, _, _ in rows} == installed
    database = sqlite3.connect(f"file:{tmp_path}/rpm/rpmdb.sqlite?mode=ro&immutable=1", uri=True)
    assert database.execute("PRAGMA journal_mode").fetchone() != ("wal",)
    database.close()


def _initramfs(path: Path) -> Dict[str, str]:
    """Names in an initramfs, with the targets of links."""
    script = 'zstd -dcq "$1" | cpio --list --verbose --quiet'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script, "-", str(path)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: Dict[str, str] = {}
    for line in done.stdout.splitlines():
        name, _, target = line.split(maxsplit=8)[8].partition(" -> ")
        found[name] = target
    return found


def test_initramfs_has_ignition_the_units_around_it_and_lvm() -> None:
    product = coreos_tree()
    version = initrd.kernel_version(product / "tree")
    names = _initramfs(product / "tree/usr/lib/modules" / version / "initramfs.img")
    for needed in ("usr/bin/ignition", "usr/sbin/lvm", "usr/sbin/thin_check", "usr/sbin/useradd"):
        assert needed in names
    assert any(name.endswith("dm-thin-pool.ko") for name in names)
    assert any(name.endswith("ostree-prepare-root") for name in names)
    assert "etc/lvm/devices/system.devices" not in names
    for unit in units.UNITS:
        assert f"etc/systemd/system/{unit.target}.requires/{unit.name}" in names
    without = _initramfs(product / "initramfs-nolvm.img")
    assert "usr/bin/ignition" in without and "usr/sbin/lvm" not in without


def test_units_that_fail_on_a_logical_volume_are_those_of_coreos() -> None:
    assert {unit.name for unit in units.FAIL_ON_LV} == {
        *("coreos-ignition-setup-user.service", "coreos-copy-firstboot-network.service"),
        *("coreos-gpt-setup.service", "coreos-unique-boot.service"),
        *("coreos-ignition-unique-boot.service", "coreos-boot-edit.service"),
        *("ignition-ostree-uuid-boot.service", "ignition-ostree-uuid-root.service"),
        "ignition-ostree-growfs.service",
    }


def _pull(source: Path, key: Path, target: Path, ref: str) -> "subprocess.CompletedProcess[str]":
    """Pull as a careful tool does: from a remote with a key, everything checked."""
    for argv in (
        ["init", "--mode=bare-user-only"],
        ["remote", "add", f"--gpg-import={key}", "origin", source.as_uri()],
    ):
        subprocess.run(["ostree", f"--repo={target}", *argv], stdout=subprocess.DEVNULL, check=True)
    return subprocess.run(
        ["ostree", f"--repo={target}", "pull", "--commit-metadata-only", "origin", ref],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["repo", "newer", "nolvm"])
def test_commits_are_signed(image: coreos.CoreosImage, name: str, tmp_path: Path) -> None:
    done = _pull(getattr(image, name), image.key, tmp_path / "r", image.ref)
    assert done.returncode == 0, done.stderr


def test_unsigned_commit_is_the_same_commit_without_signature(
    image: coreos.CoreosImage, tmp_path: Path
) -> None:
    assert commit.ostree(image.unsigned, "rev-parse", image.ref) == image.checksum
    done = _pull(image.unsigned, image.key, tmp_path / "r", image.ref)
    assert done.returncode != 0 and "no signatures found" in done.stderr.lower()


def test_corrupt_copy_is_signed_but_one_file_is_not_what_it_says(
    image: coreos.CoreosImage, tmp_path: Path
) -> None:
    assert _pull(image.corrupt, image.key, tmp_path / "r", image.ref).returncode == 0
    with pytest.raises(RuntimeError, match="orrupted"):
        commit.ostree(image.corrupt, "fsck", "--quiet")
    commit.ostree(image.repo, "fsck", "--quiet")


def test_newer_commit_changes_version_and_defaults_but_not_the_kernel(
    image: coreos.CoreosImage,
) -> None:
    changed = commit.ostree(image.newer, "diff", image.checksum, image.newer_checksum)
    names = {line.split()[1] for line in changed.splitlines()}
    assert {"/usr/lib/os-release", "/usr/etc/chrony.conf", "/usr/share/rig/newer"} <= names
    assert not any(name.startswith("/usr/lib/modules/") for name in names)
    only = commit.ostree(image.nolvm, "diff", image.checksum, image.nolvm_checksum).split()[1::2]
    assert [name for name in only if name.endswith("initramfs.img")] and len(only) == 1


def test_tar_holds_the_repository(image: coreos.CoreosImage) -> None:
    done = subprocess.run(
        ["tar", "-tf", str(image.tar)], stdout=subprocess.PIPE, text=True, check=True
    )
    names = set(done.stdout.splitlines())
    assert {"./config", f"./refs/heads/{image.ref}"} <= names
    assert f"./objects/{image.checksum[:2]}/{image.checksum[2:]}.commit" in names
