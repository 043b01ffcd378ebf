"""Volumes: a root of its own, snapshots of what NG mounts, and the copied trees."""

from dataclasses import replace
from typing import Any

import pytest

from ng2coreos import inventory
from ng2coreos.inventory import trees
from ng2coreos.model.facts import HostFacts, LogicalVolume, Mount
from ng2coreos.model.finding import Kind
from ng2coreos.model.item import Outcome
from ng2coreos.model.plan import Policy
from ng2coreos.plan import Rules, decide, left_items, load_rules
from ng2coreos.plan.left_behind import NAMED
from ng2coreos.plan.paths import on_target, unit_name
from ng2coreos.plan.schema import parse
from ng2coreos.plan.why import why
from tests.fakes import FakeHost
from tests.plan.build import GIB, MIB, decided, found, host, ids, layout, target


def with_layout(**more: Any) -> HostFacts:
    return host(layout=replace(layout(), **more))


def test_each_nist_volume_but_tmp_becomes_a_snapshot_with_its_own_uuid() -> None:
    volumes = decided().volumes
    assert [(v.mount, v.name, v.origin) for v in volumes] == [
        ("/", "ng2coreos_root", ""), ("/var", "ng2coreos_var", "var"),
        ("/var/crash", "ng2coreos_var_crash", "var_crash"),
        ("/var/home", "ng2coreos_home", "home"), ("/var/log", "ng2coreos_var_log", "var_log"),
        ("/var/tmp", "ng2coreos_var_tmp", "var_tmp"),
        ("/var/log/audit", "ng2coreos_var_log_audit", "var_log_audit")]
    assert len({v.fs_uuid for v in volumes}) == len(volumes)
    assert next(v for v in volumes if v.mount == "/var/home").source_mount == "/home"


def test_the_root_has_room_for_updates_and_ends_on_an_extent() -> None:
    small, large = decided(image=target(bytes=MIB, files=10)), decided(image=target(bytes=4 * GIB))
    assert small.volumes[0].size_bytes == 3 * GIB
    assert large.volumes[0].size_bytes > 3 * 4 * GIB
    assert large.volumes[0].size_bytes % layout().extent_bytes == 0


def test_what_only_ng_uses_is_removed_from_the_volume_that_holds_it() -> None:
    volumes = {v.mount: v for v in decided().volumes}
    assert {"imgbased", "lib/dnf", "lib/ngn-vdsm-need-configure"} <= set(volumes["/var"].remove)
    assert not any(p.startswith("/") or ".." in p for v in volumes.values() for p in v.remove)
    assert volumes["/var/log"].remove == ()


MINE = """\
entries:
  - {id: mine, paths: [/var/cache/dnf, /var/imgbased/persisted-rpms/**, /root/.cache/mine,
                       /var/lib/ng2coreos/runs, "/var/tmp/**"], action: carry, reason: Mine.}
  - {id: more, paths: [/var/lib/acme/**, /home/acme], exclude: [/var/lib/acme/not],
     action: drop, reason: Stale.}
"""


@pytest.mark.parametrize("plugged", [False, True])
def test_a_whitelist_of_the_admins_carries_what_ours_drop_but_never_the_runs_own(
        plugged: bool) -> None:
    theirs, usual = (parse(MINE, "mine.yaml"),), load_rules()
    rules = Rules(() if plugged else theirs, usual.built_in, theirs if plugged else ())
    plan = decide(host(), target(), Policy(), rules, (), lambda: "uuid")
    var, tmp, home = (next(v for v in plan.volumes if v.source_mount == top)
                      for top in ("/var", "/var/tmp", "/home"))
    root, = (t for t in plan.trees if t.source == "/root")
    assert {"imgbased", "lib/dnf", "lib/ng2coreos", "lib/acme"} <= set(var.remove)
    assert "cache/dnf" not in var.remove
    assert var.keep == ("imgbased/persisted-rpms", "lib/acme/not")
    assert ".cache" in root.exclude and root.keep == (".cache/mine",)
    assert tmp.remove == ("ng2coreos-*",) and tmp.keep == ()
    assert home.remove == ("acme",)
    for path, verdict in (("/var/cache/dnf/x", "travels"), ("/var/lib/dnf", "dropped"),
                          ("/var/imgbased/persisted-rpms/a", "travels"),
                          ("/var/imgbased/a", "dropped"), ("/var/tmp/x", "travels"),
                          ("/var/tmp/ng2coreos-x/a", "dropped"), ("/home/acme/a", "dropped"),
                          ("/var/lib/acme/a", "dropped"), ("/var/lib/acme/not/a", "travels"),
                          ("/var/lib/ng2coreos/runs/a", "dropped")):
        answer = why(rules, path)
        assert answer.verdict == verdict, path
        assert answer.rule is None or answer.rule.reason
    assert why(rules, "/var/cache/dnf/x").rule is not None


def test_names_that_some_user_makes_do_not_fill_the_plan() -> None:
    left = {f"/var/tmp/ng2coreos-{number:05d}": "file" for number in range(NAMED + 7)}
    items = left_items((), {**left, "/var/tmp/abrt": "directory"}, load_rules())
    assert len(items) == NAMED
    told = [item.reason for item in items if "more beside it" in item.reason]
    assert told == [items[-1].reason] and "So do 8 more beside it." in told[0]
    assert "more" not in left_items((), dict(list(left.items())[:NAMED]), load_rules())[-1].reason


def test_what_stays_behind_is_named_with_its_reason(fake_host: FakeHost) -> None:
    for path in ("/var/imgbased/x", "/var/imgbased/persisted-rpms/a.rpm", "/root/anaconda-ks.cfg",
                 "/var/lib/ng2coreos/runs/1", "/var/lib/mine"):
        fake_host.write(path, "")
    (fake_host.root / "var/lib/kdump").symlink_to("/nowhere")
    rules = Rules((parse(MINE, "mine.yaml"),), load_rules().built_in)
    plan = decide(host(), target(), Policy(), rules, (), lambda: "uuid")
    seen = inventory.read_left(fake_host, plan.volumes, plan.trees)
    told = {i.path: i for i in left_items(plan.items, seen, rules) if i not in plan.items}
    assert {path: (i.kind, i.outcome, i.source == path) for path, i in told.items()} == {
        "/var/imgbased/x": ("file", Outcome.DROPPED, True),
        "/root/anaconda-ks.cfg": ("file", Outcome.DROPPED, True),
        "/var/lib/kdump": ("symlink", Outcome.DROPPED, True),
        "/var/lib/ng2coreos": ("directory", Outcome.DROPPED, True)}
    assert "layers" in told["/var/imgbased/x"].reason and told["/root/anaconda-ks.cfg"].rule
    assert told["/var/lib/ng2coreos"].reason and not any(i.verify for i in told.values())
    assert left_items(plan.items, {plan.items[0].path: "file"}, rules) == plan.items
    # of two patterns with wildcards the rules may name another one than has left it behind
    ours, other = left_items((), {"/var/lib/mine": "file", "/var/tmp/ng2coreos-x": "file"},
                             Rules((), ()))[::-1]
    assert "own" in ours.reason and "wildcard" in other.reason


def test_trees_of_ngs_root_go_where_the_links_of_the_image_lead() -> None:
    trees = {t.source: t for t in decided().trees}
    assert {s: t.path for s, t in trees.items()} == {
        "/root": "roothome", "/opt": "opt", "/usr/local": "usrlocal", "/srv": "srv"}
    assert "anaconda-ks.cfg" in trees["/root"].exclude
    assert {t.volume for t in trees.values()} == {"ng2coreos_var"}


def test_homes_without_a_volume_are_copied() -> None:
    mounts = tuple(m for m in layout().mounts if m.target != "/home")
    plan = decided(with_layout(mounts=mounts))
    assert ("/home", "home") in [(t.source, t.path) for t in plan.trees]
    assert "/var/home" not in [v.mount for v in plan.volumes]


def test_a_tree_that_is_a_file_system_is_not_copied() -> None:
    more = Mount("/dev/sdb1", "/opt", "xfs", "rw", "fs-opt")
    plan = decided(with_layout(mounts=(*layout().mounts, more)))
    assert "/opt" not in [t.source for t in plan.trees]


def test_a_host_without_var_volume_is_refused() -> None:
    mounts = tuple(m for m in layout().mounts if m.target != "/var")
    plan = decided(with_layout(mounts=mounts))
    assert found(plan, "N2C_VAR_VOLUME").kind is Kind.INHIBITOR and plan.trees == ()


def test_a_thick_volume_is_not_snapshotted() -> None:
    volumes = tuple(replace(v, attr="-wi-ao----", pool="") if v.name == "var" else v
                    for v in layout().volumes)
    assert "N2C_VAR_VOLUME" in ids(decided(with_layout(volumes=volumes)))


def test_a_file_system_whose_uuid_cannot_change_is_refused() -> None:
    mounts = tuple(replace(m, fstype="btrfs") if m.target == "/home" else m
                   for m in layout().mounts)
    assert found(decided(with_layout(mounts=mounts)), "N2C_VOLUME_FSTYPE").resources == ("lv:home",)


def test_leftovers_of_a_run_and_foreign_volumes_of_our_name_stop_the_run() -> None:
    ours = LogicalVolume("ng2coreos_root", "u", "Vwi-a-tz--", GIB, "pool00", "", ("ng2coreos",))
    foreign = LogicalVolume("ng2coreos_var", "u", "Vwi-a-tz--", GIB, "pool00")
    plan = decided(with_layout(volumes=(*layout().volumes, ours, foreign)))
    assert found(plan, "N2C_LEFTOVERS").resources == ("lv:ng2coreos_root",)
    assert found(plan, "N2C_VOLUME_NAME_TAKEN").resources == ("lv:ng2coreos_var",)
    assert {"N2C_LEFTOVERS", "N2C_VOLUME_NAME_TAKEN"} <= {f.id for f in plan.inhibitors}


def test_a_volume_group_with_tags_of_others_is_reported() -> None:
    plan = decided(with_layout(vg_tags=("imgbased:vg", "RHAT_storage_domain")))
    assert found(plan, "N2C_VG_FOREIGN_TAG").evidence == ("RHAT_storage_domain",)


@pytest.mark.parametrize("ours,theirs", [
    ("/home/a", "/var/home/a"), ("/root", "/var/roothome"), ("/usr/local/bin", "/var/usrlocal/bin"),
    ("/homes", "/homes"), ("/var/log", "/var/log")])
def test_paths_follow_the_links_of_the_image(ours: str, theirs: str) -> None:
    assert on_target(ours) == theirs


@pytest.mark.parametrize("path,unit", [
    ("/var/tmp", "var-tmp.mount"), ("/", "-.mount"), ("/a-b/c", "a\\x2db-c.mount"),
    ("/.a/b.c", "\\x2ea-b.c.mount")])
def test_mount_units_are_named_as_systemd_does(path: str, unit: str) -> None:
    assert unit_name(path) == unit


def test_what_lives_until_the_next_boot_does_not_travel(fake_host: FakeHost) -> None:
    """vdsm makes its files in /run at each boot; those of NG would tell it that it had done so."""
    fake_host.write_all({"/run/vdsm/nets_restored": "", "/run/vdsm/bonding-defaults.json": "{}",
                         "/sys/class/net/bonding_masters": "", "/data/own": "x"})
    fake_host.link("/var/run", "../run")
    facts = host(trees=trees.read(fake_host, layout()))
    assert "/data" in [tree.path for tree in facts.trees]
    plan = decided(facts)
    paths = [*(tree.source for tree in plan.trees), *(v.source_mount for v in plan.volumes),
             *(item.path for item in plan.items)]
    assert {"/data", "/var"} <= set(paths)
    assert not [path for path in paths if f"{path}/".startswith(("/run/", "/sys/", "/var/run/"))]


def test_the_runs_own_files_do_not_travel() -> None:
    """The bundle and the config hold keys, and a journal that goes on on NG would be stale."""
    volumes = {v.source_mount: v for v in decided().volumes}
    assert "lib/ng2coreos" in volumes["/var"].remove
    assert "ng2coreos-*" in volumes["/var/tmp"].remove
