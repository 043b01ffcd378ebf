"""What the image's SELinux policy knows, by the store in its commit."""

import bz2
from pathlib import Path

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.target.objects import Objects
from ng2coreos.target.policy import read
from ng2coreos.target.tree import Tree
from tests.target.images import REF, make_repo, ostree

BASE = (b"(type etc_t)\n(typealias old_t)\n(typealiasactual old_t etc_t)\n(typeattribute domain)\n"
        b"(boolean nis_enabled false)\n(user system_u)\n(role object_r)\n(allow a b (c (d)))\n")


def tree_of(top: Path, files: dict) -> Tree:  # type: ignore[type-arg]
    for name, data in files.items():
        path = top / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    make_repo(top / "repo", top / "tree")
    return Tree(Objects(top / "repo"), ostree(top / "repo", "rev-parse", REF))


STORE = "usr/etc/selinux/targeted/active"


def test_names_come_from_all_modules_packed_or_not(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {
        f"{STORE}/modules/100/base/cil": bz2.compress(BASE),
        f"{STORE}/modules/100/base/hll": b"x", f"{STORE}/modules/disabled/gone": b"",
        f"{STORE}/modules/400/site/cil": b"(tunable site_on true)(type site_t)(role site_r)",
        f"{STORE}/ports.local": b"# x\nportcon tcp 2223 system_u:object_r:vm_port_t:s0\n",
        "usr/etc/selinux/targeted/contexts/files/file_contexts.subs_dist":
            b"# x\n/home /var/home\n"})
    found = read(tree, "targeted")
    assert found is not None
    assert found.types == ("domain", "etc_t", "old_t", "site_t")
    assert found.booleans == ("nis_enabled", "site_on")
    assert (found.users, found.roles) == (("system_u",), ("object_r", "site_r"))
    assert found.modules == ("100/base", "400/site")
    assert found.records == ("port -a -t vm_port_t -r s0 -p tcp 2223",)
    assert found.equivalences == ("/home /var/home",)


def test_without_a_store_nothing_is_known(tmp_path: Path) -> None:
    assert read(tree_of(tmp_path, {"usr/etc/selinux/config": b"x"}), "targeted") is None


def test_a_damaged_module_is_an_error(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {f"{STORE}/modules/100/base/cil": b"BZh91AY&SYgarbage"})
    with pytest.raises(BadInput, match="base"):
        read(tree, "targeted")
