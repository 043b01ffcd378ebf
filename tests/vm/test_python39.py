"""The fast tests once more on the NG host's own interpreter, Python 3.9, with its rpm, gi, blivet.

They run in a copy of the stand-in's root by chroot: the same files as in the guest, without the
emulation that would make them take an hour.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.cache import REPO, cached
from tests.vm.scene import ng_tree

pytestmark = pytest.mark.vm

ROOMS = ("core", "model", "inventory", "target", "ignition", "plan", "plugins", "data", "stage",
         "execute", "firstboot", "report", "cli")
# The newest ones that still run on 3.9; the tree's own pytest is older than the tests' typing.
PACKAGES = ("pytest<9", "iniconfig<2.2", "hypothesis<6.142", "attrs<25.4", "exceptiongroup",
            "tomli", "typing_extensions")
# What these need (xz, lz4, bzip2, Ignition, Chromium, libnm, setfiles, zsh, the rig) is not on NG.
ELSEWHERE = ("tests/target/test_initramfs.py", "tests/target/test_packages.py",
             "tests/stage/test_labels_setfiles.py", "tests/ignition/test_apply.py",
             *(f"tests/plugins/test_{name}_real.py"
               for name in ("openvswitch", "sanlock", "selinux")),
             "tests/report/test_browser.py", "tests/cli/test_shells.py",
             *(f"tests/plugins/test_network_{name}.py"
               for name in ("agreement", "convert", "identity", "ovs", "pins", "resolver",
                            "routes")))
# A mount namespace is left to its root, which is not a chroot; the stand-in's LVM is too old for a
# devices file.
NOT_HERE = ("not real_validator and not ignition_itself and not forged_object "
            "and not stay_private_and_go and not lvm_itself_reads")


def test_the_fast_tests_pass_on_the_ng_hosts_own_python(tmp_path: Path) -> None:
    packages = cached("python39", PACKAGES, _download)
    script = Path(__file__).with_name("python39.sh")
    argv = [*(f"tests/{room}" for room in ROOMS), *(f"--ignore={path}" for path in ELSEWHERE),
            "-k", NOT_HERE]
    with open(tmp_path / "out", "w+", encoding="utf-8") as out:
        done = subprocess.run(["unshare", "--mount", script, ng_tree(), REPO, packages, *argv],
                              stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                              timeout=3000, check=False)
        out.seek(0)
        text = out.read()
    assert done.returncode == 0, text[-5000:]
    passed = re.search(r"^(\d+) passed", text.splitlines()[-1])
    assert passed and int(passed[1]) > 1000, text[-500:]


def _download(out: Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                    "--target", str(out), "--python-version", "3.9", "--only-binary=:all:",
                    *PACKAGES], check=True)
