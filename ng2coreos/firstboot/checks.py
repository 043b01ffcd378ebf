"""The kinds of checks, and how one is made: it ends in time, with ok or a reason, never a crash.

| kind | params | holds when |
|---|---|---|
| unit-active | unit | the unit is active |
| unit-enabled | unit | it is started at boot |
| no-failed-units | allow | no unit failed but for these names or globs |
| boot-finished | | systemd has no start jobs left |
| tls | address, port, ca (cert, key) | a TLS server with a certificate of that CA answers |
| address | interface, address | the interface has the address |
| dynamic-address | interface, address | it has that or another address from DHCP or a router |
| route | destination, via, interface | there is that route |
| link-mac | interface, mac | the interface is the card with that permanent MAC |
| link | interface, controller, mtu | it belongs to that bond or bridge and has that MTU |
| virtual-functions | interface, count | the card has so many SR-IOV virtual functions |
| mount | target, uuid | the file system with that UUID is mounted there |
| deployment | commit | the running system is a deployment of that commit |
| ageing | name, fields | the account's fields of /etc/shadow after the password are these |
| user | name, uid, gid, groups | the user exists with these numbers and groups |
| kernel-arg | arg | the running kernel was given the argument |
| selinux-enforcing | | the kernel enforces the policy |
| selinux-labels | | every carried item has a label that the policy knows |
| selinux-records | records, modules | the policy has these records and modules |
| openvswitch | ids, bridges | Open vSwitch has these external_ids and bridges |
| sysctl | settings | the kernel's settings are these, where it has them |
| sshd-settings | settings | `sshd -T` tells these lines |
| lvm-devices | | LVM uses its devices file, and there is one |
| pv-set | uuids (exact) | LVM sees these PVs; with exact no other |
"""

from typing import Dict

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.redact import redact_text
from ng2coreos.firstboot import network, openvswitch, place, selinux, sshd, sysctl, units
from ng2coreos.firstboot.probe import Look, Params, Probe, Seen
from ng2coreos.model.item import Check
from ng2coreos.model.proof import Proof

KINDS: Dict[str, Probe] = {
    "address": network.address,
    "ageing": place.ageing,
    "boot-finished": units.boot_finished,
    "deployment": place.deployment,
    "dynamic-address": network.dynamic_address,
    "kernel-arg": place.kernel_arg,
    "link": network.link,
    "link-mac": network.link_mac,
    "lvm-devices": place.lvm_devices,
    "mount": place.mount,
    "no-failed-units": units.no_failed_units,
    "openvswitch": openvswitch.database,
    "pv-set": place.pv_set,
    "route": network.route,
    "selinux-enforcing": selinux.enforcing,
    "selinux-labels": selinux.labels,
    "selinux-records": selinux.records,
    "sshd-settings": sshd.settings,
    "sysctl": sysctl.in_force,
    "tls": network.tls,
    "unit-active": units.unit_active,
    "unit-enabled": units.unit_enabled,
    "user": place.user,
    "virtual-functions": network.virtual_functions,
}

BOOT_FINISHED = Check("boot-finished", "boot-finished", "The boot has finished", {}, health=True)


def prove(check: Check, look: Look) -> Proof:
    """The outcome of one check; whatever goes wrong while looking is the reason of a failure."""
    seen = _see(check, look)
    return Proof(check.id, check.kind, check.title, seen.ok, redact_text(seen.detail), check.health)


def _see(check: Check, look: Look) -> Seen:
    probe = KINDS.get(check.kind)
    if probe is None:
        return Seen(False, f"this ng2coreos does not know checks of kind {check.kind}")
    try:
        return probe(look, Params(check.params))
    except Ng2CoreosError as error:
        return Seen(False, error.message)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
            RecursionError) as error:
        # a wrong parameter or an answer of a shape that the program never gave before
        return Seen(False, f"{type(error).__name__}: {error}")
