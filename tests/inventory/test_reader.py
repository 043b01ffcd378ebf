"""The whole inventory of the recorded hosts, and what is refused."""

import os
from pathlib import Path
from typing import Any, Dict

import pytest

from ng2coreos import inventory
from ng2coreos.core.errors import BadInput, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model import codec
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.target import TargetFacts
from tests import recorded
from tests.fakes import FakeHost, snapshot

pytest.importorskip("rpm")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners are recorded as root's")


class Stub:
    """A plug-in with one fact."""

    id = "stub"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        return {"machine": host.read_text("/etc/machine-id").strip()}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        return Contribution()


@needs_root
@pytest.mark.parametrize("name", recorded.names())
def test_the_facts_of_a_recorded_host(name: str, tmp_path: Path) -> None:
    with recorded.host(name, tmp_path) as host:
        text = codec.dumps(inventory.read(host, ()))
    golden = recorded.HOSTS / name / "facts.json"
    if "NG2COREOS_RECORD" in os.environ:
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")
    assert codec.loads(HostFacts, text) == recorded.facts(name)


@pytest.mark.parametrize("name", recorded.names())
def test_nothing_is_changed(name: str, tmp_path: Path) -> None:
    host = recorded.host(name, tmp_path)
    before = snapshot(host.root)
    inventory.read(host, (Stub(),))
    assert snapshot(host.root) == before


def test_only_queries_are_run(el8: FakeHost) -> None:
    inventory.read(el8, ())
    assert {argv[0] for argv in el8.commands} <= {"vgs", "lvs", "pvs", "lvmconfig", "findmnt",
                                                  "stat", "uname", "ethtool", "systemctl"}
    for argv in el8.commands:
        assert argv[0] != "systemctl" or argv[1] == "show"
        if argv[0] in ("vgs", "lvs", "pvs"):
            assert argv[1:4] == ("--nolocking", "--config", 'devices{hints="none"}')


def test_plugins_add_their_facts(el8: FakeHost) -> None:
    facts = inventory.read(el8, (Stub(),))
    assert facts.plugins == {"stub": {"machine": facts.machine_id}}


def test_another_product_is_refused(el8_files: FakeHost) -> None:
    el8_files.on("uname", "-m", stdout="x86_64\n")
    el8_files.write("/usr/lib/os-release", 'PRETTY_NAME="Fedora 41"\nVARIANT_ID=server\n')
    with pytest.raises(Unsupported, match="Fedora 41"):
        inventory.read(el8_files, ())
    el8_files.check()


def test_a_host_without_files_is_bad_input_not_a_traceback(fake_host: FakeHost) -> None:
    with pytest.raises(BadInput, match="machine-id"):
        inventory.read(fake_host, ())


@pytest.mark.parametrize("gone", [
    "/usr/share/rpm/rpmdb.sqlite", "/usr/share/factory/var/lib/rpm/rpmdb.sqlite"])
def test_a_missing_rpm_database_is_bad_input(el8: FakeHost, gone: str) -> None:
    el8.path(gone).unlink()
    with pytest.raises(BadInput, match="no rpm database"):
        inventory.read(el8, ())
