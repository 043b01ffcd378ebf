"""Gluster: which bricks are here, that they come back at their paths, and what stops a move."""

import errno
from dataclasses import replace
from typing import Any, Dict

import pytest

from ng2coreos.model.facts import HostFacts, Mount, Package
from ng2coreos.model.finding import Kind
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.written import text_of
from plugins.gluster import DROP_IN, Gluster
from tests.fakes import FakeHost
from tests.plan.build import GIB, decided, found, host, ids, item, target

UUID = "9b0a4f7e-0000-4000-8000-000000000001"
BRICK = "/gluster_bricks/data/brick"


def with_gluster(mounted: str = "/gluster_bricks/data", **more: Any) -> HostFacts:
    mine = {"uuid": UUID, "peers": ["p"], "volumes": ["data"], "bricks": [BRICK], **more}
    facts = host()
    mount = Mount("/dev/mapper/g-b", mounted, "xfs", "rw,noatime", "fs-brick", "", GIB, 10)
    layout = replace(facts.layout, mounts=(*facts.layout.mounts, *([mount] if mounted else [])))
    return replace(facts, layout=layout, plugins={**facts.plugins, "gluster": mine})


def image(**top: str) -> TargetFacts:
    return target(packages=(Package("glusterfs-server", 0, "11", "1", "x86_64"),),
                  top={"usr": "", **top})


def test_reads_the_bricks_of_this_host_only(fake_host: FakeHost) -> None:
    bricks = "/var/lib/glusterd/vols/data/bricks"
    fake_host.write_all({
        "/var/lib/glusterd/glusterd.info": f"UUID={UUID}\noperating-version=110000\n",
        "/var/lib/glusterd/peers/p1": "uuid=other\n",
        f"{bricks}/n1:-gluster_bricks-data-brick": f"hostname=n1\npath={BRICK}\nuuid={UUID}\n",
        f"{bricks}/n2:-gluster_bricks-data-brick": "hostname=n2\npath=/far/b\nuuid=other\n",
        f"{bricks}/n3:-old": "hostname=n3\npath=/old/b\n", "/old/b/x": "x"})
    assert Gluster().facts(fake_host) == {
        "uuid": UUID, "peers": ["p1"], "volumes": ["data"], "bricks": [BRICK, "/old/b"]}


def test_a_brick_whose_disk_fails_is_here_all_the_same(
        fake_host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_host.write("/var/lib/glusterd/vols/data/bricks/n3:-old", "hostname=n3\npath=/old/b\n")

    def broken(path: str) -> bool:
        raise OSError(errno.EIO, "Input/output error", path)

    monkeypatch.setattr(fake_host, "exists", broken)
    assert Gluster().facts(fake_host)["bricks"] == ["/old/b"]


def test_a_host_without_gluster_has_nothing(fake_host: FakeHost) -> None:
    assert Gluster().facts(fake_host) == {"uuid": "", "peers": [], "volumes": [], "bricks": []}
    plan = decided(with_gluster(peers=[], volumes=[], bricks=[]))
    assert not [i for i in ids(plan) if "GLUSTER" in i]


@pytest.mark.parametrize("less", [{"peers": []}, {"volumes": []}])
def test_one_host_with_volumes_and_a_peer_without_any_count(less: Dict[str, Any]) -> None:
    assert "N2C_GLUSTER_TARGET" in ids(decided(with_gluster(**less), target()))


def test_a_brick_may_be_the_mount_itself_and_one_that_is_lost_keeps_no_other_away() -> None:
    bricks = ["/data", BRICK]
    plan = decided(with_gluster("/data", bricks=bricks), image(data=""))
    assert found(plan, "N2C_GLUSTER_BRICK_ON_ROOT").resources == (f"brick:{BRICK}",)
    assert found(plan, "N2C_GLUSTER_BRICK_PATH").resources == (f"brick:{BRICK}",)
    check, = (c for c in plan.checks if c.id.startswith("brick:"))
    assert check.params["target"] == "/data"


def test_glusterd_waits_for_the_bricks_disks_which_are_proved() -> None:
    plan = decided(with_gluster(), image(gluster_bricks="var/gluster_bricks"))
    assert not [i for i in ids(plan) if "GLUSTER" in i]
    assert 'RequiresMountsFor="/var/gluster_bricks/data"\n' in text_of(item(plan, DROP_IN))
    check, = (c for c in plan.checks if c.id.startswith("brick:"))
    assert check.params == {"target": "/var/gluster_bricks/data", "uuid": "fs-brick"}
    assert "UUID=fs-brick /var/gluster_bricks/data xfs" in text_of(item(plan, "/etc/fstab"))


def test_a_brick_in_var_has_another_uuid_there() -> None:
    plan = decided(with_gluster("", bricks=["/var/b"]), image())
    assert not [c for c in plan.checks if c.id.startswith("brick:")]
    assert item(plan, DROP_IN)


def test_a_brick_whose_path_the_image_cannot_have_stops_the_plan() -> None:
    one = found(decided(with_gluster(), image()), "N2C_GLUSTER_BRICK_PATH")
    assert one.kind is Kind.INHIBITOR and one.resources == (f"brick:{BRICK}",)


def test_a_brick_on_the_root_volume_stops_the_plan() -> None:
    plan = decided(with_gluster("/elsewhere"), image(gluster_bricks=""))
    assert found(plan, "N2C_GLUSTER_BRICK_ON_ROOT").kind is Kind.INHIBITOR


def test_a_target_without_the_server_stops_the_plan_of_a_peer() -> None:
    plan = decided(with_gluster(bricks=[]), target())
    assert found(plan, "N2C_GLUSTER_TARGET").kind is Kind.INHIBITOR
