"""The whole inventory: is this an NG host, then every scanner, then the plug-ins' own facts."""

from typing import Sequence

from ng2coreos.core.errors import Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import Plugin
from ng2coreos.inventory import (
    boot,
    boot_times,
    devices,
    etc,
    host_identity,
    identities,
    lvm_layout,
    nics,
    packages,
    programs,
    services,
    trees,
)
from ng2coreos.model.facts import HostFacts

_VARIANT_ID = "ovirt-node"  # oVirt Node and RHV-H alike (ng-host 3.5)


def read(host: Host, plugins: Sequence[Plugin] = ()) -> HostFacts:
    """Everything about the host; changes nothing on it.

    Unsupported unless os-release says ovirt-node, one VG is tagged imgbased:vg and ``/`` is on a
    layer in it.
    """
    identity = host_identity.read(host)
    if identity.variant_id != _VARIANT_ID:
        raise Unsupported(f"This is not an oVirt Node NG host but {identity.product or 'unknown'}.",
                          hint="ng2coreos moves oVirt Node NG hosts only "
                               f"(VARIANT_ID={_VARIANT_ID} in /etc/os-release).")
    known = devices.connect(host)
    layout = lvm_layout.read(host, known)
    changes, above = etc.compare(host)
    return HostFacts(
        fqdn=identity.fqdn, machine_id=identity.machine_id, arch=identity.arch,
        product=identity.product, variant_id=identity.variant_id, kernel=identity.kernel,
        boot_id=identity.boot_id, layout=layout, boot=boot.read(host, layout),
        packages=packages.read(host), etc=changes,
        users=identities.users(host, shadow="/etc/shadow"),
        groups=identities.groups(host), nics=nics.read(host, known),
        services=services.read(host), memory_bytes=identity.memory_bytes,
        trees=trees.read(host, layout),
        plugins={plugin.id: plugin.facts(host) for plugin in plugins}, etc_above=above,
        programs=programs.read(host), boot_times=boot_times.read(host))
