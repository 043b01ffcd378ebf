"""/etc three ways: contents, types, deletions, owners and modes, answers; nothing in silence."""

import base64
import hashlib
from dataclasses import replace
from typing import Any, Dict, Optional, Tuple

import pytest

from ng2coreos.core.host import Host
from ng2coreos.inventory.sides import compared
from ng2coreos.model.facts import Difference, EtcChange, FileFact
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Policy
from ng2coreos.model.sides import Sides
from ng2coreos.plan.etc import EtcDecisions
from ng2coreos.plan.rules import Rules
from ng2coreos.plan.schema import parse
from tests.plan.build import added, changed, deleted, file, host, link, rules, target

CHRONY, OWN = "/etc/chrony.conf", "/etc/own.conf"
FOLDER = FileFact("directory", 0o755, 0, 0)


class Decided:
    """Decisions about /etc by path and by id."""

    def __init__(self, *changes: EtcChange, theirs: Optional[Dict[str, FileFact]] = None,
                 sides: Optional[Dict[str, Sides]] = None, **policy: Any) -> None:
        made = EtcDecisions(host(etc=changes), target(etc=theirs or {}), Policy(**policy), rules(),
                            set(), sides)
        self.items: Dict[str, Item] = {i.path: i for i in made.items}
        self.found: Dict[str, Finding] = {f.id: f for f in made.findings}

    def outcome(self, path: str) -> Optional[Outcome]:
        """What becomes of it; None where it is simply the target's."""
        return self.items[path].outcome if path in self.items else None

    def said(self, id: str) -> str:
        """The evidence of a finding."""
        return "\n".join(self.found[id].evidence)


def three(ours: str, factory: Optional[str], theirs: str, *, mode: int = 0o644, path: str = CHRONY,
          **policy: Any) -> Decided:
    """A file whose three contents are these."""
    base = file(factory) if factory is not None else None
    change = (EtcChange(path, Difference.ADDED, file(ours, mode=mode)) if base is None
              else changed(path, file(ours, mode=mode), replace(base, mode=mode)))
    return Decided(change, theirs={path: file(theirs, mode=mode)},
                   sides={path: compared(Host(), Sides(ours, factory, theirs))}, **policy)


OURS, FACTORY, THEIRS = "a\nB\nc\nd\n", "a\nb\nc\nd\n", "a\nb\nc\nD\n"
MERGED = b"a\nB\nc\nD\n"


@pytest.mark.parametrize("policy", [{"conflict": "merge"}, {"answers": {CHRONY: "merge"}}])
def test_a_clean_merge_is_in_the_plan_with_its_content(policy: Dict[str, Any]) -> None:
    made = three(OURS, FACTORY, THEIRS, **policy)
    one = made.items[CHRONY]
    assert one.outcome is Outcome.CONVERTED and base64.b64decode(one.content) == MERGED
    assert (one.sha256, one.size_bytes) == (hashlib.sha256(MERGED).hexdigest(), len(MERGED))
    assert "merged by lines" in one.reason and list(made.found) == ["N2C_ETC_MERGED"]
    assert made.found["N2C_ETC_MERGED"].kind is Kind.INFO and "+B" in made.said("N2C_ETC_MERGED")


def test_an_answer_wins_over_the_policy_to_merge() -> None:
    assert three(OURS, FACTORY, THEIRS, conflict="merge",
                 answers={CHRONY: "keep-ng"}).outcome(CHRONY) is Outcome.CARRIED
    assert three(OURS, FACTORY, THEIRS, conflict="merge",
                 answers={CHRONY: "take-target"}).outcome(CHRONY) is Outcome.DROPPED


def test_by_default_ngs_is_kept_both_sides_are_shown_and_a_merge_is_offered() -> None:
    made = three(OURS, FACTORY, THEIRS)
    assert made.outcome(CHRONY) is Outcome.CARRIED
    said = made.said("N2C_ETC_CONFLICT")
    assert "`merge` would do (by lines)" in said and "+B" in said and "+D" in said


def test_an_unclean_merge_waits_for_an_answer_and_shows_both_sides() -> None:
    made = three("B\n", "b\n", "X\n", conflict="merge")
    found = made.found["N2C_ETC_MERGE_UNCLEAN"]
    assert found.kind is Kind.OVERRIDABLE and found.resources == (f"file:{CHRONY}",)
    assert "+B" in made.said("N2C_ETC_MERGE_UNCLEAN") and "+X" in made.said("N2C_ETC_MERGE_UNCLEAN")
    assert made.outcome(CHRONY) is Outcome.CARRIED  # what overriding the finding means
    for answer in ("keep-ng", "take-target"):
        again = three("B\n", "b\n", "X\n", conflict="merge", answers={CHRONY: answer})
        assert "N2C_ETC_MERGE_UNCLEAN" not in again.found


@pytest.mark.parametrize("ours, theirs", [(link("a"), link("b")), (link("a"), file("t")),
                                          (file("h"), link("b")), (file("h"), file("t"))])
def test_what_has_no_contents_is_not_merged_but_asked(ours: FileFact, theirs: FileFact) -> None:
    made = Decided(changed(CHRONY, ours), theirs={CHRONY: theirs}, conflict="merge")
    assert made.outcome(CHRONY) is Outcome.CARRIED and "N2C_ETC_MERGE_UNCLEAN" in made.found


def test_a_merge_into_nothing_is_an_empty_file() -> None:
    made = three("b\n\n\nc\n", "a\nb\n\n\nc\n", "a\n", conflict="merge")
    assert "N2C_ETC_MERGE_UNCLEAN" in made.found
    empty = Decided(changed(CHRONY), theirs={CHRONY: file("t")}, conflict="merge",
                    sides={CHRONY: Sides("a\n", "a\nb\n", "b\n", merged="")}).items[CHRONY]
    assert (empty.outcome, empty.content, empty.source, empty.size_bytes) == (
        Outcome.CONVERTED, "", "", 0)
    assert empty.sha256 == hashlib.sha256(b"").hexdigest()


def test_bytes_that_are_no_utf8_are_merged_as_they_are() -> None:
    odd = b"caf\xe9\n".decode("utf-8", "surrogateescape")
    one = three(odd + OURS, FACTORY, THEIRS, conflict="merge").items[CHRONY]
    assert base64.b64decode(one.content) == b"caf\xe9\n" + MERGED


@pytest.mark.parametrize("mode, secret", [(0o600, True), (0o640, True), (0o644, False)])
def test_what_not_everyone_may_read_is_not_shown(mode: int, secret: bool) -> None:
    for policy in ({"conflict": "merge"}, {"conflict": "keep-ng"}):
        made = three("canary\n\n\nb\nx\n", "a\n\n\nb\n", "a\n\n\nc\nx\n", mode=mode, **policy)
        assert ("canary" in str(made.found)) is not secret
    one = three(OURS, FACTORY, THEIRS, mode=mode, conflict="merge").items[CHRONY]
    assert one.secret is secret


def test_a_password_in_a_file_for_everyone_is_not_shown_and_its_merge_is_a_secret() -> None:
    made = three(OURS + "password = canary\n", FACTORY, "x\n" + FACTORY, conflict="merge")
    assert "canary" not in str(made.found) and made.items[CHRONY].secret
    assert "canary" not in str(three(OURS + "password = canary\n", FACTORY, "x\n" + FACTORY).found)


def test_many_differences_are_bounded_and_all_paths_named() -> None:
    text = "".join(f"{n}\n" for n in range(40))
    one = compared(Host(), Sides("a\n" + text, "a\n", "b\n" + text))
    paths = [f"/etc/x/{n}" for n in range(100)]
    made = Decided(*(changed(p) for p in paths), theirs={p: file("t") for p in paths},
                   sides=dict.fromkeys(paths, one))
    assert len(made.found["N2C_ETC_CONFLICT"].resources) == len(paths)
    said = made.said("N2C_ETC_CONFLICT")
    assert said.count("\n") < 1000 and all(p in said for p in paths)


# --- owners and modes


def test_a_mode_that_ng_changed_is_carried_with_the_same_content() -> None:
    made = Decided(changed(OWN, file("f", mode=0o600), file("f")), theirs={OWN: file("f")})
    assert (made.items[OWN].mode, made.items[OWN].sha256) == (0o600, "sha256-of-f")
    assert "root:root 0600 instead of root:root 0644" in made.said("N2C_ETC_ATTRIBUTES")


def test_an_owner_that_ng_changed_is_carried_by_name() -> None:
    one = Decided(changed(OWN, file("f", uid=36, gid=36), file("f")),
                  theirs={OWN: file("f")}).items[OWN]
    assert (one.owner, one.group) == ("vdsm", "kvm")


def test_a_mode_of_ng_is_put_on_the_content_of_the_target() -> None:
    one = Decided(changed(OWN, file("f", mode=0o600), file("f")), theirs={OWN: file("t")},
                  sides={OWN: Sides("f", "f", "theirs\n")}).items[OWN]
    assert (one.outcome, one.mode) == (Outcome.CONVERTED, 0o600)
    assert base64.b64decode(one.content) == b"theirs\n"


def test_a_mode_that_cannot_be_put_on_the_targets_file_is_named() -> None:
    made = Decided(changed(OWN, file("f", mode=0o600), file("f")), theirs={OWN: file("t")})
    assert made.outcome(OWN) is Outcome.DROPPED and "is not carried" in made.said(
        "N2C_ETC_ATTRIBUTES")


def test_a_mode_that_only_the_target_changed_is_the_targets() -> None:
    made = Decided(changed(OWN, file("h"), file("f")), theirs={OWN: file("f", mode=0o600)})
    one = made.items[OWN]
    assert (one.outcome, one.mode, one.secret) == (Outcome.CARRIED, 0o600, True)


def test_a_number_without_a_name_in_the_image_is_ngs_name() -> None:
    mine, base = file("h", uid=1001, gid=10), file("f", uid=1001, gid=10)
    one = Decided(changed(OWN, mine, base), theirs={OWN: file("f", uid=4711, gid=4711)}).items[OWN]
    assert (one.owner, one.group) == ("admin", "wheel")


def test_the_number_of_an_owner_is_no_change_where_the_name_is_the_same() -> None:
    made = Decided(changed(OWN, file("f", uid=36), file("f", uid=11)),
                   theirs={OWN: file("f", uid=36)})
    assert made.items == {} and made.found == {}


def test_a_directory_s_mode_is_carried() -> None:
    closed = FileFact("directory", 0o700, 0, 0)
    made = Decided(EtcChange("/etc/d", Difference.CHANGED, closed, FOLDER),
                   theirs={"/etc/d": FOLDER})
    assert (made.items["/etc/d"].kind, made.items["/etc/d"].mode) == ("directory", 0o700)
    assert "N2C_ETC_ATTRIBUTES" in made.found


def test_an_owner_of_a_link_is_carried_with_the_targets_link() -> None:
    mine = replace(link("a"), uid=36)
    one = Decided(changed(OWN, mine, link("a")), theirs={OWN: link("b")}).items[OWN]
    assert (one.kind, one.owner, one.link) == ("symlink", "vdsm", "b")


def test_an_unknown_mode_is_left_behind_where_the_policy_says_so() -> None:
    made = Decided(changed(OWN, file("f", mode=0o600), file("f")), theirs={OWN: file("f")},
                   unknown_etc="drop")
    assert made.outcome(OWN) is Outcome.DROPPED and "N2C_ETC_UNKNOWN_DROPPED" in made.found


def test_a_directory_as_ng_s_image_made_it_is_made_for_what_is_carried_into_it() -> None:
    closed = FileFact("directory", 0o750, 36, 36)
    facts = host(etc=(added("/etc/d/e/f"), added("/etc/theirs/f"), changed("/etc/left/passwd")),
                 etc_above={"/etc/d": closed, "/etc/d/e": FOLDER, "/etc/theirs": closed,
                            "/etc/left": closed})
    rule = "entries:\n  - {id: a, paths: [/etc/left/**], action: drop, reason: b}\n"
    made = EtcDecisions(facts, target(etc={"/etc/theirs": FOLDER}), Policy(),
                        Rules((parse(rule, "x"),), ()), set())
    found = {i.path: (i.kind, i.owner, i.group, i.mode) for i in made.items
             if i.kind == "directory"}
    assert found == {"/etc/d": ("directory", "vdsm", "kvm", 0o750),
                     "/etc/d/e": ("directory", "root", "root", 0o755)}


# --- types


def test_a_directory_where_the_target_has_a_file_stays_behind_with_all_in_it() -> None:
    changes = (added("/etc/d", FOLDER), added("/etc/d/e", FOLDER), added("/etc/d/e/f"))
    made = Decided(*changes, theirs={"/etc/d": file("t")})
    assert {p: i.outcome for p, i in made.items.items()} == {"/etc/d/e/f": Outcome.DROPPED}
    assert made.said("N2C_ETC_TYPE") == "/etc/d: a directory here, a file there; the target's stays"
    kept = Decided(*changes, theirs={"/etc/d": file("t")}, answers={"/etc/d": "keep-ng"})
    assert {p: (i.outcome, i.replaces) for p, i in kept.items.items()} == {
        "/etc/d": (Outcome.CARRIED, "file"), "/etc/d/e": (Outcome.CARRIED, ""),
        "/etc/d/e/f": (Outcome.CARRIED, "")}
    assert "NG's takes its place" in kept.said("N2C_ETC_TYPE")


def test_a_directory_that_ng_did_not_touch_and_the_target_lost_is_told() -> None:
    made = Decided(added("/etc/d/f"), theirs={"/etc/d": file("t")})
    assert made.outcome("/etc/d/f") is Outcome.DROPPED
    assert made.found["N2C_ETC_TYPE"].resources == ("file:/etc/d",)


@pytest.mark.parametrize("ours", [file("h"), link("elsewhere")])
def test_a_file_where_the_target_has_a_directory_needs_an_answer(ours: FileFact) -> None:
    change = EtcChange("/etc/d", Difference.CHANGED, ours, FOLDER)
    theirs = {"/etc/d": FOLDER, "/etc/d/x": file("t")}
    made = Decided(change, deleted("/etc/d/x"), theirs=theirs)
    assert made.outcome("/etc/d") is Outcome.DROPPED and "N2C_ETC_TYPE" in made.found
    kept = Decided(change, deleted("/etc/d/x"), theirs=theirs, answers={"/etc/d": "keep-ng"})
    assert (kept.outcome("/etc/d"), kept.items["/etc/d"].replaces) == (Outcome.CARRIED, "directory")
    assert "/etc/d/x" not in kept.items and "N2C_ETC_DELETED" not in kept.found


@pytest.mark.parametrize("leads, blocked", [
    ("real", False), ("/etc/real", False), ("../var/lib/d", False), ("/run/d", False),
    ("../usr/lib/d", True), ("d", True), ("other", True), ("/", True)])
def test_what_lies_behind_a_link_of_the_target_goes_through_it(leads: str, blocked: bool) -> None:
    made = Decided(added("/etc/d", FOLDER), added("/etc/d/f"),
                   theirs={"/etc/d": link(leads), "/etc/real": FOLDER, "/etc/other": file("t")})
    assert made.outcome("/etc/d/f") is (Outcome.DROPPED if blocked else Outcome.CARRIED)
    assert ("N2C_ETC_TYPE" in made.found) is blocked and "/etc/d" not in made.items


# --- deletions


def test_a_deletion_is_carried_by_answer_only() -> None:
    theirs = {"/etc/motd": file("factory")}
    assert Decided(deleted("/etc/motd"), theirs=theirs).items == {}
    one = Decided(deleted("/etc/motd"), theirs=theirs, answers={"/etc/motd": "keep-ng"})
    item = one.items["/etc/motd"]
    assert (item.kind, item.outcome, item.rule, item.replaces) == (
        "absent", Outcome.CARRIED, "answer", "file")
    assert "stays deleted, as answered" in one.said("N2C_ETC_DELETED")


def test_a_deleted_file_that_the_target_changed_is_told() -> None:
    made = Decided(deleted("/etc/motd"), theirs={"/etc/motd": file("new")})
    assert made.said("N2C_ETC_DELETED") == "/etc/motd comes back with the target, changed there"


def test_a_deleted_directory_stays_deleted_with_what_was_in_it_but_not_with_new_files() -> None:
    gone = (EtcChange("/etc/d", Difference.DELETED, None, FOLDER), deleted("/etc/d/x"))
    theirs = {"/etc/d": FOLDER, "/etc/d/x": file("factory")}
    made = Decided(*gone, theirs=theirs, answers={"/etc/d": "keep-ng"})
    assert {(p, i.kind) for p, i in made.items.items()} == {("/etc/d", "absent"),
                                                            ("/etc/d/x", "absent")}
    new = Decided(*gone, theirs={**theirs, "/etc/d/new": file("t")}, answers={"/etc/d": "keep-ng"})
    assert list(new.items) == ["/etc/d/x"]
    assert "since /etc/d/new does" in new.said("N2C_ETC_DELETED")


def test_an_answer_takes_nothing_from_the_target_that_a_whitelist_leaves_to_it() -> None:
    gone = [deleted(p) for p in ("/etc/selinux/config", "/etc/passwd", "/etc/selinux/x")]
    gone.append(EtcChange("/etc/pam.d", Difference.DELETED, None, FOLDER))
    theirs = {p: file("factory") for p in ("/etc/selinux/config", "/etc/passwd", "/etc/pam.d/su")}
    theirs["/etc/pam.d"] = FOLDER
    made = Decided(*gone, theirs=theirs, answers={c.path: "keep-ng" for c in gone})
    assert made.items == {}
    assert {f"file:{p}" for p in theirs if p != "/etc/pam.d/su"} <= set(
        made.found["N2C_ETC_ANSWER_UNUSED"].resources)


# --- answers


@pytest.mark.parametrize("answers, unused", [
    ({"/etc/chorny.conf": "merge"}, ("file:/etc/chorny.conf",)),
    ({"/etc/passwd": "keep-ng"}, ("file:/etc/passwd",)), ({CHRONY: "keep-ng"}, ())])
def test_an_answer_to_nothing_is_told(answers: Dict[str, str], unused: Tuple[str, ...]) -> None:
    made = Decided(changed(CHRONY), changed("/etc/passwd"), theirs={CHRONY: file("t")},
                   answers=answers)
    found = made.found.get("N2C_ETC_ANSWER_UNUSED")
    assert (found.resources if found else ()) == unused


def test_answers_hold_for_files_that_are_no_conflict_too() -> None:
    made = Decided(added(OWN), added("/etc/other"), answers={OWN: "take-target"})
    assert (made.outcome(OWN), made.outcome("/etc/other")) == (Outcome.DROPPED, Outcome.CARRIED)
    assert "N2C_ETC_CONFLICT_TARGET" in made.found
    made = Decided(added(OWN), added("/etc/other"), answers={OWN: "keep-ng"}, unknown_etc="drop")
    assert (made.outcome(OWN), made.outcome("/etc/other")) == (Outcome.CARRIED, Outcome.DROPPED)


def test_an_answer_holds_for_owner_and_mode_too() -> None:
    made = Decided(changed(OWN, file("f", mode=0o600), file("f")), theirs={OWN: file("f")},
                   answers={OWN: "take-target"})
    assert made.outcome(OWN) is Outcome.DROPPED and "N2C_ETC_ATTRIBUTES" not in made.found


def test_an_answer_for_a_directory_of_both_is_told() -> None:
    made = Decided(added("/etc/d/x"), added("/etc/d", FOLDER), theirs={"/etc/d": FOLDER},
                   answers={"/etc/d": "keep-ng"})
    assert made.found["N2C_ETC_ANSWER_UNUSED"].resources == ("file:/etc/d",)


def test_names_that_are_no_utf8_and_odd_ones_are_decided_like_others() -> None:
    odd = b"/etc/caf\xe9\n x".decode("utf-8", "surrogateescape")
    assert Decided(added(odd)).outcome(odd) is Outcome.CARRIED


def test_twenty_thousand_files_in_directories_take_no_quadratic_time() -> None:
    """The work is counted, not timed: each path's prefixes are looked up a few times."""
    class Counted(str):
        """A path that counts how often others are compared with it."""

        asked = 0

        def startswith(self, *args: Any) -> bool:
            Counted.asked += 1
            return super().startswith(*args)

    changes = [added(f"/etc/x/{n}", FOLDER) for n in range(200)]
    changes += [EtcChange(Counted(f"/etc/x/{n % 200}/{n}"), Difference.ADDED, file())
                for n in range(2000)]
    made = Decided(*changes)
    assert len(made.items) == 2200 and Counted.asked <= 10 * len(changes)
