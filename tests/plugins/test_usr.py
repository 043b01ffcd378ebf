"""usr: what no package brought is found by rpm's database, and hooks, units and rules move."""

import os
import subprocess
from dataclasses import replace
from typing import Any, Dict

import pytest

from ng2coreos.inventory import packages
from ng2coreos.model import codec
from ng2coreos.model.facts import FileFact, HostFacts, Service
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.usr import HOOKS, MOVES, TOLD, Usr
from tests.fakes import FakeHost
from tests.plan.build import added, decided, file, found, host, ids, item, link

rpm = pytest.importorskip("rpm")
UNIT = "/usr/lib/systemd/system"
HOOK = f"{HOOKS}/after_vm_start/50_mine"


def database(fake: FakeHost, owned: Dict[str, int]) -> None:
    """An rpm database with one package that owns these files, of these sizes, at time 1000."""
    directories = sorted({os.path.dirname(path) + "/" for path in owned})
    paths = sorted(owned)
    header: Any = rpm.hdr()
    header["name"], header["version"], header["release"] = "vdsm", "4", "1"
    header["arch"], header["os"], header["sourcerpm"] = "noarch", "linux", "vdsm-4-1.src.rpm"
    header["basenames"] = [os.path.basename(path) for path in paths]
    header["dirnames"] = directories
    header["dirindexes"] = [directories.index(os.path.dirname(p) + "/") for p in paths]
    header["filesizes"] = [owned[path] for path in paths]
    header["filemtimes"] = [1000 for _ in paths]
    header["filemodes"] = [0o100644 for _ in paths]
    place = fake.path(packages.LIVE)
    place.mkdir(parents=True)
    subprocess.run(["rpmdb", "--importdb", "--dbpath", str(place)], check=True, timeout=60,
                   input=b"\x8e\xad\xe8\x01\0\0\0\0" + bytes(header.unload()))


def put(fake: FakeHost, path: str, text: str = "x") -> None:
    os.utime(str(fake.write(path, text, mode=0o755)), (1000, 1000))


def with_usr(*services: Service, **more: Any) -> HostFacts:
    facts = host()
    mine = {"added": {path: codec.dump(file(path, mode=0o755)) for path in more.get("added", ())},
            "changed": list(more.get("changed", ()))}
    return replace(facts, services=(*facts.services, *services), etc=tuple(more.get("etc", ())),
                   plugins={**facts.plugins, "usr": mine})


def test_finds_what_no_package_brought_and_what_was_changed(fake_host: FakeHost) -> None:
    database(fake_host, {f"{HOOKS}/after_vm_start/10_vdsm": 1, f"{UNIT}/a.service": 1,
                         f"{UNIT}/b.service": 1, "/sbin/tool": 1, "/usr/sbin/tool2": 1,
                         "/usr/bin/one": 1})
    for path in (f"{HOOKS}/after_vm_start/10_vdsm", HOOK, f"{UNIT}/a.service",
                 f"{UNIT}/mine.service", "/usr/sbin/tool", "/usr/bin/one", "/usr/bin/two",
                 "/usr/bin/three", f"{HOOKS}/x.pyc"):
        put(fake_host, path)
    put(fake_host, f"{UNIT}/b.service", "changed")
    fake_host.write("/usr/sbin/tool2", "x")  # of another time
    fake_host.link(f"{HOOKS}/before_vm_start/60_link", "/opt/hook")
    facts = Usr().facts(fake_host)
    assert sorted(facts["added"]) == [f"{UNIT}/mine.service", HOOK,
                                      f"{HOOKS}/before_vm_start/60_link"]
    assert codec.load(FileFact, facts["added"][HOOK]).mode == 0o755
    # of /usr/bin rpm knows less than half: nothing can be said about it
    assert facts["changed"] == [f"{UNIT}/b.service", "/usr/sbin/tool2"]


@pytest.mark.parametrize("top", [*TOLD, *MOVES, HOOKS])
def test_a_change_of_the_admins_is_told_in_each_place(top: str, fake_host: FakeHost) -> None:
    path = f"{top}/site/50-site.conf"
    database(fake_host, {path: 1})
    put(fake_host, path, "edited")
    assert Usr().facts(fake_host)["changed"] == [path]


def test_a_hook_that_a_package_brought_is_none_of_the_admins(fake_host: FakeHost) -> None:
    path = f"{HOOKS}/before_vm_start/50_checkips"
    database(fake_host, {path: 1})
    put(fake_host, path)
    assert Usr().facts(fake_host) == {"added": {}, "changed": []}
    put(fake_host, path, "edited")
    facts = Usr().facts(fake_host)
    assert facts == {"added": {}, "changed": [path]}  # told, and not laid over the new one
    plan = decided(with_usr(changed=facts["changed"]))
    assert path in found(plan, "N2C_USR_CHANGED").evidence and "N2C_USR_HOOKS" not in ids(plan)


def test_the_database_is_not_touched(fake_host: FakeHost) -> None:
    database(fake_host, {"/usr/bin/one": 1})
    before = sorted(fake_host.names(packages.LIVE))
    assert packages.files(fake_host, ["/usr/bin"]) == {"/usr/bin/one": (1, 1000)}
    assert packages.files(fake_host, ["/usr/sbin"]) == {}
    assert sorted(fake_host.names(packages.LIVE)) == before


def test_hooks_are_kept_and_laid_over_the_images() -> None:
    plan = decided(with_usr(added=[HOOK]))
    one = item(plan, "/usr/local/libexec/vdsm/hooks/after_vm_start/50_mine")
    assert (one.outcome, one.source, one.mode) == (Outcome.CARRIED, HOOK, 0o755)
    unit = text_of(item(plan, "/etc/systemd/system/usr-libexec-vdsm-hooks.mount"))
    assert f"lowerdir=/var/usrlocal/libexec/vdsm/hooks:{HOOKS}\n" in unit
    assert "Before=vdsm-network.service supervdsmd.service vdsmd.service\n" in unit
    state, = (s for s in plan.units if s.unit.startswith("usr-"))
    assert state.links == ("multi-user.target.wants/usr-libexec-vdsm-hooks.mount",)
    assert found(plan, "N2C_USR_HOOKS").resources == (f"file:{HOOK}",)
    assert "N2C_USR_CHANGED" not in ids(plan)


def test_units_and_rules_move_to_etc_and_stay_enabled() -> None:
    rule = "/usr/lib/udev/rules.d/90-mine.rules"
    facts = with_usr(Service("mine.service", "enabled", ("multi-user.target.wants",)),
                     added=[f"{UNIT}/mine.service", rule],
                     etc=[added("/etc/systemd/system/multi-user.target.wants/mine.service",
                                link(f"{UNIT}/mine.service"))])
    plan = decided(facts)
    assert "N2C_UNIT_MISSING" not in ids(plan)
    assert item(plan, "/etc/systemd/system/mine.service").source == f"{UNIT}/mine.service"
    assert item(plan, "/etc/udev/rules.d/90-mine.rules").source == rule
    state, = (s for s in plan.units if s.unit == "mine.service")
    assert state.links == ("multi-user.target.wants/mine.service",)


def test_what_etc_has_by_that_name_wins_and_the_rest_is_told() -> None:
    facts = with_usr(added=[f"{UNIT}/mine.service", "/usr/bin/tool"], changed=["/usr/sbin/x"],
                     etc=[added("/etc/systemd/system/mine.service")])
    plan = decided(facts)
    assert item(plan, "/etc/systemd/system/mine.service").source == (
        "/etc/systemd/system/mine.service")
    assert found(plan, "N2C_USR_CHANGED").evidence == (
        "/usr/bin/tool", f"{UNIT}/mine.service", "/usr/sbin/x")


def test_a_unit_that_would_hide_the_images_is_told_only() -> None:
    path = "/usr/lib/systemd/system/vdsmd.service"
    plan = decided(with_usr(added={path: codec.dump(file())}))
    assert not [i for i in plan.items if i.path == "/etc/systemd/system/vdsmd.service"]
    assert found(plan, "N2C_USR_CHANGED").evidence == (path,)


def test_a_plain_host_has_nothing_to_say() -> None:
    assert not [i for i in ids(decided(with_usr())) if i.startswith("N2C_USR")]
