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
INSTALL = "[Install]\nWantedBy=multi-user.target\n"
NOTHING = {"driver": "overlay", "root": STORAGE, "images": False, "bolt": False, "quadlets": {},
           "networks": [], "docker": [], "auth": None, "volatile": {"running": {}}}


def with_containers(**more: Any) -> HostFacts:
    facts = host()
    return replace(facts, plugins={**facts.plugins, "containers": {**NOTHING, **more}})


def test_reads_storage_quadlets_networks_and_docker(fake_host: FakeHost) -> None:
    fake_host.write("/etc/containers/storage.conf", '[storage]\n# driver = "vfs"\n'
                    'driver = "overlay"\ngraphroot = "/data/containers"\n')
    fake_host.write("/data/containers/overlay/abc/diff", "x")
    fake_host.write(STORAGE + "/libpod/bolt_state.db", "x")
    fake_host.write("/etc/containers/systemd/site/web.container",
                    "[Container]\nImage=x\nVolume=/data/web:/srv:Z\nVolume=named.volume:/v\n"
                    + INSTALL)
    fake_host.write("/etc/containers/systemd/db.container", "[Container]\nServiceName=data\n")
    fake_host.write("/etc/containers/systemd/db.container.d/10-boot.conf", INSTALL)
    fake_host.write("/etc/containers/systemd/each@.container", "[Container]\nImage=x\n")
    fake_host.on("systemctl", "is-active", "--", "data.service", "web.service",
                 stdout="inactive\nactive\n", rc=0)
    fake_host.write("/etc/cni/net.d/87-podman.conflist", "{}")
    fake_host.write("/etc/cni/net.d/site.conflist", "{}")
    fake_host.write("/var/lib/docker/image/overlay2/x", "x")
    assert Containers().facts(fake_host) == {
        "driver": "overlay", "root": "/data/containers", "images": True, "bolt": True,
        "quadlets": {"/etc/containers/systemd/site/web.container": ["/data/web"],
                     "/etc/containers/systemd/db.container": [],
                     "/etc/containers/systemd/each@.container": []},
        "volatile": {"running": {"/etc/containers/systemd/site/web.container": "web.service"}},
        "networks": ["site.conflist"], "docker": ["/var/lib/docker/image"], "auth": None}


@pytest.mark.parametrize("said", ["", "active\nactive\n", "System has not been booted\n" * 3])
def test_an_answer_that_is_none_runs_nothing(fake_host: FakeHost, said: str) -> None:
    fake_host.write("/etc/containers/systemd/web.container", "[Container]\nImage=x\n" + INSTALL)
    fake_host.on("systemctl", "is-active", "--", "web.service", stdout=said, rc=1)
    assert Containers().facts(fake_host)["volatile"] == {"running": {}}


def test_one_that_no_boot_starts_is_not_asked_for(fake_host: FakeHost) -> None:
    """It runs because somebody has started it, or a timer: the new system would not, nor would NG.
    """
    fake_host.write("/etc/containers/systemd/web.container",
                    "[Container]\nImage=x\n[Install]\n# WantedBy=default.target\nWantedBy=\n")
    fake_host.write("/etc/containers/systemd/site.pod/README", "a directory of the admin's")
    facts = Containers().facts(fake_host)  # and systemctl is not asked at all
    assert facts["volatile"] == {"running": {}}
    assert list(facts["quadlets"]) == ["/etc/containers/systemd/web.container"]


def test_a_container_that_runs_must_run_there_too() -> None:
    web = "/etc/containers/systemd/web.container"
    for places, image, asked in (([], PODMAN, True), (["/var/lib/web"], PODMAN, True),
                                 (["/data/web"], PODMAN, False), ([], target(), False)):
        plan = decided(with_containers(quadlets={web: places},
                                       volatile={"running": {web: "web.service"}}), image)
        assert [(c.kind, c.params) for c in plan.checks if c.id.startswith("containers")] == [
            ("unit-active", {"unit": "web.service"})][:asked]


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


@pytest.mark.parametrize("kind", ["container", "kube", "pod", "volume", "network", "image",
                                  "build"])
def test_quadlets_of_each_kind_want_podman(fake_host: FakeHost, kind: str) -> None:
    path = f"/etc/containers/systemd/a.{kind}"
    fake_host.write(path, INSTALL)
    fake_host.write("/etc/containers/systemd/README", "x")
    unit = {"container": "a", "kube": "a", "pod": "a-pod"}.get(kind)
    if unit is not None:
        fake_host.on("systemctl", "is-active", "--", f"{unit}.service", stdout="inactive\n", rc=3)
    quadlets = Containers().facts(fake_host)["quadlets"]
    assert quadlets == {path: []}
    one = found(decided(with_containers(quadlets=quadlets)), "N2C_CONTAINERS_NO_PODMAN")
    assert one.resources == (f"file:{path}",)


@pytest.mark.parametrize("driver", ["overlay", "vfs"])
def test_images_of_each_driver_are_seen(fake_host: FakeHost, driver: str) -> None:
    fake_host.write(f"{STORAGE}/{driver}/abc/x", "x")
    assert Containers().facts(fake_host)["images"]


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
