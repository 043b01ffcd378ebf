"""A host comes back on a freshly installed disk by the config of `ignition --for reinstall`."""

import base64
import gzip
import hashlib
import json
import time
from typing import Any, Dict, List, Tuple
from urllib.parse import unquote_to_bytes

import pytest

from tests.rig import metal, states
from tests.rig.guest import Guest
from tests.rig.switch import Switch
from tests.vm.conftest import opened
from tests.vm.scene import Scene, images, work_place

pytestmark = [pytest.mark.vm, pytest.mark.soak]

BUNDLE = "/run/bundle"


def test_the_config_brings_the_host_back_on_a_fresh_disk(figures: Dict[str, float]) -> None:
    with opened("reinstall-ng") as scene:
        scene.guest.resume(states.ng_up(scene.image))
        scene.prepare_ng()
        answer, ca = scene.vdsm(), scene.ca
        before = scene.guest.ssh(FACTS).stdout
        scene.tool("export", *scene.target_options(), BUNDLE)
        config = scene.tool("ignition", BUNDLE, "--for", "reinstall").stdout.encode()
    figures["config of the reinstallation (KiB)"] = len(config) / 1024
    image, target = images()
    with work_place("reinstall") as place, Switch() as switch:
        disk = place / "fresh.qcow2"
        metal.install(config, disk)
        with Guest(place / "guest", [disk, image.data_disk], switch=switch) as guest:
            guest.prepare("bios")
            began = time.monotonic()
            guest.start()
            guest.wait_ssh(1800)
            new = Scene(guest, switch, image, target)
            new._ca = ca
            assert new.vdsm(900) == answer
            figures["fresh disk to vdsm answering (s)"] = new.timed("reinstalled", began)
            assert new.system() == "coreos"
            assert guest.ssh(FACTS).stdout == before
            assert guest.ssh("systemctl --failed --no-legend --plain").stdout == ""
            assert guest.ssh("ls /boot/ignition /boot/ignition.firstboot", check=False).rc != 0
            assert _arguments(config) <= set(guest.ssh("cat /proc/cmdline").stdout.split())
            files = _files(config)
            figures["files in it"] = len(files)
            assert {"/etc/vdsm/vdsm.id", "/etc/pki/vdsm/keys/vdsmkey.pem"} <= {f for f, _ in files}
            assert _differing(new, files) == []


# What must be the same on the reinstalled host; each line is sorted or of one answer
FACTS = """hostname; cat /etc/machine-id /etc/vdsm/vdsm.id
cat /etc/ssh/ssh_host_{ed25519,rsa}_key.pub
sha256sum /root/.ssh/authorized_keys | cut -c1-64; getent shadow root | cut -d: -f2
ip -o -4 addr show ovirtmgmt | awk '{print $4}'; cat /sys/class/net/ovirtmgmt/mtu
ip route show default; cat /sys/class/net/bond0/bonding/mode
readlink /etc/localtime | sed 's,.*zoneinfo/,,'
"""


def _arguments(config: bytes) -> "set[str]":
    return set(json.loads(config).get("kernelArguments", {}).get("shouldExist", []))


def _files(config: bytes) -> List[Tuple[str, str]]:
    """(path, SHA-256) of every file that the config writes whole."""
    found: List[Tuple[str, str]] = []
    for file in json.loads(config)["storage"]["files"]:
        contents: Dict[str, Any] = file.get("contents") or {}
        found.append((file["path"], hashlib.sha256(_data(contents)).hexdigest()))
    return found


def _data(contents: Dict[str, Any]) -> bytes:
    head, _, body = contents.get("source", "data:,").partition(",")
    data = base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)
    return gzip.decompress(data) if contents.get("compression") == "gzip" else data


def _differing(scene: Scene, files: List[Tuple[str, str]]) -> List[str]:
    """The files that are not on the system as the config has them."""
    sums = "".join(f"{digest}  {path}\n" for path, digest in files)
    out = scene.guest.ssh("sha256sum --quiet -c - 2>&1", input=sums, check=False).stdout
    return [line for line in out.splitlines() if not line.startswith("sha256sum: WARNING")]
