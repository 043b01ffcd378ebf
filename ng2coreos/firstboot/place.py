"""Probes of what the system is and stands on: deployment, kernel arguments, mounts, PVs, users."""

import json
from typing import List

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.firstboot import rpm_ostree
from ng2coreos.firstboot.accounts import Accounts
from ng2coreos.firstboot.probe import Look, Params, Seen
from ng2coreos.model.places import LVM_DEVICES

_USES = "devices/use_devicesfile"
_UNKNOWN = 5  # ECMD_FAILED of LVM's lib/commands/errors.h


def mount(look: Look, params: Params) -> Seen:
    """mount{target,uuid}: the file system with that UUID is mounted there; an empty uuid is any."""
    target, uuid = params.text("target"), params.text("uuid", "")
    done = look.run("findmnt", "--json", "--output", "TARGET,SOURCE,UUID,FSTYPE", "--mountpoint",
                    target, ok=(0, 1))
    if done.returncode or not done.stdout.strip():
        return Seen(False, f"nothing is mounted on {target}")
    top = json.loads(done.stdout)["filesystems"][-1]
    if uuid and top.get("uuid") != uuid:
        found = f"{top.get('source')} with UUID {top.get('uuid')}"
        return Seen(False, f"{target} is {found}, not {uuid}")
    return Seen(True, str(top.get("source")))


def deployment(look: Look, params: Params) -> Seen:
    """deployment{commit}: the running system is a deployment of that commit.

    As ostree itself finds it: the argument ostree= is a symlink to the deployment's directory,
    whose name is COMMIT.SERIAL.  Packages over that commit make another one: rpm-ostree knows
    which is below.
    """
    wanted = params.text("commit")
    links = [w[len("ostree="):] for w in _arguments(look) if w.startswith("ostree=")]
    if not links:
        return Seen(False, "this boot is not a boot of an ostree deployment")
    commit = look.host.follow("/sysroot" + links[-1]).name.partition(".")[0]
    if commit == wanted:
        return Seen(True, commit)
    try:
        below = next((d.base for d in rpm_ostree.deployments(look.host, look.left_s)
                      if d.booted), "")
    except Ng2CoreosError:
        below = ""
    if below == wanted:
        return Seen(True, f"{commit}, packages over {wanted}")
    return Seen(False, f"running {commit}, not {wanted}")


def kernel_arg(look: Look, params: Params) -> Seen:
    """kernel-arg{arg}: the running kernel was given the argument."""
    arg = params.text("arg")
    return Seen(True) if arg in _arguments(look) else Seen(False, f"{arg} is not in /proc/cmdline")


def pv_set(look: Look, params: Params) -> Seen:
    """pv-set{uuids}: LVM sees these PVs; with `exact` no other (a lost filter shows guests')."""
    wanted = set(params.texts("uuids"))
    done = look.run("pvs", "--reportformat", "json", "--options", "pv_uuid,pv_name")
    rows = json.loads(done.stdout)["report"][0]["pv"]
    found = {row["pv_uuid"]: row["pv_name"] for row in rows}
    wrong = [f"{uuid} is missing" for uuid in sorted(wanted - set(found))]
    if params.flag("exact"):
        wrong += [f"{found[uuid]} ({uuid}) was not there before"
                  for uuid in sorted(set(found) - wanted)]
    return Seen(not wrong, "; ".join(wrong) or f"{len(wanted)} PVs")


def lvm_devices(look: Look, params: Params) -> Seen:
    """lvm-devices{}: LVM uses its devices file, and there is one; without it LVM takes any disk.

    An LVM before 2.03.12 knows no such file; what it takes is up to its filter.
    """
    del params
    done = look.run("lvmconfig", "--typeconfig", "full", _USES, ok=(0, _UNKNOWN))
    if done.returncode == _UNKNOWN and f"{_USES} not found" in done.stderr:
        return Seen(True, "this LVM has no devices file")
    said = done.stdout.strip()
    if said.replace(" ", "") != "use_devicesfile=1":
        return Seen(False, f"LVM's configuration says {said or 'nothing of ' + _USES}")
    return Seen(True) if look.host.exists(LVM_DEVICES) else Seen(False, f"{LVM_DEVICES} is missing")


def user(look: Look, params: Params) -> Seen:
    """user{name,uid,gid,groups}: the user exists with these numbers and at least these groups."""
    name, groups = params.text("name"), params.texts("groups")
    accounts = Accounts(look.host)
    found = accounts.user(name)
    if found is None:
        return Seen(False, f"there is no user {name}")
    wrong: List[str] = []
    for label, wanted, have in (("uid", params.optional_number("uid"), found.uid),
                                ("gid", params.optional_number("gid"), found.gid)):
        if wanted is not None and wanted != have:
            wrong.append(f"{label} is {have}, not {wanted}")
    lacking = sorted(set(groups) - set(accounts.groups_of(found)))
    wrong += [f"not in group {group}" for group in lacking]
    return Seen(not wrong, "; ".join(wrong))


def ageing(look: Look, params: Params) -> Seen:
    """ageing{name, fields}: how long its password and the account last, by /etc/shadow.

    A password that was changed since then is a good one.
    """
    name, wanted = params.text("name"), list(params.texts("fields"))
    rows = [line.split(":") for line in look.host.read_text("/etc/shadow").splitlines()]
    have = next((row[2:8] for row in rows if row[0] == name), None)
    if have is None or not wanted:
        raise ValueError(f"/etc/shadow has no {name}" if wanted else "the check lacks fields")
    changed = [field if field.isdigit() else "-1" for field in (have[0], wanted[0])]
    if have[1:] == wanted[1:] and int(changed[0]) >= int(changed[1]):
        return Seen(True)
    return Seen(False, f"{':'.join(have)}, not {':'.join(wanted)}")


def _arguments(look: Look) -> List[str]:
    return look.host.read_text("/proc/cmdline").split()
