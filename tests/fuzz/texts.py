"""The parsers of single files of a host, an image or an admin, each with an input that is good."""

import io
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

from ng2coreos.cli import conf
from ng2coreos.core import cil, repofile, semanage
from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.globs import matches
from ng2coreos.core.host import Host
from ng2coreos.execute import follow
from ng2coreos.firstboot import ng_boot
from ng2coreos.ignition import skeleton
from ng2coreos.ignition.validate import _parse
from ng2coreos.ignition.validate import _problems as _wrong
from ng2coreos.inventory import identities
from ng2coreos.model import openvswitch, sshd, sysctl
from ng2coreos.model.sides import Sides
from ng2coreos.plan import merge, merge_shown
from ng2coreos.report import document
from ng2coreos.report.export.reading import report_in
from ng2coreos.report.fleet.gather import gather
from ng2coreos.report.fleet.inventory import read_inventory
from ng2coreos.stage import volumes
from ng2coreos.target import accounts, signature, units
from plugins import calendar, libvirt, lines, multipath, services, ssh, time, tuning, users
from plugins.network import keyfile, routes, rules, shvar
from tests.report import sample


class Parser(NamedTuple):
    """A function of bytes and what it is meant for."""

    call: Callable[[bytes], Any]
    good: bytes


class _Tree:
    """A target of which every file is the same text."""

    def __init__(self, text: str) -> None:
        self.held = text

    def text(self, path: str) -> str:
        """As Tree.text."""
        return self.held


def text(function: Callable[[str], Any]) -> Callable[[bytes], Any]:
    """The parser of bytes for one of text, as `Host.read_text` decodes a file."""
    return lambda data: function(data.decode("utf-8", "surrogateescape"))


def _on_disk(function: Callable[[Path], Any], name: str) -> Callable[[bytes], Any]:
    """The parser of bytes for one that opens a file."""
    def call(data: bytes) -> Any:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / name
            path.write_bytes(data)
            return function(path)
    return call


def _on_host(function: Callable[[Host], Any], place: str) -> Callable[[bytes], Any]:
    """The parser of bytes for one that reads `place` of a host."""
    def read(path: Path) -> Any:
        root = path.parent
        (root / place).parent.mkdir(parents=True)
        path.rename(root / place)
        return function(Host(str(root), _refuse))
    return _on_disk(read, "file")


def _refuse(argv: Any, timeout_s: float, data: Any) -> Any:
    raise AssertionError(f"a parser has run {argv}")


def _gathered(path: Path) -> None:
    fleet = gather([path])
    assert len(fleet.hosts) + len(fleet.unreadable) == 1


def _merged(path: str) -> Callable[[str], Any]:
    """A merge of three versions, with a form feed between them."""
    def call(data: str) -> Any:
        ours, factory, theirs, *_ = [*data.split("\f"), "", ""]
        sides = Sides(ours, factory, theirs, merged=ours)
        return merge.merge(path, sides), merge_shown.shown(sides)
    return call


def _cron(words: str) -> Any:
    try:
        return calendar.calendar(words)
    except calendar.NotATime as error:
        return str(error)


def _said(data: str) -> List[str]:
    return [line for line in data.splitlines() if line.split()]


def _route_files(version: int) -> Callable[[str], Any]:
    def call(data: str) -> Any:
        made = routes.routes("f", data, version, {}, [])
        wanted = rules.rules("f", data, version, {}, [])
        rules.drop_vdsm(made, wanted)
        return routes.route_keys(made, version), rules.rule_texts(wanted, 32766)
    return call


def _problems(data: bytes) -> Any:
    try:
        config = _parse(skeleton.read(io.BytesIO(data)))
    except Ng2CoreosError:
        return None
    return list(_wrong(config, True, frozenset()))


PASSWD = b"root:x:0:0:root:/root:/bin/bash\nvdsm:x:36:36::/:/sbin/nologin\n"
GROUP = b"root:x:0:\nkvm:x:36:vdsm,qemu\n"
ROUTES = (b"ADDRESS0=10.1.0.0\nNETMASK0=255.255.0.0\nGATEWAY0=10.0.0.1\n\f"
          b"10.2.0.0/16 via 10.0.0.1 dev eth0 table 100 metric 5\nblackhole 10.3.0.0/16\n"
          b"from 10.0.0.0/24 table 100 priority 7\n")
KEYFILE = (b"[connection]\nid=a\ntype=ethernet\nuuid=1-2\ninterface-name=eth0\n"
           b"[ethernet]\nmac-address=AA:BB:CC:DD:EE:FF\nmtu=9000\n[ipv4]\nmethod=manual\n"
           b"address1=10.0.0.2/24,10.0.0.1\n[ipv6]\naddresses=fe80::1/64,::;\n")
IGNITION = (b'{"ignition": {"version": "3.3.0"}, "passwd": {"users": [{"name": "a", "uid": 7}]}, '
            b'"storage": {"files": [{"path": "/etc/a", "mode": 420, "contents": {"source": '
            b'"data:;base64,YQ=="}}], "links": [{"path": "/etc/l", "target": "/a"}]}}')
FLEET = (b'{"schema": {"id": "ng2coreos-report", "version": "1.0"}, "summary": {"kinds": '
          b'{"inhibitor": 0, "overridable": 1, "error": 0, "warning": 0, "info": 0}}, "run": '
          b'{"finished": null, "planned": "t"}, "verdict": "ready", "findings": [{"id": "A", '
          b'"kind": "error", "severity": "s", "title": "t", "override": {"used": true}}], '
          b'"host": {"fqdn": "h"}}')
INVENTORY = b"clusters:\n- {name: a, hosts: [h1, h2], away_at_once: 1}\npilot: true\n"
KEY = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN\n=aaaa\n-----END PGP PUBLIC KEY BLOCK-----\n"
SEMANAGE = (b"a_bool=1\n/x(/.*)? -- system_u:object_r:tmp_t:s0\nportcon tcp 1-2 "
            b"system_u:object_r:http_port_t:s0\nuser ops_u roles { staff_r } level s0 range s0;\n")
LVS = b'{"report": [{"lv": [{"lv_name": "a", "lv_tags": "", "lv_size": "1.5"}]}]}'
OVS = (b'{"data": [[["map", [["system-id", "a"], ["ovn-remote", "ssl:h:6642"]]], "2.15.4"]], '
       b'"headings": ["external_ids", "ovs_version"]}')
OVSDB = (b'[{"rows": [{"external_ids": ["map", [["system-id", "a"]]], "ovs_version": "2.15.4"}]},'
         b' {"rows": [{"name": "br0"}]}, {"rows": [{"private_key": "/k", "certificate": "/c",'
         b' "ca_cert": "/a"}]}, {"rows": [{"name": "vnet0", "error": "No such device"},'
         b' {"name": "br0", "error": ["set", []]}]}]')

REPORT = document.dumps(document.document(document.Occasion("plan", "untouched"),
                                          sample.plan())).encode()

TEXTS: Dict[str, Parser] = {
    "conf": Parser(text(lambda t: conf.parse(t, "x.conf")), b"[policy]\ntrial_boots = 1\n"),
    "repofile": Parser(text(lambda t: repofile.parse("/x.repo", t)),
                       b"[a]\nenabled=1\nbaseurl=https://x/\n https://y/\n[b]\nenabled=$v\n"),
    "cil": Parser(lambda d: (cil.declared(d), cil.needed(d)),
                  b"(type a_t)\n(typeattributeset cil_gen_require b_t)"
                  b"(booleanif (and a b) (true x))"),
    "semanage": Parser(text(lambda t: [r.line for r in semanage.records(lambda name: t)]
                            + [r.line for r in semanage.equivalences(t)]), SEMANAGE),
    "event": Parser(follow._decoded, b'{"event": "step", "at": "t"}'),
    "ng-grub-cfg": Parser(text(ng_boot.without_ng), b"menuentry 'x' {\n}\n"),
    "ignition": Parser(_problems, IGNITION),
    "host-users": Parser(_on_host(identities.users, "etc/passwd"), PASSWD),
    "host-groups": Parser(_on_host(identities.groups, "etc/group"), GROUP),
    "image-users": Parser(text(lambda t: accounts.users(_Tree(t))), PASSWD),  # type: ignore[arg-type]
    "image-groups": Parser(text(lambda t: accounts.groups(_Tree(t))), GROUP),  # type: ignore[arg-type]
    "unit": Parser(text(units.install), b"[Unit]\n[Install]\nWantedBy=a.target \\\n b.target\n"),
    "key": Parser(signature.dearmored, KEY),
    "lvs": Parser(text(lambda t: [volumes._number(row["lv_size"]) for row in volumes._rows(
        t, ("lv_name", "lv_tags", "lv_size"))]), LVS),
    "merge-ini": Parser(text(_merged("/etc/systemd/journald.conf")),
                        b"[a]\nb=1\n c\n#d\n\f[a]\nb=1\n\f[a]\nb=1\ne=2\n"),
    "merge-sysctl": Parser(text(_merged("/etc/sysctl.conf")), b"a.b=1\n\fa/b=2\n\fa.b=2\nc=3\n"),
    "merge-shell": Parser(text(_merged("/etc/sysconfig/x")), b"A='1 2'\n\fA=2\n\fA=2\nC=3\n"),
    "report": Parser(lambda d: report_in(d, "x"), REPORT),
    "fleet-report": Parser(_on_disk(_gathered, "a.json"), FLEET),
    "fleet-inventory": Parser(_on_disk(read_inventory, "i.yaml"), INVENTORY),
    "glob": Parser(text(lambda t: matches(t.split("\f")[0][:4096], t.split("\f")[-1])),
                   b"/etc/[a-b]*/**\f/etc/a/b"),
    "cron": Parser(text(_cron), b"*/5 1-3,7 * jan mon-fri"),
    "libvirt": Parser(text(libvirt.settings), b"a = [\n1,\n2]\n## beginning of x by vdsm\nb=1\n"),
    "fstab-field": Parser(text(lines.unescaped), b"/a\\040b\\777"),
    "multipath": Parser(text(lambda t: (multipath.private(t), multipath.adapted(t))),
                        b"# VDSM PRIVATE\ndefaults {\n user_friendly_names yes\n}\n"),
    "limits": Parser(text(lambda t: (services.converted(t), services._limits(t))),
                     b"[Service]\nMemoryLimit=1G\nCPUShares=1024\nBlockIOWeight=500\n"),
    "ssh": Parser(text(lambda t: (ssh.weak(t), ssh._settings(t))),
                  b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAwEAAQ== x\n"
                  b"Match User a\n  X11Forwarding no\n"),
    "sshd-effective": Parser(text(sshd.readable), b"port 22\nPermitRootLogin prohibit-password\n"),
    "sysctl": Parser(text(sysctl.settings),
                     b"-vm.swappiness = 10\nnet/ipv4/conf/a.1/rp_filter=2\n#x\n"),
    "openvswitch": Parser(text(openvswitch.kept_ids), OVS),
    "openvswitch-file": Parser(text(openvswitch.stored), OVSDB),
    "ntp": Parser(text(lambda t: time.from_ntp(_said(t))),
                  b"server 127.127.1.0\nfudge 127.127.1.0 stratum 5\nserver a iburst minpoll 4\n"
                  b"restrict 10.0.0.0 mask 255.0.0.0\n"),
    "modprobe": Parser(text(lambda t: tuning.arguments(_said(t))),
                       b"options a b=1\nblacklist c\ninstall x /bin/y\n"),
    "sudoers": Parser(text(users._rules), b"a ALL=(ALL) \\\n ALL\n#1000 ALL=ALL\n"),
    "keyfile": Parser(text(lambda t: keyfile.profile("a", t)), KEYFILE),
    "shvar": Parser(text(lambda t: (shvar.parse(t), shvar.values(t))),
                    b"A=\"b \\$c\"\nB=$'\\x41\\u00e4\\101'\nC='d' # e\n"),
    "routes-4": Parser(text(_route_files(4)), ROUTES),
    "routes-6": Parser(text(_route_files(6)), b"2001:db8::/32 via fe80::1 dev eth0 table 7\n"),
}
