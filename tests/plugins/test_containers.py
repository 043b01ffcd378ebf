"""containers: what a host with podman or Docker is told, and the log-in that would be forgotten."""

from dataclasses import replace
from typing import Any, Dict

import pytest

from ng2coreos.model.facts import HostFacts, Package
from ng2coreos.model.item import Outcome
from plugins.containers import Containers
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids, item, target

STORAGE = "/var/lib/containers/storage"
PODMAN = target(packages=(Package("podman", 5, "5.2", "1", "x86_64"),))
NOTHING = {"driver": "overlay", "root": STORAGE, "images": False, "bolt": False, "quadlets": {},
           "networks": [], "docker": [], "auth": None}


def with_containers(**more: Any) -> HostFacts:
    facts = host()
    return replace(facts, plugins={**facts.plugins, "containers": {**NOTHING, **more}})


def test_reads_storage_quadlets_networks_and_docker(fake_host: FakeHost) -> None:
    fake_host.write("/etc/containers/storage.conf", '[storage]\n# driver = "vfs"\n'
                    'driver = "overlay"\ngraphroot = "/data/containers"\n')
    fake_host.write("/data/containers/overlay/abc/diff", "x")
    fake_host.write(STORAGE + "/libpod/bolt_state.db", "x")
    fake_host.write("/etc/containers/systemd/site/web.container",
                    "[Container]\nImage=x\nVolume=/data/web:/srv:Z\nVolume=named.volume:/v\n")
    fake_host.write("/etc/cni/net.d/87-podman.conflist", "{}")
    fake_host.write("/etc/cni/net.d/site.conflist", "{}")
    fake_host.write("/var/lib/docker/image/overlay2/x", "x")
    assert Containers().facts(fake_host) == {
        "driver": "overlay", "root": "/data/containers", "images": True, "bolt": True,
        "quadlets": {"/etc/containers/systemd/site/web.container": ["/data/web"]},
        "networks": ["site.conflist"], "docker": ["/var/lib/docker/image"], "auth": None}


def test_a_host_without_containers_is_nothing(fake_host: FakeHost) -> None:
    assert Containers().facts(fake_host) == NOTHING
    assert ids(decided(with_containers())) == []


@pytest.mark.parametrize("more,id", [
    ({"images": True, "driver": "vfs"}, "N2C_CONTAINERS_STORAGE"),
    ({"images": True, "root": "/containers"}, "N2C_CONTAINERS_STORAGE"),
    ({"bolt": True}, "N2C_CONTAINERS_BOLTDB"), ({"networks": ["a.conf"]}, "N2C_CONTAINERS_CNI"),
    ({"docker": ["/var/lib/docker/image"]}, "N2C_CONTAINERS_DOCKER"),
    ({"quadlets": {"/etc/containers/systemd/a.container": ["/data/web", "/srv/ok"]}},
     "N2C_CONTAINERS_VOLUME")])
def test_what_does_not_work_as_it_is_is_told(more: Dict[str, Any], id: str) -> None:
    assert ids(decided(with_containers(**more), PODMAN)) == [id]


def test_only_the_directories_that_stay_behind_are_named() -> None:
    facts = with_containers(quadlets={"/etc/containers/systemd/a.container": [
        "/data/web", "/srv/web", "/var/lib/web", "/home/web"]})
    assert found(decided(facts, PODMAN), "N2C_CONTAINERS_VOLUME").evidence == (
        "a.container: /data/web",)


def test_images_without_podman_in_the_image() -> None:
    assert ids(decided(with_containers(images=True))) == ["N2C_CONTAINERS_NO_PODMAN"]
    assert ids(decided(with_containers(images=True), PODMAN)) == []


def test_docker_is_fine_where_the_image_has_it() -> None:
    image = target(packages=(Package("moby-engine", 0, "24", "1", "x86_64"),))
    assert ids(decided(with_containers(docker=["/var/lib/docker/image"]), image)) == []


def test_a_log_in_that_lies_in_run_is_carried_as_a_secret(fake_host: FakeHost) -> None:
    fake_host.write("/run/containers/0/auth.json", '{"auths": {"r": {"auth": "c2VjcmV0"}}}')
    facts = Containers().facts(fake_host)
    assert "c2VjcmV0" not in str(facts)
    one = item(decided(with_containers(auth=facts["auth"])),
               "/var/roothome/.config/containers/auth.json")
    assert (one.outcome, one.source, one.mode, one.secret, one.sha256) == (
        Outcome.CARRIED, "/run/containers/0/auth.json", 0o600, True, facts["auth"]["sha256"])


def test_a_log_in_of_roots_home_is_not_replaced(fake_host: FakeHost) -> None:
    fake_host.write("/run/containers/0/auth.json", "{}")
    fake_host.write("/root/.config/containers/auth.json", "{}")
    assert Containers().facts(fake_host)["auth"] is None
