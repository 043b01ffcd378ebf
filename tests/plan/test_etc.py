"""/etc: factory, NG and the target are compared, and nothing is decided in silence."""

from dataclasses import replace
from typing import Dict, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.model.facts import Difference, EtcChange, FileFact
from ng2coreos.model.item import Outcome
from ng2coreos.model.plan import Policy
from ng2coreos.plan.etc import EtcDecisions
from ng2coreos.plan.etc_places import NEVER
from tests.plan.build import (
    added,
    changed,
    decided,
    deleted,
    file,
    found,
    host,
    ids,
    item,
    link,
    rules,
    target,
)

OWN = "/etc/own.conf"


def test_what_the_whitelist_carries_keeps_digest_owner_and_mode() -> None:
    fact = file("key", mode=0o644, uid=36, gid=36)
    one = item(decided(host(etc=(added("/etc/pki/vdsm/keys/vdsmkey.pem", fact),))),
               "/etc/pki/vdsm/keys/vdsmkey.pem")
    assert (one.outcome, one.rule, one.sha256, one.size_bytes) == (
        Outcome.CARRIED, "vdsm.pki-keys", "sha256-of-key", 3)
    assert (one.owner, one.group, one.mode, one.secret) == ("vdsm", "kvm", 0o440, True)


def test_owners_travel_by_name() -> None:
    one = item(decided(host(etc=(added(OWN, file("x", uid=1001, gid=10)),))), OWN)
    assert (one.owner, one.group) == ("admin", "wheel")


def test_an_owner_without_a_name_stays_a_number_and_is_reported() -> None:
    plan = decided(host(etc=(added(OWN, file("x", uid=4711)),)))
    assert item(plan, OWN).owner == "4711"
    assert found(plan, "N2C_ETC_OWNER_UNKNOWN").evidence == (f"{OWN} (uid 4711)",)


def test_an_unknown_file_is_carried_and_reported() -> None:
    plan = decided(host(etc=(added(OWN), added("/etc/other.conf"))))
    assert item(plan, OWN).outcome is Outcome.CARRIED
    assert found(plan, "N2C_ETC_UNKNOWN_CARRIED").resources == (
        "file:/etc/other.conf", f"file:{OWN}")


def test_an_unknown_file_is_left_behind_where_the_policy_says_so_and_reported() -> None:
    plan = decided(host(etc=(added(OWN),)), policy=Policy(unknown_etc="drop"))
    assert item(plan, OWN).outcome is Outcome.DROPPED
    assert found(plan, "N2C_ETC_UNKNOWN_DROPPED").resources == (f"file:{OWN}",)


def test_what_the_target_has_already_is_not_carried() -> None:
    plan = decided(host(etc=(changed(OWN, file("same")),)), target(etc={OWN: file("same")}))
    assert OWN not in [i.path for i in plan.items] and ids(plan) == []


def test_a_file_that_only_ng_changed_is_no_conflict() -> None:
    plan = decided(host(etc=(changed("/etc/chrony.conf"),)),
                   target(etc={"/etc/chrony.conf": file("factory")}))
    assert item(plan, "/etc/chrony.conf").outcome is Outcome.CARRIED
    assert "N2C_ETC_CONFLICT" not in ids(plan)


@pytest.mark.parametrize("change", [changed("/etc/chrony.conf"), added("/etc/chrony.conf")])
def test_a_conflict_is_named_and_ng_wins_by_default(change: EtcChange) -> None:
    plan = decided(host(etc=(change,)), target(etc={"/etc/chrony.conf": file("theirs")}))
    assert item(plan, "/etc/chrony.conf").outcome is Outcome.CARRIED
    assert found(plan, "N2C_ETC_CONFLICT").resources == ("file:/etc/chrony.conf",)


@pytest.mark.parametrize("policy,rule", [
    (Policy(conflict="take-target"), "policy:conflict"),
    (Policy(answers={"/etc/chrony.conf": "take-target"}), "answer")])
def test_a_conflict_is_the_targets_where_the_admin_says_so(policy: Policy, rule: str) -> None:
    plan = decided(host(etc=(changed("/etc/chrony.conf"),)),
                   target(etc={"/etc/chrony.conf": file("theirs")}), policy)
    one = item(plan, "/etc/chrony.conf")
    assert (one.outcome, one.rule) == (Outcome.DROPPED, rule)
    assert found(plan, "N2C_ETC_CONFLICT_TARGET").resources == ("file:/etc/chrony.conf",)


def test_an_answer_wins_over_the_policy() -> None:
    policy = Policy(conflict="take-target", answers={"/etc/chrony.conf": "keep-ng"})
    plan = decided(host(etc=(changed("/etc/chrony.conf"),)),
                   target(etc={"/etc/chrony.conf": file("theirs")}), policy)
    assert item(plan, "/etc/chrony.conf").outcome is Outcome.CARRIED


def test_a_file_cannot_replace_a_directory_of_the_target() -> None:
    plan = decided(host(etc=(added(OWN),)),
                   target(etc={OWN: FileFact("directory", 0o755, 0, 0)}))
    assert item(plan, OWN).outcome is Outcome.DROPPED
    assert "N2C_ETC_TYPE" in ids(plan)


def test_the_hosts_own_data_is_never_a_conflict() -> None:
    plan = decided(host(etc=(changed("/etc/machine-id"), added("/etc/hostname"))),
                   target(etc={"/etc/machine-id": file(""), "/etc/hostname": file("build")}))
    assert item(plan, "/etc/machine-id").mode == 0o444
    assert item(plan, "/etc/hostname").outcome is Outcome.CARRIED
    assert ids(plan) == []


def test_deletions_are_recorded_and_those_that_the_target_undoes_are_named() -> None:
    plan = decided(host(etc=(deleted("/etc/motd"), deleted("/etc/gone"))),
                   target(etc={"/etc/motd": file("factory")}))
    one = found(plan, "N2C_ETC_DELETED")
    assert one.resources == ("file:/etc/gone", "file:/etc/motd")
    assert one.evidence == ("/etc/motd comes back with the target",)


@pytest.mark.parametrize("path", sorted(NEVER))
def test_account_files_and_fstab_are_never_carried_even_if_a_drop_in_says_so(path: str) -> None:
    from ng2coreos.plan.rules import Rules
    from ng2coreos.plan.schema import parse

    layer = parse(f"entries:\n  - {{id: a, paths: [{path}], action: carry, reason: b}}\n", "x")
    made = EtcDecisions(host(etc=(changed(path),)), target(), Policy(), Rules((layer,), ()), set())
    one, = made.items
    assert one.outcome is Outcome.DROPPED


@pytest.mark.parametrize("path", [
    "/etc/nsswitch.conf", "/etc/pam.d/system-auth", "/etc/selinux/config", "/etc/default/grub",
    "/etc/yum.repos.d/x.repo", "/etc/redhat-release", "/etc/ovirt-node-image-release",
    "/etc/lvm/lvm.conf", "/etc/alternatives/java", "/etc/sudoers"])
def test_what_would_break_the_target_is_dropped(path: str) -> None:
    one = item(decided(host(etc=(changed(path),))), path)
    assert one.outcome is Outcome.DROPPED and one.reason


def test_what_the_target_makes_itself_is_regenerated() -> None:
    assert item(decided(host(etc=(added("/etc/resolv.conf"),))),
                "/etc/resolv.conf").outcome is Outcome.REGENERATED


def test_a_symlink_is_carried_as_one() -> None:
    one = item(decided(host(etc=(changed("/etc/localtime",
                                         link("../usr/share/zoneinfo/Europe/Berlin")),))),
               "/etc/localtime")
    assert (one.kind, one.link) == ("symlink", "../usr/share/zoneinfo/Europe/Berlin")


def test_directories_above_carried_files_come_with_their_owner() -> None:
    folder = FileFact("directory", 0o750, 36, 36)
    plan = decided(host(etc=(added("/etc/pki/vdsm", folder), added("/etc/pki/vdsm/keys", folder),
                             added("/etc/pki/vdsm/keys/vdsmkey.pem"),
                             added("/etc/lvm/archive", folder), added("/etc/lvm/archive/x"))))
    one = item(plan, "/etc/pki/vdsm/keys")
    assert (one.kind, one.owner, one.group, one.mode) == ("directory", "vdsm", "kvm", 0o750)
    assert "/etc/lvm/archive" not in [i.path for i in plan.items]


def test_an_empty_unknown_directory_is_carried_and_one_of_the_target_is_not() -> None:
    folder = FileFact("directory", 0o700, 0, 0)
    plan = decided(host(etc=(added("/etc/empty", folder), added("/etc/theirs", folder))),
                   target(etc={"/etc/theirs": folder}))
    assert [i.path for i in plan.items if i.kind == "directory"] == ["/etc/empty"]


def test_a_socket_is_dropped() -> None:
    one = item(decided(host(etc=(added(OWN, FileFact("other", 0o600, 0, 0)),))), OWN)
    assert one.outcome is Outcome.DROPPED


def test_what_others_may_not_read_is_a_secret() -> None:
    plan = decided(host(etc=(added("/etc/a", file(mode=0o600)), added("/etc/b", file(mode=0o644)))))
    assert item(plan, "/etc/a").secret and not item(plan, "/etc/b").secret


CONTENT = st.sampled_from(["a", "b", "c"])
PATHS = st.sampled_from(["/etc/machine-id", "/etc/chrony.conf", "/etc/x", "/etc/fstab",
                         "/etc/resolv.conf", "/etc/sysctl.d/1.conf"])
CASES = st.dictionaries(PATHS, st.tuples(st.none() | CONTENT, st.none() | CONTENT,
                                         st.none() | CONTENT))
POLICIES = st.builds(Policy, unknown_etc=st.sampled_from(["carry", "drop"]),
                     conflict=st.sampled_from(["keep-ng", "take-target", "merge"]))


@settings(deadline=None, max_examples=60)  # the machine is shared
@given(CASES, POLICIES)
def test_every_change_is_carried_dropped_or_the_targets_already(
        cases: Dict[str, Tuple[str, str, str]], policy: Policy) -> None:
    changes, theirs = [], {}
    for path, (ours, factory, image) in cases.items():
        if image is not None:
            theirs[path] = file(image)
        if ours == factory:
            continue
        kind = (Difference.DELETED if ours is None else
                Difference.ADDED if factory is None else Difference.CHANGED)
        changes.append(EtcChange(path, kind, None if ours is None else file(ours),
                                 None if factory is None else file(factory)))
    made = EtcDecisions(host(etc=tuple(changes)), target(etc=theirs), policy, rules(), set())
    items = {i.path: i for i in made.items}
    for change in changes:
        if change.host is None:
            assert change.path not in items
        elif change.path in items:
            one = items[change.path]
            assert one.outcome is not Outcome.CARRIED or one.sha256 == change.host.sha256
        else:
            assert theirs[change.path].sha256 == change.host.sha256
    assert set(items) <= {c.path for c in changes}
    again = EtcDecisions(host(etc=tuple(reversed(changes))), target(etc=theirs), policy, rules(),
                         set())
    assert again.items == made.items and again.findings == made.findings


def test_claimed_paths_are_left_to_others() -> None:
    facts = replace(host(), etc=(added(OWN),))
    made = EtcDecisions(facts, target(), Policy(), rules(), {OWN})
    assert made.items == () and made.findings == ()
