"""paths: what a root that cannot be written may not have, what becomes of it, and what stops."""

from dataclasses import replace
from typing import Any, Dict, List, Tuple

import pytest

from ng2coreos.model.facts import HostFacts, Mount, Service, TreeSize
from ng2coreos.model.finding import Kind
from ng2coreos.model.item import Outcome
from ng2coreos.model.plan import Decisions
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.paths import kept_at, unit_name, with_image
from ng2coreos.plan.written import text_of
from plugins.paths import RHEV_DIRECTORIES, Paths
from tests.fakes import FakeHost
from tests.plan.build import GIB, added, decided, file, found, host, ids, item, target

SD = "5b7a9f6e-2a90-4d8e-b1ce-7a4d7c6f0b21"
TOP = {"usr": "", "var": "", "rhev": "", "bricks": "", "data": "var/data"}
NONE: Dict[str, Any] = {"loose": [], "volatile": {"media": []}, "domains": [], "fstab": [],
                        "units": {}}


def image(**top: str) -> TargetFacts:
    return target(top={**TOP, **top})


def with_paths(*mounts: Tuple[str, str], trees: Tuple[str, ...] = (), services: Any = None,
               **more: Any) -> HostFacts:
    facts = host(trees=tuple(TreeSize(path, 10, 2) for path in trees))
    extra = tuple(Mount("/dev/sdb1", where, kind, "rw,noatime", f"fs{where}", "", GIB, 10)
                  for where, kind in mounts)
    facts = replace(facts, layout=replace(facts.layout, mounts=(*facts.layout.mounts, *extra)))
    return replace(facts, services=services or facts.services,
                   plugins={**facts.plugins, "paths": {**NONE, **more}})


def fstab(plan: Decisions) -> List[str]:
    return text_of(item(plan, "/etc/fstab")).splitlines()


def test_reads_what_lies_loose_domains_fstab_and_units(fake_host: FakeHost) -> None:
    fake_host.write_all({
        "/notes.txt": "x", f"/data/images/rhev/{SD}/dom_md/metadata": "CLASS=Data\n",
        f"/nfs/export/{SD}/dom_md/metadata": "far away", "/data/images/x/dom_md/metadata": "no",
        "/proc/self/mounts": "srv:/x /nfs nfs4 rw 0 0\n", "/media/disk/file": "x",
        "/etc/fstab": "# comment\nUUID=1 /mnt/a xfs defaults 0 0\nbroken\n"
                      "//s/x /mnt/w cifs ro,pass=hunter2 0 0\n",
        "/etc/systemd/system/mnt-b.mount": "[Mount]\nWhere=/mnt/b\n"})
    fake_host.link("/vms", "/data/vms")
    fake_host.link("/etc/systemd/system/tmp.mount", "/dev/null")
    assert Paths().facts(fake_host) == {
        "loose": ["/notes.txt", "/vms"], "volatile": {"media": ["/media/disk"]},
        "domains": [f"/data/images/rhev/{SD}"],
        "fstab": [["UUID=1", "/mnt/a", "xfs", "defaults", "0", "0"],
                  ["//s/x", "/mnt/w", "cifs", "ro,pass=***", "0", "0"]],
        "units": {"mnt-b.mount": "[Mount]\nWhere=/mnt/b\n"}}


def test_neither_a_server_that_is_gone_nor_a_broken_disk_stops_the_search(
        fake_host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_host.write_all({
        "/proc/self/mounts": "s:/x /nfs nfs4 rw 0 0\nx /mnt/s3 fuse.s3fs rw 0 0\n",
        f"/data/{SD}/dom_md/metadata": "x", "/nfs/x": "", "/mnt/s3/x": "", "/mnt/broken/x": ""})
    look = fake_host.lstat

    def lstat(path: str) -> Any:
        assert not path.startswith("/nfs") and path != "/mnt/s3"  # would wait for the server
        if path == "/mnt/broken":
            raise OSError(5, "Input/output error")
        return look(path)

    monkeypatch.setattr(fake_host, "lstat", lstat)
    assert Paths().facts(fake_host)["domains"] == [f"/data/{SD}"]


@pytest.mark.parametrize("path,wanted", [
    ("/data/images", "/var/data/images"), ("/bricks/b1", "/bricks/b1"), ("/mnt/x", "/var/mnt/x"),
    ("/gone/x", None), ("/var/lib/x", "/var/lib/x"), ("/odd/x", None)])
def test_where_a_path_really_is(path: str, wanted: Any) -> None:
    assert with_image(path, {**TOP, "odd": "usr/odd"}) == wanted


def test_content_goes_where_the_image_links_it_or_aside() -> None:
    assert (kept_at("data", TOP), kept_at("gone", TOP)) == ("/var/data", "/var/toplevel/gone")
    plan = decided(with_paths(trees=("/data", "/gone", "/mnt", "/opt")), image())
    trees = {t.source: t.path for t in plan.trees}
    assert (trees["/data"], trees["/gone"], trees["/mnt"]) == ("data", "toplevel/gone", "mnt")
    one = found(plan, "N2C_PATHS_MOVED")
    assert one.kind is Kind.OVERRIDABLE and one.evidence == ("/gone becomes /var/toplevel/gone",)


def test_a_directory_that_the_image_brings_empty_gets_its_content_bound_to_it() -> None:
    plan = decided(with_paths(("/bricks/b1", "xfs"), trees=("/bricks",)), image())
    lines = fstab(plan)
    bind = next(n for n, line in enumerate(lines) if " none bind" in line and "bricks" in line)
    assert lines[bind].startswith("/var/toplevel/bricks /bricks none bind,nofail")
    assert any(line.startswith("UUID=fs/bricks/b1 /bricks/b1 xfs defaults,noatime")
               for line in lines)
    assert "N2C_PATHS_MOVED" not in ids(plan) and "N2C_MOUNT_LEFT" not in ids(plan)


def test_a_mount_below_a_link_of_the_image_goes_to_its_real_place() -> None:
    assert any(line.startswith("UUID=fs/data/vms /var/data/vms xfs")
               for line in fstab(decided(with_paths(("/data/vms", "xfs")), image())))
    gone = decided(with_paths(("/gone/vms", "xfs")), image())
    assert "N2C_MOUNT_LEFT" in ids(gone)


def test_lines_of_networks_and_of_what_is_not_mounted_are_kept() -> None:
    rows = [["srv:/iso", "/mnt/iso\\0401", "nfs4", "vers=4.2"],
            ["UUID=9", "/srv/late", "xfs", "noauto,nofail"],
            ["nodev", "/dev/hugepages1G", "hugetlbfs", "pagesize=1G"],
            ["/dev/mapper/onn-var", "/var", "xfs", "defaults"],
            ["UUID=1", "/boot/efi", "vfat", "umask=0077"], ["UUID=2", "none", "swap", "defaults"]]
    plan = decided(with_paths(("/mnt/iso 1", "nfs4"), fstab=rows), image())
    assert fstab(plan)[-4:] == [
        "srv:/iso /var/mnt/iso\\0401 nfs4 vers=4.2,_netdev,nofail 0 0",
        "UUID=9 /var/srv/late xfs noauto,nofail 0 0",
        "nodev /dev/hugepages1G hugetlbfs pagesize=1G,nofail 0 0",
        "UUID=2 none swap defaults,nofail 0 0"]
    assert "N2C_MOUNT_LEFT" not in ids(plan) and "N2C_PATHS_MOUNT" not in ids(plan)


def test_what_is_not_mounted_now_is_not_forgotten() -> None:
    rows = [["/dev/onn/backup", "/mnt/backup", "xfs", "noauto"],
            ["/dev/mapper/onn-late--x", "/srv/late", "xfs", "defaults,nofail"],
            ["/dev/mapper/onn--other-x", "/srv/x", "xfs", "defaults"],
            ["/dev/mapper/onn-var", "/var", "xfs", "defaults"],
            ["/dev/onn/crash2", "/home", "xfs", "defaults"]]
    plan = decided(with_paths(fstab=rows), image())
    assert fstab(plan)[-3:] == [
        "/dev/onn/backup /var/mnt/backup xfs noauto,nofail 0 0",
        "/dev/mapper/onn-late--x /var/srv/late xfs defaults,nofail 0 0",
        "/dev/mapper/onn--other-x /var/srv/x xfs defaults,nofail 0 0"]
    assert "N2C_PATHS_MOUNT" not in ids(plan)


def test_a_volume_of_ngs_own_that_is_not_mounted_is_never_mounted_there() -> None:
    rows = [["UUID=77", "/var/crash", "xfs", "defaults"]]
    facts = with_paths(fstab=rows)
    layout = replace(facts.layout, mounts=tuple(
        m for m in facts.layout.mounts if m.target != "/var/crash"))
    plan = decided(replace(facts, layout=layout), image())
    assert not any("UUID=77" in line for line in fstab(plan))
    assert found(plan, "N2C_PATHS_MOUNT").evidence[0].startswith("UUID=77 at /var/crash: ")


@pytest.mark.parametrize("source", ["/dev/onn/swap", "/dev/mapper/onn-swap", "UUID=swap-uuid"])
def test_swap_is_kept_wherever_it_lies_and_named_where_it_cannot_be(source: str) -> None:
    rows = [[source, "none", "swap", "defaults"], ["UUID=5", "swap", "swap", "pri=3,nofail"],
            ["/dev/onn/swap2", "none", "swap", "defaults"], ["/var/swapfile", "none", "swap", "sw"]]
    facts = with_paths(fstab=rows)
    mounts = tuple(replace(m, uuid="swap-uuid") if m.target == "swap" else m
                   for m in facts.layout.mounts)
    plan = decided(replace(facts, layout=replace(facts.layout, mounts=mounts)), image())
    assert [line.split()[0] for line in fstab(plan) if " swap " in line] == [
        "/dev/onn/swap", "UUID=5", "/dev/onn/swap2"]
    assert "UUID=5 none swap pri=3,nofail 0 0" in fstab(plan)
    assert found(plan, "N2C_PATHS_MOUNT").evidence == (
        "/var/swapfile: a swap file, which each system makes for itself",)


def test_a_line_for_memory_never_stands_beside_that_of_a_volume() -> None:
    rows = [["tmpfs", "/var", "tmpfs", "size=9g"], ["tmpfs", "/var/cache/x", "tmpfs", "size=1g"],
            ["tmpfs", "/run", "tmpfs", "size=4g,noexec"],  # systemd-remount-fs reads its options
            ["tmpfs", "/dev/shm", "tmpfs", "noexec"], ["tmpfs", "/tmp", "tmpfs", "nosuid"],
            ["proc", "/proc", "proc", "hidepid=2"], ["/dev/sdz", "/tmp", "xfs", "defaults"]]
    facts = with_paths(fstab=rows)
    layout = replace(facts.layout, mounts=tuple(m for m in facts.layout.mounts
                                                if m.target != "/tmp"))
    plan = decided(replace(facts, layout=layout), image())
    assert [line.split()[1] for line in fstab(plan) if line.startswith(("tmpfs", "proc"))] == [
        "/var/cache/x", "/run", "/dev/shm", "/tmp", "/proc"]
    assert "/dev/sdz" not in " ".join(fstab(plan))
    assert found(plan, "N2C_PATHS_MOUNT").evidence == (
        "tmpfs at /var: a volume of NG's is mounted there too",)


def test_a_server_that_is_down_does_not_fail_the_trial() -> None:
    rows = [["srv:/iso", "/mnt/iso\\0401-a", "nfs4", "vers=4.2"],
            ["UUID=9", "/srv/late", "xfs", "nofail"], ["UUID=8", "/srv/needed", "xfs", "defaults"],
            ["nodev", "/dev/hugepages1G", "hugetlbfs", "pagesize=1G"]]
    units = {"mnt-b.mount": "[Mount]\nWhat=srv:/b\nWhere=/mnt/b\n",
             "var-c.mount": "[Mount]\nWhat=x\nType=glusterfs\nWhere=/var/c\n",
             "mnt-d.mount": "[Mount]\nWhat=/dev/disk/by-path/pci-0:0\nType=xfs\nWhere=/mnt/d\n"}
    check, = (c for c in decided(with_paths(fstab=rows, units=units), image()).checks
              if c.kind == "no-failed-units")
    assert check.params == {"allow": ["var-c.mount", "var-mnt-b.mount",
                                      "var-mnt-iso\\x201\\x2da.mount", "var-srv-late.mount"]}
    check, = (c for c in decided(with_paths(), image()).checks if c.kind == "no-failed-units")
    assert check.params == {"allow": []}


def test_mounts_without_a_place_or_with_a_password_stop_the_plan_unless_accepted() -> None:
    rows = [["srv:/iso", "/iso", "nfs", "ro"],
            ["//srv/x", "/mnt/x", "cifs", "username=a,password=hunter2"]]
    one = found(decided(with_paths(fstab=rows), image()), "N2C_PATHS_MOUNT")
    assert one.kind is Kind.OVERRIDABLE and len(one.evidence) == 2
    assert "hunter2" not in repr(one)


@pytest.mark.parametrize("place", ["/vms", "/home/vms", "/mnt/vms", "/opt/a/b/c", "/srv/vms",
                                   "/var/lib/vms"])
def test_a_domain_is_found_wherever_an_engine_may_have_been_told(
        fake_host: FakeHost, place: str) -> None:
    fake_host.write(f"{place}/{SD}/dom_md/metadata", "CLASS=Data\n")
    (fake_host.path(place) / "0a1b2c3d-0000-4000-8000-000000000000").mkdir()  # none, by its name
    assert Paths().facts(fake_host)["domains"] == [f"{place}/{SD}"]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "glusterfs", "fuse.glusterfs", "fuse.sshfs",
                                  "autofs"])
def test_what_a_server_serves_is_never_looked_into(fake_host: FakeHost, kind: str) -> None:
    fake_host.write(f"/vms/{SD}/dom_md/metadata", "CLASS=Data\n")
    fake_host.write("/proc/self/mounts", f"short\nx /vms {kind} rw 0 0\n")
    assert Paths().facts(fake_host)["domains"] == []


def test_automounts_are_read_as_well(fake_host: FakeHost) -> None:
    fake_host.write("/etc/systemd/system/mnt-b.automount", "[Automount]\nWhere=/mnt/b\n")
    assert Paths().facts(fake_host)["units"] == {
        "mnt-b.automount": "[Automount]\nWhere=/mnt/b\n"}


def test_a_domain_on_the_root_volume_stops_the_plan_with_the_remedy() -> None:
    one = found(decided(with_paths(domains=[f"/data/images/rhev/{SD}"]), image()),
                "N2C_PATHS_DOMAIN_ON_ROOT")
    assert one.kind is Kind.INHIBITOR and "volume of its own" in one.remedy


def test_a_domain_on_its_own_disk_needs_its_path() -> None:
    path = f"/data/images/rhev/{SD}"
    facts = with_paths(("/data/images/rhev", "xfs"), domains=[path])
    assert not [i for i in ids(decided(facts, image())) if "DOMAIN" in i]
    bare = target(top={"usr": "", "rhev": ""})
    assert found(decided(facts, bare), "N2C_PATHS_DOMAIN").resources == (f"file:{path}",)


def test_a_domain_in_a_brick_is_glusters_not_a_local_one() -> None:
    brick = "/gluster_bricks/data/brick"
    facts = with_paths(("/gluster_bricks/data", "xfs"), domains=[f"{brick}/{SD}", f"{brick}2/{SD}"])
    gluster = {"uuid": "u", "peers": ["p"], "volumes": ["data"], "bricks": [brick]}
    plan = decided(replace(facts, plugins={**facts.plugins, "gluster": gluster}), image())
    assert found(plan, "N2C_GLUSTER_BRICK_PATH").resources == (f"brick:{brick}",)
    assert found(plan, "N2C_PATHS_DOMAIN").resources == (f"file:{brick}2/{SD}",)


def test_a_domain_in_var_travels_with_it() -> None:
    plan = decided(with_paths(domains=[f"/var/vms/{SD}"]), image())
    assert not [i for i in ids(plan) if "DOMAIN" in i]


def test_loose_files_are_told() -> None:
    plan = decided(with_paths(loose=["/notes.txt"], volatile={"media": ["/media/disk"]}), image())
    assert found(plan, "N2C_PATHS_LOOSE").evidence == ("/notes.txt", "/media/disk")


def test_vdsm_gets_a_place_for_storage_domains() -> None:
    plan = decided(with_paths(), image())
    assert "Where=/rhev\n" in text_of(item(plan, "/etc/systemd/system/rhev.mount"))
    lines = text_of(item(plan, RHEV_DIRECTORIES)).splitlines()
    assert "d /rhev/data-center 0755 vdsm kvm -" in lines
    assert "d /rhev 0755 root root -" in lines  # a new tmpfs has no label that vdsm could use
    state, = (s for s in plan.units if s.unit == "rhev.mount")
    assert state.links == ("local-fs.target.wants/rhev.mount",)
    assert [c.params for c in plan.checks if c.id == "mount:/rhev"] == [
        {"target": "/rhev", "uuid": ""}]


def test_an_image_that_links_rhev_needs_the_directories_only() -> None:
    plan = decided(with_paths(), image(rhev="var/rhev"))
    assert item(plan, RHEV_DIRECTORIES).outcome is Outcome.CONVERTED
    assert "d /rhev 0755" not in text_of(item(plan, RHEV_DIRECTORIES))
    assert not [s for s in plan.units if s.unit == "rhev.mount"]


def test_an_image_that_mounts_rhev_itself_needs_nothing() -> None:
    own = replace(image(), units={**target().units, "rhev.mount": ("local-fs.target.wants",)})
    assert not [i for i in decided(with_paths(), own).items if "rhev" in i.path]


def test_an_image_without_rhev_stops_the_plan_of_a_vdsm_host_only() -> None:
    facts, bare = with_paths(), target(top={"usr": ""})
    assert found(decided(facts, bare), "N2C_PATHS_RHEV").kind is Kind.INHIBITOR
    vdsm = {**facts.plugins["vdsm"], "id": "", "volatile": {"vms": None}}
    other = replace(facts, plugins={**facts.plugins, "vdsm": vdsm})
    assert "N2C_PATHS_RHEV" not in ids(decided(other, bare))


def test_mount_units_get_the_name_of_their_real_place() -> None:
    path = "/etc/systemd/system/mnt-b.mount"
    facts = with_paths(
        units={"mnt-b.mount": "[Mount]\nWhat=/dev/sdb1\nWhere=/mnt/b\n",
               "gone-c.mount": "[Mount]\nWhat=x\nWhere=/gone/c\n",
               "var-d.mount": "[Mount]\nWhat=x\nWhere=/var/d\n",
               "var-log.mount": "[Mount]\nWhat=x\nWhere=/var/log\n"},
        services=(Service("mnt-b.mount", "enabled", ("multi-user.target.wants",)),))
    facts = replace(facts, etc=tuple(added(f"/etc/systemd/system/{n}", file(n)) for n in (
        "mnt-b.mount", "gone-c.mount", "var-d.mount")))
    plan = decided(facts, image())
    assert item(plan, path).outcome is Outcome.DROPPED
    new = item(plan, "/etc/systemd/system/var-mnt-b.mount")
    assert text_of(new) == "[Mount]\nWhat=/dev/sdb1\nWhere=/var/mnt/b\n" and new.source == path
    states = {s.unit: s.links for s in plan.units}
    assert states["var-mnt-b.mount"] == ("multi-user.target.wants/var-mnt-b.mount",)
    assert "mnt-b.mount" not in states
    assert found(plan, "N2C_PATHS_MOUNT").evidence == (
        "gone-c.mount at /gone/c: the image has no such directory",)
    assert item(plan, "/etc/systemd/system/var-d.mount").outcome is Outcome.CARRIED


def test_odd_names_of_places_stay_as_they_are() -> None:
    name = "mnt-b\\x5cd.mount"
    facts = with_paths(units={name: "[Mount]\nWhat=x\nWhere=/mnt/b\\d\\1\n"})
    facts = replace(facts, etc=(added(f"/etc/systemd/system/{name}", file(name)),))
    new = item(decided(facts, image()), "/etc/systemd/system/var-mnt-b\\x5cd\\x5c1.mount")
    assert text_of(new) == "[Mount]\nWhat=x\nWhere=/var/mnt/b\\d\\1\n"


def test_lines_of_fstab_need_not_be_utf_8() -> None:
    plan = decided(with_paths(fstab=[["srv:/\udce9", "/mnt/\udce9", "nfs", "ro", "0", "0"]]),
                   image())
    assert "srv:/\udce9 /var/mnt/\udce9 nfs ro,_netdev,nofail 0 0" in text_of(
        item(plan, "/etc/fstab"))
    assert unit_name("/mnt/\udce9") == "mnt-\\xe9.mount"


def test_a_directory_mounted_elsewhere_stays_one_at_its_real_place() -> None:
    rows = [["/home/vm", "/srv/vm", "none", "bind"], ["/gone/x", "/srv/x", "none", "rbind,ro"]]
    facts = with_paths(("/srv/vm", "xfs"), fstab=rows)
    mounts = [replace(m, source="/dev/mapper/onn-home[/vm]", uuid="fs-home", volume="home")
              if m.target == "/srv/vm" else m for m in facts.layout.mounts]
    plan = decided(replace(facts, layout=replace(facts.layout, mounts=tuple(mounts))), image())
    assert "/var/home/vm /var/srv/vm none bind,nofail 0 0" in fstab(plan)
    assert not [line for line in fstab(plan) if "fs-home" in line or "/var/srv/x" in line]
    assert found(plan, "N2C_PATHS_MOUNT").evidence == (
        "/gone/x at /srv/x: the image has no directory /gone/x",)
    assert "N2C_MOUNT_LEFT" not in ids(plan)
