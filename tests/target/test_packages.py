"""Packages of images whose commit does not list them, and Ignition's version without a package."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ng2coreos.core.host import Host
from ng2coreos.model.facts import Package
from ng2coreos.model.packages import RepositoryFile
from ng2coreos.model.target import TargetFacts, TargetSource
from ng2coreos.target import opened
from tests.target import images

IGNITION = Path("/usr/lib/dracut/modules.d/30ignition/ignition")
SPEC = """\
Name: rig-package
Epoch: 3
Version: 1.2
Release: 4.el9
Summary: x
License: x
Vendor: Rig
BuildArch: noarch
%description
x
%files
"""


def read(tmp_path: Path, tree: Path, pkglist: str = "") -> TargetFacts:
    images.make_repo(tmp_path / "repo", tree, pkglist=pkglist)
    source = TargetSource("repo", str(tmp_path / "repo"), images.REF, insecure=True)
    with opened(Host(), source, tmp_path) as target:
        return target.facts()


@pytest.mark.skipif(shutil.which("rpmbuild") is None, reason="rpmbuild is not installed")
@pytest.mark.parametrize("place", ["usr/share/rpm", "usr/lib/sysimage/rpm"])
def test_packages_of_the_rpm_database(tmp_path: Path, place: str) -> None:
    pytest.importorskip("rpm")
    tree = images.make_tree(tmp_path / "tree")
    database = tree / place
    database.mkdir(parents=True)
    (tmp_path / "x.spec").write_text(SPEC)
    subprocess.run(["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {tmp_path}/top",
                    str(tmp_path / "x.spec")], check=True, capture_output=True)
    package = next((tmp_path / "top").rglob("*.rpm"))
    subprocess.run(["rpm", "--dbpath", str(database), "-i", "--justdb", "--nodeps",
                    "--ignorearch", str(package)], check=True, capture_output=True)
    facts = read(tmp_path, tree)
    assert facts.packages == (Package("rig-package", 3, "1.2", "4.el9", "noarch", "Rig"),)
    assert facts.packages[0].nevra == "rig-package-3:1.2-4.el9.noarch"


def test_an_image_without_any_list_has_no_packages(tmp_path: Path) -> None:
    facts = read(tmp_path, images.make_tree(tmp_path / "tree"))
    assert facts.packages == ()
    assert facts.ignition_version == ""


@pytest.mark.parametrize("strings, wanted", [
    (b"\0" * 9 + b"2.20.0\0", "2.20.0"), (b"\0v2.3.1-5-gabc\0", "2.3.1"),
    (b"\0Debian 2.14.0+ds1-1+b6\0", "2.14.0"), (b"\0" + b"x" * (1 << 20) + b"\0v2.9.0\0", "2.9.0"),
    (b"\x002.20.0\0\x002.14.0\0", ""), (b"a2.20.0b\x002.5.4.6\0", "")],
    ids=["plain", "v", "debian", "late", "two", "none"])  # a name of 1 MiB fits no environment
def test_version_in_the_binary(tmp_path: Path, strings: bytes, wanted: str) -> None:
    tree = images.make_tree(tmp_path / "tree")
    binary = tree / "usr/lib/dracut/modules.d/30ignition/ignition"
    binary.parent.mkdir(parents=True)
    binary.write_bytes(b"\x7fELF" + strings + b"\0end")
    assert read(tmp_path, tree).ignition_version == wanted


@pytest.mark.skipif(not IGNITION.exists(), reason="Ignition is not installed")
def test_version_of_a_real_binary(tmp_path: Path) -> None:
    tree = images.make_tree(tmp_path / "tree")
    place = tree / str(IGNITION).lstrip("/")
    place.parent.mkdir(parents=True)
    shutil.copy(IGNITION, place)
    said = subprocess.run([str(IGNITION), "-version"], capture_output=True, text=True, check=True)
    version = read(tmp_path, tree).ignition_version
    assert version.count(".") == 2 and version in said.stdout


def test_which_repositories_the_image_enables(tmp_path: Path) -> None:
    tree = images.make_tree(tmp_path / "tree")
    repos = tree / "usr/etc/yum.repos.d"
    (repos / "d.repo").mkdir(parents=True)
    for name, text in (("a.repo", "[on]\n[off]\nenabled=0\n"), ("b.repo", "no ini"),
                       ("c.txt", "[c]")):
        (repos / name).write_text(text)
    assert read(tmp_path, tree).repositories == (
        RepositoryFile("/etc/yum.repos.d/a.repo", ("on",), ("off",)),
        RepositoryFile("/etc/yum.repos.d/b.repo", broken=True))
