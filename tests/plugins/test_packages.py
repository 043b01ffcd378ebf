"""packages: each added package has one fate, and the plan says which and what to type."""

from dataclasses import replace
from typing import Any

import pytest

from ng2coreos.model.facts import HostFacts, Package, Packages
from ng2coreos.plan.written import text_of
from plugins.packages import DROP_IN, PackagesPlugin, fates
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids, item, target

NOTHING = {"proxy": "", "proxy_secret": False}


def package(name: str, vendor: str = "CentOS", version: str = "1.0") -> Package:
    return Package(name, 0, version, "1.el9", "x86_64", vendor)


def with_packages(*added: Package, removed: Any = (), mine: Any = None) -> HostFacts:
    facts = replace(host(), packages=Packages(500, tuple(added), tuple(removed), ()))
    return replace(facts, plugins={**facts.plugins, "packages": mine or NOTHING})


@pytest.mark.parametrize("name,vendor,fate", [
    ("tmux", "CentOS", "layer"), ("htop", "Fedora Project", "layer"),
    ("nano", "Red Hat, Inc.", "layer"), ("storcli", "Broadcom", "vendor"),
    ("backup-agent", "", "vendor"),
    ("kmod-megaraid_sas", "Broadcom", "blocked"), ("kernel-core", "CentOS", "blocked"),
    ("imgbased", "CentOS", "dropped"), ("centos-release-nfv", "CentOS", "dropped"),
    ("epel-release", "Fedora Project", "dropped"), ("bash", "CentOS", "in-image")])
def test_each_package_has_one_fate(name: str, vendor: str, fate: str) -> None:
    image = target(packages=(package("bash"),))
    met = {f: [p.name for p in rows]
           for f, rows in fates(with_packages(package(name, vendor)), image).items() if rows}
    assert met == {fate: [name]}


def test_an_update_of_the_images_own_package_is_no_addition() -> None:
    facts = with_packages(package("vdsm", "oVirt", "2"), removed=[package("vdsm", "oVirt", "1")])
    assert not any(fates(facts, target()).values())


def test_the_plan_names_them_with_what_to_type() -> None:
    facts = with_packages(package("tmux"), package("htop", "Fedora Project"),
                          package("storcli", "Broadcom"), package("kmod-x", "Elrepo"),
                          package("kernel-core"), package("imgbased"))
    plan = decided(facts)
    assert "rpm-ostree install htop tmux" in found(plan, "N2C_PACKAGES_LAYER").remedy
    assert found(plan, "N2C_PACKAGES_VENDOR").evidence == ("storcli-1.0-1.el9.x86_64 of Broadcom",)
    assert found(plan, "N2C_PACKAGES_BLOCKED").resources == ("package:kmod-x",)
    assert found(plan, "N2C_PACKAGES_IN_IMAGE").resources == ("package:kernel-core",)
    assert found(plan, "N2C_PACKAGES_DROPPED").resources == ("package:imgbased",)


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
    assert PackagesPlugin().facts(fake_host) == {"proxy": proxy, "proxy_secret": secret}


def test_rpm_ostree_gets_the_proxy_where_the_image_has_it() -> None:
    facts = with_packages(mine={"proxy": "http://proxy.example.org:3128", "proxy_secret": False})
    units = {**target().units, "rpm-ostreed.service": ()}
    assert 'Environment="https_proxy=http://proxy.example.org:3128"' in text_of(
        item(decided(facts, target(units=units)), DROP_IN))
    assert [i for i in decided(facts).items if i.path == DROP_IN] == []


def test_a_proxy_with_a_password_is_left_to_the_admin() -> None:
    facts = with_packages(mine={"proxy": "", "proxy_secret": True})
    assert ids(decided(facts)) == ["N2C_PACKAGES_PROXY"]
