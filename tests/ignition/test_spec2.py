"""Spec 2 says the same as spec 3, as far as it can; what it cannot is told and goes another way.

No Ignition 0.x is packaged any more.  The texts in tests/data/ignition are what its release 0.35.0
was shown once (see the README there); what is written today must be the same to the byte.
"""

import json
from pathlib import Path
from typing import Any, Dict

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.ignition import build, validate
from ng2coreos.ignition.limits import FRAGMENT
from ng2coreos.model.ignition import WRITTEN, Spec, spec_text
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Plan
from tests.ignition import oracle, plans

RECORDED = Path(__file__).resolve().parents[1] / "data" / "ignition"
SECOND = [spec for spec in WRITTEN if spec[0] == 2]
THIRD = [spec for spec in WRITTEN if spec[0] == 3]
MOUNTS = {f"/dev/{plans.make().source.vg}/{v.name}": v.mount for v in plans.VOLUMES}


def whole(ignition: str = "0.35.0", **more: Any) -> Plan:
    """One of everything."""
    return plans.make(
        plans.converted("/etc/hostname", b"node01\n", mode=0o640, owner="vdsm", group="kvm"),
        plans.converted("/etc/large", b"the same line\n" * 100),
        plans.converted("/etc/empty", b""),
        plans.converted("/etc/admin.conf", b"x", owner="admin", group="4711"),
        plans.converted("/etc/su", b"x", mode=0o4755),
        plans.converted("/var/lib/vdsm/made anew", b"\xff\x00", owner="vdsm", group="kvm"),
        plans.converted("/var/log/deeper", b"log\n"), plans.converted("/usr/local/bin/x", b"#!"),
        Item("/etc/vdsm", "directory", Outcome.CARRIED, "", "r", "/etc/vdsm", mode=0o2750),
        Item("/var/lib/new", "directory", Outcome.CONVERTED, "", "r", mode=0o700, owner="vdsm"),
        Item("/etc/localtime", "symlink", Outcome.CARRIED, "", "r", link="../usr/share/zone"),
        Item("/home/link", "symlink", Outcome.CONVERTED, "", "r", link="admin"),
        units=plans.units(("sshd.service", "enable", ("multi-user.target.wants/sshd.service",)),
                          ("firewalld.service", "mask", ("firewalld.service",))),
        ignition=ignition, **more)


def data_of(plan: Plan, spec: Spec) -> Dict[str, Any]:
    found: Dict[str, Any] = json.loads(plans.text(plan, spec=spec))
    return found


@pytest.mark.parametrize("spec", SECOND, ids=spec_text)
def test_after_it_a_machine_is_what_it_is_after_spec_3(spec: Spec) -> None:
    second = oracle.spec2(data_of(whole(), spec), MOUNTS)
    third = oracle.spec3(data_of(whole("2.20.0"), (3, 5, 0)))
    # 0.x makes no home on a volume, and labels nothing there: both are told, see below
    assert second["users"]["admin"].pop("noCreateHome") is True
    lines = second["paths"].pop(FRAGMENT)["data"].decode().splitlines()
    assert set(third["paths"].pop(FRAGMENT)["data"].decode().splitlines()) < set(lines)
    assert second == third
    assert {"/var/lib/vdsm/made anew", "/var/log/deeper", "/var/home/link",
            "/etc/hostname"} < set(second["paths"])
    assert second["paths"]["/etc/large"]["data"] == b"the same line\n" * 100


@pytest.mark.parametrize("spec", SECOND, ids=spec_text)
def test_it_is_what_ignition_0_35_accepted(spec: Spec, tmp_path: Path) -> None:
    text = plans.text(whole(), spec=spec)
    assert text == (RECORDED / f"whole-{spec_text(spec)}.ign").read_bytes()
    path = tmp_path / "config.ign"
    path.write_bytes(text)
    validate(path, Host())


def test_what_goes_another_way_is_told() -> None:
    notes = build(whole(), plans.content, plans.password).notes
    assert notes == (
        f"Setuid, setgid and sticky bits are set by {FRAGMENT}, not by Ignition: /etc/su, "
        "/etc/vdsm.",
        f"SELinux labels are restored by {FRAGMENT}, since Ignition 0.x labels the root only: "
        "/var/home/link, /var/lib/new, /var/lib/vdsm/made anew, /var/log/deeper, "
        "/var/usrlocal/bin/x.",
        "Ignition 0.x makes no homes on volumes; these must have come with them: /home/admin.")
    lines = data_of(whole(), (2, 2, 0))["storage"]["files"]
    fragment = next(f for f in lines if f["path"] == FRAGMENT)
    assert plans.unpacked(fragment["contents"]).decode().splitlines()[1:] == [
        'z "/etc/su" 4755 root root', 'z "/etc/vdsm" 2750 root root',
        'z "/var/home/link" - root root', 'z "/var/lib/new" 0700 vdsm root',
        'z "/var/lib/vdsm/made anew" 0644 vdsm kvm', 'z "/var/log/deeper" 0644 root root',
        'z "/var/usrlocal/bin/x" 0644 root root']


def test_spec_3_needs_another_way_for_modes_alone() -> None:
    document = build(whole("2.26.0"), plans.content, plans.password)
    assert document.spec == (3, 1, 0) and len(document.notes) == 1
    plain = plans.make(plans.converted("/etc/a", b"a"), ignition="2.26.0")
    assert build(plain, plans.content, plans.password).notes == ()


def test_without_volumes_everything_lies_on_the_root() -> None:
    data = data_of(whole(volumes=()), (2, 2, 0))
    assert "filesystems" not in data["storage"]
    assert {e["filesystem"] for kind in ("files", "directories", "links")
            for e in data["storage"][kind]} == {"root"}
    assert "noCreateHome" not in data["passwd"]["users"][1]


@pytest.mark.parametrize("spec", THIRD, ids=spec_text)
def test_every_version_of_spec_3_says_the_same(spec: Spec, tmp_path: Path) -> None:
    release = "2.20.0"
    text = plans.text(whole(release), spec=spec)
    path = tmp_path / "config.ign"
    path.write_bytes(text)
    validate(path, Host())
    data = json.loads(text)
    assert data["ignition"] == {"version": spec_text(spec)}
    assert oracle.spec3(data) == oracle.spec3(data_of(whole(release), (3, 5, 0)))


BROKEN = {
    "undeclared": lambda d: d["storage"]["files"][0].update(filesystem="other"),
    "nowhere": lambda d: d["storage"]["files"][0].pop("filesystem"),
    "twice": lambda d: d["storage"]["files"].append(d["storage"]["files"][0]),
    "a name twice": lambda d: d["storage"]["filesystems"].append(d["storage"]["filesystems"][0]),
    "shadows the root": lambda d: d["storage"]["filesystems"][0].update(name="root"),
    "formatted": lambda d: d["storage"]["filesystems"][0]["mount"].update(wipeFilesystem=True),
    "created": lambda d: d["storage"]["filesystems"][0]["mount"].update(create={"force": True}),
    "both": lambda d: d["storage"]["filesystems"][0].update(path="/sysroot"),
    "the way of spec 3": lambda d: d["storage"]["filesystems"][0].update(device="/dev/x"),
    "packed": lambda d: d["storage"]["files"][0]["contents"].update(compression="gzip"),
    "append of spec 3": lambda d: d["storage"]["files"][0].update(append=[]),
    "append": lambda d: d["storage"]["files"][0].update(append=True),
    "kernel arguments": lambda d: d.update(kernelArguments={"shouldExist": ["x"]}),
    "luks": lambda d: d["storage"].update(luks=[]),
    "networkd": lambda d: d.update(networkd={"units": []}),
    "created user": lambda d: d["passwd"]["users"][0].update(create={}),
    "null": lambda d: d["storage"]["files"][0].update(user=None)}


@pytest.mark.parametrize("name", BROKEN)
def test_what_0_x_would_not_do_is_refused(name: str, tmp_path: Path) -> None:
    data = data_of(whole(), (2, 4, 0))
    BROKEN[name](data)
    path = tmp_path / "config.ign"
    path.write_text(json.dumps(data))
    with pytest.raises(BadInput, match="The Ignition config is invalid"):
        validate(path, Host())
