"""The new system enforces SELinux: labels are there before it boots, the admin's records after.

The policy is Debian's reference policy (tests/rig/coreos/enforcing.py); NG's kernel has none on.
"""

import json
import re
import time
from typing import Dict, List

import pytest

from ng2coreos.core.errors import Exit
from tests.rig import coreos, states
from tests.rig.coreos.enforcing import KERNEL_ARGUMENT
from tests.vm.conftest import opened
from tests.vm.scene import TRIAL_DEADLINE_S, VOLATILE, Scene

pytestmark = [pytest.mark.vm, pytest.mark.soak]

STORE = "/var/lib/selinux/targeted/active"
WEB, SITE, OTHER = "/var/srv/web/index.html", "/var/srv/site/page", "/var/lib/web/page"
# As libsemanage keeps what `semanage` was told on NG
LOCAL = {
    "booleans.local": "httpd_can_network_connect=1\n",
    # without this one nobody could log in: it is where the stand-ins' sshd listens
    "ports.local": "portcon tcp 2222 system_u:object_r:ssh_port_t:s0\n",
    "file_contexts.local": "/srv/web(/.*)?    system_u:object_r:httpd_sys_content_t:s0\n"
                           "/srv/site(/.*)?    system_u:object_r:site_t:s0\n",
}
MODULES = {
    "extra": "(typeattributeset cil_gen_require file_type)\n(type site_t)\n"
             "(roletype object_r site_t)\n(typeattributeset file_type (site_t))\n",
    "permissive_httpd_t": "(typeattributeset cil_gen_require httpd_t)\n(typepermissive httpd_t)\n",
}
RECORDS = ("boolean -m -1 httpd_can_network_connect",
           "port -a -t ssh_port_t -r 's0' -p tcp 2222",
           "fcontext -a -f a -t httpd_sys_content_t -r 's0' '/srv/web(/.*)?'",
           "fcontext -a -f a -t site_t -r 's0' '/srv/site(/.*)?'",
           "fcontext -a -e /srv/web /var/lib/web",
           "permissive -a httpd_t")
TYPES = {WEB: "httpd_sys_content_t", SITE: "site_t", OTHER: "httpd_sys_content_t"}


def test_an_enforcing_system_has_every_label_and_every_record(figures: Dict[str, float]) -> None:
    with opened("selinux", target=coreos.build_enforcing()) as scene:
        scene.guest.resume(states.ng_up(scene.image))
        scene.prepare_ng()
        answer = scene.vdsm()
        _prepare(scene)
        applied = scene.tool("-v", "apply", "--trial-boots", "1", *scene.target_options())
        assert "N2C_SELINUX_LEFT" not in applied.stdout + applied.stderr
        staged = _staged(scene)
        figures["SELinux: inodes of /etc and /var with a label before the reboot"] = len(staged)
        assert [path for path, label in staged.items() if not label] == []
        assert {path: staged[path].split(":")[2] for path in TYPES} == TYPES
        began = time.monotonic()
        scene.reboot()
        assert scene.vdsm_of_next_boot(TRIAL_DEADLINE_S) == answer
        figures["SELinux: downtime, with the policy compiled (s)"] = scene.timed("downtime", began)
        scene.wait_phase("confirmed")
        _enforced(scene)
        found = scene.python(THERE, text=json.dumps(sorted(staged)))
        unlike = {path: (label, *found["labels"][path]) for path, label in staged.items()
                  if path in found["labels"] and not VOLATILE.match(path)
                  and found["labels"][path] != [label, label]
                  and found["labels"][path] != [label, NONE]}
        assert unlike == {}  # before the reboot, now, by the policy in force
        assert len(found["labels"]) > len(staged) * 0.9
        assert found["unlabelled"] == []
        _replayed(scene)
        denials = _denials(scene)
        figures["SELinux: denials in the trial"] = len(denials)
        assert [line for line in denials if WRONG.search(line)] == [], denials
        print(*denials, sep="\n")


NONE = "<<none>>"
# What a file has that was labelled wrongly, or not at all
WRONG = re.compile(r"tcontext=\S+:(unlabeled|default|file)_t:")


def _prepare(scene: Scene) -> None:
    """NG as an admin left it, who told semanage this and that."""
    put = {f"{STORE}/{name}": text for name, text in LOCAL.items()}
    for name, text in MODULES.items():
        put.update({f"{STORE}/modules/400/{name}/cil": text,
                    f"{STORE}/modules/400/{name}/lang_ext": "cil"})
    put["/etc/selinux/targeted/contexts/files/file_contexts.subs"] = "/var/lib/web /srv/web\n"
    put.update({path.replace("/var/srv", "/srv"): "hello\n" for path in TYPES})
    scene.guest.put(put)
    # as if NG had been booted so; denials are told by audit only
    scene.guest.ssh(f"sed 's/ audit=0//; s/$/ {KERNEL_ARGUMENT}/' /proc/cmdline >/run/cmdline; "
                    "mount --bind /run/cmdline /proc/cmdline")


def _staged(scene: Scene) -> Dict[str, str]:
    """Path on the new system to the label that it has before the reboot; "" for none."""
    found: Dict[str, str] = scene.python(STAGED, scene.image.vg)
    return found


def _enforced(scene: Scene) -> None:
    """The trial was enforcing, nothing is permissive that was not, and all is proved."""
    ssh = scene.guest.ssh
    assert ssh("cat /sys/fs/selinux/enforce").stdout == "1"
    assert ssh("id -Z").stdout.startswith("unconfined_u:unconfined_r:unconfined_t")
    verified = scene.new("verify", check=False)
    assert verified.rc == Exit.OK, verified.stdout + verified.stderr
    for title in ("SELinux is enforcing", "Carried files have labels",
                  "SELinux has the records and modules of NG"):
        assert re.search(f"^ *ok +{title}", verified.stdout, re.MULTILINE), verified.stdout
    assert ssh("systemctl --failed --no-legend --plain").stdout == ""
    assert ssh("ls /etc/ng2coreos/labels", check=False).stdout == ""
    assert ssh("stat -c %C /rhev /rhev/data-center").stdout.split() == [
        "system_u:object_r:mnt_t:s0"] * 2


def _replayed(scene: Scene) -> None:
    """What the admin had set is in the store, and in the policy that the kernel has."""
    ssh = scene.guest.ssh
    exported = ssh("semanage export", timeout=900).stdout
    assert [record for record in RECORDS if record not in exported] == [], exported
    assert re.search("^400 +extra +cil", ssh("semodule -lfull", timeout=600).stdout, re.MULTILINE)
    assert ssh("cat /sys/fs/selinux/booleans/httpd_can_network_connect").stdout.strip() == "1 1"
    loaded = scene.python(LOADED)
    assert loaded == {"permissive": ["httpd_t"], "port": ["ssh_port_t"], "type": True}


def _denials(scene: Scene) -> List[str]:
    """What the policy has denied in this boot."""
    log = scene.guest.ssh("journalctl -b -k -q --no-pager -o cat", timeout=300).stdout
    return [line for line in log.splitlines() if re.search(r"avc: +denied", line)]


# On NG: argument VG; the volumes that are staged, and /etc of the deployment
STAGED = """
import glob, json, os, subprocess, sys
from pathlib import Path
found, top = {}, "/run/staged"
def label(path):
    try:
        return os.getxattr(path, "security.selinux", follow_symlinks=False).rstrip(b"\\0").decode()
    except OSError:
        return ""
def walk(real, shown):
    found[shown] = label(real)
    for place, directories, files in os.walk(real):
        for name in directories + files:
            path = os.path.join(place, name)
            found[shown + path[len(real):]] = label(path)
os.makedirs(top, exist_ok=True)
for name in sorted(os.listdir("/dev/" + sys.argv[1])):
    if name.startswith("ng2coreos_"):
        subprocess.run(["mount", "-o", "ro", f"/dev/{sys.argv[1]}/{name}", top], check=True)
        if name == "ng2coreos_root":
            etc, = glob.glob(top + "/ostree/deploy/*/deploy/*/etc")
            walk(etc, "/etc")
        else:
            short = name[len("ng2coreos_"):]
            walk(top, {"home": "/var/home"}.get(short, "/" + short.replace("_", "/")))
        subprocess.run(["umount", top], check=True)
print(json.dumps(found))
"""

# On CoreOS: paths on stdin; [label, label by policy] of those that are there; all without a label
THERE = """
import json, os, selinux, sys
selinux.matchpathcon_init(None)
SKIPPED = ("/boot", "/dev", "/proc", "/run", "/sys", "/sysroot/boot")
def label(path):
    try:
        return os.getxattr(path, "security.selinux", follow_symlinks=False).rstrip(b"\\0").decode()
    except OSError:
        return ""
def wanted(path):
    try:
        return selinux.matchpathcon(path, os.lstat(path).st_mode)[1]
    except FileNotFoundError:
        return "<<none>>"
labels = {p: [label(p), wanted(p)] for p in json.load(sys.stdin) if os.path.lexists(p)}
unlabelled = []
for place, directories, files in os.walk("/"):
    directories[:] = [d for d in directories if os.path.join(place, d) not in SKIPPED]
    for name in directories + files:
        path = os.path.join(place, name)
        if ":unlabeled_t:" in label(path):
            unlabelled.append(path)
print(json.dumps({"labels": labels, "unlabelled": unlabelled}))
"""

# On CoreOS: of the policy that the kernel has
LOADED = """
import json, setools
policy = setools.SELinuxPolicy("/sys/fs/selinux/policy")
types = list(policy.types())
print(json.dumps({
    "permissive": sorted(str(t) for t in types if t.ispermissive),
    "port": [str(p.context.type_) for p in policy.portcons()
             if p.ports.low == p.ports.high == 2222 and str(p.protocol) == "tcp"],
    "type": "site_t" in map(str, types)}))
"""
