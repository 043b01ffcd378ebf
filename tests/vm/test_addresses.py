"""Addresses by DHCP, DHCPv6 and SLAAC stay from NG's NetworkManager to CoreOS', as both say.

Both are the real ones of the stand-ins (1.30 and 1.52): in a network namespace instead of a guest,
and in a whole move.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

from ng2coreos.plan.rules import Action
from tests.plan.build import rules
from tests.rig import states
from tests.rig.cache import REPO
from tests.rig.coreos.tree import coreos_tree
from tests.vm import addresses
from tests.vm.conftest import opened
from tests.vm.managers import MACHINE_ID, STATE
from tests.vm.scene import TRIAL_DEADLINE_S, ng_tree

pytestmark = pytest.mark.vm

STATE_FILES = ("secret_key", "seen-bssids", "timestamps", "NetworkManager-intern.conf",
               "NetworkManager.state")


def _after(place: Path, lost: List[str]) -> Any:
    """NG's view and CoreOS' of the same host, but for these paths."""
    argv = [sys.executable, "-m", "tests.vm.managers",
            *map(str, (ng_tree(), coreos_tree() / "tree", place))]
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", *argv, *lost],
        cwd=REPO, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900,
        check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    return json.loads(done.stdout)


def _dropped(path: str) -> bool:
    entry = rules().find(path)
    return entry is not None and entry.action is Action.DROP


def test_addresses_from_outside_stay_with_what_is_carried(tmp_path: Path) -> None:
    ng, coreos = _after(tmp_path, [p for p in (
        MACHINE_ID, *(f"{STATE}/{name}" for name in STATE_FILES)) if _dropped(p)])
    assert coreos == ng
    assert all(len(clients) == 2 for clients in ng["clients"].values())


def test_without_the_secret_key_they_would_not(tmp_path: Path) -> None:
    ng, coreos = _after(tmp_path, [f"{STATE}/secret_key"])
    for device in ng["held"]:
        assert coreos["held"][device] != ng["held"][device]
    assert len(coreos["clients"]["201"]) == 4


@pytest.mark.soak
def test_they_stay_in_a_whole_move() -> None:
    with opened("addresses", stations=addresses.routers()) as scene:
        scene.guest.resume(states.ng_up(scene.image))
        scene.prepare_ng()
        addresses.ask(scene)
        held, clients = addresses.held(scene), addresses.clients(scene)
        scene.tool("apply", "--trial-boots", "1", *scene.target_options())
        scene.reboot()
        scene.vdsm_of_next_boot(TRIAL_DEADLINE_S)
        scene.wait_phase("confirmed")
        assert scene.system() == "coreos"
        assert addresses.held(scene) == held
        assert addresses.clients(scene) == clients, "no server was shown another identity"
