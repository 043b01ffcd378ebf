"""The admin's records from one policy store to another, by policycoreutils' own programs.

Both stores hold a small policy, and are bound over the machine's in a mount namespace.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import List, Sequence, Set, Tuple

import pytest

from ng2coreos.core import semanage
from ng2coreos.core.command import Completed, Input, run_process
from ng2coreos.core.host import Host
from ng2coreos.firstboot import checks, selinux
from ng2coreos.firstboot.probe import Look
from ng2coreos.firstboot.system import System
from ng2coreos.model.item import Check
from tests.stage.namespace import in_namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
POLICY = Path(__file__).parents[1] / "data/selinux/base.cil"
PLACES = ("/etc/selinux", "/var/lib/selinux", "/etc/ng2coreos", "/var/lib/ng2coreos")
SET = """\
boolean -m -1 httpd_enable_cgi
boolean -m -0 ssh_sysadm_login
user -a -L s0 -r s0-s0:c0.c5 -R 'staff_r sysadm_r' ops_u
login -a -s staff_u -r 's0-s0:c0.c3' daemon
login -m -s user_u -r 's0' __default__
port -a -t ssh_port_t -r 's0' -p tcp 2222
port -a -t ssh_port_t -r 's0' -p udp 3000-3010
node -a -M 255.255.255.0 -p ipv4 -t node_t -r 's0' 10.1.2.0
interface -a -t netif_t -r 's0' eth7
fcontext -a -f a -t etc_t -r 's0' '/data(/.*)?'
fcontext -a -f f -t etc_t -r 's0' '/srv/site/x\\.y'
fcontext -a -f d -t '<<none>>' '/data/none'
fcontext -a -e /home /data/homes
module -d accountsd
permissive -a sshd_t
"""
LATER = "login -a -s ops_u -r 's0' bin\n"  # semanage wants its user to be in the store
MODULE = "(typeattributeset cil_gen_require etc_t)\n(type site_t)\n(roletype object_r site_t)\n"


def ran(*argv: str, text: str = "") -> str:
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=600,
                          check=False)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def exported() -> Set[Tuple[str, ...]]:
    """What `semanage export` says, whose quotes and order are not ours."""
    words = [shlex.split(line) for line in ran("semanage", "export").splitlines()]
    return {tuple(sorted(line)) for line in words if line and "-D" not in line}


def own(host: Host) -> Set[Tuple[str, ...]]:
    kind = semanage.policy_type(host)
    return {tuple(sorted(shlex.split(r.line))) for r in semanage.read(host, kind).records}


def bound(top: Path) -> None:
    """A store of its own, and places for what the move brings."""
    for place in PLACES:
        (top / place[1:]).mkdir(parents=True)
        Path(place).mkdir(exist_ok=True)
        subprocess.run(["mount", "--bind", top / place[1:], place], check=True)
    for path in ("/etc/selinux/mini/contexts/files", "/etc/selinux/mini/policy",
                 "/var/lib/selinux/mini"):
        Path(path).mkdir(parents=True)
    Path("/etc/selinux/config").write_text("SELINUX=permissive\nSELINUXTYPE=mini\n")
    Path("/etc/selinux/semanage.conf").touch()
    (top / "accountsd.cil").write_text("(type acc_t)\n(roletype object_r acc_t)\n")
    ran("semodule", "-X", "100", "-i", str(POLICY), "-i", str(top / "accountsd.cil"))


def proved(host: Host, lines: List[str]) -> bool:
    check = Check("x", "selinux-records", "x", {"records": lines, "modules": ["400/site"]})
    return checks.prove(check, Look(host)).ok


def test_what_semanage_set_on_ng_is_set_again_by_semanage(tmp_path: Path) -> None:
    there = [place for place in PLACES if Path(place).exists()]
    called: List[str] = []
    imported: List[str] = []

    def runner(argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        called.append(argv[0])
        if argv[0] == "restorecon":  # the manifest is not there: nothing to relabel
            return Completed(tuple(argv), 0, "", "", 0.0)
        if argv[0] == "semanage":
            assert isinstance(data, bytes)
            imported.extend(line.split()[0] for line in data.decode().splitlines())
        return run_process(argv, timeout_s, data)

    def on_ng() -> None:
        bound(tmp_path / "ng")
        host = Host()
        before = exported()
        assert own(host) == before
        (tmp_path / "site.cil").write_text(MODULE)
        ran("semodule", "-X", "400", "-i", str(tmp_path / "site.cil"))
        ran("semanage", "import", text=SET)
        ran("semanage", "import", text=LATER)
        none = {tuple(sorted(shlex.split("fcontext -a -f d -t '<<none>>' /data/none")))}
        assert own(host) == exported() | none  # export forgets those
        assert len(own(host) - before) == len((SET + LATER).splitlines())
        store = semanage.read(host, semanage.policy_type(host))
        module, = store.modules
        assert (module.name, module.priority, module.language) == ("site", 400, "cil")
        (tmp_path / "records").write_text("".join(f"{r.line}\n" for r in store.records))
        shutil.copy(module.source, tmp_path / "source")

    def on_coreos() -> None:
        bound(tmp_path / "coreos")
        place = Path(selinux.MODULES) / "400"
        place.mkdir(parents=True)
        packed = (tmp_path / "source").read_bytes().startswith(b"BZh")
        shutil.copy(tmp_path / "source", place / ("site.cil.bz2" if packed else "site.cil"))
        shutil.copy(tmp_path / "records", selinux.RECORDS)
        lines = (tmp_path / "records").read_text().splitlines()
        host = Host("/", runner)
        assert not proved(host, lines)
        Path("/etc/ng2coreos/manifest.json").write_text(EMPTY)
        selinux.replay(System(host))
        assert called == ["semodule", "semanage", "semanage", "restorecon"]
        assert not {"module", "permissive"} & set(imported)  # which would compile once more
        assert Path(selinux.DONE).exists() and proved(host, lines)
        theirs = own(host)
        assert theirs == {tuple(sorted(shlex.split(line))) for line in lines}
        selinux.replay(System(host))  # after a cut, say
        assert called == ["semodule", "semanage", "semanage", "restorecon"]
        assert own(host) == theirs

    try:
        in_namespace(on_ng)
        in_namespace(on_coreos)
    finally:
        for place in set(PLACES) - set(there):
            Path(place).rmdir()


EMPTY = ('{"schema": "s", "run_id": "r", "tool_version": "t", "commit": "c", "version": "v",'
         ' "vg": "g", "pool": "p", "ng_volumes": [], "volumes": [], "health_deadline_s": 1,'
         ' "items": [], "checks": []}')
