"""packages: each added package has one fate, and the plan says which and what to type."""

from dataclasses import replace
from typing import Any, Dict, Tuple

import pytest

from ng2coreos.model.facts import HostFacts, Package, Packages
from ng2coreos.model.packages import RepositoryFile
from ng2coreos.model.plan import Policy
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.rules import Action, Entry, Layer
from ng2coreos.plan.written import text_of
from plugins.packages import DROP_IN, PackagesPlugin, judged
from tests.fakes import FakeHost
from tests.plan.build import added, decided, file, found, host, ids, item, rules, target

NOTHING = {"proxy": "", "proxy_secret": False, "repositories": []}


def package(name: str, vendor: str = "CentOS", version: str = "1.0") -> Package:
    return Package(name, 0, version, "1.el9", "x86_64", vendor)


def with_packages(*added: Package, removed: Any = (), mine: Any = None,
                  needs: Any = None, origins: Any = None, etc: Any = ()) -> HostFacts:
    facts = replace(host(), etc=etc, packages=Packages(
        500, tuple(added), tuple(removed), (), needs or {}, origins or {}))
    return replace(facts, plugins={**facts.plugins, "packages": {**NOTHING, **(mine or {})}})


@pytest.mark.parametrize("name,vendor,fate", [
    ("tmux", "CentOS", "layer"), ("htop", "Fedora Project", "layer"),
    ("nano", "Red Hat, Inc.", "layer"), ("storcli", "Broadcom", "vendor"),
    ("backup-agent", "", "vendor"),
    ("kmod-megaraid_sas", "Broadcom", "blocked"), ("kernel-core", "CentOS", "blocked"),
    ("imgbased", "CentOS", "dropped"), ("centos-release-nfv", "CentOS", "dropped"),
    ("epel-release", "Fedora Project", "dropped"), ("bash", "CentOS", "in-image")])
def test_each_package_has_one_fate(name: str, vendor: str, fate: str) -> None:
    image = target(packages=(package("bash"),))
    assert [(p.name, p.fate.value) for p in judged(with_packages(package(name, vendor)), image)
            ] == [(name, fate)]


def test_an_update_of_the_images_own_package_is_no_addition() -> None:
    facts = with_packages(package("vdsm", "oVirt", "2"), removed=[package("vdsm", "oVirt", "1")])
    assert judged(facts, target()) == ()


def layering(*more: RepositoryFile) -> TargetFacts:
    """An image that has rpm-ostree and a repository, or those that are given."""
    given = more or (RepositoryFile("/etc/yum.repos.d/centos.repo", ("baseos",)),)
    return target(units={**target().units, "rpm-ostreed.service": ()}, repositories=given,
                  etc={**target().etc, **{one.path: file() for one in given}})


def test_the_plan_names_each_with_its_reason() -> None:
    facts = with_packages(package("tmux"), package("htop", "Fedora Project"),
                          package("storcli", "Broadcom"), package("kmod-x", "Elrepo"),
                          package("kernel-core"), package("imgbased"))
    plan = decided(facts, layering())
    assert plan.layers == ("htop", "tmux")
    assert found(plan, "N2C_PACKAGES_LAYER").resources == ("package:htop", "package:tmux")
    assert found(plan, "N2C_PACKAGES_VENDOR").evidence == (
        "storcli-1.0-1.el9.x86_64 of Broadcom: It was built for NG's release.",)
    assert found(plan, "N2C_PACKAGES_BLOCKED").resources == ("package:kmod-x",)
    assert found(plan, "N2C_PACKAGES_IN_IMAGE").resources == ("package:kernel-core",)
    assert found(plan, "N2C_PACKAGES_DROPPED").resources == ("package:imgbased",)


@pytest.mark.parametrize("more,why", [
    ({"etc": {}}, "no rpm-ostree"),
    ({"units": {"rpm-ostreed.service": ()}}, "no repository")])
def test_an_image_that_cannot_layer_leaves_them_behind_and_says_why(
        more: Dict[str, Any], why: str) -> None:
    plan = decided(with_packages(package("tmux")), target(**more))
    assert plan.layers == () and why in found(plan, "N2C_PACKAGES_LEFT").evidence[0]
    assert "rpm-ostree install tmux" in found(plan, "N2C_PACKAGES_LEFT").remedy


def test_a_hook_of_vdsms_comes_with_its_package_or_with_the_image() -> None:
    image = layering()
    image = replace(image, packages=(*image.packages, package("vdsm-hook-ethtool-options")))
    facts = with_packages(package("vdsm-hook-ethtool-options", "oVirt"),
                          package("vdsm-hook-checkips", "oVirt"), package("fping", "Fedora"),
                          needs={"vdsm-hook-checkips": ("fping",)})
    plan = decided(facts, image)
    assert (plan.layers, plan.along) == (("vdsm-hook-checkips",), ("fping",))
    assert found(plan, "N2C_PACKAGES_IN_IMAGE").resources == ("package:vdsm-hook-ethtool-options",)
    left = decided(facts, replace(image, repositories=()))
    assert found(left, "N2C_PACKAGES_LEFT").resources == (
        "package:fping", "package:vdsm-hook-checkips")


EPEL = "/etc/yum.repos.d/epel.repo"
OFF = RepositoryFile(EPEL, (), ("epel",))
ON = RepositoryFile("/etc/yum.repos.d/centos.repo", ("baseos",))


@pytest.mark.parametrize("files,why", [
    ((OFF,), f"No repository of the new system is enabled ({EPEL})."),
    ((RepositoryFile(EPEL, broken=True),), f"{EPEL} cannot be read"),
    ((RepositoryFile(EPEL),), "No repository of the new system is enabled")])
def test_where_no_repository_is_enabled_nothing_is_layered(
        files: Tuple[RepositoryFile, ...], why: str) -> None:
    plan = decided(with_packages(package("tmux")), layering(*files))
    assert plan.layers == () and why in found(plan, "N2C_PACKAGES_LEFT").evidence[0]


def row(plan: Any, name: str) -> str:
    one, = (p.reason for p in plan.packages if p.name == name)
    return str(one)


def test_a_package_whose_repository_is_off_or_missing_says_so() -> None:
    facts = with_packages(package("tmux"), package("htop"), package("jq"), package("lsof"),
                          origins={"tmux": "baseos", "htop": "epel", "jq": "copr-x"})
    plan = decided(facts, layering(ON, OFF))
    assert plan.layers == ("htop", "jq", "lsof", "tmux")
    assert row(plan, "htop").endswith(f"Its repository, epel, is disabled in {EPEL}.")
    assert row(plan, "jq").endswith("it came from copr-x, which the new system does not have.")
    assert row(plan, "tmux") == row(plan, "lsof")
    assert row(plan, "tmux").endswith("It is layered.")
    assert any("is disabled in" in line for line in found(plan, "N2C_PACKAGES_LAYER").evidence)


def test_another_vendors_package_is_not_looked_for_where_its_repository_is_off() -> None:
    facts = with_packages(package("storcli", "Broadcom"), origins={"storcli": "epel"})
    policy = Policy(packages={"storcli": "layer"})
    plan = decided(facts, layering(ON, OFF), policy)
    assert plan.layers == () and "is disabled in" in found(plan, "N2C_PACKAGES_LEFT").evidence[0]
    assert decided(facts, layering(ON), policy).layers == ("storcli",)


def test_a_file_that_is_broken_is_told_though_others_may_do() -> None:
    plan = decided(with_packages(package("tmux")), layering(
        ON, RepositoryFile(EPEL, broken=True)))
    assert plan.layers == ("tmux",)
    assert row(plan, "tmux").endswith(
        f"{EPEL} cannot be read, and rpm-ostree may then refuse all.")


@pytest.mark.parametrize("enabled,layers", [(("epel",), ("htop",)), ((), ())])
def test_a_repository_that_is_carried_counts_as_it_is_on_ng(
        enabled: Tuple[str, ...], layers: Tuple[str, ...]) -> None:
    facts = with_packages(package("htop"), etc=(added(EPEL),), mine={"repositories": [
        {"path": EPEL, "enabled": list(enabled), "disabled": ["epel-source"], "broken": False}]})
    entry = Entry("site.repos", (EPEL,), Action.CARRY, "Our mirror.")
    plan = decided(facts, layering(RepositoryFile("/etc/yum.repos.d/c.repo", (), ("c",))),
                   given=replace(rules(), drop_ins=(Layer("site.yaml", (entry,)),)))
    assert plan.layers == layers


def test_what_is_left_behind_on_ng_is_no_repository_of_the_new_system() -> None:
    facts = with_packages(package("htop"), etc=(added(EPEL),), mine={"repositories": [
        {"path": EPEL, "enabled": ["epel"], "disabled": [], "broken": False}]})
    image = target(units={**target().units, "rpm-ostreed.service": ()})
    assert "none is carried" in row(decided(facts, image), "htop")


def test_the_files_of_ng_are_read_with_their_flags(fake_host: FakeHost) -> None:
    fake_host.write("/etc/yum.repos.d/a.repo", "[a]\nenabled=0\nbaseurl=https://me:pw@x/\n[b]\n")
    fake_host.write("/etc/yum.repos.d/b.repo", "no ini")
    fake_host.write("/etc/yum.repos.d/c.repo/x", "")
    fake_host.write("/etc/yum.repos.d/d.repo.rpmsave", "[d]\n")
    read = PackagesPlugin().facts(fake_host)
    assert [(f["path"][-6:], f["enabled"], f["disabled"], f["broken"])
            for f in read["repositories"]] == [
        ("a.repo", ["b"], ["a"], False),
        ("b.repo", [], [], True), ("c.repo", [], [], True)]
    assert "pw" not in str(read)


@pytest.mark.parametrize("policy,layers", [
    (Policy(), ("htop", "tmux")), (Policy(added_packages="drop"), ()),
    (Policy(added_packages="drop", packages={"tmux": "layer"}), ("tmux",)),
    (Policy(packages={"tmux": "drop"}), ("htop",)),
    (Policy(packages={"storcli": "layer"}), ("htop", "storcli", "tmux")),
    (Policy(packages={"kmod-x": "layer"}), ("htop", "tmux"))])
def test_the_answers_choose_but_never_what_is_blocked(policy: Policy,
                                                      layers: Tuple[str, ...]) -> None:
    facts = with_packages(package("tmux"), package("htop"), package("storcli", "Broadcom"),
                          package("kmod-x"))
    plan = decided(facts, layering(), policy)
    assert plan.layers == layers
    refused = "cannot be followed" in found(plan, "N2C_PACKAGES_BLOCKED").evidence[0]
    assert refused is ("kmod-x" in policy.packages)


@pytest.mark.parametrize("needs,policy,layers,along", [
    ({"a": ("b",), "b": ("c",)}, Policy(), "a d e", {"b": "a", "c": "a"}),
    ({"a": ("c",), "b": ("c",)}, Policy(), "a b d e", {"c": "a"}),
    ({"a": ("b",), "b": ("a",)}, Policy(), "a c d e", {"b": "a"}),
    ({"c": ("d",), "d": ("e",), "e": ("c",), "a": ("e",)}, Policy(), "a b",
     {"c": "a", "d": "a", "e": "a"}),
    ({"c": ("d",), "d": ("e",), "e": ("c",)}, Policy(packages={"d": "layer"}), "a b d",
     {"c": "d", "e": "d"}),
    ({"a": ("b",)}, Policy(packages={"b": "layer"}), "a b c d e", {}),
    ({"a": ("b",), "b": ("c",)}, Policy(packages={"b": "drop"}), "a d e", {"b": "a", "c": "a"}),
    ({"a": ("b",)}, Policy(packages={"a": "drop"}), "b c d e", {}),
    ({"a": ("v",), "v": ("b",)}, Policy(), "a c d e", {"b": "a"}),
    ({"v": ("b",), "k": ("c",)}, Policy(), "a b c d e", {}),
    ({"v": ("b",)}, Policy(packages={"v": "layer"}), "a c d e v", {"b": "v"}),
    ({"a": ("b",)}, Policy(added_packages="drop"), "", {}),
    ({"a": ("b",)}, Policy(added_packages="drop", packages={"a": "layer"}), "a", {"b": "a"})])
def test_what_another_layered_package_brings_is_not_asked_for(
        needs: Dict[str, Tuple[str, ...]], policy: Policy, layers: str,
        along: Dict[str, str]) -> None:
    facts = with_packages(*map(package, "abcde"), package("v", "Broadcom"),
                          package("k", "Elrepo"), needs=needs)
    plan = decided(facts, layering(), policy)
    assert plan.layers == tuple(layers.split())
    assert plan.along == tuple(along)
    rows = {p.name: p.reason for p in plan.packages}
    assert all(f"It comes as a dependency of {by}" in rows[name] for name, by in along.items())
    if along:
        assert found(plan, "N2C_PACKAGES_ALONG").resources == tuple(
            f"package:{name}" for name in along)


def test_a_package_in_no_ring_and_needed_by_none_is_asked_for_among_many() -> None:
    names = [f"p{n:03}" for n in range(300)]
    chain = {one: (other,) for one, other in zip(names, names[1:])}
    plan = decided(with_packages(*map(package, names), needs=chain), layering())
    assert plan.layers == ("p000",) and len(plan.along) == 299


def test_a_removed_package_that_the_image_has_comes_back_and_is_told() -> None:
    facts = with_packages(removed=[package("kernel-core"), package("cockpit")])
    assert found(decided(facts), "N2C_PACKAGES_BACK").resources == ("package:kernel-core",)


def test_a_host_as_its_image_made_it_is_told_nothing() -> None:
    assert ids(decided(with_packages())) == []


@pytest.mark.parametrize("text,proxy,secret", [
    ("[main]\nproxy=http://proxy.example.org:3128\n", "http://proxy.example.org:3128", False),
    ("[main]\nproxy=http://me:pass@proxy.example.org\n", "", True),
    ("[main]\nproxy=http://proxy.example.org\nproxy_username=me\n", "", True),
    ("[main]\nproxy=_none_\n", "", False), ("[main]\ngpgcheck=1\n", "", False),
    ("no ini at all", "", False)])
def test_the_proxy_is_read_its_password_is_not(text: str, proxy: str, secret: bool,
                                               fake_host: FakeHost) -> None:
    fake_host.write("/etc/dnf/dnf.conf", text)
    assert PackagesPlugin().facts(fake_host) == {"proxy": proxy, "proxy_secret": secret,
                                                 "repositories": []}


def test_rpm_ostree_gets_the_proxy_where_the_image_has_it() -> None:
    facts = with_packages(mine={"proxy": "http://proxy.example.org:3128", "proxy_secret": False})
    units = {**target().units, "rpm-ostreed.service": ()}
    assert 'Environment="https_proxy=http://proxy.example.org:3128"' in text_of(
        item(decided(facts, target(units=units)), DROP_IN))
    assert [i for i in decided(facts).items if i.path == DROP_IN] == []


def test_a_proxy_with_a_password_is_left_to_the_admin() -> None:
    facts = with_packages(mine={"proxy": "", "proxy_secret": True})
    assert ids(decided(facts)) == ["N2C_PACKAGES_PROXY"]
