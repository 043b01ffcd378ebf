"""Users and groups: by name, in one pass, with the image's numbers; swaps and chains included."""

from dataclasses import replace
from typing import Dict, List, Tuple

from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.model.facts import Group, User
from ng2coreos.model.finding import Kind
from ng2coreos.plan.identities import CORE, map_ids
from tests.plan.build import decided, found, host, ids, target

Rows = List[Tuple[str, int]]
NAMES = st.text("abcdefgh", min_size=1, max_size=2)
NUMBERS = st.integers(900, 1010)
TABLE = st.dictionaries(NAMES, NUMBERS)
UNIQUE = st.lists(st.tuples(NAMES, NUMBERS), unique_by=(lambda r: r[0], lambda r: r[1]))


def person(name: str, uid: int, gid: int = 0, shell: str = "/bin/bash") -> User:
    return User(name, uid, gid or uid, "", f"/home/{name}", shell)


@settings(deadline=None, max_examples=100)  # the machine is shared
@given(TABLE, UNIQUE)
def test_no_two_names_get_one_new_number_and_their_names_keep_theirs(
        ours: Dict[str, int], theirs: Rows) -> None:
    changes, _ = map_ids(list(ours.items()), theirs)
    fixed = dict(theirs)
    assert [c.name for c in changes] == list(ours)
    for change in changes:
        assert change.source_id == ours[change.name]
        assert change.target_id == fixed.get(change.name, change.target_id)
    everything = {**fixed, **{c.name: c.target_id for c in changes}}
    assert len(set(everything.values())) == len(everything)


@settings(deadline=None, max_examples=100)  # the machine is shared
@given(UNIQUE, UNIQUE)
def test_a_number_that_is_free_in_the_target_is_kept(
        ours: Rows, theirs: Rows) -> None:
    taken = {number for _, number in theirs}
    core = CORE in dict([*ours, *theirs])
    for change in map_ids(ours, theirs)[0]:
        if change.action == "created" and change.source_id not in taken:
            assert change.target_id == change.source_id or (change.source_id == 1000 and not core)


@settings(deadline=None, max_examples=100)  # the machine is shared
@given(UNIQUE.filter(lambda rows: len(rows) > 1))
def test_swaps_and_rings_are_one_to_one(rows: Rows) -> None:
    names = [name for name, _ in rows]
    numbers = [number for _, number in rows]
    turned = list(zip(names, numbers[1:] + numbers[:1]))
    changes, lost = map_ids(rows, turned)
    assert lost == ()
    assert {c.source_id: c.target_id for c in changes} == dict(zip(numbers,
                                                                   numbers[1:] + numbers[:1]))


def test_a_chain_moves_each_name_to_its_own_number() -> None:
    changes, _ = map_ids([("a", 998), ("b", 997), ("c", 996)], [("a", 997), ("b", 996)])
    assert [(c.name, c.target_id, c.action) for c in changes] == [
        ("a", 997, "mapped"), ("b", 996, "mapped"), ("c", 999, "created")]


def test_a_person_whose_number_is_taken_gets_the_next_and_keeps_the_files() -> None:
    facts = replace(host(), users=(person("anna", 1001), person("bert", 1002)),
                    groups=(Group("anna", 1001), Group("bert", 1002)))
    image = target(users=(person("cloud", 1001),), groups=(Group("cloud", 1001),))
    plan = decided(facts, image)
    anna, bert = plan.identities.new_users
    assert (anna.uid, bert.uid) == (1003, 1002)
    assert found(plan, "N2C_ID_CHANGED").resources == ("user:anna", "group:anna")


def test_number_1000_is_left_to_core_unless_the_host_has_one() -> None:
    taken = decided(replace(host(), users=(person("anna", 1000),), groups=(Group("anna", 1000),)))
    assert taken.identities.new_users[0].uid == 1001
    own = decided(replace(host(), users=(person("core", 1000),), groups=(Group("core", 1000),)))
    assert own.identities.new_users[0].uid == 1000


def test_a_new_user_joins_groups_that_can_have_members_and_the_rest_is_reported() -> None:
    facts = replace(host(), groups=(*host().groups, Group("disk", 6, ("admin",)),
                                    Group("own", 2000, ("admin", "vdsm", "ghost"))))
    image = target(groups=(*target().groups, Group("disk", 6)))
    plan = decided(facts, image)
    assert plan.identities.new_users[0].groups == ("own", "wheel")
    assert found(plan, "N2C_ID_MEMBERSHIP").evidence == ("admin in disk", "vdsm in own")


def test_a_member_in_the_image_is_not_reported() -> None:
    facts = replace(host(), groups=(*host().groups, Group("disk", 6, ("vdsm",))))
    image = target(groups=(*target().groups, Group("disk", 6, ("vdsm",))))
    assert "N2C_ID_MEMBERSHIP" not in ids(decided(facts, image))


def test_a_user_whose_primary_group_has_no_name_gets_one_of_his_own() -> None:
    facts = replace(host(), users=(person("anna", 1005, 4711),), groups=(Group("root", 0),))
    plan = decided(facts)
    assert plan.identities.new_users[0].primary_group == "anna"
    assert [(g.name, g.gid) for g in plan.identities.new_groups] == [("anna", 4711)]


def test_hashes_are_carried_for_root_and_for_people_only() -> None:
    users = (User("root", 0, 0, "", "/root", "/bin/bash"), person("anna", 1001),
             person("robot", 1002, shell="/sbin/nologin"), person("daemon", 990),
             person("nobody", 65534))
    assert decided(replace(host(), users=users)).identities.passwords == ("root", "anna")


def test_a_password_of_an_account_that_is_made_is_carried_whoever_it_is() -> None:
    """One of a service's account that the image has too, and of who may not log in, is named."""
    users = tuple(replace(user, hashed=True) for user in (
        person("agent", 990), person("far", 70001), person("robot", 1002, shell="/sbin/nologin"),
        person("daemon", 2), person("core", 1000, shell="/sbin/nologin")))
    image = target(users=(person("daemon", 2), person("core", 1000)))
    facts = replace(host(), users=(*users, person("locked", 991)))
    plan = decided(facts, image)
    assert plan.identities.passwords == ("agent", "far", "robot")
    assert found(plan, "N2C_ID_PASSWORD").resources == ("user:daemon", "user:core")
    assert "N2C_ID_PASSWORD" not in ids(decided(host(), target()))


def test_the_first_and_the_last_number_of_people() -> None:
    users = tuple(person(str(uid), uid) for uid in (999, 1000, 60000, 60001))
    assert decided(replace(host(), users=users)).identities.passwords == ("1000", "60000")


def test_numbers_that_storage_refers_to_must_be_the_images_too() -> None:
    image = target(users=(User("vdsm", 37, 36, "", "/", "/sbin/nologin"),))
    finding = found(decided(image=image), "N2C_ID_STATIC")
    assert finding.kind is Kind.INHIBITOR
    assert finding.evidence == ("user vdsm is 37 in the image, not 36",)
    stolen = target(groups=(Group("root", 0), Group("thief", 36)))
    assert found(decided(image=stolen), "N2C_ID_STATIC").evidence == (
        "group kvm: the image gives 36 to thief",)


def test_two_names_with_one_number_are_reported() -> None:
    facts = replace(host(), users=(*host().users, User("toor", 0, 0, "", "/root", "/bin/sh")))
    assert found(decided(facts), "N2C_ID_AMBIGUOUS").resources == ("user:toor",)


def test_a_group_made_for_a_number_without_a_name_leaves_ignitions_user_its_own() -> None:
    """Ignition's base config gives 1000 to core before ours is applied; groupadd would fail."""
    facts = host(users=(*host().users, person("ann", 1001, 1000)), groups=(Group("root", 0),))
    group = next(g for g in decided(facts).identities.new_groups if g.name == "ann")
    assert group.gid not in (0, 1000)
