"""selinux: what was set on NG is set again on the new system, or named with the reason."""

import bz2
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

import pytest

from ng2coreos.core.host import Host
from ng2coreos.firstboot.selinux import DONE, MODULES, RECORDS
from ng2coreos.model.facts import HostFacts, Package
from ng2coreos.model.item import Outcome
from ng2coreos.model.plan import Decisions
from ng2coreos.model.target import PolicyFacts, TargetFacts
from ng2coreos.plan.written import text_of
from plugins.selinux import REPLAY_UNIT, Selinux
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids, item, target

STORE = "/var/lib/selinux/targeted/active"
POLICY = PolicyFacts(
    types=("etc_t", "ssh_port_t", "sshd_t", "netif_t", "node_t", "public_content_rw_t", "var_t"),
    booleans=("httpd_enable_cgi", "virt_use_nfs", "nis_enabled"),
    users=("staff_u", "system_u", "user_u"),
    roles=("object_r", "staff_r", "sysadm_r"), modules=("100/base", "100/accountsd",
                                                        "400/ovirt_vmconsole"),
    records=("port -a -t ovirt_vmconsole_host_port_t -r s0 -p tcp 2223",),
    equivalences=("/home /var/home", "/var/roothome /root", "/var/usrlocal /usr/local"))
FILES = {
    "booleans.local": "# by libsemanage\n\nhttpd_enable_cgi=1\nvirt_use_nfs=1\ngone_boolean=0\n",
    "ports.local": "portcon tcp 2222 system_u:object_r:ssh_port_t:s0\n"
                   "portcon tcp 3000 - 3010 system_u:object_r:gone_port_t:s0\n"
                   "portcon tcp 2223 system_u:object_r:ovirt_vmconsole_host_port_t:s0\n",
    "file_contexts.local": "/data(/.*)?    system_u:object_r:public_content_rw_t:s0\n"
                           "/home/site/x\\.y -- unconfined_u:object_r:etc_t:s0\n"
                           "/data/none -d <<none>>\n",
    "interfaces.local": "netifcon eth7 system_u:object_r:netif_t:s0 system_u:object_r:netif_t:s0\n",
    "nodes.local": "nodecon ipv4 10.1.2.0 255.255.255.0 system_u:object_r:node_t:s0\n",
    "seusers.local": "admin:staff_u:s0-s0:c0.c3\n__default__:user_u:s0\nremote@ipa:staff_u:s0\n",
    "users.local": "user ops_u roles { staff_r sysadm_r } level s0 range s0 - s0:c0.c5;\n"
                   "user odd_u roles { gone_r } level s0 range s0;\n"}


def stored(fake: FakeHost, files: Optional[Dict[str, str]] = None, top: str = STORE) -> None:
    fake.write("/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n")
    fake.path(f"{top}/modules/100").mkdir(parents=True)
    for name, text in (FILES if files is None else files).items():
        fake.write(f"{top}/{name}", text)


def image(policy: Optional[PolicyFacts] = POLICY, more: Sequence[str] = (),
          **fields: Any) -> TargetFacts:
    names = ("kernel-core", "policycoreutils-python-utils", *more)
    return target(selinux="targeted", policy=policy,
                  packages=tuple(Package(name, 0, "1", "1", "x86_64") for name in names), **fields)


def planned(fake: FakeHost, where: Optional[TargetFacts] = None) -> Decisions:
    return decided(facts(fake), where or image())


def facts(fake: Host) -> HostFacts:
    base = host()
    return replace(base, plugins={**base.plugins, "selinux": Selinux().facts(fake)})


def lines(plan: Decisions) -> List[str]:
    return text_of(item(plan, RECORDS)).splitlines()


def left(plan: Decisions) -> Dict[str, str]:
    evidence = found(plan, "N2C_SELINUX_LEFT").evidence
    return dict(text.rsplit(": ", 1) for text in evidence)


def test_the_images_policy_decides_what_is_set_again(fake_host: FakeHost) -> None:
    stored(fake_host)
    for name in ("permissive_sshd_t", "permissive_gone_t"):
        fake_host.write(f"{STORE}/modules/400/{name}/cil", "(typepermissive x)")
    fake_host.write(f"{STORE}/modules/disabled/accountsd", "")
    fake_host.write(f"{STORE}/modules/disabled/gone", "")
    plan = planned(fake_host)
    assert sorted(lines(plan)) == sorted([
        "boolean -m -1 httpd_enable_cgi", "boolean -m -1 virt_use_nfs",
        "port -a -t ssh_port_t -r s0 -p tcp 2222",
        "fcontext -a -f a -t public_content_rw_t -r s0 '/data(/.*)?'",
        "fcontext -a -f a -t public_content_rw_t -r s0 '/var/toplevel/data(/.*)?'",
        "fcontext -a -f f -s unconfined_u -t etc_t -r s0 '/var/home/site/x\\.y'",
        "fcontext -a -f d -t '<<none>>' /data/none",
        "fcontext -a -f d -t '<<none>>' /var/toplevel/data/none",
        "interface -a -t netif_t -r s0 eth7",
        "node -a -M 255.255.255.0 -p ipv4 -t node_t -r s0 10.1.2.0",
        "login -a -s staff_u -r s0-s0:c0.c3 admin", "login -a -s user_u -r s0 __default__",
        "user -a -L s0 -r s0-s0:c0.c5 -R 'staff_r sysadm_r' ops_u",
        "permissive -a sshd_t", "module -d accountsd"])
    reasons = left(plan)
    assert {line.split()[-1]: "lacks" in why or "has no" in why
            for line, why in reasons.items() if "remote" not in line} == {
        "gone_boolean": True, "3000-3010": True, "odd_u": True, "gone_t": True, "gone": True}
    check, = (c for c in plan.checks if c.kind == "selinux-records")
    assert check.params == {"records": lines(plan), "modules": []}
    assert not check.health and "N2C_SELINUX_REPLAYED" in ids(plan)


def test_log_ins_of_accounts_from_elsewhere_are_named(fake_host: FakeHost) -> None:
    stored(fake_host)
    reason, = (why for line, why in left(planned(fake_host)).items() if "remote@ipa" in line)
    assert "account" in reason


@pytest.mark.parametrize("file,line", [
    ("file_contexts.local", "/x(/.*)? system_u:object_r:gone_t:s0"),
    ("nodes.local", "nodecon ipv4 10.1.2.0 255.255.255.0 system_u:object_r:gone_t:s0"),
    ("interfaces.local", "netifcon e7 system_u:object_r:gone_t:s0 system_u:object_r:gone_t:s0"),
    ("ports.local", "portcon tcp 99 system_u:object_r:gone_t:s0")])
def test_a_type_that_the_image_lacks_is_named_whatever_has_it(
        fake_host: FakeHost, file: str, line: str) -> None:
    """semanage would refuse it, and with it all the others."""
    stored(fake_host, {file: f"{line}\n", "booleans.local": "nis_enabled=1\n"})
    plan = planned(fake_host)
    assert lines(plan) == ["boolean -m -1 nis_enabled"]
    assert set(left(plan).values()) == {"the image's policy has no type gone_t"}


def test_a_log_in_needs_its_user_which_stands_before_it(fake_host: FakeHost) -> None:
    stored(fake_host, {"seusers.local": "admin:ops_u:s0\nroot:odd_u:s0\n",
                       "users.local": FILES["users.local"]})
    plan = planned(fake_host)
    assert lines(plan) == ["user -a -L s0 -r s0-s0:c0.c5 -R 'staff_r sysadm_r' ops_u",
                           "login -a -s ops_u -r s0 admin"]
    assert left(plan)["login -a -s odd_u -r s0 root"] == "the image's policy has no user odd_u"


def test_vdsms_own_booleans_are_vdsms(fake_host: FakeHost) -> None:
    stored(fake_host, {"booleans.local": "virt_use_nfs=1\nnis_enabled=1\n"})
    assert lines(planned(fake_host, image(more=("vdsm",)))) == ["boolean -m -1 nis_enabled"]
    assert len(lines(planned(fake_host))) == 2


def test_what_ngs_image_brought_is_not_the_admins(fake_host: FakeHost) -> None:
    stored(fake_host, {"booleans.local": "httpd_enable_cgi=1\nnis_enabled=1\n"})
    stored(fake_host, {"booleans.local": "httpd_enable_cgi=1\n"}, "/usr/share/factory" + STORE)
    assert lines(planned(fake_host)) == ["boolean -m -1 nis_enabled"]


@pytest.mark.parametrize("pattern,wanted", [
    ("/home(/.*)?", ["/var/home(/.*)?"]), ("/home/[^/]+/x", ["/var/home/[^/]+/x"]),
    ("/homes/x", ["/homes/x", "/var/toplevel/homes/x"]), ("/root/x", ["/root/x"]),
    ("/usr/local/bin/x", ["/usr/local/bin/x"]), ("/opt/site(/.*)?", ["/var/opt/site(/.*)?"]),
    ("/srv/?", ["/srv/?"]), ("/var/lib/x.*", ["/var/lib/x.*"]), ("/.*\\.core", ["/.*\\.core"]),
    ("/etc/ssh/x", ["/etc/ssh/x"]), ("/mnt/nfs", ["/var/mnt/nfs"]),
    ("/linked/x", ["/var/linked/x"])])
def test_paths_are_those_of_the_new_system(pattern: str, wanted: List[str],
                                           fake_host: FakeHost) -> None:
    stored(fake_host, {"file_contexts.local": f"{pattern} system_u:object_r:etc_t:s0\n"})
    plan = planned(fake_host, image(top={"linked": "var/linked"}))
    assert [line.rpartition("-r s0 ")[2].strip("'") for line in lines(plan)] == wanted


def test_labels_before_the_reboot_know_them(fake_host: FakeHost) -> None:
    stored(fake_host, {"file_contexts.local": FILES["file_contexts.local"]})
    fake_host.write("/etc/selinux/targeted/contexts/files/file_contexts.subs",
                    "/data/homes /home\n")
    plan = planned(fake_host, image(top={"data": ""}))
    assert plan.labelling is not None
    assert set(plan.labelling.contexts) == {
        "/data(/.*)? system_u:object_r:public_content_rw_t:s0",
        "/var/toplevel/data(/.*)? system_u:object_r:public_content_rw_t:s0",
        "/var/home/site/x\\.y -- unconfined_u:object_r:etc_t:s0",
        "/data/none -d <<none>>", "/var/toplevel/data/none -d <<none>>"}
    assert plan.labelling.equivalences == ("/data/homes /var/home",
                                           "/var/toplevel/data/homes /var/home")
    assert "fcontext -a -e /var/home /data/homes" in lines(plan)


def test_an_equivalence_that_libselinux_would_not_look_at_is_named(fake_host: FakeHost) -> None:
    """It tries the admin's for the path as it is, /var/roothome/x, and the image's only then."""
    stored(fake_host, {})
    fake_host.write("/etc/selinux/targeted/contexts/files/file_contexts.subs",
                    "/root/x /var/www\n/root /root\n/var/site.d /root/y\n")
    plan = planned(fake_host)
    assert lines(plan) == ["fcontext -a -e /root/y /var/site.d"]
    (line,) = found(plan, "N2C_SELINUX_LEFT").evidence
    assert line.startswith("fcontext -a -e /var/www /var/roothome/x: libselinux takes none")


def module(fake: FakeHost, name: str, cil: str, *, pp: bytes = b"", priority: int = 400,
           pack: bool = True) -> Tuple[str, bytes]:
    """A module in the store; the path and the bytes of its source."""
    top = f"{STORE}/modules/{priority}/{name}"
    data = bz2.compress(cil.encode()) if pack else cil.encode()
    fake.path(top).mkdir(parents=True)
    fake.path(f"{top}/cil").write_bytes(data)
    fake.write(f"{top}/lang_ext", "pp" if pp else "cil")
    if pp:
        data = bz2.compress(pp) if pack else pp
        fake.path(f"{top}/hll").write_bytes(data)
    return f"{top}/{'hll' if pp else 'cil'}", data


@pytest.mark.parametrize("pp,pack,name", [
    (b"\x8f\xff\x7c\xf9", True, "site.pp.bz2"), (b"\x8f\xff\x7c\xf9", False, "site.pp"),
    (b"", True, "site.cil.bz2"), (b"", False, "site.cil")])
def test_a_module_travels_by_its_source(pp: bytes, pack: bool, name: str,
                                        fake_host: FakeHost) -> None:
    stored(fake_host, {})
    source, _ = module(fake_host, "site", "(typeattributeset cil_gen_require etc_t)\n"
                       "(type site_t)\n(booleanif (nis_enabled) (true (allow site_t etc_t "
                       "(file (read)))))", pp=pp, pack=pack)
    plan = planned(fake_host)
    carried = item(plan, f"{MODULES}/400/{name}")
    assert (carried.source, carried.outcome, carried.mode) == (source, Outcome.CARRIED, 0o600)
    check, = (c for c in plan.checks if c.kind == "selinux-records")
    assert check.params["modules"] == ["400/site"] and lines(plan) == []
    assert "N2C_SELINUX_LEFT" not in ids(plan)


def test_a_module_that_needs_what_is_not_there_is_named(fake_host: FakeHost) -> None:
    stored(fake_host, {"ports.local": "portcon tcp 99 system_u:object_r:own_port_t:s0\n"
                                      "portcon tcp 98 system_u:object_r:lost_port_t:s0\n"})
    needs = "(typeattributeset cil_gen_require {})\n".format
    module(fake_host, "a", needs("b_t") + "(type own_port_t)")
    module(fake_host, "b", "(type b_t)" + needs("etc_t"))
    module(fake_host, "c", needs("gone_t") + "(type lost_port_t)")
    module(fake_host, "d", needs("lost_port_t"))  # needs what a module brings that does not come
    module(fake_host, "e", "(booleanif (and (nis_enabled) (not (gone_bool))) (true))")
    module(fake_host, "ovirt_vmconsole", needs("gone_t"))  # the image has its own
    plan = planned(fake_host)
    check, = (c for c in plan.checks if c.kind == "selinux-records")
    assert check.params == {"modules": ["400/a", "400/b"], "records": [
        "port -a -t own_port_t -r s0 -p tcp 99"]}
    assert {line.split()[-1]: why.split()[-1] for line, why in left(plan).items()} == {
        "c": "gone_t", "d": "lost_port_t", "e": "gone_bool", "98": "lost_port_t"}


def test_the_unit_runs_before_anything_that_needs_it(fake_host: FakeHost) -> None:
    stored(fake_host, {"ports.local": FILES["ports.local"]})
    plan = planned(fake_host)
    text = text_of(item(plan, f"/etc/systemd/system/{REPLAY_UNIT}"))
    assert f"ConditionPathExists=!{DONE}" in text and "Before=sysinit.target" in text
    assert "DefaultDependencies=no" in text and text.count("ng2coreos.pyz selinux") == 1
    state, = (u for u in plan.units if u.unit == REPLAY_UNIT)
    assert state.links == (f"sysinit.target.wants/{REPLAY_UNIT}",)


def test_a_host_that_set_nothing_gets_no_unit(fake_host: FakeHost) -> None:
    stored(fake_host, {})
    plan = planned(fake_host)
    assert not [u for u in plan.units if u.unit == REPLAY_UNIT]
    assert not {"N2C_SELINUX_REPLAYED", "N2C_SELINUX_LEFT"} & set(ids(plan))


@pytest.mark.parametrize("where,reason", [
    (target(), "the image has no SELinux policy"),
    (target(selinux="targeted", policy=POLICY), "the image lacks policycoreutils-python-utils")])
def test_an_image_that_cannot_take_them_leaves_each_named(where: TargetFacts, reason: str,
                                                          fake_host: FakeHost) -> None:
    stored(fake_host, {"booleans.local": "nis_enabled=1\n"})
    module(fake_host, "site", "(type site_t)")
    plan = planned(fake_host, where)
    assert left(plan) == {"boolean -m -1 nis_enabled": reason, "module site": reason}
    assert not [i for i in plan.items if i.path.startswith(("/etc/ng2coreos/selinux",))]


def test_a_policy_that_is_not_known_is_asked_on_the_new_system(fake_host: FakeHost) -> None:
    stored(fake_host, {"booleans.local": "whatever=1\n"})
    module(fake_host, "site", "(typeattributeset cil_gen_require x_t)")
    plan = planned(fake_host, image(None))
    assert lines(plan) == ["boolean -m -1 whatever"]
    assert [i.path for i in plan.items if i.path.startswith(MODULES)]


def test_kinds_that_are_not_set_again_are_named(fake_host: FakeHost) -> None:
    stored(fake_host, {"ibpkeys.local": "# x\nibpkeycon fe80:: 0x8001 system_u:object_r:x_t:s0\n",
                       "ibendports.local": "ibendportcon mlx4_0 2 system_u:object_r:y_t:s0\n",
                       "disable_dontaudit": ""})
    assert sorted(line.split()[0] for line in left(planned(fake_host))) == [
        "dontaudit", "ibendportcon", "ibpkeycon"]


def test_el7_keeps_its_store_below_etc(fake_host: FakeHost) -> None:
    stored(fake_host, {"booleans.local": "nis_enabled=true\n"}, "/etc/selinux/targeted/active")
    assert lines(planned(fake_host)) == ["boolean -m -1 nis_enabled"]


@pytest.mark.parametrize("bad", ["portcon tcp\n", "portcon\n", "x\n", "= \n", "user\n", "a b c d e",
                                 "user u roles level range;\n", ":::\n", "'\n", "/x -- \n"])
def test_lines_of_another_shape_stop_nothing(bad: str, fake_host: FakeHost) -> None:
    stored(fake_host, dict.fromkeys(FILES, bad))
    fake_host.path(f"{STORE}/modules/400/broken").mkdir(parents=True)
    fake_host.path(f"{STORE}/modules/400/broken/cil").write_bytes(b"BZh9garbage")
    plan = planned(fake_host)
    assert left(plan)["module broken"] == "it cannot be read"
    assert not [i for i in plan.items if i.path.startswith(MODULES)]
