"""rpms: packages that rpmbuild makes from a table are what rpm reads back."""

import os
import subprocess
from pathlib import Path
from typing import List

import pytest

from . import rpms
from .ng import rpmdb
from .ng.names import NEW, OLD

TABLE = """
# a comment
tool 1.2 3.el9 x86_64
  config /etc/tool.conf
  /usr/bin/tool
data 2023c 1.el9 noarch Example Inc.
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, text in (
        ("etc/tool.conf", "a=1\n"),
        ("usr/bin/tool", "#!/bin/sh\n"),
        ("etc/passwd", "root:x:0:0::/root:/bin/sh\nvdsm:x:36:36::/:/bin/sh\n"),
        ("etc/group", "root:x:0:\nkvm:x:36:\n"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "ascii")
    return root


def query(database: Path, *argv: str) -> List[str]:
    done = subprocess.run(
        ["rpm", "--dbpath", str(database), *argv], check=True, capture_output=True, text=True
    )
    return sorted(done.stdout.splitlines())


def test_a_table_gives_packages_with_their_files() -> None:
    tool, data = rpms.read_table(TABLE)
    assert tool == rpms.Package(
        "tool",
        "1.2",
        "3.el9",
        "x86_64",
        "CentOS",
        (("/etc/tool.conf", True), ("/usr/bin/tool", False)),
    )
    assert (data.vendor, data.files) == ("Example Inc.", ())
    assert data.file_name == "data-2023c-1.el9.noarch.rpm"


def test_built_packages_are_in_the_database_with_files_config_flags_and_vendor(
    tmp_path: Path, tree: Path
) -> None:
    packages = rpms.read_table(TABLE)
    rpms.build(packages, tree, tmp_path)
    rpms.install([tmp_path / package.file_name for package in packages], tmp_path / "db")
    names = query(tmp_path / "db", "-qa", "--qf", "%{nvra} %{vendor}\n")
    assert names == ["data-2023c-1.el9.noarch Example Inc.", "tool-1.2-3.el9.x86_64 CentOS"]
    assert query(tmp_path / "db", "-qc", "tool") == ["/etc/tool.conf"]
    assert query(tmp_path / "db", "-ql", "tool") == ["/etc/tool.conf", "/usr/bin/tool"]
    assert (tmp_path / "db/rpmdb.sqlite").is_file()


def test_owners_are_named_by_the_tree(tmp_path: Path, tree: Path) -> None:
    os.chown(tree / "usr/bin/tool", 36, 36)
    packages = rpms.read_table(TABLE)
    rpms.build(packages, tree, tmp_path)
    rpms.install([tmp_path / packages[0].file_name], tmp_path / "db")
    format_ = "[%{filenames} %{fileusername}:%{filegroupname}\n]"
    owners = query(tmp_path / "db", "-q", "--qf", format_, "tool")
    assert owners == ["/etc/tool.conf root:root", "/usr/bin/tool vdsm:kvm"]


def test_tables_of_the_stand_in_name_each_package_once() -> None:
    names = [package.name for package in rpmdb.image_packages(NEW) + rpmdb.admin_packages()]
    assert len(names) == len(set(names))
    assert len(names) > 400


def test_generations_differ_in_versions_only() -> None:
    new, old = rpmdb.image_packages(NEW), rpmdb.image_packages(OLD)
    assert [package.name for package in new] == [package.name for package in old]
    assert [package.files for package in new] == [package.files for package in old]
    changed = {one.name for one, other in zip(new, old) if one.version != other.version}
    assert {"vdsm", "ovirt-release-host-node", "imgbased"} <= changed
